package intent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The bounds of an MTU: what every host of an IP version must take (RFC 791
// and RFC 8200, section 5), and the largest jumbo frame that switches share.
const (
	minMTU4 = 576
	minMTU6 = 1280
	maxMTU  = 9216
)

func (v *validator) networks() {
	seen := map[slice.NetworkName]bool{}
	for i := range v.in.Slice.Networks {
		n := &v.in.Slice.Networks[i]
		path := fmt.Sprintf("slice.networks[%d]", i)
		v.label(path+".name", "network", string(n.Name))
		if seen[n.Name] {
			v.faults.add(path+".name", "keep one of the two", "network %s is there already", n.Name)
		}
		seen[n.Name] = true
		v.network(path, n)
		v.members(path, n)
		v.parts(path, n)
	}
}

func (v *validator) network(path string, n *Network) {
	oneOf(v, path+".type", n.Type, slice.VNet, slice.VLink, slice.ExtVNet)
	if n.Type == slice.VLink && len(n.Members) != 0 && len(n.Members) != 2 {
		v.faults.add(path+".members", "give it two or make it a vnet", "a vlink has two members, this has %d", len(n.Members))
	}
	switch lowest := max(v.cidr(path+".cidr", n.CIDR), v.second(path+".cidr6", n)); {
	case n.MTU == 0:
	case n.MTU < lowest || n.MTU > maxMTU:
		v.faults.add(path+".mtu", "", "mtu %d is not between %d and %d", n.MTU, lowest, maxMTU)
	}
	if len(n.Domains) == 0 {
		v.faults.add(path+".domains", "name its domains or its members", "the network is in no domain")
	}
	for i, d := range n.Domains {
		here := fmt.Sprintf("%s.domains[%d]", path, i)
		switch {
		case !v.known(here, d):
		case slices.Contains(n.Domains[:i], d):
			v.faults.add(here, "keep one of the two", "domain %s is there already", d)
		case v.near[d] != v.near[n.Domains[0]] && v.near[n.Domains[0]] != 0:
			v.faults.add(here, "add a link", "no link of the overlay leads from %s to %s", n.Domains[0], d)
		}
	}
}

// cidr checks a network's prefix and returns the lowest MTU that it allows.
func (v *validator) cidr(path string, c netip.Prefix) uint32 {
	switch {
	case c == netip.Prefix{}:
		return minMTU4
	case !c.IsValid():
		v.faults.add(path, "", "not a prefix")
	case c.Addr().Is4In6():
		v.faults.add(path, "write it as IPv4", "%s is an IPv4 prefix in IPv6 form", c)
	case c != c.Masked():
		v.faults.add(path, fmt.Sprintf("write %s", c.Masked()), "%s has bits behind its length", c)
	case c.Addr().IsMulticast() || c.Addr().IsLoopback() || c.Bits() == 0:
		v.faults.add(path, "take a private range", "%s is not a range for hosts", c)
	}
	if c.Addr().Is6() {
		return minMTU6
	}
	return minMTU4
}

// members checks the ports of a network.
func (v *validator) members(path string, n *Network) {
	names := map[slice.Workload]bool{}
	addresses := map[netip.Addr]slice.Workload{}
	macs := map[slice.MAC]slice.Workload{}
	for i, m := range n.Members {
		here := fmt.Sprintf("%s.members[%d]", path, i)
		v.label(here+".name", "workload", string(m.Name))
		if names[m.Name] {
			v.faults.add(here+".name", "keep one of the two", "workload %s is in the network already", m.Name)
		}
		names[m.Name] = true
		if v.known(here+".domain", m.Domain) && !slices.Contains(n.Domains, m.Domain) {
			v.faults.add(here+".domain", "add the domain to the network's domains", "network %s does not reach domain %s", n.Name, m.Domain)
		}
		if !isInterface(m.Interface) {
			v.faults.add(here+".interface", "use at most 15 letters, digits, dots, hyphens and underscores, and no name that Linux keeps for itself", "%.64q is not a name of an interface", m.Interface)
		}
		for _, a := range []asked{{"address", m.Address, n.CIDR}, {"address6", m.Address6, n.CIDR6}} {
			if a.addr.IsValid() {
				v.address(here+"."+a.field, a.in, a.addr)
				v.free(here+"."+a.field, n, m.Domain, a.addr)
				unique(v, here+"."+a.field, a.addr, m.Name, addresses)
			}
		}
		if m.MAC.IsGroup() {
			v.faults.add(here+".mac", "take one that begins with 02", "%s is a group address", m.MAC)
		}
		if !m.MAC.IsZero() {
			unique(v, here+".mac", m.MAC, m.Name, macs)
		}
	}
}

// unique wants an address that no other member of the network has.
func unique[A interface {
	comparable
	fmt.Stringer
}](v *validator, path string, a A, by slice.Workload, taken map[A]slice.Workload) {
	if other, twice := taken[a]; twice {
		v.faults.add(path, "give each member one of its own", "address %s is %s's already", a, other)
	}
	taken[a] = by
}

// address wants one that a host of the prefix can have.
func (v *validator) address(path string, c netip.Prefix, a netip.Addr) {
	switch {
	case !c.IsValid():
		v.faults.add(path, "give the network a cidr or remove the address", "the network has no cidr")
	case a.Zone() != "" || !c.Contains(a):
		v.faults.add(path, "", "%s is not in %s", a, c)
	case c.IsSingleIP() || c.Bits() == a.BitLen()-1: // point to point (RFC 3021, RFC 6164)
	case a == c.Masked().Addr():
		v.faults.add(path, "take a later one", "%s is the address of the network itself", a)
	case a.Is4() && !c.Contains(a.Next()):
		v.faults.add(path, "take an earlier one", "%s is the broadcast address of %s", a, c)
	}
}

// isInterface reports whether Linux takes a name for an interface and a shell
// needs no quotes for it.
func isInterface(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	taken := []string{".", "..", "lo", "all", "default"} // by folders, the loopback and Linux's settings for all interfaces
	return s != "" && len(s) <= maxInterface && !slices.Contains(taken, s) && strings.Trim(s, letters) == "" && s[0] != '-'
}
