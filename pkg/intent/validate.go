package intent

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits of one slice.
const (
	MaxDomains  = 64
	MaxNetworks = 4096
	MaxMembers  = 65_536 // of all networks together
	MaxParts    = 1024   // reserved spans of one network, and ranges
	MaxPaths    = 4096
)

// validator checks intents and collects faults.
type validator struct {
	in      *Intents
	domains map[slice.Domain]bool
	links   map[pair]bool
	near    map[slice.Domain]int // number of the connected part of the overlay
	faults  Faults
}

// Validate returns all faults of the intents as an error of kind Invalid. It
// wants them with defaults filled in.
func (in *Intents) Validate() error {
	v := validator{in: in, domains: map[slice.Domain]bool{}, links: map[pair]bool{}, near: map[slice.Domain]int{}}
	if v.sizes(); len(v.faults) > 0 {
		return v.faults.err() // what follows costs time by size
	}
	v.slice()
	v.overlay()
	v.networks()
	v.prefixes()
	v.interfaces()
	v.paths()
	return v.faults.err()
}

func (v *validator) sizes() {
	members, parts := 0, 0
	for _, n := range v.in.Slice.Networks {
		members += len(n.Members)
		parts = max(parts, len(n.Reserved), len(n.Ranges))
	}
	for _, l := range []struct {
		path      string
		have, max int
	}{
		{"slice.domains", len(v.in.Slice.Domains), MaxDomains},
		{"slice.networks", len(v.in.Slice.Networks), MaxNetworks},
		{"slice.networks", members, MaxMembers},
		{"slice.networks", parts, MaxParts},
		{"overlay.links", len(v.in.Overlay.Links), MaxDomains * (MaxDomains - 1) / 2},
		{"paths", len(v.in.Paths), MaxPaths},
	} {
		if l.have > l.max {
			v.faults.add(l.path, "split the slice", "%d are more than %d", l.have, l.max)
		}
	}
}

// label wants a DNS label, because Kubernetes and DNS names are made of it.
func (v *validator) label(path, what, s string) {
	if slice.IsLabel(s) {
		return
	}
	shown := s
	if len(s) > 64 {
		shown = s[:64] + "..."
	}
	v.faults.add(path, "use 1 to 63 lower-case letters, digits and inner hyphens", "%s %q of %d bytes is not a DNS label", what, shown, len(s))
}

// oneOf wants one of the known words.
func oneOf[T ~string](v *validator, path string, got T, known ...T) {
	if !slices.Contains(known, got) {
		v.faults.add(path, "", "%.64q is not one of %v", string(got), known)
	}
}

func (v *validator) slice() {
	s := &v.in.Slice
	oneOf(v, "apiVersion", v.in.APIVersion, APIVersion)
	v.label("slice.id", "slice id", string(s.ID))
	v.label("slice.tenant", "tenant", string(s.Tenant))
	oneOf(v, "slice.snssai.sst", s.SNSSAI.SST, "eMBB", "URLLC", "mMTC")
	if s.QoS.ResourceType != "" {
		oneOf(v, "slice.qos.resourceType", s.QoS.ResourceType, "delay-critical-GBR", "GBR", "non-GBR")
	}
	if len(s.Domains) == 0 {
		v.faults.add("slice.domains", "add a netslice-subnet or a domain", "the slice is in no domain")
	}
	for i, d := range s.Domains {
		path := fmt.Sprintf("slice.domains[%d]", i)
		v.label(path+".name", "domain", string(d.Name))
		if v.domains[d.Name] {
			v.faults.add(path+".name", "keep one of the two", "domain %s is there already", d.Name)
		}
		v.domains[d.Name] = true
		if d.Gateway != "" && !isNode(d.Gateway) {
			v.faults.add(path+".gateway", "use the node's name", "gateway %.64q is not a DNS name", string(d.Gateway))
		}
	}
}

// isNode reports whether a node's name is a DNS name as Kubernetes wants it.
func isNode(n slice.Node) bool {
	const maxName = 253
	return len(n) <= maxName && !slices.ContainsFunc(strings.Split(string(n), "."), func(s string) bool { return !slice.IsLabel(s) })
}

