package ipam

import (
	"fmt"
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Member is one port of a network that is to have addresses. What is left
// empty is planned.
type Member struct {
	Domain   slice.Domain
	Workload slice.Workload
	Address  netip.Addr
	MAC      slice.MAC
}

// A Lease is what a member has. There is no address in a network without a
// prefix.
type Lease struct {
	Domain   slice.Domain   `json:"domain"`
	Workload slice.Workload `json:"workload"`
	Address  netip.Addr     `json:"address,omitzero"`
	MAC      slice.MAC      `json:"mac"`
}

// A Plan holds the addresses of one network, in the order of its members.
type Plan struct {
	Prefix netip.Prefix `json:"prefix,omitzero"` // none: a network without addresses
	Leases []Lease      `json:"leases,omitempty"`
}

// Assign returns the plan for these members. What a member asks for comes
// first, then what it has already, then the lowest that is free. The leases of
// members that are no longer there end. The plan itself stays as it is.
func (p Plan) Assign(id slice.NetworkID, members []Member) (Plan, error) {
	a := assignment{
		id: id, prefix: p.Prefix, old: map[who]Lease{}, new: map[who]Lease{},
		addr: map[netip.Addr]who{}, mac: map[slice.MAC]who{},
	}
	for _, l := range p.Leases {
		a.old[who{l.Domain, l.Workload}] = l
	}
	if err := a.begin(members); err != nil {
		return p, err
	}
	steps := []func(Member) error{a.askAddress, a.keepAddress, a.findAddress, a.askMAC, a.keepMAC, a.findMAC}
	for _, step := range steps { // each for all, so that a wish wins over a find whatever the order
		for _, m := range members {
			if err := step(m); err != nil {
				return p, fmt.Errorf("plan network %s: %w", id, err)
			}
		}
	}
	next := Plan{Prefix: p.Prefix}
	for _, m := range members {
		next.Leases = append(next.Leases, a.new[m.who()])
	}
	return next, nil
}

// who tells a member from another.
type who struct {
	domain   slice.Domain
	workload slice.Workload
}

func (m Member) who() who { return who{m.Domain, m.Workload} }

func (w who) String() string { return string(w.domain) + "/" + string(w.workload) }

// An assignment is a plan in the making.
type assignment struct {
	id     slice.NetworkID
	prefix netip.Prefix
	old    map[who]Lease
	new    map[who]Lease
	addr   map[netip.Addr]who
	mac    map[slice.MAC]who
	search netip.Addr // where findAddress goes on
}

func (a *assignment) begin(members []Member) error {
	if a.prefix.IsValid() && a.prefix != a.prefix.Masked() {
		return slice.Errorf(slice.Invalid, "plan network %s: prefix %s has bits behind its length; write %s", a.id, a.prefix, a.prefix.Masked())
	}
	for _, m := range members {
		if _, twice := a.new[m.who()]; twice {
			return slice.Errorf(slice.Invalid, "plan network %s: member %s is named twice", a.id, m.who())
		}
		a.new[m.who()] = Lease{Domain: m.Domain, Workload: m.Workload}
	}
	return nil
}
