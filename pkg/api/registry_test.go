package api_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// registryHouse answers with a domain and keeps what it was given.
type registryHouse struct {
	has     intent.Registration
	err     error
	existed bool

	put      intent.Registration
	order    intent.Order
	name     slice.Domain
	draining bool
}

func (h *registryHouse) PutDomain(_ context.Context, r intent.Registration, o intent.Order) (intent.Registration, error) {
	h.put, h.order = r, o
	return h.has, h.err
}

func (h *registryHouse) Registration(_ context.Context, d slice.Domain) (intent.Registration, error) {
	h.name = d
	return h.has, h.err
}

func (h *registryHouse) Registrations(context.Context) ([]intent.Registration, error) {
	return []intent.Registration{h.has, h.has}, h.err
}

func (h *registryHouse) VerifyDomain(_ context.Context, d slice.Domain) (intent.Registration, error) {
	h.name = d
	return h.has, h.err
}

func (h *registryHouse) DrainDomain(_ context.Context, d slice.Domain, draining bool) (intent.Registration, error) {
	h.name, h.draining = d, draining
	return h.has, h.err
}

func (h *registryHouse) RemoveDomain(_ context.Context, d slice.Domain) (bool, error) {
	h.name = d
	return h.existed, h.err
}

func TestRegistry(t *testing.T) {
	a := newAuthority(t)
	for name, h := range map[string]*registryHouse{
		"full":  {has: full[intent.Registration](t), existed: true},
		"empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeRegistry(s, h) })
			c := api.NewRegistryClient(a.dial(t, "n1", s.address))
			got, err := c.PutDomain(t.Context(), h.has, full[intent.Order](t))
			ok(t, err)
			same(t, "answer of PutDomain", h.has, got)
			same(t, "domain", h.has, h.put)
			same(t, "order", full[intent.Order](t), h.order)
			got, err = c.Registration(t.Context(), "one")
			ok(t, err)
			same(t, "registration", h.has, got)
			same(t, "name of Registration", slice.Domain("one"), h.name)
			all, err := c.Registrations(t.Context())
			ok(t, err)
			same(t, "registrations", []intent.Registration{h.has, h.has}, all)
			got, err = c.VerifyDomain(t.Context(), "two")
			ok(t, err)
			same(t, "answer of VerifyDomain", h.has, got)
			same(t, "name of VerifyDomain", slice.Domain("two"), h.name)
			got, err = c.DrainDomain(t.Context(), "three", h.existed)
			ok(t, err)
			same(t, "answer of DrainDomain", h.has, got)
			same(t, "draining", h.existed, h.draining)
			existed, err := c.RemoveDomain(t.Context(), "four")
			ok(t, err)
			same(t, "answer of RemoveDomain", h.existed, existed)
			same(t, "name of RemoveDomain", slice.Domain("four"), h.name)
		})
	}
}

func TestRegistryFaults(t *testing.T) {
	a := newAuthority(t)
	h := &registryHouse{err: slice.Errorf(slice.NotFound, "oh")}
	s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeRegistry(s, h) })
	conn := a.dial(t, "n1", s.address)
	c := api.NewRegistryClient(conn)
	var faults [6]error
	_, faults[0] = c.PutDomain(t.Context(), intent.Registration{}, intent.Order{})
	_, faults[1] = c.Registration(t.Context(), "d")
	_, faults[2] = c.Registrations(t.Context())
	_, faults[3] = c.VerifyDomain(t.Context(), "d")
	_, faults[4] = c.DrainDomain(t.Context(), "d", true)
	_, faults[5] = c.RemoveDomain(t.Context(), "d")
	for i, err := range faults {
		if slice.KindOf(err) != slice.NotFound || err.Error() != "oh" {
			t.Errorf("call %d: %v", i, err)
		}
	}
	// A11: a message that is not there, and a time that is none.
	raw := pb.NewRegistryServiceClient(conn)
	for name, req := range map[string]*pb.PutDomainRequest{
		"nothing": {},
		"no time": {Domain: &pb.Registration{Info: &pb.DomainFacts{Time: "now"}}},
	} {
		if _, err := raw.PutDomain(t.Context(), req); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}
