package rest

import (
	"context"
	"net/http"

	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// ListSlices answers a page of slices.
func (a *api) ListSlices(ctx context.Context, r v1.ListSlicesRequestObject) (v1.ListSlicesResponseObject, error) {
	q := query(r.Params.Id, r.Params.Tenant, r.Params.Phase, r.Params.Domain)
	const usual, most = 100, 500
	limit := usual
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	if limit < 1 || limit > most {
		return nil, slice.Errorf(slice.Invalid, "limit: %d is not between 1 and %d", limit, most)
	}
	q.PageSize, q.PageToken = uint32(limit), value(r.Params.Cursor)
	page, err := a.conf.Slices.List(ctx, q)
	if err != nil {
		return nil, err
	}
	out := v1.ListSlices200JSONResponse{Items: items(page.Slices)}
	if page.Next != "" {
		out.Next = &page.Next
	}
	return out, nil
}

func query(ids *[]string, tenant, phase, domain *string) intent.Query {
	q := intent.Query{Tenant: slice.Tenant(value(tenant)), Phase: intent.Phase(value(phase)), Domain: slice.Domain(value(domain))}
	for _, id := range value(ids) {
		q.IDs = append(q.IDs, slice.ID(id))
	}
	return q
}

// CreateSlice makes a slice that is not there yet.
func (a *api) CreateSlice(ctx context.Context, r v1.CreateSliceRequestObject) (v1.CreateSliceResponseObject, error) {
	o, err := order(r.Params.DryRun, nil, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	o.New = true
	s, err := a.conf.Slices.Apply(ctx, *r.Body, o)
	if err != nil {
		return nil, err
	}
	return v1.CreateSlice201JSONResponse{SliceAnswerJSONResponse: answerOf(s)}, nil
}

// GetSlice answers one slice.
func (a *api) GetSlice(ctx context.Context, r v1.GetSliceRequestObject) (v1.GetSliceResponseObject, error) {
	s, err := a.conf.Slices.Status(ctx, slice.ID(r.Slice))
	if err != nil {
		return nil, err
	}
	if same(r.Params.IfNoneMatch, s.Generation) {
		return v1.GetSlice304Response{}, nil
	}
	return v1.GetSlice200JSONResponse{SliceAnswerJSONResponse: answerOf(s)}, nil
}

// PutSlice makes a slice or changes it.
func (a *api) PutSlice(ctx context.Context, r v1.PutSliceRequestObject) (v1.PutSliceResponseObject, error) {
	in, id := *r.Body, slice.ID(r.Slice)
	if in.Slice.ID == "" {
		in.Slice.ID = id
	}
	if in.Slice.ID != id {
		return nil, slice.Errorf(slice.Invalid, "slice.id: the body is slice %.64q and the path %.64q: use one id", in.Slice.ID, id)
	}
	o, err := order(r.Params.DryRun, r.Params.IfMatch, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	if err := ifNew(&o, r.Params.IfNoneMatch); err != nil {
		return nil, err
	}
	o.Mask = value(r.Params.Mask)
	s, err := a.conf.Slices.Apply(ctx, in, o)
	if o.New && slice.KindOf(err) == slice.Conflict {
		return nil, web.Errorf(http.StatusPreconditionFailed, "If-None-Match: %s", err)
	}
	if err != nil {
		return nil, err
	}
	return v1.PutSlice200JSONResponse{SliceAnswerJSONResponse: answerOf(s)}, nil
}

// EditSlice makes several changes of a slice, all or none.
func (a *api) EditSlice(ctx context.Context, r v1.EditSliceRequestObject) (v1.EditSliceResponseObject, error) {
	if len(r.Body.Edits) == 0 {
		return nil, slice.Errorf(slice.Invalid, "edits: there are none: name at least one change")
	}
	out, err := a.edit(ctx, r.Slice, r.Params, r.Body.Edits...)
	return v1.EditSlice200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// edit carries out changes of a slice.
func (a *api) edit(ctx context.Context, id string, p v1.EditSliceParams, edits ...intent.Edit) (v1.SliceAnswerJSONResponse, error) {
	o, err := order(p.DryRun, p.IfMatch, p.IdempotencyKey)
	if err != nil {
		return v1.SliceAnswerJSONResponse{}, err
	}
	s, err := a.conf.Slices.Edit(ctx, slice.ID(id), edits, o)
	if err != nil {
		return v1.SliceAnswerJSONResponse{}, err
	}
	return answerOf(s), nil
}

// DeleteSlice takes a slice apart.
func (a *api) DeleteSlice(ctx context.Context, r v1.DeleteSliceRequestObject) (v1.DeleteSliceResponseObject, error) {
	o, err := order(r.Params.DryRun, r.Params.IfMatch, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	if _, err := a.conf.Slices.Delete(ctx, slice.ID(r.Slice), o); err != nil {
		return nil, err
	}
	return v1.DeleteSlice204Response{}, nil
}

// PauseSlice stops changes and repairs of a slice.
func (a *api) PauseSlice(ctx context.Context, r v1.PauseSliceRequestObject) (v1.PauseSliceResponseObject, error) {
	out, err := a.pause(ctx, r.Slice, true, r.Params)
	return v1.PauseSlice200JSONResponse{SliceAnswerJSONResponse: out}, err
}

// ResumeSlice lets them go on.
func (a *api) ResumeSlice(ctx context.Context, r v1.ResumeSliceRequestObject) (v1.ResumeSliceResponseObject, error) {
	out, err := a.pause(ctx, r.Slice, false, v1.PauseSliceParams(r.Params))
	return v1.ResumeSlice200JSONResponse{SliceAnswerJSONResponse: out}, err
}

func (a *api) pause(ctx context.Context, id string, paused bool, p v1.PauseSliceParams) (v1.SliceAnswerJSONResponse, error) {
	o, err := order(nil, p.IfMatch, p.IdempotencyKey)
	if err != nil {
		return v1.SliceAnswerJSONResponse{}, err
	}
	s, err := a.conf.Slices.Pause(ctx, slice.ID(id), paused, o)
	if err != nil {
		return v1.SliceAnswerJSONResponse{}, err
	}
	return answerOf(s), nil
}

// ListRevisions answers what was ordered of a slice.
func (a *api) ListRevisions(ctx context.Context, r v1.ListRevisionsRequestObject) (v1.ListRevisionsResponseObject, error) {
	all, err := a.conf.Slices.History(ctx, slice.ID(r.Slice))
	return v1.ListRevisions200JSONResponse{Items: items(all)}, err
}

// Plan answers what an order would change.
func (a *api) Plan(ctx context.Context, r v1.PlanRequestObject) (v1.PlanResponseObject, error) {
	id, edits := slice.ID(value(r.Body.Id)), value(r.Body.Edits)
	gone, in := value(r.Body.Delete), r.Body.Intents
	var d intent.Difference
	var err error
	switch {
	case in != nil && id == "" && len(edits) == 0 && !gone:
		d, err = a.conf.Slices.Plan(ctx, *in)
	case in == nil && id != "" && len(edits) > 0 && !gone:
		d, err = a.conf.Slices.PlanEdits(ctx, id, edits)
	case in == nil && id != "" && len(edits) == 0 && gone:
		d, err = a.conf.Slices.PlanDelete(ctx, id)
	default:
		err = slice.Errorf(slice.Invalid, "body: give either intents, or an id with edits, or an id with delete")
	}
	return v1.Plan200JSONResponse(d), err
}

// same reports whether a client has a generation already, as If-None-Match of
// its read says.
func same(noneMatch *string, generation uint32) bool {
	return noneMatch != nil && web.Matches(*noneMatch, tag(generation), true)
}
