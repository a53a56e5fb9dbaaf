package cli_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// fake is an SCO that notes what it is asked and knows one slice.
type fake struct {
	mu     sync.Mutex
	asked  []string
	tokens []string
	phase  intent.Phase
}

// note writes a call as METHOD and the JSON of its arguments.
func (f *fake) note(method string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		method += " " + string(text)
	}
	f.asked = append(f.asked, method)
}

func (f *fake) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

var long = time.Date(1900, 1, 2, 3, 4, 5, 0, time.UTC)

func (f *fake) status(id slice.ID) intent.Status {
	ready := intent.Condition{Type: "Ready", Status: true, Reason: "AsOrdered", ObservedGeneration: 3, Since: long}
	in := intent.Intents{
		Slice:   intent.Slice{ID: id, Tenant: "blue", SNSSAI: intent.SNSSAI{SST: "URLLC", SD: "1"}, QoS: intent.QoS{ID: 65}},
		Overlay: intent.Overlay{Shape: intent.Mesh, Encryption: intent.NoEncryption},
		Paths:   []intent.Path{{Network: "n", From: "a", To: "b", Mode: intent.PathExplicit, Hops: []slice.Domain{"a", "c", "b"}, Protection: intent.NoProtection}},
	}
	return intent.Status{
		ID: id, Tenant: "blue", Generation: 3, Phase: f.phase, Since: long, Intents: &in,
		Conditions: []intent.Condition{ready, {Type: "Joined", Reason: "NoTunnel", Message: "link a-b\nis down", Since: long}},
		Domains:    []intent.DomainStatus{{Name: "a", Gateway: "a-2", Conditions: []intent.Condition{{Type: "Reachable", Message: "no answer"}}}},
		Links:      []intent.LinkStatus{{Name: "a-b", Cost: 3, Conditions: []intent.Condition{{Type: "Up", Status: true}}}},
		Networks: []intent.NetworkStatus{{
			Name: "n", Type: slice.VNet, Number: 7, CIDR: netip.MustParsePrefix("192.0.2.0/24"), MTU: 1450, Links: []string{"a-b"}, Ready: true,
			Conditions: []intent.Condition{ready},
			Members:    []intent.MemberStatus{{Name: "w", Domain: "a", Node: "a-1", Address: netip.MustParseAddr("192.0.2.1"), MAC: slice.MAC{2, 0, 0, 0, 0, 1}, Ready: true}},
		}},
	}
}

func (f *fake) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	f.note("Apply", in.Slice.ID, o)
	return f.status(in.Slice.ID), nil
}

func (f *fake) Edit(_ context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error) {
	f.note("Edit", id, edits, o)
	if id == "absent" {
		return intent.Status{}, slice.Errorf(slice.NotFound, "slice %s is not there", id)
	}
	return f.status(id), nil
}

func (f *fake) Delete(_ context.Context, id slice.ID, o intent.Order) (bool, error) {
	f.note("Delete", id, o)
	return true, nil
}

func (f *fake) Pause(_ context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error) {
	f.note("Pause", id, paused, o)
	s := f.status(id)
	s.Paused = paused
	return s, nil
}

func (f *fake) Plan(_ context.Context, in intent.Intents) (intent.Difference, error) {
	f.note("Plan", in.Slice.ID)
	return intent.Difference{ID: in.Slice.ID}, nil
}

func (f *fake) PlanEdits(_ context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	f.note("PlanEdits", id, edits)
	return intent.Difference{ID: id, Generation: 3, Changes: []intent.Change{{Domain: "a", Kind: "network", Name: "x", Action: intent.Add, Detail: "new"}}}, nil
}

func (f *fake) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	f.note("PlanDelete", id)
	return intent.Difference{ID: id}, nil
}

func (f *fake) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	f.note("Status", id)
	f.phase = intent.Ready // at the second look
	return f.status(id), nil
}

func (f *fake) List(context.Context, intent.Query) (intent.Page, error) { return intent.Page{}, nil }

func (f *fake) Watch(_ context.Context, q intent.Query, tell func(intent.Moment) error) error {
	f.note("Watch", q)
	s := f.status("s")
	for _, m := range []intent.Moment{{Kind: intent.Changed, Slice: s}, {Kind: intent.Sync}, {Kind: intent.Gone, Slice: intent.Status{ID: "s"}}} {
		if err := tell(m); err != nil {
			return err
		}
	}
	return slice.Errorf(slice.Unavailable, "the SCO goes home")
}

func (f *fake) History(_ context.Context, id slice.ID) ([]intent.Revision, error) {
	f.note("History", id)
	return []intent.Revision{{Generation: 2, Time: long, By: "user/ann", What: "edit", Intents: *f.status(id).Intents}}, nil
}

func (f *fake) PutDomain(_ context.Context, r intent.Registration, o intent.Order) (intent.Registration, error) {
	f.note("PutDomain", r, o)
	return r, nil
}

