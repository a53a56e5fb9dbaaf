package intent

import "github.com/l2sces/l2sces/pkg/slice"

// Expand returns the links of the overlay between these domains. Star and tree
// take the first domain as their root, a ring follows the order of the
// domains, and every domain of a tree has two below it. Links of the overlay
// that the shape makes keep what is said of them, such as their cost.
func (o Overlay) Expand(domains []Domain) []Link {
	if o.Shape == Explicit {
		return append([]Link(nil), o.Links...)
	}
	said := map[pair]Link{}
	for _, l := range o.Links {
		said[pairOf(l.From, l.To)] = l
	}
	links := shape(o.Shape, domains)
	for i, l := range links {
		if special, ok := said[pairOf(l.From, l.To)]; ok {
			special.From, special.To = l.From, l.To
			links[i] = special
		}
	}
	return links
}

// shape returns the links that a shape makes.
func shape(s Shape, domains []Domain) []Link {
	var links []Link
	join := func(i, j int) { links = append(links, Link{From: domains[i].Name, To: domains[j].Name}) }
	switch n := len(domains); s {
	case Ring:
		for i := 1; i < n; i++ {
			join(i-1, i)
		}
		if n > 2 {
			join(n-1, 0)
		}
	case Star:
		for i := 1; i < n; i++ {
			join(0, i)
		}
	case Tree:
		for i := 1; i < n; i++ {
			join((i-1)/2, i)
		}
	default:
		for i := range n {
			for j := i + 1; j < n; j++ {
				join(i, j)
			}
		}
	}
	return links
}

// A pair is a link without direction.
type pair struct{ a, b slice.Domain }

func pairOf(a, b slice.Domain) pair { return pair{min(a, b), max(a, b)} }
