package rest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/rest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sco answers with what it has, and keeps what it was asked.
type sco struct {
	mu      sync.Mutex
	asked   []string
	err     error
	status  intent.Status
	next    string
	moments []intent.Moment
	events  []intent.Event
	image   []string
	following
}

// following counts who follows.
type following struct{ now, most int }

func (s *sco) ask(what string, v ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := what
	for _, one := range v {
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		line += " " + string(text)
	}
	s.asked = append(s.asked, line)
	return s.err
}

func (s *sco) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return ""
	}
	return s.asked[len(s.asked)-1]
}

func (s *sco) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	return s.status, s.ask("apply", in.Slice.ID, o)
}

func (s *sco) Edit(_ context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error) {
	return s.status, s.ask("edit", id, edits, o)
}

func (s *sco) Delete(_ context.Context, id slice.ID, o intent.Order) (bool, error) {
	return true, s.ask("delete", id, o)
}

func (s *sco) Pause(_ context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error) {
	return s.status, s.ask("pause", id, paused, o)
}

func (s *sco) Plan(_ context.Context, in intent.Intents) (intent.Difference, error) {
	return intent.Difference{ID: in.Slice.ID}, s.ask("plan", in.Slice.ID)
}

func (s *sco) PlanEdits(_ context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	return intent.Difference{ID: id}, s.ask("plan edits", id, edits)
}

func (s *sco) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	return intent.Difference{ID: id}, s.ask("plan delete", id)
}

func (s *sco) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	return s.status, s.ask("status", id)
}

func (s *sco) List(_ context.Context, q intent.Query) (intent.Page, error) {
	return intent.Page{Slices: []intent.Status{s.status}, Next: s.next}, s.ask("list", q)
}

func (s *sco) History(_ context.Context, id slice.ID) ([]intent.Revision, error) {
	return nil, s.ask("history", id)
}

func (s *sco) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	return follow(ctx, s, "watch", q, s.moments, tell)
}

func (s *sco) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	return follow(ctx, s, "watch events", q, s.events, tell)
}

func follow[T any](ctx context.Context, s *sco, what string, q any, all []T, tell func(T) error) error {
	if err := s.ask(what, q); err != nil {
		return err
	}
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now--
	}()
	for _, one := range all {
		if err := tell(one); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *sco) PutDomain(_ context.Context, r intent.Registration, o intent.Order) (intent.Registration, error) {
	return r, s.ask("put domain", r.Name, r.Addresses, o)
}

func (s *sco) Registration(_ context.Context, d slice.Domain) (intent.Registration, error) {
	return intent.Registration{Name: d, Generation: 3}, s.ask("domain", d)
}

func (s *sco) Registrations(context.Context) ([]intent.Registration, error) {
	return nil, s.ask("domains")
}

func (s *sco) VerifyDomain(_ context.Context, d slice.Domain) (intent.Registration, error) {
	return intent.Registration{Name: d}, s.ask("verify", d)
}

func (s *sco) DrainDomain(_ context.Context, d slice.Domain, draining bool) (intent.Registration, error) {
	return intent.Registration{Name: d, Draining: draining}, s.ask("drain", d, draining)
}

func (s *sco) RemoveDomain(_ context.Context, d slice.Domain) (bool, error) {
	return true, s.ask("remove domain", d)
}

func (s *sco) Events(_ context.Context, q intent.EventQuery) ([]intent.Event, error) {
	return s.events, s.ask("events", q)
}

func (s *sco) Audit(_ context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error) {
	return nil, s.ask("audit", q)
}

func (s *sco) PutQuota(_ context.Context, q intent.Quota) (intent.Quota, error) {
	return q, s.ask("put quota", q)
}

func (s *sco) Quotas(context.Context) ([]intent.Quota, error) { return nil, s.ask("quotas") }

func (s *sco) Export(_ context.Context, w io.Writer) error {
	for _, part := range s.image {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return s.ask("export")
}

// door is the REST door of a sco, with a client.
type door struct {
	*testing.T
	sco    *sco
	server *httptest.Server
}

func config(s *sco) rest.Config {
	return rest.Config{
		Slices: s, Registry: s, Events: s, Admin: s,
		Admit: func(r *http.Request) (context.Context, error) {
			c := access.Caller{Name: "user/ann", Tenant: "t", Role: access.Tenant}
			if name := r.Header.Get("Caller"); name != "" {
				c.Name = name
			}
			return access.With(r.Context(), c), nil
		},
	}
}

func open(t *testing.T, change ...func(*rest.Config)) *door {
	t.Helper()
	d := &door{T: t, sco: &sco{status: intent.Status{ID: "s", Tenant: "t", Generation: 7, Phase: intent.Ready}}}
	c := config(d.sco)
	for _, f := range change {
		f(&c)
	}
	d.server = httptest.NewTLSServer(rest.New(c))
	t.Cleanup(d.server.Close)
	return d
}

// reply is an answer of the door.
type reply struct {
	status int
	header http.Header
	body   string
}

func (d *door) ask(method, path, body string, headers ...string) reply {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := d.server.Client().Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// want makes a request that has to get a status.
func (d *door) want(status int, method, path, body string, headers ...string) reply {
	d.Helper()
	r := d.ask(method, path, body, headers...)
	if r.status != status {
		d.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.body, status)
	}
	if kind := r.header.Get("Content-Type"); status >= 400 && kind != "application/problem+json" {
		d.Errorf("%s %s: an error of type %q", method, path, kind)
	}
	return r
}
