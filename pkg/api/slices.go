package api

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices: the SCO, or a client of one.
type Slices interface {
	Apply(ctx context.Context, in intent.Intents, dryRun bool) (intent.Status, error)
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context) ([]intent.Status, error)
	Delete(ctx context.Context, id slice.ID) (existed bool, err error)
}

// ServeSlices serves SliceService with slices.
func ServeSlices(s *grpc.Server, slices Slices) {
	pb.RegisterSliceServiceServer(s, sliceServer{slices: slices})
}

type sliceServer struct {
	pb.UnimplementedSliceServiceServer
	slices Slices
}

func (s sliceServer) ApplySlice(ctx context.Context, req *pb.ApplySliceRequest) (*pb.SliceStatus, error) {
	if req.GetIntents() == nil {
		return nil, slice.Errorf(slice.Invalid, "intents: missing")
	}
	in, err := value[intent.Intents](req.GetIntents())
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "intents: %w", err)
	}
	status, err := s.slices.Apply(ctx, in, req.GetDryRun())
	if err != nil {
		return nil, err
	}
	return message(status, &pb.SliceStatus{})
}

func (s sliceServer) GetSlice(ctx context.Context, req *pb.GetSliceRequest) (*pb.SliceStatus, error) {
	status, err := s.slices.Status(ctx, slice.ID(req.GetId()))
	if err != nil {
		return nil, err
	}
	return message(status, &pb.SliceStatus{})
}

func (s sliceServer) ListSlices(ctx context.Context, _ *pb.ListSlicesRequest) (*pb.ListSlicesResponse, error) {
	all, err := s.slices.List(ctx)
	if err != nil {
		return nil, err
	}
	return message(map[string]any{"slices": all}, &pb.ListSlicesResponse{})
}

func (s sliceServer) DeleteSlice(ctx context.Context, req *pb.DeleteSliceRequest) (*pb.DeleteSliceResponse, error) {
	existed, err := s.slices.Delete(ctx, slice.ID(req.GetId()))
	if err != nil {
		return nil, err
	}
	return &pb.DeleteSliceResponse{Existed: existed}, nil
}

// A SliceClient is an SCO far away.
type SliceClient struct{ client pb.SliceServiceClient }

var _ Slices = SliceClient{}

// NewSliceClient returns the SCO at the other end of a connection.
func NewSliceClient(conn grpc.ClientConnInterface) SliceClient {
	return SliceClient{pb.NewSliceServiceClient(conn)}
}

// Apply makes a slice, or changes it.
func (c SliceClient) Apply(ctx context.Context, in intent.Intents, dryRun bool) (intent.Status, error) {
	m, err := message(in, &pb.Intents{})
	if err != nil {
		return intent.Status{}, err
	}
	answer, err := c.client.ApplySlice(ctx, &pb.ApplySliceRequest{Intents: m, DryRun: dryRun})
	if err != nil {
		return intent.Status{}, inward(err)
	}
	return value[intent.Status](answer)
}

// Status returns one slice as it is.
func (c SliceClient) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	answer, err := c.client.GetSlice(ctx, &pb.GetSliceRequest{Id: string(id)})
	if err != nil {
		return intent.Status{}, inward(err)
	}
	return value[intent.Status](answer)
}

// List returns all slices, by id.
func (c SliceClient) List(ctx context.Context) ([]intent.Status, error) {
	answer, err := c.client.ListSlices(ctx, &pb.ListSlicesRequest{})
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[struct{ Slices []intent.Status }](answer)
	return all.Slices, err
}

// Delete takes a slice apart and tells whether there was one.
func (c SliceClient) Delete(ctx context.Context, id slice.ID) (bool, error) {
	answer, err := c.client.DeleteSlice(ctx, &pb.DeleteSliceRequest{Id: string(id)})
	return answer.GetExisted(), inward(err)
}
