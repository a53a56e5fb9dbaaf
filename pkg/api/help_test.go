package api_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority has a certificate of each identity that the tests use.
type authority string

func newAuthority(t *testing.T) authority {
	t.Helper()
	dir := t.TempDir()
	if err := pki.Init(dir); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]pki.Identity{"sco": pki.SCO, "plugin": pki.Plugin, "n1": pki.Node("field", "n1")} {
		if err := pki.Issue(dir, name, id); err != nil {
			t.Fatal(err)
		}
	}
	return authority(dir)
}

func (a authority) files(name string) (cert, key, ca string) {
	dir := string(a)
	return filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"), filepath.Join(dir, "ca.crt")
}

// dial connects the holder of a certificate with a server of the SCO.
func (a authority) dial(t *testing.T, name, address string) *grpc.ClientConn {
	t.Helper()
	conf, err := pki.ClientTLS(a.files(name))
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, address, conf)
}

func dial(t *testing.T, address string, conf *tls.Config) *grpc.ClientConn {
	t.Helper()
	conn, err := api.Dial(address, conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// server is a gRPC server on loopback.
type server struct {
	*grpc.Server
	address string
	log     *buffer
}

// serve starts a server as the SCO, at an address or anywhere. The node n1 and
// the SCO may do everything, the plugin only what ends in Slice.
func (a authority) serve(t *testing.T, address string, register func(*grpc.Server)) server {
	t.Helper()
	conf, err := pki.ServerTLS(a.files("sco"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	log := &buffer{}
	s := api.NewServer(api.ServerConfig{
		TLS: conf, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Identify: identify,
		Authorize: func(caller, method string) error {
			if caller == string(pki.Plugin) && !strings.HasSuffix(method, "Slice") {
				return slice.Errorf(slice.Denied, "%s may not use %s", caller, method)
			}
			return nil
		},
	})
	register(s)
	var wait sync.WaitGroup
	wait.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	t.Cleanup(func() { s.Stop(); wait.Wait() })
	return server{s, l.Addr().String(), log}
}

func identify(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	return string(id), err
}

const anywhere = "127.0.0.1:0"

// buffer is a log that several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// exact compares values of the house.
var exact = cmp.Options{
	cmp.Comparer(func(x, y netip.Addr) bool { return x == y }),
	cmp.Comparer(func(x, y netip.Prefix) bool { return x == y }),
}

// full returns a value no field of which is zero, however deep. A field that
// is new in the value and not in the message makes the round trip fail.
func full[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{192, 0, 2, byte(*n)})
		return
	case *netip.Prefix:
		*p = netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(*n)}), 24)
		return
	case *time.Time:
		*p = time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
		return
	case *slice.MAC:
		*p = slice.MAC{2, 0, 0, 0, 0, byte(*n)}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, value, n)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(strings.Repeat("x", *n%40+1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("cannot fill a %s", v.Type())
	}
}

// house is everything that can be served. It answers with what it has, and
// keeps what it was given.
type house struct {
	mu       sync.Mutex
	err      error
	panics   bool
	in       intent.Intents
	order    intent.Order
	query    intent.Query
	next     string
	status   intent.Status
	segments []intent.Segment
	ids      []slice.NetworkID
	states   []intent.SegmentStatus
	info     intent.DomainInfo
	existed  bool
	id       slice.ID

	edits      []intent.Edit
	paused     bool
	difference intent.Difference
	moments    []intent.Moment
	revisions  []intent.Revision
}

func (h *house) fault() error {
	if h.panics {
		panic("a broken program")
	}
	return h.err
}

type sliceHouse struct{ *house }

func (h sliceHouse) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.in, h.order = in, o
	return h.status, h.fault()
}

func (h sliceHouse) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	h.id = id
	return h.status, h.fault()
}

func (h sliceHouse) List(_ context.Context, q intent.Query) (intent.Page, error) {
	h.query = q
	return intent.Page{Slices: []intent.Status{h.status}, Next: h.next}, h.fault()
}

func (h sliceHouse) Delete(_ context.Context, id slice.ID, o intent.Order) (bool, error) {
	h.id, h.order = id, o
	return h.existed, h.fault()
}

func (h sliceHouse) Edit(_ context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error) {
	h.id, h.edits, h.order = id, edits, o
	return h.status, h.fault()
}

func (h sliceHouse) Pause(_ context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error) {
	h.id, h.paused, h.order = id, paused, o
	return h.status, h.fault()
}

func (h sliceHouse) Plan(_ context.Context, in intent.Intents) (intent.Difference, error) {
	h.in = in
	return h.difference, h.fault()
}

func (h sliceHouse) PlanEdits(_ context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	h.id, h.edits = id, edits
	return h.difference, h.fault()
}

func (h sliceHouse) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	h.id, h.edits = id, nil
	return h.difference, h.fault()
}

// Watch tells the moments that the house has, and waits for the end if there is
// no fault.
func (h sliceHouse) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	h.query = q
	for _, m := range h.moments {
		if err := tell(m); err != nil {
			return err
		}
	}
	if err := h.fault(); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h sliceHouse) History(_ context.Context, id slice.ID) ([]intent.Revision, error) {
	h.id = id
	return h.revisions, h.fault()
}

type domainHouse struct{ *house }

func (h domainHouse) Apply(_ context.Context, s []intent.Segment) ([]intent.SegmentStatus, error) {
	h.segments = s
	return h.states, h.fault()
}

func (h domainHouse) Delete(_ context.Context, ids []slice.NetworkID) error {
	h.ids = ids
	return h.fault()
}

func (h domainHouse) List(context.Context) ([]intent.SegmentStatus, error) {
	return h.states, h.fault()
}

func (h domainHouse) Info(context.Context) (intent.DomainInfo, error) { return h.info, h.fault() }

// nodes keeps agents by a function.
type nodes func(context.Context, <-chan bridge.Report, func(bridge.Wanted) error) error

func (f nodes) Keep(ctx context.Context, r <-chan bridge.Report, send func(bridge.Wanted) error) error {
	return f(ctx, r, send)
}
