package compat

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// CreateNetwork adds a network to the slice of its provider, and says how a
// workload joins. The same once more is success.
func (s server) CreateNetwork(ctx context.Context, r *wire.CreateNetworkRequest) (*wire.CreateNetworkResponse, error) {
	if err := s.addNetwork(ctx, r); err != nil {
		return nil, refused("create network", err)
	}
	return &wire.CreateNetworkResponse{Message: "Network created successfully", Patches: patches(r.GetNetwork().GetName())}, nil
}

func (s server) addNetwork(ctx context.Context, r *wire.CreateNetworkRequest) error {
	n := r.GetNetwork()
	if n == nil {
		return slice.Errorf(slice.Invalid, "network: missing")
	}
	id, err := idOf(n.GetProvider(), r.GetNamespace())
	if err != nil {
		return fmt.Errorf("network.%w", err)
	}
	want, err := s.network(n)
	if err != nil {
		return err
	}
	have, err := s.conf.Slices.Status(ctx, id)
	switch {
	case isAbsent(err):
		return unreadyf("there is no slice %s: create it first, with this provider and namespace", id)
	case err != nil:
		return err
	case have.Intents == nil:
		return slice.Errorf(slice.Unavailable, "slice %s cannot be read", id)
	}
	if err := reach(&want, have.Intents); err != nil {
		return err
	}
	if there := find(have.Intents, want.Name); there != nil {
		if !sameNetwork(*there, want) {
			return slice.Errorf(slice.Conflict, "network %s is in slice %s already, and is another: delete it first", want.Name, id)
		}
		return nil
	}
	_, err = s.conf.Slices.Edit(ctx, id, []intent.Edit{{AddNetwork: &want}}, intent.Order{Old: true})
	return err
}

// network returns a network as ours.
func (s server) network(n *wire.L2Network) (intent.Network, error) {
	out := intent.Network{Name: slice.NetworkName(n.GetName()), Type: slice.NetworkType(cmp.Or(n.GetType(), string(slice.VNet)))}
	if out.Name == "" {
		return out, slice.Errorf(slice.Invalid, "network.name: missing")
	}
	for i, c := range n.GetClusters() {
		if err := s.check(fmt.Sprintf("network.clusters[%d]", i), c); err != nil {
			return out, err
		}
		out.Domains = append(out.Domains, slice.Domain(c.GetName()))
	}
	if n.GetPodCidr() == "" {
		return out, nil
	}
	cidr, err := netip.ParsePrefix(n.GetPodCidr())
	if err != nil {
		return out, slice.Errorf(slice.Invalid, "network.pod_cidr: %w", err)
	}
	out.CIDR = cidr.Masked() // as the original, which takes any address of it
	out.Ranges, err = ranges(out.CIDR, n.GetClusters())
	return out, err
}

// reach has a network that names no cluster reach those of its slice, and
// refuses one that names another.
func reach(n *intent.Network, in *intent.Intents) error {
	if len(n.Domains) == 0 {
		for _, d := range in.Slice.Domains {
			n.Domains = append(n.Domains, d.Name)
		}
	}
	for i, d := range n.Domains {
		if !has(in, d) {
			return unreadyf("network.clusters[%d]: cluster %.64q is not in slice %s: add it first", i, d, in.Slice.ID)
		}
	}
	return nil
}

// DeleteNetwork removes a network from its slice. An absent one is success.
func (s server) DeleteNetwork(ctx context.Context, r *wire.DeleteNetworkRequest) (*wire.DeleteNetworkResponse, error) {
	err := s.removeNetwork(ctx, r)
	if err != nil && !isAbsent(err) {
		return nil, refused("delete network", err)
	}
	return &wire.DeleteNetworkResponse{Message: "Network deleted successfully"}, nil
}

func (s server) removeNetwork(ctx context.Context, r *wire.DeleteNetworkRequest) error {
	n := r.GetNetwork()
	if n.GetName() == "" {
		return slice.Errorf(slice.Invalid, "network.name: missing")
	}
	id, err := idOf(n.GetProvider(), r.GetNamespace())
	if err != nil {
		return fmt.Errorf("network.%w", err)
	}
	have, err := s.conf.Slices.Status(ctx, id)
	if err != nil || have.Intents == nil || find(have.Intents, slice.NetworkName(n.GetName())) == nil {
		return err
	}
	_, err = s.conf.Slices.Edit(ctx, id, []intent.Edit{{RemoveNetwork: slice.NetworkName(n.GetName())}}, intent.Order{Old: true})
	return err
}

func find(in *intent.Intents, name slice.NetworkName) *intent.Network {
	i := slices.IndexFunc(in.Slice.Networks, func(n intent.Network) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &in.Slice.Networks[i]
}

// sameNetwork reports whether two networks are ordered alike. Who has joined
// does not matter.
func sameNetwork(a, b intent.Network) bool {
	a.Members, b.Members = nil, nil
	one := intent.Intents{Slice: intent.Slice{Networks: []intent.Network{a}}}
	other := intent.Intents{Slice: intent.Slice{Networks: []intent.Network{b}}}
	return intent.Equal(one, other)
}

// patches are what a workload's template needs to join a network.
func patches(network string) []*wire.FieldPatch {
	const meta, env = "spec.template.metadata.", "spec.template.spec.containers[0].env[0]."
	return []*wire.FieldPatch{
		{Path: meta + "labels.l2sm", Value: "true"},
		{Path: meta + "labels.l2sm/app", Value: "<workload-name>"},
		{Path: meta + "annotations.l2sm/networks", Value: network},
		{Path: env + "name", Value: "DNS_NAME"},
		{Path: env + "value", Value: "<workload-name>." + network + ".inter.l2sm"},
	}
}
