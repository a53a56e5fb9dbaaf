package watch_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/watch"
)

// A store is memory that survives a killed plugin.
type store struct {
	mu      sync.Mutex
	buckets map[string]map[string][]byte
}

func (s *store) List(bucket string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.buckets[bucket]), nil
}

func (s *store) WriteAll(values map[string]map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for bucket, all := range values {
		if s.buckets[bucket] == nil {
			s.buckets[bucket] = map[string][]byte{}
		}
		for key, v := range all {
			if v == nil {
				delete(s.buckets[bucket], key)
			} else {
				s.buckets[bucket][key] = slices.Clone(v)
			}
		}
	}
	return nil
}

// An sco keeps slices, and writes down each change.
type sco struct {
	mu     sync.Mutex
	slices map[slice.ID]intent.Intents
	log    []string
	refuse error
}

func (s *sco) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return intent.Status{}, s.refuse
	}
	intent.Default(&in)
	if err := in.Validate(); err != nil {
		return intent.Status{}, err
	}
	st := intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Phase: intent.Ready, Generation: 1}
	if old, there := s.slices[in.Slice.ID]; o.DryRun || there && reflect.DeepEqual(old.Canonical(), in.Canonical()) {
		return st, nil
	}
	s.slices[in.Slice.ID] = in
	s.log = append(s.log, "put "+text(in))
	return st, nil
}

func (s *sco) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, there := s.slices[id]
	if !there {
		return intent.Status{}, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	return intent.Status{ID: id, Tenant: in.Slice.Tenant, Phase: intent.Ready, Generation: 1, Intents: &in}, nil
}

func (s *sco) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.slices[id]
	if there {
		s.log = append(s.log, "delete "+string(id))
	}
	delete(s.slices, id)
	return there, nil
}

// text says in one line what a slice consists of.
func text(in intent.Intents) string {
	in = in.Canonical()
	var nets []string
	for _, n := range in.Slice.Networks {
		nets = append(nets, fmt.Sprintf("%s%s%v", n.Name, map[bool]string{true: "(vlink)"}[n.Type == slice.VLink], n.Domains))
	}
	return fmt.Sprintf("%s/%s %s", in.Slice.Tenant, in.Slice.ID, strings.Join(nets, " "))
}

// state says what there is.
func (s *sco) state() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.slices {
		all = append(all, text(in))
	}
	slices.Sort(all)
	return all
}

func (s *sco) changes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// pipes are connections in memory, so that a bubble of synctest can hold them.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A world is OSM, the SCO and a plugin between them.
type world struct {
	t      *testing.T
	nbi    *osmtest.NBI
	admin  *osm.Client // who onboards and orders
	client *osm.Client
	store  *store
	sco    *sco
	cfg    watch.Config

	book    *service.Book
	watcher *watch.Watcher
	end     func()

	nst  map[string]string // ids at OSM, by those of the templates
	vims map[string]string // by name
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, nbi: osmtest.New(), store: &store{buckets: map[string]map[string][]byte{}}, sco: &sco{slices: map[slice.ID]intent.Intents{}},
		cfg: watch.Config{Account: "osm", Tenant: "press"}, nst: map[string]string{}, vims: map[string]string{},
	}
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: w.nbi, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Hour}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(p) }() // it ends with the listener
	t.Cleanup(func() { _ = server.Close(); <-ended })       // its listener is closed once
	for _, c := range []**osm.Client{&w.admin, &w.client} {
		var err error
		*c, err = osm.New(osm.Config{URL: "http://osm", User: osmtest.User, Password: osmtest.Password, Dial: p.dial, Tries: 3, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*c).Close)
	}
	w.onboard()
	w.start()
	t.Cleanup(func() { w.end() })
	return w
}

// start starts a plugin over what the store holds.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.book, err = service.New(service.Config{Store: w.store, Slices: w.sco, Now: time.Now}); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.book.Run(ctx) }()
	w.end = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	w.newWatcher()
}

func (w *world) newWatcher() { w.watcher = watch.New(w.client, w.book, w.cfg) }

// restart is a plugin that is killed and comes back.
func (w *world) restart() {
	w.t.Helper()
	w.end()
	w.start()
}

// nsd is a service with a link data and a point data-sap; nsdOf2 one with two members.
func nsd(id string, members ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "nsd:\n  nsd:\n  - id: %s\n    name: %s\n    version: '1.0'\n    vnfd-id: [any-knf]\n", id, id)
	b.WriteString("    virtual-link-desc: [{id: mgmtnet, mgmt-network: true}, {id: data}]\n    sapd: [{id: mgmt-sap, virtual-link-desc: mgmtnet}, {id: data-sap, virtual-link-desc: data}]\n")
	b.WriteString("    df:\n    - id: default-df\n      vnf-profile:\n")
	for _, m := range members {
		fmt.Fprintf(&b, "      - id: %s\n        vnfd-id: any-knf\n        virtual-link-connectivity:\n", m)
		fmt.Fprintf(&b, "        - {virtual-link-profile-id: data, constituent-cpd-id: [{constituent-base-element-id: %s, constituent-cpd-id: c}]}\n", m)
	}
	return b.String()
}

