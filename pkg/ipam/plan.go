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
	Address6 netip.Addr // of the second prefix
	MAC      slice.MAC
}

// A Lease is what a member has. There is no address in a network without a
// prefix.
type Lease struct {
	Domain   slice.Domain   `json:"domain"`
	Workload slice.Workload `json:"workload"`
	Address  netip.Addr     `json:"address,omitzero"`
	Address6 netip.Addr     `json:"address6,omitzero"` // of the second prefix
	MAC      slice.MAC      `json:"mac"`
}

// A Range is the part of a prefix in which the members of a domain get their
// addresses, and nobody else does.
type Range struct {
	Domain slice.Domain `json:"domain"`
	CIDR   netip.Prefix `json:"cidr"`
	Cut    bool         `json:"cut,omitempty"` // by need; else somebody has asked for it
}

// A Plan holds the addresses of one network, in the order of its members.
type Plan struct {
	Prefix netip.Prefix `json:"prefix,omitzero"` // none: a network without addresses
	Second netip.Prefix `json:"second,omitzero"` // IPv6 beside IPv4
	// Reserved are addresses that somebody outside of the plan has.
	Reserved []slice.Span `json:"reserved,omitempty"`
	// Ranges are those that were asked for, and then those that were cut.
	Ranges []Range `json:"ranges,omitempty"`
	// Split names the domains for which ranges are cut, by need.
	Split  []slice.Domain `json:"split,omitempty"`
	Leases []Lease        `json:"leases,omitempty"`
}

// Assign returns the plan for these members. What a member asks for comes
// first, then what it has already, then the lowest that is free. The leases of
// members that are no longer there end. The plan itself stays as it is.
func (p Plan) Assign(id slice.NetworkID, members []Member) (Plan, error) {
	a := assignment{id: id, old: map[who]Lease{}, new: map[who]Lease{}, mac: map[slice.MAC]who{}}
	for _, l := range p.Leases {
		a.old[l.who()] = l
	}
	next, err := a.assign(p, members)
	if err != nil {
		return p, fmt.Errorf("plan network %s: %w", id, err)
	}
	return next, nil
}

// who tells a member from another.
type who struct {
	domain   slice.Domain
	workload slice.Workload
}

func (m Member) who() who { return who{m.Domain, m.Workload} }

func (l Lease) who() who { return who{l.Domain, l.Workload} }

func (w who) String() string { return string(w.domain) + "/" + string(w.workload) }

// An assignment is a plan in the making.
type assignment struct {
	id    slice.NetworkID
	pools [2]*pool // of the two prefixes; nil where there is none
	old   map[who]Lease
	new   map[who]Lease
	mac   map[slice.MAC]who
}

func (a *assignment) assign(p Plan, members []Member) (Plan, error) {
	next := p
	next.Leases, next.Ranges = nil, nil
	if err := a.begin(p, members); err != nil {
		return p, err
	}
	steps := []func(Member) error{a.askAddresses, a.keepAddresses}
	if err := each(members, steps); err != nil {
		return p, err
	}
	ranges, err := a.cut(p, members)
	if err != nil {
		return p, err
	}
	if err := each(members, []func(Member) error{a.findAddresses, a.askMAC, a.keepMAC, a.findMAC}); err != nil {
		return p, err
	}
	next.Ranges = ranges
	for _, m := range members {
		next.Leases = append(next.Leases, a.new[m.who()])
	}
	return next, nil
}

// each takes every step for all members before the next one, so that a wish
// wins over a find whatever the order.
func each(members []Member, steps []func(Member) error) error {
	for _, step := range steps {
		for _, m := range members {
			if err := step(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *assignment) begin(p Plan, members []Member) error {
	if err := p.check(); err != nil {
		return err
	}
	for i, prefix := range []netip.Prefix{p.Prefix, p.Second} {
		if prefix.IsValid() {
			a.pools[i] = newPool(p, prefix)
		}
	}
	for _, m := range members {
		if _, twice := a.new[m.who()]; twice {
			return slice.Errorf(slice.Invalid, "member %s is named twice", m.who())
		}
		a.new[m.who()] = Lease{Domain: m.Domain, Workload: m.Workload}
	}
	return nil
}

// check reports prefixes and ranges that are none.
func (p Plan) check() error {
	for _, prefix := range []netip.Prefix{p.Prefix, p.Second} {
		if prefix.IsValid() && prefix != prefix.Masked() {
			return slice.Errorf(slice.Invalid, "prefix %s has bits behind its length; write %s", prefix, prefix.Masked())
		}
	}
	if p.Second.IsValid() && (!p.Prefix.Addr().Is4() || !p.Second.Addr().Is6()) {
		return slice.Errorf(slice.Invalid, "prefix %s is no IPv6 one beside an IPv4 one", p.Second)
	}
	for i, r := range p.Ranges {
		span := slice.SpanOf(r.CIDR)
		if !r.Cut && !span.Within(p.Prefix) && !span.Within(p.Second) {
			return slice.Errorf(slice.Invalid, "range %s of domain %s is not in the network's prefix", r.CIDR, r.Domain)
		}
		for _, o := range p.Ranges[:i] {
			if !r.Cut && !o.Cut && r.CIDR.Overlaps(o.CIDR) {
				return slice.Errorf(slice.Invalid, "range %s of domain %s overlaps %s of domain %s", r.CIDR, r.Domain, o.CIDR, o.Domain)
			}
		}
	}
	return nil
}
