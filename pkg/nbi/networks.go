package nbi

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// maxNetworks is how many networks one request may make: what changes
// together is held in memory together.
const maxNetworks = 1000

// ListNetworks answers a page of networks.
func (a *api) ListNetworks(_ context.Context, r rest.ListNetworksRequestObject) (rest.ListNetworksResponseObject, error) {
	key := func(s intent.Segment) string { return s.ID.String() }
	segments, next, err := web.Page(a.conf.Networks.Segments(), key, r.Params.Limit, r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	answer := rest.ListNetworks200JSONResponse{Items: []rest.Network{}, Next: next}
	for _, s := range segments {
		status, err := a.conf.Networks.Status(s.ID)
		if slice.KindOf(err) == slice.NotFound && err != nil {
			continue // it went meanwhile
		}
		if err != nil {
			return nil, err
		}
		answer.Items = append(answer.Items, rest.Network{Segment: s, Status: status})
	}
	return answer, nil
}

// ApplyNetworks makes or changes several networks.
func (a *api) ApplyNetworks(ctx context.Context, r rest.ApplyNetworksRequestObject) (rest.ApplyNetworksResponseObject, error) {
	all := r.Body.Items
	if len(all) == 0 || len(all) > maxNetworks {
		return nil, slice.Errorf(slice.Invalid, "items: %d networks, not 1 to %d", len(all), maxNetworks)
	}
	for i, s := range all {
		if err := s.Validate(); err != nil {
			return nil, slice.Errorf(slice.Invalid, "items[%d]: %w", i, err)
		}
	}
	statuses, err := a.conf.Networks.ApplyIf(ctx, all, allow(nil, nil), isSet(r.Params.DryRun))
	if err != nil {
		return nil, err
	}
	answer := rest.ApplyNetworks200JSONResponse{Items: []rest.Network{}}
	for i, s := range all {
		answer.Items = append(answer.Items, rest.Network{Segment: s, Status: statuses[i]})
	}
	return answer, nil
}

// GetNetwork answers one network.
func (a *api) GetNetwork(_ context.Context, r rest.GetNetworkRequestObject) (rest.GetNetworkResponseObject, error) {
	id := idOf(r.Slice, r.Network)
	s, err := a.conf.Networks.Segment(id)
	if err != nil {
		return nil, err
	}
	tag, err := tagOf(s)
	if err != nil {
		return nil, err
	}
	if n := r.Params.IfNoneMatch; n != nil && web.Matches(*n, tag, true) {
		return rest.GetNetwork304Response{}, nil
	}
	status, err := a.conf.Networks.Status(id)
	if err != nil {
		return nil, err
	}
	return rest.GetNetwork200JSONResponse{
		Body:    rest.Network{Segment: s, Status: status},
		Headers: rest.GetNetwork200ResponseHeaders{ETag: &tag},
	}, nil
}

// PutNetwork makes or changes one network.
func (a *api) PutNetwork(ctx context.Context, r rest.PutNetworkRequestObject) (rest.PutNetworkResponseObject, error) {
	id, s := idOf(r.Slice, r.Network), *r.Body
	if s.ID == (slice.NetworkID{}) {
		s.ID = id
	}
	if s.ID != id {
		return nil, slice.Errorf(slice.Invalid, "id: the body is network %s and the path %s", s.ID, id)
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	tag, err := tagOf(s)
	if err != nil {
		return nil, err
	}
	may := allow(r.Params.IfMatch, r.Params.IfNoneMatch)
	statuses, err := a.conf.Networks.ApplyIf(ctx, []intent.Segment{s}, may, isSet(r.Params.DryRun))
	if err != nil {
		return nil, err
	}
	return rest.PutNetwork200JSONResponse{
		Body:    rest.Network{Segment: s, Status: statuses[0]},
		Headers: rest.PutNetwork200ResponseHeaders{ETag: &tag},
	}, nil
}

// DeleteNetwork takes one network off.
func (a *api) DeleteNetwork(ctx context.Context, r rest.DeleteNetworkRequestObject) (rest.DeleteNetworkResponseObject, error) {
	may := allow(r.Params.IfMatch, nil)
	if err := a.conf.Networks.DeleteIf(ctx, idOf(r.Slice, r.Network), may, isSet(r.Params.DryRun)); err != nil {
		return nil, err
	}
	return rest.DeleteNetwork204Response{}, nil
}

func idOf(s, network string) slice.NetworkID {
	return slice.NetworkID{Slice: slice.ID(s), Network: slice.NetworkName(network)}
}

func isSet(b *bool) bool { return b != nil && *b }

// text returns a pointer to a text, or nil for an empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