// template is one with a link over subnets, each of the service with its name.
func template(id string, subnets ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "nst:\n- id: %s\n  name: %s\n  SNSSAI-identifier: {slice-service-type: eMBB}\n  quality-of-service: {id: 9}\n  netslice-subnet:\n", id, id)
	for _, s := range subnets {
		fmt.Fprintf(&b, "  - {id: %s, description: %s, is-shared-nss: false, nsd-ref: %s-ns}\n", s, s, s)
	}
	b.WriteString("  netslice-vld:\n  - id: video\n    name: video\n    type: ELAN\n    leaf-bandwidth: 1000000\n    nss-connection-point-ref:\n")
	for _, s := range subnets {
		fmt.Fprintf(&b, "    - {nss-ref: %s, nsd-connection-point-ref: data-sap}\n", s)
	}
	return b.String()
}

func (w *world) onboard() {
	w.t.Helper()
	w.upload(osm.VNFD, "any_knf", map[string]string{"vnfd.yaml": "vnfd:\n  id: any-knf\n  product-name: any-knf\n"})
	for _, name := range []string{"a", "b", "c"} {
		w.upload(osm.NSD, name+"_ns", map[string]string{"nsd.yaml": nsd(name+"-ns", "m")})
	}
	w.upload(osm.NSD, "span_ns", map[string]string{"nsd.yaml": nsd("span-ns", "m1", "m2")})
	for id, subnets := range map[string][]string{"two": {"a", "b"}, "spanning": {"span"}, "mixed": {"span", "c"}, "lone": {"a"}} {
		w.nst[id] = w.upload(osm.NST, id, map[string]string{"nst.yaml": template(id, subnets...)})
	}
	for _, name := range []string{"alpha", "beta", "gamma"} {
		id, err := w.admin.CreateAccount(w.t.Context(), osm.VIMs, map[string]string{
			"name": name, "vim_type": "dummy", "vim_url": "http://x", "vim_user": "u", "vim_password": "secret-of-a-vim", "vim_tenant_name": "t",
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.vims[name] = id
	}
}

func (w *world) upload(k osm.Kind, name string, files map[string]string) string {
	w.t.Helper()
	id, err := w.admin.Upload(w.t.Context(), k, name, osmtest.Archive(w.t, name, files))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// order orders a slice. Subnets are at VIM accounts, by names.
func (w *world) order(name, nst string, at map[string]string, more map[string]any) (nsi string) {
	w.t.Helper()
	var subnets []any
	for _, s := range slices.Sorted(maps.Keys(at)) {
		subnets = append(subnets, map[string]any{"id": s, "vimAccountId": w.vims[at[s]]})
	}
	values := map[string]any{"nsiName": name, "nstId": w.nst[nst], "vimAccountId": w.vims["alpha"], "netslice-subnet": subnets}
	maps.Copy(values, more)
	started, err := w.admin.Instantiate(w.t.Context(), osm.Slices(), values)
	if err != nil {
		w.t.Fatal(err)
	}
	return started.ID
}

// running orders a slice and lets it run.
func (w *world) running(name, nst string, at map[string]string, more map[string]any) (nsi string) {
	w.t.Helper()
	nsi = w.order(name, nst, at, more)
	w.nbi.Start(nsi)
	w.nbi.Finish(nsi)
	return nsi
}

// poll polls, and wants no trouble.
func (w *world) poll() {
	w.t.Helper()
	if err := w.watcher.Poll(w.t.Context()); err != nil {
		w.t.Errorf("poll: %v", err)
	}
}

// want polls and compares what the SCO has.
func (w *world) want(want ...string) {
	w.t.Helper()
	w.poll()
	w.have(want...)
}

func (w *world) have(want ...string) {
	w.t.Helper()
	if got := w.sco.state(); !slices.Equal(got, want) {
		w.t.Errorf("the SCO has %q, want %q; faults %v", got, want, w.watcher.Faults())
	}
}

// silent wants that the watcher has written nothing into OSM.
func (w *world) silent() {
	w.t.Helper()
	for _, r := range w.nbi.Requests() {
		login := r.Method == http.MethodPost && (r.Path == "/admin/v1/tokens" || r.Path == "/nslcm/v1/subscriptions")
		if r.Method != http.MethodGet && !login {
			w.t.Errorf("the watcher wrote into OSM: %s %s", r.Method, r.Path)
		}
	}
}

func known(all []slice.Domain) func(context.Context) ([]slice.Domain, error) {
	return func(context.Context) ([]slice.Domain, error) { return all, nil }
}

func archive(t *testing.T, name string, files map[string]string) []byte {
	t.Helper()
	return osmtest.Archive(t, name, files)
}
