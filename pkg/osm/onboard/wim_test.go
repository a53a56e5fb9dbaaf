package onboard_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The mapping is what each stock connector reads.
func TestMapping(t *testing.T) {
	const vims = "vims:\n- {name: field}\n- {name: west, domain: fire}\n"
	none := map[string]any{"type": "none"}
	for name, tc := range map[string]struct {
		wim  string
		want []any
	}{
		"by workloads, without a VLAN": {
			"type: onos_vpls, ports: [{vim: field, endpoint: tablet}, {vim: west, vlan: 9}]",
			[]any{
				map[string]any{"datacenter_id": "field", "device_id": "0000000000000013", "device_interface_id": "1", "service_endpoint_id": "tablet", "service_mapping_info": map[string]any{"encapsulation": none}},
				map[string]any{"datacenter_id": "west", "device_id": "0000000000000012", "device_interface_id": "3", "service_endpoint_id": "fire", "service_mapping_info": map[string]any{"encapsulation": map[string]any{"type": "dot1q", "vlan": 9.0}}},
			},
		},
		"by a workload at no switch": {
			"type: onos_vpls, ports: [{vim: field, endpoint: camera}, {vim: west, endpoint: tablet}]",
			[]any{
				map[string]any{"datacenter_id": "field", "device_id": "0000000000000000", "device_interface_id": "1", "service_endpoint_id": "field/cam.1", "service_mapping_info": map[string]any{"encapsulation": none}},
				map[string]any{"datacenter_id": "west", "device_id": "0000000000000013", "device_interface_id": "1", "service_endpoint_id": "tablet", "service_mapping_info": map[string]any{"encapsulation": none}},
			},
		},
		"RFC 8466": {
			"type: ietfl2vpn, vlan: 7",
			[]any{
				map[string]any{"datacenter_id": "field", "device_id": "0000000000000011", "device-id": "0000000000000011", "device_interface_id": "1", "service_endpoint_id": "field", "service_mapping_info": map[string]any{"encapsulation": map[string]any{"type": "dot1q", "vlan": 7.0}, "site-id": "field", "bearer": map[string]any{"bearer-reference": "field"}}},
				map[string]any{"datacenter_id": "west", "device_id": "0000000000000012", "device-id": "0000000000000012", "device_interface_id": "3", "service_endpoint_id": "fire", "service_mapping_info": map[string]any{"encapsulation": map[string]any{"type": "dot1q", "vlan": 7.0}, "site-id": "fire", "bearer": map[string]any{"bearer-reference": "fire"}}},
			},
		},
		"TAPI": {
			"type: tapi, config: {a: b}",
			[]any{
				map[string]any{"datacenter_id": "field", "device_id": "0000000000000011", "device_interface_id": "1", "service_endpoint_id": "7a0e1b1e-0000-5000-8000-000000000001", "service_mapping_info": map[string]any{"encapsulation": none}},
				map[string]any{"datacenter_id": "west", "device_id": "0000000000000012", "device_interface_id": "3", "service_endpoint_id": "7a0e1b1e-0000-5000-8000-000000000002", "service_mapping_info": map[string]any{"encapsulation": none}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.desk.Accounts(t.Context(), read(t, vims+"wims:\n- {name: wan, url: 'http://x', "+tc.wim+"}\n"), false)
			must(t, err)
			config, _ := w.sent("POST", "/admin/v1/wim_accounts")["config"].(map[string]any)
			if diff := cmp.Diff(any(tc.want), config["wim_port_mapping"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
