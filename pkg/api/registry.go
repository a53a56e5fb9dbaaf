package api

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ServeRegistry serves RegistryService with the domains of a registry.
func ServeRegistry(s *grpc.Server, r Registry) {
	pb.RegisterRegistryServiceServer(s, registryServer{registry: r})
}

type registryServer struct {
	pb.UnimplementedRegistryServiceServer
	registry Registry
}

// registrations is the JSON form of a list of domains.
type registrations struct {
	Domains []intent.Registration `json:"domains"`
}

func (s registryServer) PutDomain(ctx context.Context, req *pb.PutDomainRequest) (*pb.Registration, error) {
	if req.GetDomain() == nil {
		return nil, slice.Errorf(slice.Invalid, "domain: missing")
	}
	wanted, err := value[intent.Registration](req.GetDomain())
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "domain: %w", err)
	}
	o, err := order(req.GetOrder())
	if err != nil {
		return nil, err
	}
	return registration(s.registry.PutDomain(ctx, wanted, o))
}

func (s registryServer) GetRegistration(ctx context.Context, req *pb.DomainRequest) (*pb.Registration, error) {
	return registration(s.registry.Registration(ctx, slice.Domain(req.GetName())))
}

func (s registryServer) ListRegistrations(ctx context.Context, _ *pb.ListRegistrationsRequest) (*pb.ListRegistrationsResponse, error) {
	all, err := s.registry.Registrations(ctx)
	if err != nil {
		return nil, err
	}
	return message(registrations{all}, &pb.ListRegistrationsResponse{})
}

func (s registryServer) VerifyDomain(ctx context.Context, req *pb.DomainRequest) (*pb.Registration, error) {
	return registration(s.registry.VerifyDomain(ctx, slice.Domain(req.GetName())))
}

func (s registryServer) DrainDomain(ctx context.Context, req *pb.DrainDomainRequest) (*pb.Registration, error) {
	return registration(s.registry.DrainDomain(ctx, slice.Domain(req.GetName()), req.GetDraining()))
}

func (s registryServer) RemoveDomain(ctx context.Context, req *pb.DomainRequest) (*pb.RemoveDomainResponse, error) {
	existed, err := s.registry.RemoveDomain(ctx, slice.Domain(req.GetName()))
	if err != nil {
		return nil, err
	}
	return &pb.RemoveDomainResponse{Existed: existed}, nil
}

func registration(r intent.Registration, err error) (*pb.Registration, error) {
	if err != nil {
		return nil, err
	}
	return message(r, &pb.Registration{})
}

// A RegistryClient is the registry of an SCO far away.
type RegistryClient struct{ client pb.RegistryServiceClient }

var _ Registry = RegistryClient{}

// NewRegistryClient returns the registry at the other end of a connection.
func NewRegistryClient(conn grpc.ClientConnInterface) RegistryClient {
	return RegistryClient{pb.NewRegistryServiceClient(conn)}
}

// PutDomain registers a domain, or changes it.
func (c RegistryClient) PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (intent.Registration, error) {
	m, err := message(r, &pb.Registration{})
	if err != nil {
		return intent.Registration{}, err
	}
	how, err := message(o, &pb.Order{})
	if err != nil {
		return intent.Registration{}, err
	}
	return registered(c.client.PutDomain(ctx, &pb.PutDomainRequest{Domain: m, Order: how}))
}

// Registration returns a domain as it is.
func (c RegistryClient) Registration(ctx context.Context, d slice.Domain) (intent.Registration, error) {
	return registered(c.client.GetRegistration(ctx, &pb.DomainRequest{Name: string(d)}))
}

// Registrations returns all domains, by name.
func (c RegistryClient) Registrations(ctx context.Context) ([]intent.Registration, error) {
	answer, err := c.client.ListRegistrations(ctx, &pb.ListRegistrationsRequest{})
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[registrations](answer)
	return all.Domains, err
}

// VerifyDomain looks at a domain now.
func (c RegistryClient) VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error) {
	return registered(c.client.VerifyDomain(ctx, &pb.DomainRequest{Name: string(d)}))
}

// DrainDomain lets no new slice into a domain, or lets them in again.
func (c RegistryClient) DrainDomain(ctx context.Context, d slice.Domain, draining bool) (intent.Registration, error) {
	return registered(c.client.DrainDomain(ctx, &pb.DrainDomainRequest{Name: string(d), Draining: draining}))
}

// RemoveDomain forgets a domain that no slice uses, and tells whether it was
// there.
func (c RegistryClient) RemoveDomain(ctx context.Context, d slice.Domain) (bool, error) {
	answer, err := c.client.RemoveDomain(ctx, &pb.DomainRequest{Name: string(d)})
	return answer.GetExisted(), inward(err)
}

func registered(m *pb.Registration, err error) (intent.Registration, error) {
	if err != nil {
		return intent.Registration{}, inward(err)
	}
	return value[intent.Registration](m)
}