func (f *fake) Registration(_ context.Context, d slice.Domain) (intent.Registration, error) {
	f.note("Registration", d)
	return registration(d), nil
}

func registration(d slice.Domain) intent.Registration {
	return intent.Registration{
		Name: d, Driver: "direct", Addresses: []string{"192.0.2.1:7002"}, Slices: 2, Info: intent.DomainInfo{Name: d, MTU: 1450, Version: "v1"},
		Conditions: []intent.Condition{{Type: "Reachable", Status: true}, {Type: "ClockInSync", Message: "7 s behind"}},
	}
}

func (f *fake) Registrations(context.Context) ([]intent.Registration, error) {
	f.note("Registrations")
	return []intent.Registration{registration("a")}, nil
}

func (f *fake) VerifyDomain(_ context.Context, d slice.Domain) (intent.Registration, error) {
	f.note("VerifyDomain", d)
	return registration(d), nil
}

func (f *fake) DrainDomain(_ context.Context, d slice.Domain, draining bool) (intent.Registration, error) {
	f.note("DrainDomain", d, draining)
	return registration(d), nil
}

func (f *fake) RemoveDomain(_ context.Context, d slice.Domain) (bool, error) {
	f.note("RemoveDomain", d)
	return true, nil
}

func (f *fake) Events(_ context.Context, q intent.EventQuery) ([]intent.Event, error) {
	f.note("Events", q)
	return []intent.Event{{Number: 9, Time: long, Slice: "s", Object: "network/n", Warning: true, Reason: "Lost", Message: "gone", Count: 4}}, nil
}

func (f *fake) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	all, err := f.Events(ctx, q)
	if err != nil {
		return err
	}
	if err := tell(all[0]); err != nil {
		return err
	}
	return slice.Errorf(slice.Unavailable, "the SCO goes home")
}

func (f *fake) Audit(_ context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error) {
	f.note("Audit", q)
	return []intent.AuditEntry{{Number: 1, Time: long, Caller: "user/ann", Role: "admin", Method: "Apply", Object: "slice/s", Result: "OK"}}, nil
}

func (f *fake) PutQuota(_ context.Context, q intent.Quota) (intent.Quota, error) {
	f.note("PutQuota", q)
	return q, nil
}

func (f *fake) Quotas(context.Context) ([]intent.Quota, error) {
	f.note("Quotas")
	return []intent.Quota{{Tenant: "blue", Slices: 3, Used: &intent.Usage{Slices: 1}}}, nil
}

func (f *fake) Export(_ context.Context, w io.Writer) error {
	_, err := fmt.Fprint(w, "image")
	return err
}

// serve serves a fake and returns it with the flags that lead to it.
func serve(t *testing.T) (*fake, string, []string) {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(pki.Init(dir))
	must(pki.Issue(dir, "sco", pki.SCO))
	must(pki.Issue(dir, "ann", pki.User("ann")))
	pem := func(name string) string { return filepath.Join(dir, name) }
	config, err := pki.ServerTLS(pem("sco.crt"), pem("sco.key"), pem("ca.crt"))
	must(err)
	f := &fake{phase: intent.Ready}
	s := api.NewServer(api.ServerConfig{
		TLS: pki.WithTokens(config), Identify: func(tls.ConnectionState) (string, error) { return "", nil },
		Admit: func(ctx context.Context, _, authorization string) (context.Context, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.tokens = append(f.tokens, authorization)
			return access.With(ctx, access.Caller{Name: "user/ann", Tenant: "blue", Role: access.Operator}), nil
		},
	})
	api.ServeSlices(s, f)
	api.ServeRegistry(s, f)
	api.ServeEvents(s, f)
	api.ServeAdmin(s, f)
	l, err := web.Listen(t.Context(), "unix:"+pem("sco.sock"))
	must(err)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		must(<-ended)
	})
	return f, dir, []string{"--sco=unix:" + pem("sco.sock"), "--tls-cert=" + pem("ann.crt"), "--tls-key=" + pem("ann.key"), "--tls-ca=" + pem("ca.crt")}
}

// typed runs the commands as a shell would.
func typed(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	root := &cobra.Command{Use: "l2sces"}
	root.PersistentFlags().StringP("output", "o", "table", "")
	nowhere := func(string) (cli.Place, error) { return cli.Place{}, slice.Errorf(slice.Unavailable, "no lab") }
	root.AddCommand(cli.Commands(cli.Door{Find: nowhere})...)
	d := &cli.Door{Find: nowhere}
	slices := &cobra.Command{Use: "slice"}
	d.Flags(slices.PersistentFlags())
	slices.AddCommand(cli.SliceCommands(d)...)
	root.AddCommand(slices)
	var out, faults bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&faults)
	status = program.Execute(root, &faults)
	return status, out.String(), faults.String()
}
