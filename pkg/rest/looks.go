package rest

import (
	"context"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ListSliceDomains answers the domains of a slice.
func (a *api) ListSliceDomains(ctx context.Context, r v1.ListSliceDomainsRequestObject) (v1.ListSliceDomainsResponseObject, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(r.Slice))
	return v1.ListSliceDomains200JSONResponse{Items: items(s.Domains)}, err
}

// ListSliceLinks answers the links of a slice.
func (a *api) ListSliceLinks(ctx context.Context, r v1.ListSliceLinksRequestObject) (v1.ListSliceLinksResponseObject, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(r.Slice))
	return v1.ListSliceLinks200JSONResponse{Items: items(s.Links)}, err
}

// ListSliceNetworks answers the networks of a slice.
func (a *api) ListSliceNetworks(ctx context.Context, r v1.ListSliceNetworksRequestObject) (v1.ListSliceNetworksResponseObject, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(r.Slice))
	return v1.ListSliceNetworks200JSONResponse{Items: items(s.Networks)}, err
}

// ListPaths answers the paths of a slice.
func (a *api) ListPaths(ctx context.Context, r v1.ListPathsRequestObject) (v1.ListPathsResponseObject, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(r.Slice))
	return v1.ListPaths200JSONResponse{Items: items(value(s.Intents).Paths)}, err
}

// GetSliceNetwork answers one network of a slice.
func (a *api) GetSliceNetwork(ctx context.Context, r v1.GetSliceNetworkRequestObject) (v1.GetSliceNetworkResponseObject, error) {
	n, err := a.network(ctx, r.Slice, r.Network)
	return v1.GetSliceNetwork200JSONResponse(n), err
}

// ListMembers answers the members of a network.
func (a *api) ListMembers(ctx context.Context, r v1.ListMembersRequestObject) (v1.ListMembersResponseObject, error) {
	n, err := a.network(ctx, r.Slice, r.Network)
	return v1.ListMembers200JSONResponse{Items: items(n.Members)}, err
}

func (a *api) network(ctx context.Context, id, name string) (intent.NetworkStatus, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(id))
	if err != nil {
		return intent.NetworkStatus{}, err
	}
	i := slices.IndexFunc(s.Networks, func(n intent.NetworkStatus) bool { return string(n.Name) == name })
	if i < 0 {
		return intent.NetworkStatus{}, slice.Errorf(slice.NotFound, "slice %s has no network %.64q", s.ID, name)
	}
	return s.Networks[i], nil
}
