package access_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is an SCO in memory. Its texts about what is absent are its own, so that
// a caller who sees them has passed the gate.
type house struct {
	mu     sync.Mutex
	slices map[slice.ID]intent.Intents
	past   map[slice.ID][]intent.Revision
	calls  int
	hold   chan struct{} // an order waits for it, if it is there
}

func newHouse(all ...intent.Intents) *house {
	h := &house{slices: map[slice.ID]intent.Intents{}, past: map[slice.ID][]intent.Revision{}}
	for _, in := range all {
		h.slices[in.Slice.ID] = in
	}
	return h
}

// intents are a slice with networks of some ports each.
func intents(t slice.Tenant, id slice.ID, ports ...int) intent.Intents {
	in := intent.Intents{APIVersion: intent.APIVersion, Slice: intent.Slice{
		ID: id, Tenant: t, SNSSAI: intent.SNSSAI{SST: "eMBB"},
		Domains: []intent.Domain{{Name: "field"}, {Name: "fire"}},
	}}
	in.Overlay.Shape, in.Overlay.Encryption = intent.Mesh, intent.NoEncryption
	for i, n := range ports {
		network := intent.Network{Name: slice.NetworkName(fmt.Sprintf("n%d", i)), Type: slice.VNet, BandwidthKbps: 100, Domains: []slice.Domain{"field", "fire"}}
		for p := range n {
			network.Members = append(network.Members, intent.Member{Name: slice.Workload(fmt.Sprintf("w%d-%d", i, p)), Domain: "field"})
		}
		in.Slice.Networks = append(in.Slice.Networks, network)
	}
	return in
}

func (h *house) lock() func() {
	h.mu.Lock()
	h.calls++
	return h.mu.Unlock
}

func (h *house) Owner(id slice.ID) (slice.Tenant, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in, ok := h.slices[id]
	return in.Slice.Tenant, ok
}

func (h *house) Each(f func(intent.Intents)) {
	h.mu.Lock()
	all := maps.Clone(h.slices)
	h.mu.Unlock()
	for _, in := range all {
		f(in)
	}
}

func statusOf(in intent.Intents) intent.Status {
	return intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Generation: 1, Phase: intent.Ready, Intents: &in}
}

func (h *house) find(id slice.ID) (intent.Status, error) {
	in, ok := h.slices[id]
	if !ok {
		return intent.Status{}, slice.Errorf(slice.NotFound, "the house has nothing called %s", id)
	}
	return statusOf(in), nil
}

func (h *house) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	if h.hold != nil {
		<-h.hold
	}
	defer h.lock()()
	have, there := h.slices[in.Slice.ID]
	switch {
	case there && have.Slice.Tenant != in.Slice.Tenant:
		return intent.Status{}, slice.Errorf(slice.Conflict, "slice %s belongs to another tenant", in.Slice.ID)
	case there && o.New:
		return intent.Status{}, slice.Errorf(slice.Conflict, "slice %s is there", in.Slice.ID)
	case !there && o.Old:
		return h.find(in.Slice.ID)
	case o.DryRun:
		return statusOf(in), nil
	}
	h.slices[in.Slice.ID] = in
	return statusOf(in), nil
}

func (h *house) Edit(_ context.Context, id slice.ID, edits []intent.Edit, _ intent.Order) (intent.Status, error) {
	defer h.lock()()
	st, err := h.find(id)
	if err != nil {
		return st, err
	}
	after, err := st.Intents.With(edits...)
	if err == nil {
		h.slices[id] = after
	}
	return statusOf(after), err
}

func (h *house) Delete(_ context.Context, id slice.ID, o intent.Order) (bool, error) {
	defer h.lock()()
	_, err := h.find(id)
	if err != nil && o.Old {
		return false, err
	}
	if err == nil {
		h.past[id] = append(h.past[id], intent.Revision{Generation: 1, What: "delete", Intents: h.slices[id]})
	}
	delete(h.slices, id)
	return err == nil, nil
}

func (h *house) Pause(_ context.Context, id slice.ID, _ bool, _ intent.Order) (intent.Status, error) {
	defer h.lock()()
	return h.find(id)
}

func (h *house) Plan(_ context.Context, in intent.Intents) (intent.Difference, error) {
	return intent.Difference{ID: in.Slice.ID}, nil
}

func (h *house) PlanEdits(ctx context.Context, id slice.ID, _ []intent.Edit) (intent.Difference, error) {
	return h.PlanDelete(ctx, id)
}

func (h *house) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	defer h.lock()()
	_, err := h.find(id)
	return intent.Difference{ID: id}, err
}

func (h *house) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	defer h.lock()()
	return h.find(id)
}

