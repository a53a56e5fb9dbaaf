package api

import (
	"context"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The messages of anybody are answered, and never with a fault of ours.
func FuzzSliceService(f *testing.F) {
	seed(f, &pb.ApplySliceRequest{Intents: &pb.Intents{Slice: &pb.Slice{
		Id: "s", Domains: []*pb.Domain{{Name: "a"}}, Networks: []*pb.Network{{Name: "n", Cidr: "192.0.2.0/24", Members: []*pb.Member{{Name: "w", Mac: "02:00:00:00:00:01"}}}},
	}}, Order: &pb.Order{Mask: []string{"overlay"}}})
	seed(f, &pb.EditSliceRequest{Id: "s", Edits: []*pb.Edit{{Change: &pb.Edit_RemoveDomain{RemoveDomain: "a"}}, {}}})
	seed(f, &pb.PlanSliceRequest{Id: "s", Delete: true})
	seed(f, &pb.ListSlicesRequest{Ids: []string{"s"}, PageSize: 7})
	seed(f, &pb.ListRevisionsRequest{}) // all of them empty
	fuzz(f, service{&pb.SliceService_ServiceDesc, sliceServer{slices: nobody{}}})
}

// The same for what operators need besides.
func FuzzOperate(f *testing.F) {
	seed(f, &pb.PutDomainRequest{Domain: &pb.Registration{Name: "d", Addresses: []string{"192.0.2.1:1"}, Labels: map[string]string{"a": "b"}}})
	seed(f, &pb.ListEventsRequest{Slice: "s", After: 7})
	seed(f, &pb.Quota{Tenant: "t", Used: &pb.Usage{Slices: 1}})
	seed(f, &pb.WhoAmIRequest{})
	fuzz(f, service{&pb.RegistryService_ServiceDesc, registryServer{registry: nobody{}}},
		service{&pb.EventService_ServiceDesc, eventServer{events: nobody{}}},
		service{&pb.AdminService_ServiceDesc, adminServer{admin: nobody{}}})
}

type service struct {
	desc   *grpc.ServiceDesc
	served any
}

func seed(f *testing.F, m proto.Message) {
	f.Helper()
	text, err := proto.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	for i := range byte(36) { // every method of every service
		f.Add(i, text)
	}
}

func fuzz(f *testing.F, services ...service) {
	f.Helper()
	f.Fuzz(func(t *testing.T, which byte, text []byte) {
		s := services[int(which)%len(services)]
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := int(which) / len(services) % (len(s.desc.Methods) + len(s.desc.Streams))
		var err error
		if n < len(s.desc.Methods) {
			_, err = s.desc.Methods[n].Handler(s.served, ctx, func(v any) error { return read(text, v) }, nil)
		} else {
			err = s.desc.Streams[n-len(s.desc.Methods)].Handler(s.served, &mouth{ctx: ctx, text: text})
		}
		if code := status.Code(outward(err)); code == codes.Internal || code == codes.Unknown {
			t.Errorf("%s, method %d: %v", s.desc.ServiceName, n, err)
		}
	})
}

func read(text []byte, v any) error {
	if m, ok := v.(proto.Message); !ok || proto.Unmarshal(text, m) != nil {
		return status.Error(codes.InvalidArgument, "not a message")
	}
	return nil
}

// mouth is a stream that says one message.
type mouth struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // a stream has one
	text []byte
}

func (m *mouth) Context() context.Context { return m.ctx }
func (m *mouth) RecvMsg(v any) error      { return read(m.text, v) }
func (m *mouth) SendMsg(any) error        { return nil }

// nobody has nothing, and checks what it is asked.
type nobody struct{}

func absent() error { return slice.Errorf(slice.NotFound, "there is nothing") }

func (nobody) Apply(_ context.Context, in intent.Intents, _ intent.Order) (intent.Status, error) {
	intent.Default(&in)
	return intent.Status{ID: in.Slice.ID, Intents: &in}, in.Validate()
}

func (nobody) Edit(_ context.Context, id slice.ID, edits []intent.Edit, _ intent.Order) (intent.Status, error) {
	in := intent.Intents{Slice: intent.Slice{ID: "s", Tenant: "t", Domains: []intent.Domain{{Name: "a"}}}}
	intent.Default(&in)
	in, err := in.With(edits...)
	return intent.Status{ID: id, Intents: &in}, err
}

func (nobody) Delete(context.Context, slice.ID, intent.Order) (bool, error) { return false, nil }

func (nobody) Pause(context.Context, slice.ID, bool, intent.Order) (intent.Status, error) {
	return intent.Status{}, absent()
}

func (n nobody) Plan(ctx context.Context, in intent.Intents) (intent.Difference, error) {
	_, err := n.Apply(ctx, in, intent.Order{})
	return intent.Difference{ID: in.Slice.ID}, err
}

func (n nobody) PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	_, err := n.Edit(ctx, id, edits, intent.Order{})
	return intent.Difference{ID: id}, err
}

func (nobody) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	return intent.Difference{ID: id}, nil
}

func (nobody) Status(context.Context, slice.ID) (intent.Status, error) {
	return intent.Status{}, absent()
}
func (nobody) List(context.Context, intent.Query) (intent.Page, error) { return intent.Page{}, nil }

func (nobody) Watch(_ context.Context, _ intent.Query, tell func(intent.Moment) error) error {
	return tell(intent.Moment{Kind: intent.Sync})
}

func (nobody) History(context.Context, slice.ID) ([]intent.Revision, error) { return nil, nil }

func (nobody) PutDomain(_ context.Context, r intent.Registration, _ intent.Order) (intent.Registration, error) {
	return r, nil
}

func (nobody) Registration(context.Context, slice.Domain) (intent.Registration, error) {
	return intent.Registration{}, absent()
}
func (nobody) Registrations(context.Context) ([]intent.Registration, error) { return nil, nil }

func (nobody) VerifyDomain(context.Context, slice.Domain) (intent.Registration, error) {
	return intent.Registration{}, absent()
}

func (nobody) DrainDomain(context.Context, slice.Domain, bool) (intent.Registration, error) {
	return intent.Registration{}, absent()
}
func (nobody) RemoveDomain(context.Context, slice.Domain) (bool, error) { return false, nil }

func (nobody) Events(context.Context, intent.EventQuery) ([]intent.Event, error) { return nil, nil }

func (nobody) WatchEvents(context.Context, intent.EventQuery, func(intent.Event) error) error {
	return nil
}

func (nobody) Audit(context.Context, intent.AuditQuery) ([]intent.AuditEntry, error) { return nil, nil }

func (nobody) PutQuota(_ context.Context, q intent.Quota) (intent.Quota, error) { return q, nil }
func (nobody) Quotas(context.Context) ([]intent.Quota, error)                   { return nil, nil }

func (nobody) Export(_ context.Context, w io.Writer) error {
	_, err := w.Write([]byte("image"))
	return err
}
