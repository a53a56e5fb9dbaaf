package api

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func (s sliceServer) WatchSlices(req *pb.ListSlicesRequest, stream grpc.ServerStreamingServer[pb.Moment]) error {
	q, err := value[intent.Query](req)
	if err != nil {
		return slice.Errorf(slice.Invalid, "query: %w", err)
	}
	return s.slices.Watch(stream.Context(), q, func(moment intent.Moment) error {
		m, err := message(moment, &pb.Moment{})
		if err != nil {
			return err
		}
		return stream.Send(m)
	})
}

func (s sliceServer) ListRevisions(ctx context.Context, req *pb.ListRevisionsRequest) (*pb.ListRevisionsResponse, error) {
	all, err := s.slices.History(ctx, slice.ID(req.GetId()))
	if err != nil {
		return nil, err
	}
	answer, err := message(revisions{all}, &pb.ListRevisionsResponse{})
	if err != nil {
		return nil, err
	}
	for proto.Size(answer) > maxMessage { // the oldest go
		answer.Revisions = answer.GetRevisions()[:len(answer.GetRevisions())*3/4]
	}
	return answer, nil
}

// revisions have the form of ListRevisionsResponse.
type revisions struct {
	Revisions []intent.Revision `json:"revisions,omitempty"`
}

// Watch tells what is there, then SYNC, then what changes.
func (c SliceClient) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	req, err := message(q, &pb.ListSlicesRequest{})
	if err != nil {
		return err
	}
	return follow(ctx, tell, func(ctx context.Context) (grpc.ServerStreamingClient[pb.Moment], error) {
		return c.client.WatchSlices(ctx, req)
	})
}

// follow tells what a stream of the SCO brings, until ctx ends, tell has enough,
// or the SCO ends it.
func follow[V, M any, P interface {
	*M
	proto.Message
}](ctx context.Context, tell func(V) error, open func(context.Context) (grpc.ServerStreamingClient[M], error)) error {
	within, cancel := context.WithCancel(ctx) // ends the call when tell has enough
	defer cancel()
	stream, err := open(within)
	if err != nil {
		return inward(err)
	}
	for {
		m, err := stream.Recv()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return slice.Errorf(slice.Unavailable, "the SCO has ended the watch: watch again")
		case err != nil:
			return inward(err)
		}
		v, err := value[V](P(m))
		if err == nil {
			err = tell(v)
		}
		if err != nil {
			return err
		}
	}
}

// History returns what was ordered of a slice, newest first.
func (c SliceClient) History(ctx context.Context, id slice.ID) ([]intent.Revision, error) {
	answer, err := c.client.ListRevisions(ctx, &pb.ListRevisionsRequest{Id: string(id)})
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[revisions](answer)
	return all.Revisions, err
}
