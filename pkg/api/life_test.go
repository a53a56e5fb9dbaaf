package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// allEdits returns one edit of each kind, no field of which is zero.
func allEdits(t *testing.T) []intent.Edit {
	t.Helper()
	e := full[intent.Edit](t)
	return []intent.Edit{
		{AddDomain: e.AddDomain},
		{RemoveDomain: e.RemoveDomain},
		{AddLink: e.AddLink},
		{RemoveLink: e.RemoveLink},
		{AddNetwork: e.AddNetwork},
		{RemoveNetwork: e.RemoveNetwork},
		{AddMember: e.AddMember},
		{RemoveMember: e.RemoveMember},
		{SetPath: e.SetPath},
		{RemovePath: e.RemovePath},
	}
}

func TestEdit(t *testing.T) {
	a := newAuthority(t)
	h := &house{status: full[intent.Status](t)}
	c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
	for _, edits := range [][]intent.Edit{nil, allEdits(t)} {
		got, err := c.Edit(t.Context(), "one", edits, full[intent.Order](t))
		ok(t, err)
		same(t, "status", h.status, got)
		same(t, "id", slice.ID("one"), h.id)
		same(t, "edits", edits, h.edits)
		same(t, "order", full[intent.Order](t), h.order)
	}
	for _, paused := range []bool{true, false} {
		got, err := c.Pause(t.Context(), "two", paused, full[intent.Order](t))
		ok(t, err)
		same(t, "status of Pause", h.status, got)
		same(t, "id of Pause", slice.ID("two"), h.id)
		same(t, "paused", paused, h.paused)
	}
	twice := []intent.Edit{{RemoveDomain: "a"}, {RemoveDomain: "a", RemoveNetwork: "b"}}
	if _, err := c.Edit(t.Context(), "one", twice, intent.Order{}); slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "edits[1]: ") {
		t.Errorf("an edit that says two things: %v", err)
	}
}

func TestPlan(t *testing.T) {
	a := newAuthority(t)
	for _, d := range []intent.Difference{{}, full[intent.Difference](t)} {
		h := &house{difference: d}
		c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
		got, err := c.Plan(t.Context(), full[intent.Intents](t))
		ok(t, err)
		same(t, "difference", d, got)
		same(t, "intents", full[intent.Intents](t), h.in)
		got, err = c.PlanEdits(t.Context(), "one", allEdits(t))
		ok(t, err)
		same(t, "difference of edits", d, got)
		same(t, "edits", allEdits(t), h.edits)
		_, err = c.PlanEdits(t.Context(), "none", nil)
		ok(t, err)
		got, err = c.PlanDelete(t.Context(), "two")
		ok(t, err)
		same(t, "difference of a delete", d, got)
		same(t, "id", slice.ID("two"), h.id)
	}
}

func TestPlanRefuses(t *testing.T) {
	a := newAuthority(t)
	c := pb.NewSliceServiceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(&house{})).address))
	tests := map[string]struct {
		req  *pb.PlanSliceRequest
		want string
	}{
		"nothing":            {&pb.PlanSliceRequest{}, "id: missing"},
		"intents and delete": {&pb.PlanSliceRequest{Intents: &pb.Intents{}, Delete: true}, "intents: given with"},
		"intents and id":     {&pb.PlanSliceRequest{Intents: &pb.Intents{}, Id: "s"}, "intents: given with"},
		"edits and delete":   {&pb.PlanSliceRequest{Id: "s", Edits: []*pb.Edit{{}}, Delete: true}, "edits: given with delete"},
		"bad intents":        {&pb.PlanSliceRequest{Intents: &pb.Intents{Slice: &pb.Slice{Networks: []*pb.Network{{Cidr: "x"}}}}}, "intents: "},
		"bad edits": {
			&pb.PlanSliceRequest{Id: "s", Edits: []*pb.Edit{{}, {Change: &pb.Edit_AddNetwork{AddNetwork: &pb.Network{Cidr: "x"}}}}}, "edits[1]: ",
		},
	}
	for name, test := range tests {
		if _, err := c.PlanSlice(t.Context(), test.req); status.Code(err) != codes.InvalidArgument || !strings.Contains(status.Convert(err).Message(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestWatch(t *testing.T) {
	a := newAuthority(t)
	h := &house{moments: []intent.Moment{full[intent.Moment](t), {Kind: intent.Sync}}}
	c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []intent.Moment
	err := c.Watch(ctx, full[intent.Query](t), func(m intent.Moment) error {
		if got = append(got, m); len(got) == len(h.moments) {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	same(t, "moments", h.moments, got)
	same(t, "query", full[intent.Query](t), h.query)
	enough := errors.New("enough")
	if err := c.Watch(t.Context(), intent.Query{}, func(intent.Moment) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a watcher that has had enough: %v", err)
	}
	// The one before may still be telling: another takes its place.
	refuses := &house{err: slice.Errorf(slice.NotFound, "oh")}
	c = api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(refuses)).address))
	if err := c.Watch(t.Context(), intent.Query{}, func(intent.Moment) error { return nil }); slice.KindOf(err) != slice.NotFound {
		t.Errorf("an SCO that refuses: %v", err)
	}
}

func TestHistory(t *testing.T) {
	a := newAuthority(t)
	for _, all := range [][]intent.Revision{nil, full[[]intent.Revision](t)} {
		h := &house{revisions: all}
		c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
		got, err := c.History(t.Context(), "one")
		ok(t, err)
		same(t, "revisions", all, got)
		same(t, "id", slice.ID("one"), h.id)
	}
}

// A history that is too long for one message loses its oldest revisions.
func TestA11LongHistory(t *testing.T) {
	a := newAuthority(t)
	r := intent.Revision{Generation: 1, Intents: intent.Intents{APIVersion: strings.Repeat("x", 100_000)}}
	h := &house{}
	for range 100 {
		h.revisions = append(h.revisions, r)
	}
	c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
	got, err := c.History(t.Context(), "one")
	if err != nil || len(got) < 30 || len(got) == 100 {
		t.Errorf("%d revisions of 100, %v", len(got), err)
	}
}
