package api

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ServeEvents serves EventService with events.
func ServeEvents(s *grpc.Server, e Events) {
	pb.RegisterEventServiceServer(s, eventServer{events: e})
}

type eventServer struct {
	pb.UnimplementedEventServiceServer
	events Events
}

// eventList has the form of ListEventsResponse.
type eventList struct {
	Events []intent.Event `json:"events,omitempty"`
}

func (s eventServer) ListEvents(ctx context.Context, req *pb.ListEventsRequest) (*pb.ListEventsResponse, error) {
	q, err := value[intent.EventQuery](req)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "query: %w", err)
	}
	all, err := s.events.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	return message(eventList{all}, &pb.ListEventsResponse{})
}

func (s eventServer) WatchEvents(req *pb.ListEventsRequest, stream grpc.ServerStreamingServer[pb.Event]) error {
	q, err := value[intent.EventQuery](req)
	if err != nil {
		return slice.Errorf(slice.Invalid, "query: %w", err)
	}
	return s.events.WatchEvents(stream.Context(), q, func(e intent.Event) error {
		m, err := message(e, &pb.Event{})
		if err != nil {
			return err
		}
		return stream.Send(m)
	})
}

// An EventClient is the log of events of an SCO far away.
type EventClient struct{ client pb.EventServiceClient }

var _ Events = EventClient{}

// NewEventClient returns the events of the SCO at the other end of a
// connection.
func NewEventClient(conn grpc.ClientConnInterface) EventClient {
	return EventClient{pb.NewEventServiceClient(conn)}
}

// Events returns events, oldest first.
func (c EventClient) Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error) {
	req, err := message(q, &pb.ListEventsRequest{})
	if err != nil {
		return nil, err
	}
	answer, err := c.client.ListEvents(ctx, req)
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[eventList](answer)
	return all.Events, err
}

// WatchEvents tells the same events and then every new one.
func (c EventClient) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	req, err := message(q, &pb.ListEventsRequest{})
	if err != nil {
		return err
	}
	return follow(ctx, tell, func(ctx context.Context) (grpc.ServerStreamingClient[pb.Event], error) {
		return c.client.WatchEvents(ctx, req)
	})
}
