package watch_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// spanning orders a subnet whose service has a member at each of two VIM accounts.
func (w *world) spanning(links ...any) map[string]any {
	return map[string]any{
		"id": "span", "vimAccountId": w.vims["alpha"], "vld": links,
		"vnf": []any{
			map[string]any{"member-vnf-index": "m1", "vimAccountId": w.vims["alpha"]},
			map[string]any{"member-vnf-index": "m2", "vimAccountId": w.vims["beta"]},
		},
	}
}

// wim registers a WIM account that covers VIM accounts with a tag.
func (w *world) wim(name string, vlan int, vims ...string) string {
	w.t.Helper()
	ports := []any{}
	for _, v := range vims {
		ports = append(ports, map[string]any{
			"datacenter_id": v, "device_id": "0000000000000011", "device_interface_id": "3", "service_endpoint_id": "ned-" + v,
			"service_mapping_info": map[string]any{"encapsulation": map[string]any{"type": "dot1q", "vlan": vlan}},
		})
	}
	id, err := w.admin.CreateAccount(w.t.Context(), osm.WIMs, map[string]any{
		"name": name, "wim_type": "onos_vpls", "wim_url": "http://x", "config": map[string]any{"wim_port_mapping": ports},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// vpls puts what the WIM was asked for into the book.
func (w *world) vpls(id string, vlan slice.VLAN, domains ...slice.Domain) {
	w.t.Helper()
	in := intent.Intents{Slice: intent.Slice{Networks: []intent.Network{{Name: "net", Domains: domains}}}}
	s := service.Service{Key: service.Key{ID: id}, Tenant: "press"}
	for _, d := range domains {
		in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: d})
		s.HandOffs = append(s.HandOffs, service.HandOff{Network: "net", Domain: d, VLAN: vlan, Claims: true})
	}
	s.Intents = in
	err := w.book.Update(w.t.Context(), service.VPLS, "wim", func(tx *service.Tx) error {
		tx.Put(s)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) kept(nsi string) (s service.Service) {
	w.book.View(service.NSI, "osm", func(tx *service.Tx) { s, _ = tx.Service(nsi) })
	return s
}

// ports are endpoints for tests.
type ports map[string]slice.Domain

func (p ports) Find(_ context.Context, _ slice.Tenant, name string) (endpoint.Endpoint, error) {
	if d, ok := p[name]; ok {
		return endpoint.Endpoint{Name: name, Domain: d}, nil
	}
	return endpoint.Endpoint{}, slice.Errorf(slice.NotFound, "no endpoint %s", name)
}

func (p ports) At(ctx context.Context, t slice.Tenant, device slice.DPID, _ slice.Port) (endpoint.Endpoint, error) {
	return p.Find(ctx, t, device.String())
}

// Where one service spans VIM accounts OSM asks a WIM. Its connection and the
// network of the slice are one, by the tags.
func TestSpanning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tag := func(a, b slice.VLAN) []service.HandOff {
			return []service.HandOff{{Network: "video", Domain: "alpha", VLAN: a}, {Network: "video", Domain: "beta", VLAN: b}}
		}
		for name, tc := range map[string]struct {
			links func(w *world) []any
			wims  func(w *world)
			want  []service.HandOff
		}{
			"by the account": {nil, func(w *world) { w.wim("one", 600, "alpha", "beta", "gamma"); w.wim("half", 601, "alpha") }, tag(600, 600)},
			"no account":     {nil, func(w *world) { w.wim("half", 601, "alpha") }, nil},
			"two accounts":   {nil, func(w *world) { w.wim("one", 600, "alpha", "beta"); w.wim("two", 601, "alpha", "beta") }, nil},
			"one is named": {
				func(w *world) []any {
					w.wim("one", 600, "alpha", "beta")
					return []any{map[string]any{"name": "data", "wimAccountId": w.wim("two", 601, "alpha", "beta")}}
				}, nil, tag(601, 601),
			},
			"none is wanted": {
				func(*world) []any { return []any{map[string]any{"name": "data", "wimAccountId": false}} },
				func(w *world) { w.wim("one", 600, "alpha", "beta") }, nil,
			},
			"ports": {
				func(*world) []any {
					return []any{map[string]any{"name": "data", "provider-network": map[string]any{"sdn-ports": []any{
						map[string]any{"switch_id": "00:00:00:00:00:00:00:11", "switch_port": "3", "vlan": 700},
						map[string]any{"switch_id": "x", "switch_port": "3", "vlan": "701", "service_endpoint_id": "ned-b"},
						map[string]any{"switch_id": "x", "switch_port": "3", "vlan": 702, "service_endpoint_id": "nowhere"},
						map[string]any{"service_endpoint_id": "ned-c", "vlan": 5000},
						map[string]any{"service_endpoint_id": "ned-c", "vlan": map[string]any{}},
					}}}}
				}, func(w *world) { w.wim("one", 600, "alpha", "beta") }, tag(700, 701),
			},
		} {
			w := newWorld(t)
			w.cfg.Endpoints = ports{"0000000000000011": "alpha", "ned-b": "beta", "ned-c": "gamma"}
			w.restart()
			var links []any
			if tc.wims != nil {
				tc.wims(w)
			}
			if tc.links != nil {
				links = tc.links(w)
			}
			nsi := w.running("s", "spanning", nil, map[string]any{"netslice-subnet": []any{w.spanning(links...)}})
			w.want("press/s video[alpha beta]")
			if got := w.kept(nsi).HandOffs; !slices.Equal(got, tc.want) {
				t.Fatalf("%s: %v, want %v", name, got, tc.want)
			}
		}
	})
}

