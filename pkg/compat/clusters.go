package compat

import (
	"context"

	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// AddCluster brings a cluster into a slice while frames flow. The networks of
// the slice reach it, but for those of two ports. The original only declares it.
func (s server) AddCluster(ctx context.Context, r *wire.AddClusterRequest) (*wire.AddClusterResponse, error) {
	if err := s.add(ctx, r); err != nil {
		return nil, refused("add cluster", err)
	}
	return &wire.AddClusterResponse{Message: "Cluster added successfully"}, nil
}

func (s server) add(ctx context.Context, r *wire.AddClusterRequest) error {
	if r.GetCluster() == nil {
		return slice.Errorf(slice.Invalid, "cluster: missing")
	}
	if err := s.check("cluster", r.GetCluster()); err != nil {
		return err
	}
	have, err := s.find(ctx, r.GetCluster().GetNamespace(), r.GetSliceName(), r.GetProviderName())
	if err != nil {
		return err
	}
	edit := intent.DomainEdit{Domain: intent.Domain{
		Name: slice.Domain(r.GetCluster().GetName()), Gateway: slice.Node(r.GetCluster().GetGatewayNode().GetName()),
	}}
	if have.Intents != nil && have.Intents.Overlay.Shape == intent.Explicit && !has(have.Intents, edit.Domain.Name) {
		for _, d := range have.Intents.Slice.Domains { // as a slice without links has them
			edit.Links = append(edit.Links, intent.Link{From: d.Name, To: edit.Domain.Name})
		}
	}
	_, err = s.conf.Slices.Edit(ctx, have.ID, []intent.Edit{{AddDomain: &edit}}, intent.Order{Old: true})
	return err
}

// RemoveCluster takes a cluster out of a slice. An absent one is success.
func (s server) RemoveCluster(ctx context.Context, r *wire.RemoveClusterRequest) (*wire.RemoveClusterResponse, error) {
	err := s.remove(ctx, r)
	if err != nil && !isAbsent(err) {
		return nil, refused("remove cluster", err)
	}
	return &wire.RemoveClusterResponse{Message: "Cluster removed successfully"}, nil
}

func (s server) remove(ctx context.Context, r *wire.RemoveClusterRequest) error {
	d := slice.Domain(r.GetClusterName())
	if d == "" {
		return slice.Errorf(slice.Invalid, "cluster_name: missing")
	}
	have, err := s.find(ctx, "", r.GetOverlayName(), r.GetProviderName())
	if err != nil || !has(have.Intents, d) {
		return err
	}
	_, err = s.conf.Slices.Edit(ctx, have.ID, []intent.Edit{{RemoveDomain: d}}, intent.Order{Old: true})
	return err
}
