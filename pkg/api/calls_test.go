package api_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serveAll(h *house) func(*grpc.Server) {
	return func(s *grpc.Server) {
		api.ServeSlices(s, sliceHouse{h})
		api.ServeDomain(s, domainHouse{h})
		api.ServeNodes(s, nodes(nil), anybody)
	}
}

func TestSlices(t *testing.T) {
	a := newAuthority(t)
	for name, h := range map[string]*house{
		"full":  {status: full[intent.Status](t), in: full[intent.Intents](t), existed: true},
		"empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			in := h.in
			s := a.serve(t, anywhere, serveAll(h))
			c := api.NewSliceClient(a.dial(t, "n1", s.address))
			got, err := c.Apply(t.Context(), in, full[intent.Order](t))
			ok(t, err)
			same(t, "status of Apply", h.status, got)
			same(t, "intents", in, h.in)
			same(t, "order", full[intent.Order](t), h.order)
			got, err = c.Status(t.Context(), "one")
			ok(t, err)
			same(t, "status", h.status, got)
			same(t, "id of Status", slice.ID("one"), h.id)
			all, err := c.List(t.Context(), full[intent.Query](t))
			ok(t, err)
			same(t, "list", intent.Page{Slices: []intent.Status{h.status}, Next: h.next}, all)
			existed, err := c.Delete(t.Context(), "two", full[intent.Order](t))
			ok(t, err)
			same(t, "answer of Delete", h.existed, existed)
			same(t, "id of Delete", slice.ID("two"), h.id)
		})
	}
}

func TestDomain(t *testing.T) {
	a := newAuthority(t)
	for name, h := range map[string]*house{
		"full":  {segments: full[[]intent.Segment](t), states: full[[]intent.SegmentStatus](t), info: full[intent.DomainInfo](t)},
		"empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			want := h.segments
			s := a.serve(t, anywhere, serveAll(h))
			c := api.NewDomainClient(a.dial(t, "sco", s.address))
			got, err := c.Apply(t.Context(), want)
			ok(t, err)
			same(t, "segments", want, h.segments)
			same(t, "states", h.states, got)
			got, err = c.List(t.Context())
			ok(t, err)
			same(t, "list", h.states, got)
			info, err := c.Info(t.Context())
			ok(t, err)
			same(t, "info", h.info, info)
			ids := []slice.NetworkID{{Slice: "s", Network: "a"}, {Slice: "s", Network: "b"}}
			ok(t, c.Delete(t.Context(), ids))
			same(t, "ids", ids, h.ids)
		})
	}
}

func TestErrors(t *testing.T) {
	a := newAuthority(t)
	tests := map[string]struct {
		err  error
		want slice.Kind
	}{
		"internal":    {errors.New("oh"), slice.Internal},
		"invalid":     {slice.Errorf(slice.Invalid, "oh"), slice.Invalid},
		"not found":   {fmt.Errorf("look: %w", slice.Errorf(slice.NotFound, "oh")), slice.NotFound},
		"conflict":    {slice.Errorf(slice.Conflict, "oh"), slice.Conflict},
		"exhausted":   {slice.Errorf(slice.Exhausted, "oh"), slice.Exhausted},
		"unavailable": {slice.Errorf(slice.Unavailable, "oh"), slice.Unavailable},
		"denied":      {slice.Errorf(slice.Denied, "oh"), slice.Denied},
		"too late":    {fmt.Errorf("oh: %w", context.DeadlineExceeded), slice.Unavailable},
		"given up":    {fmt.Errorf("oh: %w", context.Canceled), slice.Unavailable},
		"far away":    {slice.Errorf(slice.Unavailable, "oh: %w", status.Error(codes.Unimplemented, "no")), slice.Unavailable},
		"stranger":    {status.Error(codes.Unauthenticated, "oh"), slice.Denied},
	}
	h := &house{}
	s := a.serve(t, anywhere, serveAll(h))
	conn := a.dial(t, "n1", s.address)
	slices, domain := api.NewSliceClient(conn), api.NewDomainClient(conn)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h.err = test.err
			var got [8]error
			_, got[0] = slices.Apply(t.Context(), intent.Intents{}, intent.Order{})
			_, got[1] = slices.Status(t.Context(), "s")
			_, got[2] = slices.List(t.Context(), intent.Query{})
			_, got[3] = slices.Delete(t.Context(), "s", intent.Order{})
			_, got[4] = domain.Apply(t.Context(), nil)
			_, got[5] = domain.List(t.Context())
			_, got[6] = domain.Info(t.Context())
			got[7] = domain.Delete(t.Context(), nil)
			for i, err := range got {
				if slice.KindOf(err) != test.want || err == nil || !strings.Contains(err.Error(), "oh") {
					t.Errorf("call %d: error %v of kind %s, want %s", i, err, slice.KindOf(err), test.want)
				}
			}
		})
	}
}

