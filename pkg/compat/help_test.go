package compat_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/compat"
	"github.com/l2sces/l2sces/pkg/compat/compattest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house keeps slices in memory, as the SCO does but for the switches.
type house struct {
	mu     sync.Mutex
	slices map[slice.ID]intent.Status
}

func (h *house) keep(in intent.Intents) (intent.Status, error) {
	if err := in.Validate(); err != nil {
		return intent.Status{}, err
	}
	old := h.slices[in.Slice.ID]
	s := intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Generation: old.Generation + 1, Phase: intent.Ready, Intents: &in}
	if h.slices == nil {
		h.slices = map[slice.ID]intent.Status{}
	}
	h.slices[s.ID] = s
	return s, nil
}

func (h *house) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	intent.Default(&in)
	if _, there := h.slices[in.Slice.ID]; there && o.New {
		return intent.Status{}, slice.Errorf(slice.Conflict, "slice %s is there already", in.Slice.ID)
	}
	for _, d := range in.Slice.Domains {
		if d.Name == "nowhere" {
			return intent.Status{}, slice.Errorf(slice.Invalid, "slice.domains: domain nowhere is not known here")
		}
	}
	return h.keep(in.Canonical())
}

func (h *house) Edit(_ context.Context, id slice.ID, edits []intent.Edit, _ intent.Order) (intent.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, there := h.slices[id]
	if !there {
		return s, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	in, err := s.Intents.With(edits...)
	if err != nil {
		return s, err
	}
	return h.keep(in.Canonical())
}

func (h *house) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, there := h.slices[id]
	if !there {
		return s, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	return s, nil
}

// List returns pages of one, so that whoever lists has to turn them.
func (h *house) List(_ context.Context, q intent.Query) (intent.Page, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []slice.ID
	for id := range h.slices {
		if string(id) > q.PageToken {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var p intent.Page
	if len(ids) > 0 {
		p.Slices = []intent.Status{h.slices[ids[0]]}
	}
	if len(ids) > 1 {
		p.Next = string(ids[0])
	}
	return p, nil
}

func (h *house) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, there := h.slices[id]
	delete(h.slices, id)
	return there, nil
}

// door is a client of the original with the service in front of it.
type door struct {
	compattest.Client
	t     *testing.T
	house *house
}

func open(t *testing.T, change ...func(*compat.Config)) door {
	t.Helper()
	d := door{t: t, house: &house{}}
	cfg := compat.Config{Slices: d.house, Tenant: "old"}
	for _, f := range change {
		f(&cfg)
	}
	s := api.NewServer(api.ServerConfig{Anyone: "legacy"})
	compat.Register(s, cfg)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); s.Stop(); serving.Wait() }) // its calls have ended
	d.Conn = conn
	return d
}

// ok makes a call that has to succeed with a text.
func (d door) ok(text, method, request string) compattest.Answer {
	d.t.Helper()
	a, err := d.Call(d.t.Context(), method, request)
	if err != nil || a.Message != text {
		d.t.Fatalf("%s: %q, %v, want %q", method, a.Message, err, text)
	}
	return a
}

func (d door) intents(id slice.ID) intent.Intents {
	d.t.Helper()
	s, err := d.house.Status(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return *s.Intents
}

// says reports whether an error holds a text.
func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
