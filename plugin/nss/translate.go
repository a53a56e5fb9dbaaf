package nss

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// translator makes services of slice services.
type translator struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one request
	who     account.Account
	catalog Catalog
	doc     *document
}

// service translates a slice service, whether it is wanted now or not.
func (t *translator) service(s sliceService) (service.Service, error) {
	out := service.Service{Key: service.Key{Door: service.NSS, Account: t.who.Name, ID: s.ID}, Tenant: t.who.Tenant, Title: cmp.Or(s.Description, s.ID)}
	ends := map[string]end{}
	for _, p := range s.sdps() {
		e, err := t.end(&s, p)
		if err != nil {
			return out, err
		}
		ends[p.ID] = e
	}
	names := map[slice.NetworkName]bool{}
	for _, g := range s.groups() {
		n := networker{t: t, s: &s, g: g, ends: ends, pairs: map[pair]promise{}, parent: t.doc.refine(t.doc.policy(s.choice), g.choice, g.Override)}
		if err := n.collect(); err != nil {
			return out, err
		}
		if len(n.members) == 0 {
			continue // nobody is in it (yet)
		}
		if err := n.network(&out); err != nil {
			return out, err
		}
		name := networkOf(g.ID)
		if names[name] {
			return out, restconf.Errorf(restconf.InvalidValue, s.groupPath(g.ID), "another connection group makes a network %s as well", name)
		}
		names[name] = true
	}
	domains := map[slice.Domain]bool{}
	for _, n := range out.Intents.Slice.Networks {
		for _, d := range n.Domains {
			domains[d] = true
		}
	}
	for _, d := range slices.Sorted(maps.Keys(domains)) {
		out.Intents.Slice.Domains = append(out.Intents.Slice.Domains, intent.Domain{Name: d})
	}
	return out, nil
}

// wanted reports whether a slice service is to be made now.
func (s *sliceService) wanted() bool { return s.Status.up() }

func (s *status) up() bool {
	return s == nil || s.Admin == nil || s.Admin.Status == "" || s.Admin.Status == adminStatuses[0]
}

// networkOf names a network after its connection group: by its id if that is a
// label, or else by what is left of it, and a digest.
func networkOf(id string) slice.NetworkName {
	if slice.IsLabel(id) {
		return slice.NetworkName(id)
	}
	const most = 32 // bytes
	sum := sha256.Sum256([]byte(id))
	label := slice.Label(id)
	if label == "" {
		label = "group"
	}
	return slice.NetworkName(slice.Label(label[:min(len(label), most)]) + "-" + hex.EncodeToString(sum[:4]))
}

// network adds the network of a connection group, with its hand-offs and paths.
func (n *networker) network(out *service.Service) error {
	name := networkOf(n.g.ID)
	network := intent.Network{Name: name, Type: n.kind(), MTU: n.all().mtu}
	for _, id := range n.members {
		for _, p := range n.ends[id].ports {
			if !slices.Contains(network.Domains, p.Domain) {
				network.Domains = append(network.Domains, p.Domain)
			}
			if p.mtu != 0 && network.MTU > p.mtu {
				return restconf.Errorf(restconf.InvalidValue, n.s.sdpPath(id), "the MTU of a circuit, %d, is less than that of the connection group %s, %d", p.mtu, n.g.ID, network.MTU)
			}
			vlan, err := n.vlan(id, p)
			switch {
			case err != nil:
				return err
			case p.Workload != "" && vlan != 0:
				return restconf.Errorf(restconf.InvalidValue, n.s.sdpPath(id), "workload %s gets its frames without a tag: leave VLAN %d out", p.Workload, vlan)
			case p.Workload != "":
				network.Members = append(network.Members, intent.Member{Name: p.Workload, Domain: p.Domain, Interface: p.Interface})
			case vlan != 0:
				out.HandOffs = append(out.HandOffs, service.HandOff{Network: name, Domain: p.Domain, VLAN: vlan, Claims: true})
			}
		}
	}
	sent, err := n.sent()
	if err != nil {
		return err
	}
	network.BandwidthKbps = sent
	out.Intents.Slice.Networks = append(out.Intents.Slice.Networks, network)
	if n.all().encrypted {
		out.Intents.Overlay.Encryption = intent.WireGuard
	}
	paths, err := n.paths(name)
	out.Intents.Paths = append(out.Intents.Paths, paths...)
	return err
}

// kind is a vlink between two workloads, and a vnet everywhere else: behind the
// hand-off of a domain there may be any number of ports.
func (n *networker) kind() slice.NetworkType {
	workloads := 0
	for _, id := range n.members {
		for _, p := range n.ends[id].ports {
			if p.Workload == "" {
				return slice.VNet
			}
			workloads++
		}
	}
	if name, _ := n.g.Type.own(); name == "point-to-point" && workloads == 2 {
		return slice.VLink
	}
	return slice.VNet
}

// all returns what all pairs are promised together.
func (n *networker) all() promise {
	var all promise
	for _, p := range n.pairs {
		all = all.with(p)
	}
	return all
}

// sent returns what a port may send: as much as is promised to the SDP that is
// promised most, towards all others. There is no limit where some pair is promised
// no bandwidth: it takes what is left.
func (n *networker) sent() (uint32, error) {
	to := map[string]uint64{}
	for p, promised := range n.pairs {
		if promised.kbps == 0 {
			return 0, nil
		}
		to[p.a] += promised.kbps
		to[p.b] += promised.kbps
	}
	var most uint64
	for _, kbps := range to {
		most = max(most, kbps)
	}
	if most > math.MaxUint32 {
		return 0, tooMuch(n.s.groupPath(n.g.ID))
	}
	return uint32(most), nil
}

// paths makes a path for each two domains between which something is promised.
func (n *networker) paths(name slice.NetworkName) ([]intent.Path, error) {
	type domains struct{ from, to slice.Domain }
	between := map[domains]promise{}
	for p, promised := range n.pairs {
		if promised.latencyMs == 0 && promised.kbps == 0 && !promised.protected {
			continue
		}
		for _, a := range n.ends[p.a].domains() {
			for _, b := range n.ends[p.b].domains() {
				if a == b {
					continue // within a domain there is no path to choose
				}
				key := domains{min(a, b), max(a, b)}
				have := between[key]
				sum := have.kbps + promised.kbps
				have = have.with(promised)
				if have.kbps = sum; sum > math.MaxUint32 {
					return nil, tooMuch(n.s.groupPath(n.g.ID))
				}
				between[key] = have
			}
		}
	}
	var paths []intent.Path
	for _, key := range slices.SortedFunc(maps.Keys(between), func(a, b domains) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) }) {
		p := between[key]
		path := intent.Path{Network: name, From: key.from, To: key.to, Mode: intent.PathAny, MaxLatencyMs: p.latencyMs, MinBandwidthKbps: uint32(p.kbps), Protection: intent.NoProtection}
		if p.protected {
			path.Protection = intent.FastFailover
		}
		paths = append(paths, path)
	}
	return paths, nil
}
