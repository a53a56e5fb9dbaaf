package vim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/vim"
)

// A shelf keeps slices as the SCO would, in the phase that a test wants.
type shelf struct {
	mu    sync.Mutex
	have  map[slice.ID]intent.Intents
	calls int
	err   error                // of every call
	look  func(*intent.Status) // changes what is answered
}

func (s *shelf) Apply(ctx context.Context, in intent.Intents, _ intent.Order) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.err != nil {
		return intent.Status{}, s.err
	}
	if err := in.Validate(); err != nil {
		return intent.Status{}, err
	}
	s.have[in.Slice.ID] = in
	return s.status(in), ctx.Err()
}

func (s *shelf) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, there := s.have[id]
	if !there {
		return intent.Status{}, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	return s.status(in), s.err
}

func (s *shelf) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	_, there := s.have[id]
	if s.err == nil {
		delete(s.have, id)
	}
	return there, s.err
}

func (s *shelf) status(in intent.Intents) intent.Status {
	out := intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Phase: intent.Ready, Intents: &in}
	for _, n := range in.Slice.Networks {
		has := intent.NetworkStatus{Name: n.Name, Type: n.Type, CIDR: n.CIDR, Ready: true}
		for _, m := range n.Members {
			has.Members = append(has.Members, intent.MemberStatus{Name: m.Name, Domain: m.Domain, Address: m.Address, MAC: m.MAC, Ready: true})
		}
		out.Networks = append(out.Networks, has)
	}
	if s.look != nil {
		s.look(&out)
	}
	return out
}

// slices returns what the SCO has.
func (s *shelf) slices() map[slice.ID]intent.Intents {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.have)
}

// network returns the only network that the SCO has.
func (s *shelf) network(t *testing.T) intent.Network {
	t.Helper()
	all := s.slices()
	if len(all) != 1 {
		t.Fatalf("the SCO has %d slices, want 1", len(all))
	}
	for _, in := range all {
		if len(in.Slice.Networks) != 1 {
			t.Fatalf("the slice has %d networks, want 1", len(in.Slice.Networks))
		}
		return in.Slice.Networks[0]
	}
	panic("not reached")
}

// A memory is a store.
type memory struct {
	mu   sync.Mutex
	have map[string]map[string][]byte
}

func (m *memory) List(bucket string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.have[bucket]), nil
}

func (m *memory) WriteAll(values map[string]map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for bucket, pairs := range values {
		if m.have[bucket] == nil {
			m.have[bucket] = map[string][]byte{}
		}
		for k, v := range pairs {
			if v == nil {
				delete(m.have[bucket], k)
				continue
			}
			m.have[bucket][k] = bytes.Clone(v)
		}
	}
	return nil
}

// A house is a door with what is behind it.
type house struct {
	t     testing.TB
	sco   *shelf
	store *memory
	book  *service.Book
	now   time.Time
	web   *httptest.Server
}

func newHouse(tb testing.TB) *house {
	tb.Helper()
	h := &house{
		t: tb, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		sco: &shelf{have: map[slice.ID]intent.Intents{}}, store: &memory{have: map[string]map[string][]byte{}},
	}
	h.open()
	return h
}

// open starts the plugin, again after it was killed.
func (h *house) open() {
	h.t.Helper()
	clock := func() time.Time { return h.now }
	book, err := service.New(service.Config{Store: h.store, Slices: h.sco, Now: clock})
	if err != nil {
		h.t.Fatal(err)
	}
	h.book = book
	door := vim.New(book, catalog(h.t), vim.Config{Now: clock, Patience: 2 * time.Second})
	h.web = httptest.NewServer(mounted(h.t, door))
	h.t.Cleanup(h.web.Close)
}

// as sends one request for an account and returns status and body.
func (h *house) as(account, method, path, body string) (int, []byte) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.web.URL+"/vim/v1"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(account, password)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, out
}

// do sends a request of the account ro, wants a status and reads the answer into v.
func (h *house) do(method, path, body string, want int, v any) {
	h.t.Helper()
	status, out := h.as("ro", method, path, body)
	if status != want {
		h.t.Fatalf("%s %s %s: status %d %s, want %d", method, path, body, status, out, want)
	}
	if v != nil {
		if err := json.Unmarshal(out, v); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, out)
		}
	}
}

// create makes a network out of a request without its braces.
func (h *house) create(fields string) vim.Network {
	h.t.Helper()
	var n vim.Network
	h.do(http.MethodPost, "/networks", `{"domain": "field", "name": "ns-data", `+fields+`}`, http.StatusCreated, &n)
	return n
}

// refreshed asks how a network is, as RO does.
func (h *house) refreshed(id string) vim.Network {
	h.t.Helper()
	var out vim.Refreshed
	body, err := json.Marshal(vim.Refresh{IDs: []string{id}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.do(http.MethodPost, "/networks/refresh", string(body), http.StatusOK, &out)
	return out.Networks[id]
}
