package api

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

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
	o, err := order(req.GetOrder())
	if err != nil {
		return nil, err
	}
	o.DryRun = o.DryRun || req.GetDryRun()
	status, err := s.slices.Apply(ctx, in, o)
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

func (s sliceServer) ListSlices(ctx context.Context, req *pb.ListSlicesRequest) (*pb.ListSlicesResponse, error) {
	q, err := value[intent.Query](req)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "query: %w", err)
	}
	page, err := s.slices.List(ctx, q)
	if err != nil {
		return nil, err
	}
	return message(page, &pb.ListSlicesResponse{})
}

func (s sliceServer) DeleteSlice(ctx context.Context, req *pb.DeleteSliceRequest) (*pb.DeleteSliceResponse, error) {
	o, err := order(req.GetOrder())
	if err != nil {
		return nil, err
	}
	existed, err := s.slices.Delete(ctx, slice.ID(req.GetId()), o)
	if err != nil {
		return nil, err
	}
	return &pb.DeleteSliceResponse{Existed: existed}, nil
}

// order reads how a change is meant; without a message it means nothing special.
func order(m *pb.Order) (intent.Order, error) {
	if m == nil {
		return intent.Order{}, nil
	}
	o, err := value[intent.Order](m)
	if err != nil {
		return o, slice.Errorf(slice.Invalid, "order: %w", err)
	}
	return o, nil
}

// A SliceClient is an SCO far away.
type SliceClient struct{ client pb.SliceServiceClient }

var _ Slices = SliceClient{}

// NewSliceClient returns the SCO at the other end of a connection.
func NewSliceClient(conn grpc.ClientConnInterface) SliceClient {
	return SliceClient{pb.NewSliceServiceClient(conn)}
}

// Apply makes a slice, or changes it.
func (c SliceClient) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	m, err := message(in, &pb.Intents{})
	if err != nil {
		return intent.Status{}, err
	}
	how, err := message(o, &pb.Order{})
	if err != nil {
		return intent.Status{}, err
	}
	answer, err := c.client.ApplySlice(ctx, &pb.ApplySliceRequest{Intents: m, Order: how})
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

// List returns slices by id, a page at a time.
func (c SliceClient) List(ctx context.Context, q intent.Query) (intent.Page, error) {
	req, err := message(q, &pb.ListSlicesRequest{})
	if err != nil {
		return intent.Page{}, err
	}
	answer, err := c.client.ListSlices(ctx, req)
	if err != nil {
		return intent.Page{}, inward(err)
	}
	return value[intent.Page](answer)
}

// Delete takes a slice apart and tells whether there was one.
func (c SliceClient) Delete(ctx context.Context, id slice.ID, o intent.Order) (bool, error) {
	how, err := message(o, &pb.Order{})
	if err != nil {
		return false, err
	}
	answer, err := c.client.DeleteSlice(ctx, &pb.DeleteSliceRequest{Id: string(id), Order: how})
	return answer.GetExisted(), inward(err)
}