// List forgets to look at the tenant: the gate has to look again.
func (h *house) List(context.Context, intent.Query) (intent.Page, error) {
	defer h.lock()()
	var p intent.Page
	for _, id := range slices.Sorted(maps.Keys(h.slices)) {
		p.Slices = append(p.Slices, statusOf(h.slices[id]))
	}
	return p, nil
}

func (h *house) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	page, err := h.List(ctx, q)
	if err != nil {
		return err
	}
	for _, s := range page.Slices {
		if err := tell(intent.Moment{Kind: intent.Changed, Slice: s}); err != nil {
			return err
		}
	}
	return tell(intent.Moment{Kind: intent.Sync})
}

func (h *house) History(_ context.Context, id slice.ID) ([]intent.Revision, error) {
	defer h.lock()()
	all := slices.Clone(h.past[id])
	if in, ok := h.slices[id]; ok {
		all = append(all, intent.Revision{Generation: 1, What: "create", Intents: in})
	}
	if len(all) == 0 {
		_, err := h.find(id)
		return nil, err
	}
	return all, nil
}

func (h *house) Events(context.Context, intent.EventQuery) ([]intent.Event, error) {
	return []intent.Event{
		{Number: 1, Slice: "mine", Tenant: "red", Reason: "Created"},
		{Number: 2, Slice: "theirs", Tenant: "blue", Reason: "Created"},
		{Number: 3, Domain: "field", Reason: "Away", Message: "host secret-host does not answer"},
	}, nil
}

func (h *house) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	all, err := h.Events(ctx, q)
	for _, e := range all {
		if err := tell(e); err != nil {
			return err
		}
	}
	return err
}

type domains struct{}

func (domains) domain(d slice.Domain) (intent.Registration, error) {
	r := intent.Registration{Name: d, Driver: "direct", Addresses: []string{"secret-host:1"}, Credentials: intent.Credentials{File: "/secret-folder"}, Slices: 7}
	r.Info.Members, r.Info.Nodes, r.Info.MTU = []slice.Workload{"secret-member"}, []slice.Node{"secret-node"}, 1400
	r.Conditions = []intent.Condition{{Type: "Reachable", Message: "secret-host answers"}}
	return r, nil
}

func (s domains) PutDomain(_ context.Context, r intent.Registration, _ intent.Order) (intent.Registration, error) {
	return s.domain(r.Name)
}

func (s domains) Registration(_ context.Context, d slice.Domain) (intent.Registration, error) {
	return s.domain(d)
}

func (s domains) Registrations(context.Context) ([]intent.Registration, error) {
	r, err := s.domain("field")
	return []intent.Registration{r}, err
}

func (s domains) VerifyDomain(_ context.Context, d slice.Domain) (intent.Registration, error) {
	return s.domain(d)
}

func (s domains) DrainDomain(_ context.Context, d slice.Domain, _ bool) (intent.Registration, error) {
	return s.domain(d)
}

func (domains) RemoveDomain(context.Context, slice.Domain) (bool, error) { return true, nil }

func export(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "theirs and mine")
	return err
}

// memory is a store without a disk.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (m *memory) Put(bucket, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[bucket+"/"+key] = value
	return nil
}

func (m *memory) Delete(string, string) error { return nil }

func (m *memory) List(bucket string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string][]byte{}
	for k, v := range m.kept {
		if name, ok := cut(k, bucket+"/"); ok {
			out[name] = v
		}
	}
	return out, nil
}

func cut(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return "", false
	}
	return s[len(prefix):], true
}

// gate returns a gate before a house, with changes to its settings.
func gate(t *testing.T, h *house, change ...func(*access.Config)) *access.Gate {
	t.Helper()
	cfg := access.Config{Store: &memory{}, Holdings: h}
	for _, c := range change {
		c(&cfg)
	}
	g, err := access.New(cfg)
	must(t, err)
	return g
}

// policy writes a policy and returns its file.
func policy(t *testing.T, p access.Policy) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, p)
	return file
}

func write(t *testing.T, file string, p access.Policy) {
	t.Helper()
	text, err := descriptor.YAML(p)
	must(t, err)
	must(t, os.WriteFile(file+".new", text, 0o600))
	must(t, os.Rename(file+".new", file))
}

func as(t *testing.T, name string, tenant slice.Tenant, role access.Role) context.Context {
	t.Helper()
	return access.With(t.Context(), access.Caller{Name: name, Tenant: tenant, Role: role})
}

// token returns a secret and its line in a policy, good for an hour.
func token(t *testing.T, name string, tenant slice.Tenant, role access.Role) (string, access.Token) {
	t.Helper()
	secret, line, err := access.NewToken(name, access.Grant{Role: role, Tenant: tenant}, time.Now().Add(time.Hour))
	must(t, err)
	return secret, line
}