func TestBadMessages(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveAll(&house{}))
	conn := a.dial(t, "n1", s.address)
	slices, domain := pb.NewSliceServiceClient(conn), pb.NewDomainServiceClient(conn)
	ctx := t.Context()
	tests := map[string]func() error{
		"no intents": func() error { _, err := slices.ApplySlice(ctx, &pb.ApplySliceRequest{}); return err },
		"no range": func() error {
			_, err := slices.ApplySlice(ctx, &pb.ApplySliceRequest{Intents: &pb.Intents{Slice: &pb.Slice{Networks: []*pb.Network{{Cidr: "x"}}}}})
			return err
		},
		"no id": func() error {
			_, err := domain.DeleteSegments(ctx, &pb.DeleteSegmentsRequest{Ids: []string{"x"}})
			return err
		},
		"no address": func() error {
			_, err := domain.ApplySegments(ctx, &pb.ApplySegmentsRequest{Segments: []*pb.Segment{{Remote: []string{"x"}}}})
			return err
		},
	}
	for name, call := range tests {
		if err := call(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMessageTooLarge(t *testing.T) {
	a := newAuthority(t)
	h := &house{}
	s := a.serve(t, anywhere, serveAll(h))
	c := api.NewSliceClient(a.dial(t, "n1", s.address))
	large := intent.Intents{APIVersion: strings.Repeat("x", 5<<20)}
	if _, err := c.Apply(t.Context(), large, intent.Order{}); slice.KindOf(err) != slice.Exhausted || h.in.APIVersion != "" {
		t.Errorf("a large request: %.99v", err)
	}
	h.status.Message = large.APIVersion
	if _, err := c.Status(t.Context(), "s"); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("a large answer: %.99v", err)
	}
	h.status.Message = "short"
	_, err := c.Status(t.Context(), "s")
	ok(t, err)
}

func TestCallers(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	s := a.serve(t, anywhere, serveAll(&house{}))
	plugin := a.dial(t, "plugin", s.address)
	_, err := api.NewSliceClient(plugin).Status(t.Context(), "s")
	ok(t, err)
	if _, err := api.NewDomainClient(plugin).Info(t.Context()); slice.KindOf(err) != slice.Denied || !strings.Contains(s.log.String(), "call refused") {
		t.Errorf("a caller that may not: %v", err)
	}
	err = api.NewNodeClient(plugin).Keep(t.Context(), nil, nil)
	if slice.KindOf(err) != slice.Denied {
		t.Errorf("a caller that may not open a stream: %v", err)
	}
	_, err = api.NewSliceClient(other.dial(t, "sco", s.address)).Status(t.Context(), "s")
	if slice.KindOf(err) != slice.Unavailable {
		t.Errorf("another authority: %v", err)
	}
	nobody := dial(t, s.address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if _, err = api.NewSliceClient(nobody).Status(t.Context(), "s"); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("a caller without a certificate: %v", err)
	}
	conf, err := pki.ClientTLS(a.files("n1"))
	ok(t, err)
	conf.VerifyConnection = func(tls.ConnectionState) error { return errors.New("not the one") }
	if _, err = api.NewSliceClient(dial(t, s.address, conf)).Status(t.Context(), "s"); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("a server that the client does not want: %v", err)
	}
}

func TestPanic(t *testing.T) {
	a := newAuthority(t)
	h := &house{panics: true}
	s := a.serve(t, anywhere, serveAll(h))
	c := api.NewSliceClient(a.dial(t, "n1", s.address))
	if _, err := c.Status(t.Context(), "s"); slice.KindOf(err) != slice.Internal || strings.Contains(err.Error(), "broken program") {
		t.Errorf("error %v: it should not tell strangers why", err)
	}
	if log := s.log.String(); !strings.Contains(log, "a broken program") || !strings.Contains(log, "stack=") {
		t.Errorf("log %q", log)
	}
	h.panics = false
	_, err := c.Status(t.Context(), "s")
	ok(t, err)
}

func TestHealth(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveAll(&house{}))
	c := healthv1.NewHealthClient(a.dial(t, "n1", s.address))
	got, err := c.Check(t.Context(), &healthv1.HealthCheckRequest{})
	ok(t, err)
	if got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health %s", got.GetStatus())
	}
	if _, err := c.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("health of nothing: %v", err)
	}
}
