package onboard

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The WIM types that osm-plugin serves.
const (
	vpls  = "onos_vpls"
	l2vpn = "ietfl2vpn"
	tapi  = "tapi"
)

// wim reads a WIM account. Its ports say by which endpoint each VIM account is
// reached: OSM takes a WIM for a link only if it has a port for each VIM account of the
// link.
func (r *reader) wim(path string, e wimEntry, vims []vimEntry) error {
	a := r.account(path, osm.WIMs, e.Name, e.Description)
	if !slices.Contains([]string{vpls, l2vpn, tapi}, e.Type) {
		r.complain(path+".type", "write onos_vpls, ietfl2vpn or tapi", "no WIM of type %.64q is served here", e.Type)
	}
	a.values["wim_type"] = e.Type
	r.called(path, &a, e.sdnEntry, "wim_url")
	if len(e.Ports) == 0 {
		for _, v := range vims {
			e.Ports = append(e.Ports, portEntry{VIM: v.Name})
		}
	}
	var mapping []map[string]any
	for i, p := range e.Ports {
		where := fmt.Sprintf("%s.ports[%d]", path, i)
		if !r.doc.Has(where) {
			where = path
		}
		if p.VLAN = cmp.Or(p.VLAN, e.VLAN); p.VLAN > 4094 { // IEEE 802.1Q, 9.6
			r.complain(where, "use 1 to 4094", "%d is no VLAN", p.VLAN)
		}
		if slices.Contains(a.vims, p.VIM) {
			r.complain(where, "keep one of the two", "VIM account %.64q has a port already", p.VIM)
		}
		r.name(where+".vim", p.VIM)
		a.vims = append(a.vims, p.VIM)
		one, err := r.port(where, e.Type, p)
		if err != nil {
			return err
		}
		// Connectors find a port by its endpoint.
		if id := one["service_endpoint_id"]; id != nil && slices.ContainsFunc(mapping, func(o map[string]any) bool { return o["service_endpoint_id"] == id }) {
			r.complain(where, "name another endpoint", "endpoint %s is that of another VIM account", id)
		}
		mapping = append(mapping, one)
	}
	if len(mapping) < 2 {
		r.complain(path, "add ports, or vims", "a WIM account joins two VIM accounts or more")
	}
	config, _ := a.values["config"].(map[string]any)
	config = cloned(config)
	config["wim_port_mapping"] = mapping
	a.values["config"] = config
	r.all = append(r.all, a)
	return nil
}

// port makes the entry of a VIM account in the port mapping of a WIM.
func (r *reader) port(path, kind string, p portEntry) (map[string]any, error) {
	domain, known := r.domains[p.VIM]
	if !known {
		domain = slice.Domain(slice.Label(p.VIM))
	}
	name := cmp.Or(p.Endpoint, string(domain))
	e, err := r.sources.Endpoints.Endpoint(r.ctx, name)
	switch {
	case slice.KindOf(err) == slice.NotFound:
		r.complain(path, "register the domain, or name another endpoint", "VIM account %.64q: %s", p.VIM, err)
		return map[string]any{}, nil
	case err != nil:
		return nil, err
	}
	r.line(path, e.Name)
	switch {
	case kind == vpls && e.Device == 0 && !e.Workload: // a workload is found by its name
		r.complain(path, "wait for the edge device of the domain, or give the endpoint a device in the file of endpoints", "endpoint %s is at no switch", e.Name)
	case kind != tapi && p.VLAN == 0 && !e.Workload:
		r.complain(path, "add vlan, here or to the WIM account", "endpoint %s is the hand-off of a domain, where networks are told apart by their VLANs", e.Name)
	}
	return mapped(kind, p, e), nil
}

// mapped writes a port as a stock connector reads it.
func mapped(kind string, p portEntry, e Endpoint) map[string]any {
	info := map[string]any{"encapsulation": map[string]any{"type": "none"}}
	if p.VLAN != 0 {
		info["encapsulation"] = map[string]any{"type": "dot1q", "vlan": p.VLAN}
	}
	port := map[string]any{
		"datacenter_id": p.VIM, "device_id": e.Device.String(), "device_interface_id": strconv.Itoa(max(int(e.Port), 1)),
		"service_endpoint_id": e.Name, "service_mapping_info": info,
	}
	switch kind {
	case l2vpn:
		info["site-id"], info["bearer"] = e.Name, map[string]any{"bearer-reference": e.Name}
		port["device-id"] = e.Device.String() // with a hyphen: the connector looks for it when it edits
	case tapi:
		port["service_endpoint_id"] = e.UUID // and no sip_input and sip_output: they would make two services of one way
	}
	return port
}
