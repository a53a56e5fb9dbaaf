package service

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A kept slice is one that the book keeps in the SCO.
type kept struct {
	// Applied is what the SCO was last asked for. While Pending, it may have heard
	// of that or only of Before.
	Applied intent.Intents `json:"applied"`
	Before  intent.Intents `json:"before,omitzero"`
	Pending bool           `json:"pending,omitempty"`
	// Gone is a slice that is being deleted.
	Gone bool `json:"gone,omitempty"`
	// There is a slice that the SCO has taken at least once.
	There bool `json:"there,omitempty"`
	// Refused is why the SCO does not take it.
	Refused string `json:"refused,omitempty"`

	notes   map[Key][]string // to services, of what they do not get
	said    string           // why it is not as wanted, as it was logged
	foreign bool             // a slice of somebody else has its id
}

// next is what follows when something else is wanted.
func (k *kept) next() *kept {
	out := &kept{Pending: true}
	if k == nil || k.foreign {
		return out
	}
	out.There, out.Before = k.There, k.Applied
	if k.Pending {
		out.Before = both(k.Before, k.Applied)
	}
	return out
}

// tenant is whose slice it is.
func (k *kept) tenant() slice.Tenant {
	return cmp.Or(k.Applied.Slice.Tenant, k.Before.Slice.Tenant)
}

// both returns intents with the members of either: it is not known which of them
// the SCO has.
func both(a, b intent.Intents) intent.Intents {
	out := b.Clone()
	for _, n := range a.Slice.Networks {
		i := slices.IndexFunc(out.Slice.Networks, func(o intent.Network) bool { return o.Name == n.Name })
		if i < 0 {
			out.Slice.Networks = append(out.Slice.Networks, n)
			continue
		}
		into := &out.Slice.Networks[i]
		for _, m := range n.Members {
			if !has(*into, m.Name) {
				into.Members = append(into.Members, m)
			}
		}
	}
	return out
}

func has(n intent.Network, w slice.Workload) bool {
	return slices.ContainsFunc(n.Members, func(m intent.Member) bool { return m.Name == w })
}

// ours reports whether a slice of the SCO is one that the book has asked for: it may
// have been made although nobody heard so. Members may have been added since, and of
// several orders it is not known which was the last, so the networks tell. If nothing
// else was asked for before, it has all of them.
func (k *kept) ours(have intent.Status) bool {
	if have.Intents == nil || have.Tenant != k.tenant() || len(have.Intents.Slice.Networks) == 0 {
		return false
	}
	if len(k.Before.Slice.Networks) == 0 && len(have.Intents.Slice.Networks) != len(k.Applied.Slice.Networks) {
		return false
	}
	asked := slices.Concat(k.Applied.Slice.Networks, k.Before.Slice.Networks)
	for _, n := range have.Intents.Slice.Networks {
		if !slices.ContainsFunc(asked, func(o intent.Network) bool { return o.Name == n.Name && o.CIDR == n.CIDR }) {
			return false
		}
	}
	return true
}

// withOthers returns what the book wants, with the members that others have added.
func (k *kept) withOthers(have *intent.Intents) intent.Intents {
	out := k.Applied.Clone()
	if have == nil {
		return out
	}
	asked := both(k.Before, k.Applied)
	for i := range out.Slice.Networks {
		n := &out.Slice.Networks[i]
		now, before := find(*have, n.Name), find(asked, n.Name)
		for _, m := range now.Members {
			if !has(before, m.Name) && !has(*n, m.Name) && slices.Contains(n.Domains, m.Domain) {
				n.Members = append(n.Members, m)
			}
		}
		if n.Type == slice.VLink && len(n.Members) > 2 {
			n.Type = slice.VNet
		}
	}
	return out.Canonical()
}

func find(in intent.Intents, name slice.NetworkName) intent.Network {
	for _, n := range in.Slice.Networks {
		if n.Name == name {
			return n
		}
	}
	return intent.Network{}
}
