package api

import (
	"context"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func (s sliceServer) PlanSlice(ctx context.Context, req *pb.PlanSliceRequest) (*pb.Difference, error) {
	d, err := s.plan(ctx, req)
	if err != nil {
		return nil, err
	}
	return message(d, &pb.Difference{})
}

// plan tells which of the three plans a request asks for.
func (s sliceServer) plan(ctx context.Context, req *pb.PlanSliceRequest) (intent.Difference, error) {
	id := slice.ID(req.GetId())
	edits, err := editsOf(req.GetEdits())
	if err != nil {
		return intent.Difference{}, err
	}
	switch {
	case req.GetIntents() != nil && (id != "" || len(edits) > 0 || req.GetDelete()):
		return intent.Difference{}, slice.Errorf(slice.Invalid, "intents: given with an id, edits or delete: give one of them")
	case req.GetIntents() != nil:
		in, err := value[intent.Intents](req.GetIntents())
		if err != nil {
			return intent.Difference{}, slice.Errorf(slice.Invalid, "intents: %w", err)
		}
		return s.slices.Plan(ctx, in)
	case id == "":
		return intent.Difference{}, slice.Errorf(slice.Invalid, "id: missing: give intents, or the id of a slice with edits or delete")
	case req.GetDelete() && len(edits) > 0:
		return intent.Difference{}, slice.Errorf(slice.Invalid, "edits: given with delete: give one of them")
	case req.GetDelete():
		return s.slices.PlanDelete(ctx, id)
	}
	return s.slices.PlanEdits(ctx, id, edits)
}

// Plan tells what an Apply would change.
func (c SliceClient) Plan(ctx context.Context, in intent.Intents) (intent.Difference, error) {
	m, err := message(in, &pb.Intents{})
	if err != nil {
		return intent.Difference{}, err
	}
	return c.plan(ctx, &pb.PlanSliceRequest{Intents: m})
}

// PlanEdits tells what an Edit would change.
func (c SliceClient) PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	all, err := toEdits(edits)
	if err != nil {
		return intent.Difference{}, err
	}
	return c.plan(ctx, &pb.PlanSliceRequest{Id: string(id), Edits: all})
}

// PlanDelete tells what a Delete would take away.
func (c SliceClient) PlanDelete(ctx context.Context, id slice.ID) (intent.Difference, error) {
	return c.plan(ctx, &pb.PlanSliceRequest{Id: string(id), Delete: true})
}

func (c SliceClient) plan(ctx context.Context, req *pb.PlanSliceRequest) (intent.Difference, error) {
	answer, err := c.client.PlanSlice(ctx, req)
	if err != nil {
		return intent.Difference{}, inward(err)
	}
	return value[intent.Difference](answer)
}
