package rest

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
)

// AddDomain brings a domain into a slice.
func (a *api) AddDomain(ctx context.Context, r v1.AddDomainRequestObject) (v1.AddDomainResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{AddDomain: r.Body})
	return v1.AddDomain200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// RemoveDomain takes a domain out of a slice.
func (a *api) RemoveDomain(ctx context.Context, r v1.RemoveDomainRequestObject) (v1.RemoveDomainResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{RemoveDomain: slice.Domain(r.Domain)})
	return v1.RemoveDomain200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// AddLink adds a link, or changes its cost.
func (a *api) AddLink(ctx context.Context, r v1.AddLinkRequestObject) (v1.AddLinkResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{AddLink: r.Body})
	return v1.AddLink200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// RemoveLink removes a link.
func (a *api) RemoveLink(ctx context.Context, r v1.RemoveLinkRequestObject) (v1.RemoveLinkResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{RemoveLink: &intent.Link{From: slice.Domain(r.From), To: slice.Domain(r.To)}})
	return v1.RemoveLink200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// AddNetwork adds a network.
func (a *api) AddNetwork(ctx context.Context, r v1.AddNetworkRequestObject) (v1.AddNetworkResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{AddNetwork: r.Body})
	return v1.AddNetwork200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// RemoveNetwork removes a network with its paths.
func (a *api) RemoveNetwork(ctx context.Context, r v1.RemoveNetworkRequestObject) (v1.RemoveNetworkResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{RemoveNetwork: slice.NetworkName(r.Network)})
	return v1.RemoveNetwork200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// AddMember adds a member to a network.
func (a *api) AddMember(ctx context.Context, r v1.AddMemberRequestObject) (v1.AddMemberResponseObject, error) {
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{AddMember: &intent.MemberEdit{Network: slice.NetworkName(r.Network), Member: *r.Body}})
	return v1.AddMember200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// RemoveMember removes a member of a network.
func (a *api) RemoveMember(ctx context.Context, r v1.RemoveMemberRequestObject) (v1.RemoveMemberResponseObject, error) {
	p := v1.EditSliceParams{DryRun: r.Params.DryRun, IfMatch: r.Params.IfMatch, IdempotencyKey: r.Params.IdempotencyKey}
	out, err := a.edit(ctx, r.Slice, p, intent.Edit{RemoveMember: &intent.MemberEdit{
		Network: slice.NetworkName(r.Network),
		Member:  intent.Member{Name: slice.Workload(r.Member), Domain: slice.Domain(value(r.Params.Domain))},
	}})
	return v1.RemoveMember200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// SetPath makes a path or moves it. Its ends are those of the address.
func (a *api) SetPath(ctx context.Context, r v1.SetPathRequestObject) (v1.SetPathResponseObject, error) {
	p, want := *r.Body, pathOf(r.Network, r.From, r.To)
	for _, f := range []struct{ name, have, want string }{
		{"network", string(p.Network), string(want.Network)},
		{"from", string(p.From), string(want.From)},
		{"to", string(p.To), string(want.To)},
	} {
		if f.have != "" && f.have != f.want {
			return nil, slice.Errorf(slice.Invalid, "%s: the body says %.64q and the address %.64q: leave it out", f.name, f.have, f.want)
		}
	}
	p.Network, p.From, p.To = want.Network, want.From, want.To
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{SetPath: &p})
	return v1.SetPath200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// RemovePath gives a path up.
func (a *api) RemovePath(ctx context.Context, r v1.RemovePathRequestObject) (v1.RemovePathResponseObject, error) {
	p := pathOf(r.Network, r.From, r.To)
	out, err := a.edit(ctx, r.Slice, v1.EditSliceParams(r.Params), intent.Edit{RemovePath: &p})
	return v1.RemovePath200JSONResponse{SliceAnswerJSONResponse: out}, err
}

func pathOf(network, from, to string) intent.Path {
	return intent.Path{Network: slice.NetworkName(network), From: slice.Domain(from), To: slice.Domain(to)}
}
