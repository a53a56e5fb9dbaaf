package service

import (
	"cmp"
	"iter"
	"slices"
)

// compare orders keys.
func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Door, o.Door), cmp.Compare(k.Account, o.Account), cmp.Compare(k.ID, o.ID))
}

// clone copies all that a door may change afterwards.
func (s *Service) clone() Service {
	out := *s
	out.Intents = s.Intents.Clone()
	for i := range out.Intents.Slice.Networks {
		n := &out.Intents.Slice.Networks[i]
		n.Reserved = slices.Clone(n.Reserved)
	}
	for i := range out.Intents.Paths {
		p := &out.Intents.Paths[i]
		p.Hops = slices.Clone(p.Hops)
	}
	out.HandOffs, out.Joins = slices.Clone(s.HandOffs), slices.Clone(s.Joins)
	return out
}

func byNumber(x, y *Service) int { return cmp.Compare(x.Number, y.Number) }

// inOrder returns copies of services in the order in which they came.
func inOrder(some iter.Seq[*Service]) []Service {
	var out []Service
	for _, s := range slices.SortedFunc(some, byNumber) {
		out = append(out, s.clone())
	}
	return out
}
