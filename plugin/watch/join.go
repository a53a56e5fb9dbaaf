package watch

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// joins returns what is one with the networks of a slice: services of the book that
// VIM accounts or a WIM were asked for. The records of the network services name
// them by their ids.
func (w *Watcher) joins(s *subject, out *service.Service) []service.Join {
	ids := map[string][]slice.NetworkName{}
	for _, v := range s.template.VLDs {
		for _, id := range s.made(v) {
			ids[id] = append(ids[id], networkName(v.ID))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	others := w.book.Services(out.Tenant)
	// The ids of networks are ours; those of services their orderers choose, and one may
	// choose what it likes.
	network := map[string]bool{}
	for _, other := range others {
		network[other.Key.ID] = network[other.Key.ID] || other.Key.Door == service.VIM
	}
	var all []service.Join
	for _, other := range others {
		if other.Key.Door == service.NSI || network[other.Key.ID] && other.Key.Door != service.VIM {
			continue
		}
		for _, n := range ids[other.Key.ID] {
			if !hasNetwork(out, n) {
				continue
			}
			if j := (service.Join{Network: n, With: other.Key}); !slices.Contains(all, j) {
				all = append(all, j)
			}
		}
	}
	slices.SortFunc(all, func(a, b service.Join) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.With.String(), b.With.String()))
	})
	return all
}

func hasNetwork(out *service.Service, name slice.NetworkName) bool {
	for _, n := range out.Intents.Slice.Networks {
		if n.Name == name {
			return true
		}
	}
	return false
}

// made returns the ids of what was made for a link of the slice: for the links of
// its services that OSM gave the same common_id, or that a connection point ties.
func (s *subject) made(v descriptor.VLD) (ids []string) {
	common := "nsir:" + s.ID + ":vld." + cmp.Or(v.Name, v.ID)
	for i := range s.subnets {
		n := &s.subnets[i]
		if !n.alive {
			continue
		}
		for _, l := range n.record.Links {
			if l.Common != common && !n.ties(v, l.ID) {
				continue
			}
			for _, info := range l.Info {
				if info.ID != "" {
					ids = append(ids, info.ID)
				}
			}
		}
	}
	return ids
}

// ties reports whether a link of the slice is tied to a link of the service.
func (n *subnet) ties(v descriptor.VLD, link string) bool {
	return slices.ContainsFunc(v.Points, func(p descriptor.VLDPoint) bool {
		return p.SubnetRef == n.ID && link != "" && n.link(p.ConnectionPoint) == link
	})
}

// handOffs returns the tags under which domains hand a network of the slice over, if
// one network service spans several VIM accounts: OSM then asks a WIM for a
// connection between these tags, and the book finds that it is the same network.
func (w *Watcher) handOffs(ctx context.Context, s *subject, out *service.Service) ([]service.HandOff, error) {
	var all []service.HandOff
	for _, v := range s.template.VLDs {
		if v.Management || !hasNetwork(out, networkName(v.ID)) {
			continue
		}
		for _, p := range v.Points {
			i := slices.IndexFunc(s.subnets, func(n subnet) bool { return n.ID == p.SubnetRef && n.alive })
			if i < 0 {
				continue
			}
			tags, err := w.tags(ctx, out.Tenant, &s.subnets[i], p.ConnectionPoint)
			if err != nil {
				return nil, err
			}
			for d, tag := range tags {
				all = append(all, service.HandOff{Network: networkName(v.ID), Domain: d, VLAN: tag})
			}
		}
	}
	slices.SortFunc(all, func(a, b service.HandOff) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.VLAN, b.VLAN))
	})
	return slices.Compact(all), nil
}

// tags returns the tags that OSM tells a WIM for a link of a service, by domains:
// those of the order, else those of the WIM account that covers its VIM accounts.
func (w *Watcher) tags(ctx context.Context, tenant slice.Tenant, n *subnet, point string) (map[slice.Domain]slice.VLAN, error) {
	link := n.link(point)
	vims := n.vims(link)
	if len(vims) < 2 {
		return nil, nil // OSM asks no WIM
	}
	var asked linkOrder
	for _, l := range n.order.Links {
		if l.Name == link {
			asked = l
		}
	}
	if asked.WIM == false {
		return nil, nil
	}
	if len(asked.Provider.Ports) > 0 {
		return w.portTags(ctx, tenant, asked.Provider.Ports)
	}
	return w.wimTags(ctx, vims, asked.WIM)
}

// portTags finds the domains of ports. A port that nobody knows has no tag.
func (w *Watcher) portTags(ctx context.Context, tenant slice.Tenant, ports []sdnPort) (map[slice.Domain]slice.VLAN, error) {
	out := map[slice.Domain]slice.VLAN{}
	for _, p := range ports {
		tag, tagged := vlanOf(p.VLAN)
		if !tagged || w.cfg.Endpoints == nil {
			continue
		}
		e, err := w.endpointOf(ctx, tenant, p)
		switch kind := slice.KindOf(err); {
		case err == nil && e.Workload == "":
			out[e.Domain] = tag
		case err != nil && kind != slice.NotFound && kind != slice.Invalid:
			return nil, passing(err)
		}
	}
	return out, nil
}

func (w *Watcher) endpointOf(ctx context.Context, tenant slice.Tenant, p sdnPort) (endpoint.Endpoint, error) {
	if p.Endpoint != "" {
		if e, err := w.cfg.Endpoints.Find(ctx, tenant, p.Endpoint); err == nil || slice.KindOf(err) != slice.NotFound {
			return e, err
		}
	}
	device, err := strconv.ParseUint(strings.ReplaceAll(p.Switch, ":", ""), 16, 64)
	if err != nil {
		return endpoint.Endpoint{}, slice.Errorf(slice.NotFound, "no switch %.64q", p.Switch)
	}
	port, err := strconv.ParseUint(p.Port, 10, 32)
	if err != nil {
		return endpoint.Endpoint{}, slice.Errorf(slice.NotFound, "no port %.64q", p.Port)
	}
	return w.cfg.Endpoints.At(ctx, tenant, slice.DPID(device), slice.Port(port))
}

// wimTags reads the tags of the WIM account that OSM takes: the one that was named,
// else the only one whose ports cover all VIM accounts.
func (w *Watcher) wimTags(ctx context.Context, vims []string, named any) (map[slice.Domain]slice.VLAN, error) {
	names := map[string]string{} // of VIM accounts
	for _, id := range vims {
		name, err := w.vimName(ctx, id)
		if err != nil {
			return nil, err
		}
		names[name] = id
	}
	if err := w.accounts(ctx, wimsPath, func(a account) { w.places.wims = append(w.places.wims, a) }); err != nil {
		return nil, err
	}
	var takes []account
	for _, a := range w.places.wims {
		if id, isText := named.(string); a.covers(names) && (!isText || a.ID == id) {
			takes = append(takes, a)
		}
	}
	if len(takes) != 1 {
		return nil, nil // OSM asks none, or refuses
	}
	out := map[slice.Domain]slice.VLAN{}
	for _, p := range takes[0].Config.Ports {
		tag, tagged := vlanOf(p.Mapping.Encapsulation.VLAN)
		if id, ours := names[p.VIM]; ours && tagged {
			d, err := w.domainOf(ctx, id)
			if err != nil {
				return nil, err
			}
			out[d] = tag
		}
	}
	return out, nil
}

// covers reports whether a WIM account has a port for each VIM account, by names.
func (a *account) covers(vims map[string]string) bool {
	for name := range vims {
		found := false
		for _, p := range a.Config.Ports {
			found = found || p.VIM == name
		}
		if !found {
			return false
		}
	}
	return true
}
