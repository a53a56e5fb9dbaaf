package pipeline_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestDiscoveryFramesGoUpWhereTheyMay(t *testing.T) {
	net := netOf(triangle, compile(t, vnet, triangle))
	s, tunnel, tenant := triangle.Links[0].A.Switch, triangle.Links[0].A.Port, slice.Port(0)
	for _, a := range vnet.Attachments {
		if a.Switch == s && a.Label == 0 {
			tenant = a.Port
		}
	}
	const free = 999
	for _, c := range []struct {
		name  string
		guest bool
		port  slice.Port
		vni   slice.Network
		want  int
	}{
		{"through a tunnel, under the VNI of discovery", false, tunnel, slice.MaxNetwork, 1},
		{"through a tunnel, under that of a network", false, tunnel, vnet.Number, 0},
		{"through a tunnel, under none", false, tunnel, 0, 0},
		{"from a tenant", false, tenant, 0, 0},
		{"from a tenant of a guest", true, tenant, 0, 0},
		{"from a port of a guest that is in no network", true, free, slice.MaxNetwork, 1},
		{"the same, without the VNI of discovery", true, free, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			sw := net.Switches[s]
			sw.Rules.Flows = append(sw.Rules.Flows[:len(sw.Rules.Flows):len(sw.Rules.Flows)], pipeline.Discovery(tunnel))
			if c.guest {
				sw.Rules.Flows = append(sw.Rules.Flows, pipeline.Neighbours())
			}
			one := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{s: sw}}
			got := one.Send(s, flowtest.Frame{
				Port: c.port, From: slice.MAC{2, 0, 0, 0, 0, 9}, To: slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x0e}, Type: 0x88cc, Tunnel: c.vni,
			})
			if len(got.Up) != c.want || len(got.Delivered) != 0 {
				t.Errorf("%d frames went up and %d out, want %d and none", len(got.Up), len(got.Delivered), c.want)
			}
		})
	}
}