// Slice and connection come in any order, and are one network either way; the end
// of one leaves the other.
func TestSpanningIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, first := range []string{"slice", "connection"} {
			w := newWorld(t)
			w.wim("one", 600, "alpha", "beta")
			nsi := w.order("s", "spanning", nil, map[string]any{"netslice-subnet": []any{w.spanning()}})
			if first == "connection" {
				w.vpls("wire", 600, "alpha", "beta")
			}
			w.nbi.Start(nsi)
			w.poll()
			if first == "slice" {
				w.vpls("wire", 600, "alpha", "beta")
			}
			w.nbi.Finish(nsi)
			w.poll()
			if got := w.networks(); got != 1 {
				t.Errorf("%s first: %d networks in the SCO: %q", first, got, w.sco.state())
			}
			w.nbi.Terminated(nsi)
			w.poll()
			if got := w.networks(); got != 1 {
				t.Errorf("%s first: after the slice %d networks: %q", first, got, w.sco.state())
			}
		}
	})
}

func (w *world) networks() (count int) {
	w.sco.mu.Lock()
	defer w.sco.mu.Unlock()
	for _, in := range w.sco.slices {
		count += len(in.Slice.Networks)
	}
	return count
}

// One service that spans, and one beside it.
func TestMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.wim("one", 600, "alpha", "beta", "gamma")
		nsi := w.running("s", "mixed", nil, map[string]any{"netslice-subnet": []any{w.spanning(), map[string]any{"id": "c", "vimAccountId": w.vims["gamma"]}}})
		w.vpls("wire", 600, "alpha", "beta")
		w.want("press/s video[alpha beta gamma]")
		if got := w.kept(nsi).HandOffs; len(got) != 2 || got[1].Domain != "beta" {
			t.Errorf("OSM asks a WIM for the service that spans alone, not %v", got)
		}
		w.nbi.FailService(w.nbi.Services(nsi)[0]) // with both its domains
		w.poll()
		if got := w.kept(nsi).Intents.Slice.Domains; len(got) != 1 || got[0].Name != "gamma" {
			t.Errorf("%v", got)
		}
	})
}

// What a WIM made is named in the record of the service, if OSM writes it there.
func TestWIMJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vpls("wire", 77, "alpha", "beta")
		nsi := w.running("s", "spanning", nil, map[string]any{"netslice-subnet": []any{w.spanning()}})
		w.nbi.Info(w.nbi.Services(nsi)[0], "data", "wim:x", "wire")
		w.poll()
		want := []service.Join{{Network: "video", With: service.Key{Door: service.VPLS, Account: "wim", ID: "wire"}}}
		if got := w.kept(nsi).Joins; !slices.Equal(got, want) || w.networks() != 1 {
			t.Errorf("%v, %q", got, w.sco.state())
		}
	})
}
