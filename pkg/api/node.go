package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Nodes keeps the bridges of nodes.
type Nodes interface {
	// Keep serves one agent until its line breaks: it takes what the agent
	// reports, the greeting first, and sends what is wanted.
	Keep(ctx context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error
}

// ServeNodes serves NodeService with nodes. Check decides whether a caller may
// speak for a node.
func ServeNodes(s *grpc.Server, nodes Nodes, check func(caller string, r bridge.Report) error) {
	pb.RegisterNodeServiceServer(s, nodeServer{nodes: nodes, check: check})
}

type nodeServer struct {
	pb.UnimplementedNodeServiceServer
	nodes Nodes
	check func(string, bridge.Report) error
}

func (s nodeServer) Keep(stream grpc.BidiStreamingServer[pb.Report, pb.Wanted]) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	reports := make(chan bridge.Report)
	go func() { // ends with the stream, whose context ends with this handler
		defer close(reports)
		cancel(guarded(func() error { return s.receive(ctx, stream, reports) }))
	}()
	err := s.nodes.Keep(ctx, reports, func(w bridge.Wanted) error {
		m, err := message(w, &pb.Wanted{})
		if err != nil {
			return err
		}
		return stream.Send(m)
	})
	cause := context.Cause(ctx)
	if p := (panicked{}); errors.As(cause, &p) {
		panic(p) // here, where the server catches it
	}
	if err == nil || errors.Is(err, context.Canceled) && cause != nil {
		err = cause
	}
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// guarded turns a panic of a goroutine into an error, which that of the handler
// can panic with.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked{fmt.Sprintf("%v, while it received: %s", r, debug.Stack())}
		}
	}()
	return f()
}

type panicked struct{ what string }

func (p panicked) Error() string { return p.what }

func (s nodeServer) receive(ctx context.Context, stream grpc.BidiStreamingServer[pb.Report, pb.Wanted], reports chan<- bridge.Report) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		r, err := value[bridge.Report](m)
		if err != nil {
			return slice.Errorf(slice.Invalid, "report: %w", err)
		}
		if err := s.check(caller(ctx), r); err != nil {
			return err
		}
		select {
		case reports <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A NodeClient is the controller of a node, far away.
type NodeClient struct{ client pb.NodeServiceClient }

// NewNodeClient returns the controller at the other end of a connection.
func NewNodeClient(conn grpc.ClientConnInterface) NodeClient {
	return NodeClient{pb.NewNodeServiceClient(conn)}
}

// Keep sends reports up and hands down what is wanted, until ctx ends, reports
// is closed or the line breaks. The first two are no fault of the line: it then
// returns the error of ctx, or nil.
func (c NodeClient) Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := c.client.Keep(ctx)
	if err != nil {
		return inward(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(receiveWanted(stream, wanted))
	}()
	ended, err := sendReports(ctx, stream, reports)
	// A stream that does not take reports any more says why when it is read.
	if err != nil && !errors.Is(err, io.EOF) {
		cancel(err)
	}
	<-done
	switch cause := context.Cause(ctx); {
	case !errors.Is(cause, io.EOF):
		return inward(cause)
	case ended:
		return nil
	default:
		return slice.Errorf(slice.Unavailable, "the controller has ended the session")
	}
}

func receiveWanted(stream grpc.BidiStreamingClient[pb.Report, pb.Wanted], wanted func(bridge.Wanted)) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		w, err := value[bridge.Wanted](m)
		if err != nil {
			return err
		}
		wanted(w)
	}
}

// sendReports tells whether it ended because there are no more reports.
func sendReports(ctx context.Context, stream grpc.BidiStreamingClient[pb.Report, pb.Wanted], reports <-chan bridge.Report) (ended bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case r, ok := <-reports:
			if !ok {
				return true, stream.CloseSend()
			}
			m, err := message(r, &pb.Report{})
			if err != nil {
				return false, err
			}
			if err := stream.Send(m); err != nil {
				return false, err
			}
		}
	}
}
