package onboard_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A world is an OSM, and a desk before it.
type world struct {
	t    *testing.T
	nbi  *osmtest.NBI
	desk onboard.Desk

	mu   sync.Mutex
	said []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, nbi: osmtest.New()}
	server := httptest.NewUnstartedServer(w.nbi)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	c, err := osm.New(osm.Config{URL: server.URL, User: osmtest.User, Password: osmtest.Password, Pause: time.Microsecond, Tries: 2})
	must(t, err)
	t.Cleanup(c.Close)
	w.desk = onboard.Desk{NBI: c, Say: w.hear, Every: time.Millisecond, Timeout: 5 * time.Second}
	return w
}

// hear keeps what is said, without ids.
func (w *world) hear(r onboard.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf("%s %s %s %s", r.Kind, r.Name, r.Act, r.State))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr wants an error of a kind that says something.
func wantErr(t *testing.T, err error, kind slice.Kind, says ...string) {
	t.Helper()
	if err == nil || slice.KindOf(err) != kind {
		t.Fatalf("%v, want an error of kind %s", err, kind)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
}

// acts says in short what results are.
func acts(results []onboard.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, fmt.Sprintf("%s:%s:%s", r.Name, r.Act, r.State))
	}
	return strings.Join(all, " ")
}

// changes counts the requests that change something.
func (w *world) changes() (count int) {
	for _, r := range w.nbi.Requests() {
		if r.Method != "GET" && r.Path != "/admin/v1/tokens" {
			count++
		}
	}
	return count
}

// The descriptors of one small slice.
const (
	vnfdText = "vnfd:\n  id: any-knf\n  product-name: any\n"
	nsdText  = `nsd:
  nsd:
  - id: %s
    name: %[1]s
    vnfd-id: [any-knf]
    virtual-link-desc: [{id: data}]
    sapd: [{id: data-sap, virtual-link-desc: data}]
`
	nstText = `nst:
- id: town
  name: town
  netslice-subnet:
  - {id: a, description: one, nsd-ref: a-ns}
  - {id: b, description: two, nsd-ref: b-ns}
  netslice-vld:
  - id: video
    name: video
    nss-connection-point-ref:
    - {nss-ref: a, nsd-connection-point-ref: data-sap}
    - {nss-ref: b, nsd-connection-point-ref: data-sap}
`
)

func (w *world) one(kind osm.Kind, id, text string, needs ...string) onboard.Package {
	archive := osmtest.Archive(w.t, id, map[string]string{id + ".yaml": text})
	return onboard.Package{Name: id, Kind: kind, ID: id, Needs: needs, Read: func() ([]byte, error) { return archive, nil }}
}

// packages are those of the slice, in no good order.
func (w *world) packages() []onboard.Package {
	return []onboard.Package{
		w.one(osm.NST, "town", nstText, "a-ns", "b-ns"),
		w.one(osm.NSD, "b-ns", fmt.Sprintf(nsdText, "b-ns"), "any-knf"),
		w.one(osm.NSD, "a-ns", fmt.Sprintf(nsdText, "a-ns"), "any-knf"),
		w.one(osm.VNFD, "any-knf", vnfdText),
	}
}

// kubeconfig is one that OSM can use.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://192.0.2.9:6443', certificate-authority-data: LS0t}}]
users: [{name: u, user: {token: very-secret-token}}]
contexts: []
`

// files are what a file of accounts refers to.
func files() fs.FS {
	return fstest.MapFS{
		"kube.yaml":    {Data: []byte(kubeconfig)},
		"outside.yaml": {Data: []byte("clusters: []\nusers: [{name: u, user: {client-key: /elsewhere/key}}]\n")},
		"broken.yaml":  {Data: []byte("users: [{token: very-secret-token\n")},
		"none.yaml":    {Data: []byte("a: b\n")},
		"hush":         {Data: []byte("very-secret\n")},
		"long":         {Data: []byte(strings.Repeat("very-secret", 9))},
		"ca.pem":       {Data: []byte("-----BEGIN CERTIFICATE-----\n")},
	}
}

// endpoints are those of three domains, one of them without a switch.
type endpoints struct{ err error }

func (e endpoints) Endpoint(_ context.Context, name string) (onboard.Endpoint, error) {
	if e.err != nil {
		return onboard.Endpoint{}, e.err
	}
	known := map[string]onboard.Endpoint{
		"field":  {Name: "field", UUID: "7a0e1b1e-0000-5000-8000-000000000001", Device: 0x11},
		"fire":   {Name: "fire", UUID: "7a0e1b1e-0000-5000-8000-000000000002", Device: 0x12, Port: 3},
		"away":   {Name: "away", UUID: "7a0e1b1e-0000-5000-8000-000000000003"},
		"camera": {Name: "field/cam.1", UUID: "7a0e1b1e-0000-5000-8000-000000000005", Workload: true},
		"tablet": {Name: "tablet", UUID: "7a0e1b1e-0000-5000-8000-000000000004", Device: 0x13, Workload: true},
	}
	if found, ok := known[name]; ok {
		return found, nil
	}
	return onboard.Endpoint{}, slice.Errorf(slice.NotFound, "there is no endpoint %q", name)
}

func sources() onboard.Sources {
	all := files()
	return onboard.Sources{Open: func(name string) ([]byte, error) { return fs.ReadFile(all, name) }, Endpoints: endpoints{}}
}
