package api

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Domain keeps segments: the SDN controller of a domain, or a client of one.
type Domain interface {
	Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error)
	Delete(ctx context.Context, ids []slice.NetworkID) error
	List(ctx context.Context) ([]intent.SegmentStatus, error)
	Info(ctx context.Context) (intent.DomainInfo, error)
}

// ServeDomain serves DomainService with a domain.
func ServeDomain(s *grpc.Server, d Domain) {
	pb.RegisterDomainServiceServer(s, domainServer{domain: d})
}

type domainServer struct {
	pb.UnimplementedDomainServiceServer
	domain Domain
}

// segmentList is the JSON form of a list of segments, wanted or as they are.
type segmentList[T any] struct {
	Segments []T `json:"segments"`
}

func (s domainServer) ApplySegments(ctx context.Context, req *pb.ApplySegmentsRequest) (*pb.SegmentList, error) {
	wanted, err := value[segmentList[intent.Segment]](req)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "segments: %w", err)
	}
	all, err := s.domain.Apply(ctx, wanted.Segments)
	if err != nil {
		return nil, err
	}
	return message(segmentList[intent.SegmentStatus]{all}, &pb.SegmentList{})
}

func (s domainServer) DeleteSegments(ctx context.Context, req *pb.DeleteSegmentsRequest) (*pb.DeleteSegmentsResponse, error) {
	ids := make([]slice.NetworkID, len(req.GetIds()))
	for i, text := range req.GetIds() {
		if err := ids[i].UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
	}
	return &pb.DeleteSegmentsResponse{}, s.domain.Delete(ctx, ids)
}

func (s domainServer) ListSegments(ctx context.Context, _ *pb.ListSegmentsRequest) (*pb.SegmentList, error) {
	all, err := s.domain.List(ctx)
	if err != nil {
		return nil, err
	}
	return message(segmentList[intent.SegmentStatus]{all}, &pb.SegmentList{})
}

func (s domainServer) GetDomain(ctx context.Context, _ *pb.GetDomainRequest) (*pb.DomainInfo, error) {
	info, err := s.domain.Info(ctx)
	if err != nil {
		return nil, err
	}
	return message(info, &pb.DomainInfo{})
}

// A DomainClient is the SDN controller of a domain far away: the direct
// driver of the SCO.
type DomainClient struct{ client pb.DomainServiceClient }

var _ Domain = DomainClient{}

// NewDomainClient returns the domain at the other end of a connection.
func NewDomainClient(conn grpc.ClientConnInterface) DomainClient {
	return DomainClient{pb.NewDomainServiceClient(conn)}
}

// Apply makes segments, or changes them.
func (c DomainClient) Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error) {
	m, err := message(segmentList[intent.Segment]{segments}, &pb.ApplySegmentsRequest{})
	if err != nil {
		return nil, err
	}
	answer, err := c.client.ApplySegments(ctx, m)
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[segmentList[intent.SegmentStatus]](answer)
	return all.Segments, err
}

// Delete takes segments apart.
func (c DomainClient) Delete(ctx context.Context, ids []slice.NetworkID) error {
	req := &pb.DeleteSegmentsRequest{}
	for _, id := range ids {
		req.Ids = append(req.Ids, id.String())
	}
	_, err := c.client.DeleteSegments(ctx, req)
	return inward(err)
}

// List returns the segments that the domain keeps.
func (c DomainClient) List(ctx context.Context) ([]intent.SegmentStatus, error) {
	answer, err := c.client.ListSegments(ctx, &pb.ListSegmentsRequest{})
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[segmentList[intent.SegmentStatus]](answer)
	return all.Segments, err
}

// Info tells what the domain is.
func (c DomainClient) Info(ctx context.Context) (intent.DomainInfo, error) {
	answer, err := c.client.GetDomain(ctx, &pb.GetDomainRequest{})
	if err != nil {
		return intent.DomainInfo{}, inward(err)
	}
	return value[intent.DomainInfo](answer)
}
