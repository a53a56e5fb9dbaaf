package l2vpn

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// maxRate is the most that a network's cap can say, in bits per second.
const maxRate = math.MaxUint32 * 1000

// fewest is how many accesses a service needs before it is ordered.
const fewest = 2

// locate finds the endpoint of an access: by its bearer-reference, which names an
// endpoint, or one and a port of it behind a colon; else by the name of its site.
func (d *draft) locate(site, reference string) (place, error) {
	before, _, _ := strings.Cut(reference, ":")
	for _, name := range []string{reference, before, site} {
		if name == "" {
			continue
		}
		at, err := d.find(name)
		if err == nil || slice.KindOf(err) != slice.NotFound {
			return at, err
		}
	}
	return place{}, restconf.Errorf(restconf.InvalidValue, "", "no endpoint is called %.100q, nor is one named as the site, %.100q", reference, site)
}

// order puts a service into the book, or takes it out while it has too few accesses.
func (d *draft) order(kept *keptVPN) error {
	if len(kept.Accesses) < fewest {
		d.tx.Remove(kept.VPN.ID)
		return nil
	}
	v := kept.VPN
	network := intent.Network{Name: networkName(v.ID), Type: slice.VNet}
	s := service.Service{Tenant: d.tenant, Title: cmp.Or(v.Customer, v.ID)}
	s.Key.ID = v.ID
	type spot struct {
		at  place
		tag slice.VLAN
	}
	taken := map[spot]bool{}
	for _, e := range kept.Accesses {
		var a keptAccess
		if !note(d.tx, e.note(), &a) {
			continue // it is there: both are written together
		}
		tag := slice.VLAN(a.Access.vlan())
		if a.At.Workload != "" {
			tag = 0 // a workload's frames have none
		}
		if taken[spot{a.At, tag}] {
			return restconf.Errorf(restconf.InUse, accessPath(e.Site, e.Access), "the service has an access at this endpoint already")
		}
		taken[spot{a.At, tag}] = true
		extend(&network, &s, a, tag)
	}
	for _, domain := range network.Domains {
		s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: domain})
	}
	s.Intents.Slice.Networks = []intent.Network{network}
	d.tx.Put(s)
	return nil
}

// extend makes an access part of the network: a workload as a member, the hand-off of
// a domain by its tag. The network's cap is the highest rate that an access asks
// for, and its packets are as large as the access with the least takes.
func extend(n *intent.Network, s *service.Service, a keptAccess, tag slice.VLAN) {
	if !slices.Contains(n.Domains, a.At.Domain) {
		n.Domains = append(n.Domains, a.At.Domain)
	}
	switch {
	case a.At.Workload != "":
		n.Members = append(n.Members, intent.Member{Name: a.At.Workload, Domain: a.At.Domain, Interface: a.At.Interface})
	case tag != 0:
		s.HandOffs = append(s.HandOffs, service.HandOff{Network: n.Name, Domain: a.At.Domain, VLAN: tag, Claims: true})
	}
	if a.Access.Service == nil {
		return
	}
	if mtu := a.Access.Service.MTU; mtu != nil && (n.MTU == 0 || uint32(*mtu) < n.MTU) {
		n.MTU = uint32(*mtu)
	}
	if a.Access.Service.Bandwidth != nil {
		for _, b := range a.Access.Service.Bandwidth.Bandwidth {
			n.BandwidthKbps = max(n.BandwidthKbps, uint32((b.rate()+999)/1000)) // no more than maxRate
		}
	}
}

// rate is what may pass at most: the peak, or what is committed and the excess.
func (b *bandwidth) rate() uint64 {
	if b.PIR != nil {
		return uint64(*b.PIR)
	}
	sum, over := bits.Add64(uint64(*or(b.CIR, 0)), uint64(*or(b.EIR, 0)), 0)
	if over != 0 {
		return math.MaxUint64
	}
	return sum
}

// networkName is one of its own for each service, so that a workload may be in many:
// its interface is called so.
func networkName(vpn string) slice.NetworkName {
	sum := sha256.Sum256([]byte(vpn))
	return slice.NetworkName("l2-" + hex.EncodeToString(sum[:6]))
}
