package intent

import (
	"github.com/l2sces/l2sces/pkg/slice"
)

// Validate reports the first thing in a segment that no domain could make
// true. What depends on the domain, such as its MTU, is for the domain to say.
func (s Segment) Validate() error {
	switch {
	case !slice.IsLabel(string(s.ID.Slice)) || !slice.IsLabel(string(s.ID.Network)):
		return slice.Errorf(slice.Invalid, "id %q: slice and network are 1 to 63 lower-case letters, digits and hyphens each", s.ID)
	case s.Type != slice.VNet && s.Type != slice.VLink && s.Type != slice.ExtVNet:
		return slice.Errorf(slice.Invalid, "type %q is none of vnet, vlink and ext-vnet", s.Type)
	case s.MTU != 0 && (s.MTU < minMTU4 || s.MTU > maxMTU):
		return slice.Errorf(slice.Invalid, "mtu %d is not between %d and %d", s.MTU, minMTU4, maxMTU)
	case s.Type == slice.VLink && len(s.Ports) > 2:
		return slice.Errorf(slice.Invalid, "a vlink has two ports, this has %d", len(s.Ports))
	case s.Gateway != "" && !slice.IsLabel(string(s.Gateway)):
		return slice.Errorf(slice.Invalid, "gateway %q is not the name of a node", s.Gateway)
	}
	owner := map[slice.MAC]bool{}
	for i, p := range s.Ports {
		if err := p.validate(); err != nil {
			return slice.Errorf(slice.Invalid, "ports[%d]: %w", i, err)
		}
		if owner[p.MAC] {
			return slice.Errorf(slice.Invalid, "ports[%d]: another port has the address %s", i, p.MAC)
		}
		owner[p.MAC] = true
	}
	for i, m := range s.Remote {
		if m.IsGroup() || m.IsZero() || owner[m] {
			return slice.Errorf(slice.Invalid, "remote[%d]: %s is not the address of one interface elsewhere", i, m)
		}
		owner[m] = true
	}
	return nil
}

func (p SegmentPort) validate() error {
	switch {
	case !slice.IsLabel(string(p.Workload)):
		return slice.Errorf(slice.Invalid, "workload %q is not 1 to 63 lower-case letters, digits and hyphens", p.Workload)
	case !isInterface(p.Interface):
		return slice.Errorf(slice.Invalid, "interface %q is not a name of an interface: at most 15 letters, digits, dots, hyphens and underscores", p.Interface)
	case p.MAC.IsZero() || p.MAC.IsGroup():
		return slice.Errorf(slice.Invalid, "mac %s is not the address of one interface", p.MAC)
	}
	return nil
}
