package intent

import (
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

func (v *validator) paths() {
	networks := map[slice.NetworkName]*Network{}
	for i := range v.in.Slice.Networks {
		networks[v.in.Slice.Networks[i].Name] = &v.in.Slice.Networks[i]
	}
	type key struct {
		network slice.NetworkName
		ends    pair
	}
	seen := map[key]bool{}
	for i := range v.in.Paths {
		p := &v.in.Paths[i]
		path := fmt.Sprintf("paths[%d]", i)
		k := key{p.Network, pairOf(p.From, p.To)}
		if seen[k] {
			v.faults.add(path, "keep one of the two", "a path of %s between %s and %s is there already", p.Network, p.From, p.To)
		}
		seen[k] = true
		v.ends(path, p, networks[p.Network])
		v.hops(path, p)
		v.avoid(path, p)
		oneOf(v, path+".protection", p.Protection, NoProtection, FastFailover)
		oneOf(v, path+".policy", p.Policy, "", Refuse, Degrade)
	}
}

// ends wants a network and two of its domains.
func (v *validator) ends(path string, p *Path, n *Network) {
	if n == nil {
		v.faults.add(path+".network", "correct the name", "there is no network %.64q", string(p.Network))
	}
	for _, end := range []struct {
		path   string
		domain slice.Domain
	}{{path + ".from", p.From}, {path + ".to", p.To}} {
		if v.known(end.path, end.domain) && n != nil && !slices.Contains(n.Domains, end.domain) {
			v.faults.add(end.path, "add the domain to the network's domains", "network %s does not reach domain %s", p.Network, end.domain)
		}
	}
	if p.From == p.To {
		v.faults.add(path+".to", "name two domains", "a path from %s to itself", p.From)
	}
}

func (v *validator) hops(path string, p *Path) {
	for i, h := range p.Hops {
		here := fmt.Sprintf("%s.hops[%d]", path, i)
		if v.known(here, h) && slices.Contains(p.Hops[:i], h) {
			v.faults.add(here, "pass it once", "the path passes %s twice", h)
		}
	}
	switch p.Mode {
	case PathAny:
		if len(p.Hops) > 0 {
			v.faults.add(path+".hops", "set mode to explicit or loose", "a path of mode any has no hops")
		}
	case PathLoose:
		if len(p.Hops) == 0 {
			v.faults.add(path+".hops", "name the domains to pass", "a loose path has hops")
		}
	case PathExplicit:
		v.steps(path+".hops", p)
	default:
		oneOf(v, path+".mode", p.Mode, PathExplicit, PathLoose, PathAny)
	}
}

// steps wants every step of an explicit path to be a link of the overlay.
func (v *validator) steps(path string, p *Path) {
	if len(p.Hops) < 2 || p.Hops[0] != p.From || p.Hops[len(p.Hops)-1] != p.To {
		v.faults.add(path, "name from, every domain between, and to", "the hops of an explicit path lead from %s to %s", p.From, p.To)
		return
	}
	for i := 1; i < len(p.Hops); i++ {
		a, b := p.Hops[i-1], p.Hops[i]
		if v.domains[a] && v.domains[b] && a != b && !v.links[pairOf(a, b)] {
			v.faults.add(fmt.Sprintf("%s[%d]", path, i), "add the link to the overlay or take another way", "there is no link %s-%s", a, b)
		}
	}
}

func (v *validator) avoid(path string, p *Path) {
	for i, d := range p.Avoid {
		here := fmt.Sprintf("%s.avoid[%d]", path, i)
		if v.known(here, d) && (d == p.From || d == p.To || slices.Contains(p.Hops, d)) {
			v.faults.add(here, "", "the path has to pass %s", d)
		}
	}
}
