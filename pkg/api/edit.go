package api

import (
	"context"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func (s sliceServer) EditSlice(ctx context.Context, req *pb.EditSliceRequest) (*pb.SliceStatus, error) {
	edits, err := editsOf(req.GetEdits())
	if err != nil {
		return nil, err
	}
	o, err := order(req.GetOrder())
	if err != nil {
		return nil, err
	}
	status, err := s.slices.Edit(ctx, slice.ID(req.GetId()), edits, o)
	if err != nil {
		return nil, err
	}
	return message(status, &pb.SliceStatus{})
}

// editsOf reads edits. A fault names the edit.
func editsOf(all []*pb.Edit) ([]intent.Edit, error) {
	var edits []intent.Edit
	for i, m := range all {
		e, err := value[intent.Edit](m)
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "edits[%d]: %w", i, err)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// toEdits writes edits. One that says two things has no message.
func toEdits(edits []intent.Edit) ([]*pb.Edit, error) {
	var all []*pb.Edit
	for i, e := range edits {
		m, err := message(e, &pb.Edit{})
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "edits[%d]: %w", i, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func (s sliceServer) PauseSlice(ctx context.Context, req *pb.PauseSliceRequest) (*pb.SliceStatus, error) {
	o, err := order(req.GetOrder())
	if err != nil {
		return nil, err
	}
	status, err := s.slices.Pause(ctx, slice.ID(req.GetId()), req.GetPaused(), o)
	if err != nil {
		return nil, err
	}
	return message(status, &pb.SliceStatus{})
}

// Edit carries several changes of a slice out, all or none.
func (c SliceClient) Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error) {
	all, err := toEdits(edits)
	if err != nil {
		return intent.Status{}, err
	}
	how, err := message(o, &pb.Order{})
	if err != nil {
		return intent.Status{}, err
	}
	answer, err := c.client.EditSlice(ctx, &pb.EditSliceRequest{Id: string(id), Edits: all, Order: how})
	if err != nil {
		return intent.Status{}, inward(err)
	}
	return value[intent.Status](answer)
}

// Pause stops changes and repairs of a slice, or lets them go on.
func (c SliceClient) Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error) {
	how, err := message(o, &pb.Order{})
	if err != nil {
		return intent.Status{}, err
	}
	answer, err := c.client.PauseSlice(ctx, &pb.PauseSliceRequest{Id: string(id), Paused: paused, Order: how})
	if err != nil {
		return intent.Status{}, inward(err)
	}
	return value[intent.Status](answer)
}
