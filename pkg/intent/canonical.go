package intent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// maxInterface is the longest name of a Linux interface, without its zero.
const maxInterface = 15

// defaultQoS is what a network gives to those who ask for nothing (3GPP TS
// 23.501, table 5.7.4-1, value 9: buffered, without a guaranteed rate).
const defaultQoS = 9

// Default fills what the intents leave open and has one answer.
func Default(in *Intents) {
	set(&in.APIVersion, APIVersion)
	set(&in.Slice.SNSSAI.SST, "eMBB")
	set(&in.Slice.QoS.ID, defaultQoS)
	set(&in.Overlay.Shape, Mesh)
	set(&in.Overlay.Encryption, NoEncryption)
	for i := range in.Slice.Networks {
		defaultNetwork(&in.Slice.Networks[i])
	}
	for i := range in.Paths {
		p := &in.Paths[i]
		if len(p.Hops) > 0 {
			set(&p.Mode, PathExplicit)
		}
		set(&p.Mode, PathAny)
		set(&p.Protection, NoProtection)
	}
}

func defaultNetwork(n *Network) {
	set(&n.Type, slice.VNet)
	for i := range n.Members {
		set(&n.Members[i].Interface, string(n.Name)[:min(len(n.Name), maxInterface)])
	}
	if len(n.Domains) > 0 {
		return
	}
	for _, m := range n.Members {
		if !slices.Contains(n.Domains, m.Domain) {
			n.Domains = append(n.Domains, m.Domain)
		}
	}
}

func set[T comparable](field *T, value T) { *field = cmp.Or(*field, value) }

// Canonical returns the intents in the one order that equal intents share:
// sorted where order has no meaning. Domains keep theirs where the shape of
// the overlay depends on it; hops always do.
func (in *Intents) Canonical() Intents {
	out := *in
	s := &out.Slice
	s.Domains = append([]Domain{}, s.Domains...)
	if in.Overlay.Shape == Mesh || in.Overlay.Shape == Explicit {
		slices.SortStableFunc(s.Domains, func(a, b Domain) int { return cmp.Compare(a.Name, b.Name) })
	}
	s.Networks = append([]Network{}, s.Networks...)
	for i := range s.Networks {
		n := &s.Networks[i]
		n.Domains = sorted(n.Domains)
		n.Reserved, n.Ranges = slices.Clone(n.Reserved), slices.Clone(n.Ranges)
		slices.SortFunc(n.Reserved, func(a, b slice.Span) int { return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last)) })
		slices.SortFunc(n.Ranges, func(a, b Range) int {
			return cmp.Or(cmp.Compare(a.Domain, b.Domain), a.CIDR.Addr().Compare(b.CIDR.Addr()), cmp.Compare(a.CIDR.Bits(), b.CIDR.Bits()))
		})
		n.Members = slices.Clone(n.Members)
		slices.SortStableFunc(n.Members, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortStableFunc(s.Networks, func(a, b Network) int { return cmp.Compare(a.Name, b.Name) })

	out.Overlay.Links = slices.Clone(out.Overlay.Links)
	for i, l := range out.Overlay.Links {
		out.Overlay.Links[i].From, out.Overlay.Links[i].To = min(l.From, l.To), max(l.From, l.To)
	}
	slices.SortStableFunc(out.Overlay.Links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	out.Paths = slices.Clone(out.Paths)
	for i := range out.Paths {
		out.Paths[i].Hops = slices.Clone(out.Paths[i].Hops)
		out.Paths[i].Avoid = slices.Clone(out.Paths[i].Avoid)
		slices.Sort(out.Paths[i].Avoid)
	}
	slices.SortStableFunc(out.Paths, func(a, b Path) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

// sorted returns a sorted copy that is never nil, so that it prints as a list.
func sorted[T cmp.Ordered](s []T) []T {
	out := append([]T{}, s...)
	slices.Sort(out)
	return out
}

// JSON writes the canonical form as JSON.
func (in *Intents) JSON() ([]byte, error) { return json.Marshal(in.Canonical()) }

// YAML writes the canonical form as YAML.
func (in *Intents) YAML() ([]byte, error) { return descriptor.YAML(in.Canonical()) }

// FromYAML reads intents, without defaults and unvalidated. Complaints name
// file, line and column.
func FromYAML(name string, data []byte) (Intents, error) {
	var in Intents
	err := descriptor.FromYAML(name, data, &in)
	return in, err
}

// Equal reports whether two intents ask for the same.
func Equal(a, b Intents) bool {
	left, err := a.JSON()
	if err != nil {
		return false
	}
	right, err := b.JSON()
	return err == nil && bytes.Equal(left, right)
}