// known complains about a domain that the slice does not have.
func (v *validator) known(path string, d slice.Domain) bool {
	if !v.domains[d] {
		v.faults.add(path, "add it to the slice's domains or correct the name", "domain %.64q is not in the slice", string(d))
	}
	return v.domains[d]
}

func (v *validator) overlay() {
	o := &v.in.Overlay
	oneOf(v, "overlay.shape", o.Shape, Mesh, Ring, Star, Tree, Explicit)
	oneOf(v, "overlay.encryption", o.Encryption, NoEncryption, WireGuard, IPsec)
	made := map[pair]bool{}
	for _, l := range shape(o.Shape, v.in.Slice.Domains) {
		made[pairOf(l.From, l.To)] = true
	}
	for i, l := range o.Links {
		path := fmt.Sprintf("overlay.links[%d]", i)
		from, to := v.known(path+".from", l.From), v.known(path+".to", l.To)
		switch {
		case !from || !to:
		case l.From == l.To:
			v.faults.add(path, "name two domains", "a link from %s to itself", l.From)
		case v.links[pairOf(l.From, l.To)]:
			v.faults.add(path, "keep one of the two", "link %s-%s is there already", l.From, l.To)
		case o.Shape != Explicit && !made[pairOf(l.From, l.To)]:
			v.faults.add(path, "leave it out, or set shape to explicit and name all links", "the %s does not join %s and %s", o.Shape, l.From, l.To)
		}
		v.links[pairOf(l.From, l.To)] = true
	}
	v.connect()
}

// connect numbers the connected parts of the overlay.
func (v *validator) connect() {
	next := map[slice.Domain][]slice.Domain{}
	for _, l := range v.in.Overlay.Expand(v.in.Slice.Domains) {
		v.links[pairOf(l.From, l.To)] = true
		next[l.From] = append(next[l.From], l.To)
		next[l.To] = append(next[l.To], l.From)
	}
	for i, d := range v.in.Slice.Domains {
		for todo := []slice.Domain{d.Name}; len(todo) > 0; {
			here := todo[0]
			todo = todo[1:]
			if v.near[here] == 0 {
				v.near[here] = i + 1
				todo = append(todo, next[here]...)
			}
		}
	}
}

// prefixes refuses networks of one slice that share addresses. Prefixes are
// nested or apart, so that neighbours in order tell.
func (v *validator) prefixes() {
	type planned struct {
		cidr  netip.Prefix
		index int
		field string
	}
	var all []planned
	for i, n := range v.in.Slice.Networks {
		for _, p := range []planned{{n.CIDR, i, "cidr"}, {n.CIDR6, i, "cidr6"}} {
			if p.cidr.IsValid() {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b planned) int {
		return cmp.Or(a.cidr.Masked().Addr().Compare(b.cidr.Masked().Addr()), cmp.Compare(a.cidr.Bits(), b.cidr.Bits()), cmp.Compare(a.index, b.index), cmp.Compare(a.field, b.field))
	})
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.cidr.Overlaps(b.cidr) {
			v.faults.add(fmt.Sprintf("slice.networks[%d].%s", b.index, b.field), "give each network addresses of its own",
				"%s overlaps %s of network %s", b.cidr, a.cidr, v.in.Slice.Networks[a.index].Name)
		}
	}
}

// interfaces refuses two interfaces of one name on one workload.
func (v *validator) interfaces() {
	type port struct {
		domain   slice.Domain
		workload slice.Workload
		name     string
	}
	seen := map[port]slice.NetworkName{}
	for i, n := range v.in.Slice.Networks {
		for j, m := range n.Members {
			p := port{m.Domain, m.Name, m.Interface}
			if other, twice := seen[p]; twice && other != n.Name {
				v.faults.add(fmt.Sprintf("slice.networks[%d].members[%d].interface", i, j), "name the interface",
					"workload %s has an interface %s already, in network %s", m.Name, m.Interface, other)
			}
			seen[p] = n.Name
		}
	}
}
