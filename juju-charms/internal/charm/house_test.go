package charm_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gruyaume/goops/goopstest"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A house is what charms drive: a real SCO and a real SDN controller with
// switches in memory, at their doors with certificates.
type house struct {
	t         *testing.T
	dir       string // of certificates
	sco, sdnc string // addresses
	control   *sdnc.Controller
	orders    *sco.SCO
	events    *nbi.Events
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), events: &nbi.Events{Now: time.Now}}
	must(t, pki.Init(h.dir))
	for name, id := range map[string]pki.Identity{"sco": pki.SCO, "sdnc": pki.SDNC("field"), "ann": pki.User("ann"), "n1": pki.Node("field", "n1")} {
		must(t, pki.Issue(h.dir, name, id))
	}
	var err error
	h.control, err = sdnc.New(sdnc.Config{Domain: "field", Gateway: "n1", Store: &fabrictest.Store{}})
	must(t, err)
	h.node("n1", "camera")
	h.node("n2", "phone")
	h.orders, err = sco.New(sco.Config{Domains: sco.Fixed{"field": h.control}, Store: &fabrictest.Store{}})
	must(t, err)
	h.serveSDNC()
	h.serveSCO()
	return h
}

// node connects a switch and an agent that does at once what is wanted.
func (h *house) node(n slice.Node, members ...slice.Workload) {
	ctx, cancel := context.WithCancel(h.t.Context())
	h.t.Cleanup(cancel)
	memory := flowtest.NewMemory(slice.DPIDOf("field", n, bridge.SPS))
	go func() { _ = h.control.Fabric().Engine().Serve(ctx, memory) }() // ends with its context
	r := bridge.Report{
		Domain: "field", Node: n, Bridge: bridge.SPS, MTU: 1450, Members: members,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, n[len(n)-1]}),
	}
	reports := make(chan bridge.Report, 8)
	reports <- r
	joined, once := make(chan struct{}), sync.Once{}
	go func() {
		_ = h.control.Fabric().Keep(ctx, reports, func(w bridge.Wanted) error {
			r.Applied, r.Ports = w.Revision, nil
			for _, p := range w.Bridge.Ports {
				r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			select {
			case <-reports:
			default:
			}
			reports <- r
			once.Do(func() { close(joined) })
			return nil
		}) // ends with its context
	}()
	<-joined
	within, stop := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer stop()
	must(h.t, h.control.Fabric().Settle(within))
}

func (h *house) file(name string) string { return filepath.Join(h.dir, name) }

func (h *house) server(name string) *tls.Config {
	config, err := pki.ServerTLS(h.file(name+".crt"), h.file(name+".key"), h.file("ca.crt"))
	must(h.t, err)
	return config
}

func identify(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	return string(id), err
}

// people lets those in who are no node.
func people(caller, method string) error {
	if _, _, node := pki.Identity(caller).Node(); node {
		return slice.Errorf(slice.Denied, "%s may not call %s", caller, method)
	}
	return nil
}

func (h *house) serveSDNC() {
	door := httptest.NewUnstartedServer(nbi.NewAPI(nbi.APIConfig{
		Networks: h.control, Switches: h.control.Fabric(), Events: h.events, Identify: identify, Authorize: people,
	}))
	door.TLS = h.server("sdnc")
	door.Config.ReadHeaderTimeout = time.Second
	door.StartTLS()
	h.t.Cleanup(door.Close)
	h.sdnc = door.Listener.Addr().String()
}

// near is a domain in this process.
type near struct{ *sdnc.Controller }

func (near) Close() error { return nil }

func (h *house) serveSCO() {
	domains, err := registry.New(registry.Config{
		Store: &fabrictest.Store{}, Use: h.orders.Use, Tell: h.orders.Tell,
		Open:   func(context.Context, intent.Registration) (registry.Driver, error) { return near{h.control}, nil },
		Static: []intent.Registration{{Name: "field", Driver: "direct", Addresses: []string{"192.0.2.1:7002"}}},
	})
	must(h.t, err)
	gate, err := access.New(access.Config{Holdings: h.orders, Store: &fabrictest.Store{}, Logger: slog.New(slog.DiscardHandler)})
	must(h.t, err)
	s := api.NewServer(api.ServerConfig{TLS: h.server("sco"), Identify: identify, Admit: gate.Admit, Authorize: people})
	api.ServeSlices(s, gate.Slices(h.orders))
	api.ServeRegistry(s, gate.Registry(domains))
	api.ServeEvents(s, gate.Events(h.orders))
	api.ServeAdmin(s, gate.Admin(nil))
	l, err := new(net.ListenConfig).Listen(h.t.Context(), "tcp", "127.0.0.1:0")
	must(h.t, err)
	go func() { _ = s.Serve(l) }() // says that it was stopped
	h.t.Cleanup(s.Stop)
	h.sco = l.Addr().String()
	_, err = domains.VerifyDomain(h.t.Context(), "field")
	must(h.t, err)
}

const secretID = "secret:d00d"

// secrets holds the certificate of somebody, as Juju does.
func (h *house) secrets(who string) []goopstest.Secret {
	text := func(name string) string {
		data, err := os.ReadFile(h.file(name))
		must(h.t, err)
		return string(data)
	}
	return []goopstest.Secret{{ID: secretID, Content: map[string]string{
		"tls-crt": text(who + ".crt"), "tls-key": text(who + ".key"), "ca-crt": text("ca.crt"),
	}}}
}

// state is a unit with options.
func (h *house) state(options map[string]any) goopstest.State {
	return goopstest.State{Leader: true, Config: options, Secrets: h.secrets("ann"), StoredState: goopstest.StoredState{}}
}

// toSCO are options that lead to the SCO, and toSDNC to the SDN controller.
func (h *house) toSCO() map[string]any {
	return map[string]any{"sco": h.sco, "credentials": secretID, "domain": "field"}
}

func (h *house) toSDNC() map[string]any {
	return map[string]any{"sdnc": h.sdnc, "credentials": secretID, "domain": "field"}
}

// order makes a slice.
func (h *house) order(id slice.ID) {
	h.t.Helper()
	in, err := intent.FromYAML("line", []byte(line))
	must(h.t, err)
	in.Slice.ID, in.Slice.Tenant = id, "press"
	status, err := h.orders.Apply(h.t.Context(), in, intent.Order{})
	must(h.t, err)
	if status.Phase != intent.Ready {
		h.t.Fatalf("slice %s is %s: %s", id, status.Phase, status.Message)
	}
}
