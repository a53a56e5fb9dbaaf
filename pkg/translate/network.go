package translate

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// networks makes one network per netslice-vld, refines them, and adds those
// that only the parameters name.
func (t *translator) networks() {
	made := map[slice.NetworkName]int{}
	for i, v := range t.nst.VLDs {
		path := fmt.Sprintf("netslice-vld[%d]", i)
		t.vldWarnings(path, v)
		n := t.network(path, v)
		if other, taken := made[n.Name]; taken || n.Name == "" {
			t.complain(path+".id", "give each an id with letters and digits of its own", "link %q cannot be a network of its own (%q)", v.ID, t.nst.VLDs[other].ID)
		}
		made[n.Name] = i
		t.out.Slice.Networks = append(t.out.Slice.Networks, n)
	}
	refined := map[slice.NetworkName]string{}
	for i, r := range t.refined.Networks {
		path, name := fmt.Sprintf("networks[%d]", i), networkName(r.Name)
		if other, taken := refined[name]; taken {
			t.refinedProblem(path+".name", "write the name alike in both", "%q and %q are one network", other, r.Name)
		}
		refined[name] = r.Name
		_, known := made[name]
		if at, _ := t.refined.At(path); !known && t.in.Annex != nil && at.File == t.in.Annex.Name() {
			t.refinedProblem(path+".name", "correct the name; only parameters may add a network", "the template has no netslice-vld %q", r.Name)
		}
		if !known {
			made[name] = len(t.out.Slice.Networks)
			t.out.Slice.Networks = append(t.out.Slice.Networks, intent.Network{Name: name})
		}
		refine(&t.out.Slice.Networks[made[name]], r)
	}
	if len(t.out.Slice.Networks) == 0 {
		t.warn("", "add netslice-vld", "the template has no links: the slice has no networks")
	}
}

// network makes the network of a link.
func (t *translator) network(path string, v descriptor.VLD) intent.Network {
	n := intent.Network{Name: networkName(v.ID), Type: slice.VNet, BandwidthKbps: t.bandwidth(path, v.LeafBandwidth)}
	subnets := map[string]bool{}
	for i, p := range v.Points {
		here := fmt.Sprintf("%s.nss-connection-point-ref[%d]", path, i)
		domain, known := t.domainOf[p.SubnetRef]
		if !known {
			t.warn(here+".nss-ref", "correct the reference", "the template has no netslice-subnet %s: OSM leaves it out of the link, and so does this slice", p.SubnetRef)
			continue
		}
		subnets[p.SubnetRef] = true
		if !slices.Contains(n.Domains, domain) {
			n.Domains = append(n.Domains, domain)
		}
		t.plan(here, &n, p)
	}
	if v.Type == "ELINE" && len(subnets) == 2 {
		n.Type = slice.VLink
	}
	if len(n.Domains) == 0 {
		t.warn(path, "add nss-connection-point-ref", "link %s joins no subnet: the network spans the whole slice", v.ID)
		for _, d := range t.out.Slice.Domains {
			n.Domains = append(n.Domains, d.Name)
		}
	}
	return n
}

// plan takes CIDR and MTU from the service descriptor behind a point.
func (t *translator) plan(path string, n *intent.Network, p descriptor.VLDPoint) {
	i := slices.IndexFunc(t.nst.Subnets, func(s descriptor.Subnet) bool { return s.ID == p.SubnetRef })
	nsd := t.nsds[t.nst.Subnets[i].NSDRef]
	if nsd == nil {
		return
	}
	cidr, mtu, ok := nsd.Plan(p.ConnectionPoint)
	if !ok {
		t.warn(path+".nsd-connection-point-ref", "add a sapd with this id and its virtual-link-desc",
			"service descriptor %s ties %s to no link: OSM leaves it out", nsd.ID, p.ConnectionPoint)
	}
	other := slices.IndexFunc(t.out.Slice.Networks, func(o intent.Network) bool { return cidr.IsValid() && o.CIDR.Overlaps(cidr) })
	switch {
	case other >= 0:
		t.warn(path, "give each link addresses of its own", "service descriptor %s has %s for this link, which network %s has already: left out",
			nsd.ID, cidr, t.out.Slice.Networks[other].Name)
	case n.CIDR == netip.Prefix{}:
		n.CIDR = cidr.Masked()
	case cidr.IsValid() && cidr.Masked() != n.CIDR:
		t.warn(path, "give the same cidr in every service descriptor", "service descriptor %s has %s for this link: %s is kept", nsd.ID, cidr, n.CIDR)
	}
	if mtu != 0 && (n.MTU == 0 || mtu < n.MTU) {
		n.MTU = mtu
	}
}

// bandwidth turns bits per second into kbit/s, rounded up.
func (t *translator) bandwidth(path string, bits uint64) uint32 {
	kbps := bits/1000 + min(bits%1000, 1)
	if kbps > math.MaxUint32 {
		t.warn(path+".leaf-bandwidth", "leave it out", "%d bits per second are no limit here", bits)
		return 0
	}
	return uint32(kbps)
}

// vldWarnings tells what makes OSM lose a link that it took.
func (t *translator) vldWarnings(path string, v descriptor.VLD) {
	switch {
	case v.Name == "":
		t.warn(path, "add name, equal to id", "link %s has no name: the slice will fail in OSM", v.ID)
	case v.Name != v.ID:
		t.warn(path+".name", "make it equal to id", "name %s is not the id %s: OSM drops the link silently", v.Name, v.ID)
	}
	if v.Type == "L3" {
		t.warn(path+".type", "write ELAN", "link %s of type L3 becomes a network of the link layer", v.ID)
	}
}

// refine lays what annex and parameters say over a network.
func refine(n *intent.Network, r descriptor.RefinedNetwork) {
	if r.Type != "" {
		n.Type = r.Type
	}
	if r.CIDR.IsValid() {
		n.CIDR = r.CIDR
	}
	if r.MTU != 0 {
		n.MTU = r.MTU
	}
	if r.BandwidthKbps != 0 {
		n.BandwidthKbps = r.BandwidthKbps
	}
	if len(r.Domains) > 0 {
		n.Domains = slices.Clone(r.Domains)
	}
	if r.CIDR6.IsValid() {
		n.CIDR6 = r.CIDR6
	}
	n.Split = n.Split || r.Split
	n.Reserved = append(n.Reserved, r.Reserved...)
	for _, one := range r.Ranges {
		n.Ranges = append(n.Ranges, intent.Range(one))
	}
	for _, m := range r.Members {
		n.Members = append(n.Members, intent.Member(m))
	}
}
