package sco_test

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an SCO over the domains a, b and c, each with a NED, inside a
// bubble of testing/synctest: time stands still until everybody waits.
type world struct {
	*sco.SCO
	t       *testing.T
	cfg     sco.Config
	store   *fabrictest.Store
	domains map[slice.Domain]*domain
	neds    map[slice.Node]*flowtest.Memory
	ctx     context.Context //nolint:containedctx // of everything in the bubble
	stop    context.CancelFunc
}

func in(t *testing.T, cfg sco.Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, cfg: cfg, store: &fabrictest.Store{},
			domains: map[slice.Domain]*domain{}, neds: map[slice.Node]*flowtest.Memory{},
		}
		w.cfg.Store, w.cfg.Logger = w.store, cmp.Or(w.cfg.Logger, slog.New(slog.DiscardHandler))
		fixed := sco.Fixed{}
		w.cfg.Domains = fixed
		for _, name := range []slice.Domain{"a", "b", "c"} {
			d := &domain{
				gateway: slice.Node(name + "-gw"), mtu: 1450, fail: map[call]error{},
				segments: map[slice.NetworkID]intent.Segment{}, labels: map[slice.NetworkID]slice.VLAN{},
			}
			w.domains[name], fixed[name] = d, d
		}
		w.start()
		defer func() { w.stop(); synctest.Wait() }()
		test(w)
	})
}

// start starts the SCO, without its loop, and joins the NEDs.
func (w *world) start() {
	w.t.Helper()
	s, err := sco.New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.SCO = s
	w.ctx, w.stop = context.WithCancel(w.t.Context())
	for _, name := range slices.Sorted(maps.Keys(w.domains)) {
		w.join(name)
	}
}

// join connects switch and agent of the NED of a domain.
func (w *world) join(name slice.Domain) {
	node := w.domains[name].gateway
	if old := w.neds[node]; old != nil {
		w.neds[node] = old.Reconnect()
	} else {
		w.neds[node] = flowtest.NewMemory(slice.DPIDOf(name, node, bridge.NED))
	}
	ctx, f, sw := w.ctx, w.Fabric(), w.neds[node]
	r := bridge.Report{
		Domain: name, Node: node, Bridge: bridge.NED, MTU: 1450,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, name[0]}),
	}
	reports := make(chan bridge.Report, 8)
	reports <- r
	go func() { _ = f.Engine().Serve(ctx, sw) }()
	go func() {
		_ = f.Keep(ctx, reports, func(b bridge.Wanted) error {
			r.Applied, r.Ports = b.Revision, nil
			for _, p := range b.Bridge.Ports {
				r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			reports <- r
			return nil
		})
	}()
	synctest.Wait()
}

// restart ends the SCO, with all lines to it, and starts another.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	synctest.Wait()
	w.start()
}

// loop starts the loop and lets some of its rounds go by.
func (w *world) loop() {
	go w.Run(w.ctx)
	w.rounds()
}

// rounds lets time go by for all that a round of the loop may wait for.
func (w *world) rounds() {
	<-time.After(2 * time.Minute)
	synctest.Wait()
}

func (w *world) ready(in intent.Intents) intent.Status {
	w.t.Helper()
	s, err := w.Apply(w.ctx, in, intent.Order{})
	if err != nil {
		w.t.Fatal(err)
	}
	if s.Phase != intent.Ready || s.Message != "" {
		w.t.Fatalf("slice %s is %s: %s", s.ID, s.Phase, s.Message)
	}
	return s
}

func (w *world) status(id slice.ID) intent.Status {
	w.t.Helper()
	s, err := w.Status(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// changes returns what all domains and switches were told so far.
func (w *world) changes() (segments, mods int) {
	for _, d := range w.domains {
		d.does(func() { segments += d.changes })
	}
	for _, m := range w.neds {
		mods += m.Mods()
	}
	return segments, mods
}

// everything is what can be seen of the world.
type everything struct {
	Slices   map[string]string
	Segments map[slice.Domain]map[slice.NetworkID]intent.Segment
	Networks []slice.NetworkID
	Flows    map[slice.Node][]string
}

func (w *world) everything() everything {
	w.t.Helper()
	e := everything{
		Slices:   map[string]string{},
		Segments: map[slice.Domain]map[slice.NetworkID]intent.Segment{}, Flows: map[slice.Node][]string{},
	}
	stored, err := w.store.List("slices")
	if err != nil {
		w.t.Fatal(err)
	}
	for id, text := range stored {
		e.Slices[id] = string(text)
	}
	for name, d := range w.domains {
		e.Segments[name] = d.has()
	}
	for _, n := range w.Fabric().Networks() {
		e.Networks = append(e.Networks, n.ID)
	}
	for n, m := range w.neds {
		for _, f := range m.Held().Flows {
			e.Flows[n] = append(e.Flows[n], f.String())
		}
		slices.Sort(e.Flows[n])
	}
	return e
}

// clean fails if anything of any slice is left.
func (w *world) clean() {
	w.t.Helper()
	synctest.Wait()
	for _, bucket := range []string{"slices", "fabric-networks"} {
		if left, err := w.store.List(bucket); err != nil || len(left) > 0 {
			w.t.Errorf("bucket %s keeps %v, %v", bucket, slices.Sorted(maps.Keys(left)), err)
		}
	}
	if all, err := w.List(w.ctx, intent.Query{}); err != nil || len(all.Slices) > 0 {
		w.t.Errorf("slices are left: %v, %v", all.Slices, err)
	}
	for name, d := range w.domains {
		if left := d.has(); len(left) > 0 {
			w.t.Errorf("domain %s keeps %v", name, left)
		}
	}
	if left := w.Fabric().Networks(); len(left) > 0 {
		w.t.Errorf("the NEDs keep %v", left)
	}
	for n, m := range w.neds {
		if c := flow.Diff(m.Held(), pipeline.Base()); !c.Empty() {
			w.t.Errorf("the switch of %s keeps %+v", n, c)
		}
	}
}

func mac(n byte) slice.MAC { return slice.MAC{2, 0, 0, 0, 0, n} }

// three is a slice over all domains: voice everywhere, video between a and b,
// local in c alone.
func three(id slice.ID) intent.Intents {
	i := intent.Intents{Slice: intent.Slice{
		ID: id, Tenant: "blue",
		Domains: []intent.Domain{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Networks: []intent.Network{
			{Name: "voice", CIDR: netip.MustParsePrefix("192.0.2.0/24"), Members: []intent.Member{
				{Name: "wa", Domain: "a"}, {Name: "wb", Domain: "b"}, {Name: "wc", Domain: "c"},
			}},
			{Name: "video", Members: []intent.Member{{Name: "wa", Domain: "a", MAC: mac(1)}, {Name: "wb", Domain: "b", MAC: mac(2)}}},
			{Name: "local", Members: []intent.Member{{Name: "wc", Domain: "c", MAC: mac(3)}}},
		},
	}}
	intent.Default(&i)
	return i
}

// changed is three after a change of everything: local is gone, late is new,
// voice has left b, video has moved from b to c.
func changed(id slice.ID) intent.Intents {
	i := three(id)
	i.Slice.Networks = []intent.Network{
		{Name: "voice", CIDR: netip.MustParsePrefix("192.0.2.0/24"), Members: []intent.Member{{Name: "wa", Domain: "a"}, {Name: "wc", Domain: "c"}}},
		{Name: "video", Members: []intent.Member{{Name: "wa", Domain: "a", MAC: mac(1)}, {Name: "wb", Domain: "c", MAC: mac(2)}}},
		{Name: "late", Members: []intent.Member{{Name: "wb", Domain: "b", MAC: mac(3)}}},
	}
	intent.Default(&i)
	return i
}

// infos are what the domains of the world say of themselves.
var infos = map[slice.Domain]intent.DomainInfo{
	"a": {Gateway: "a-gw", MTU: 1450}, "b": {Gateway: "b-gw", MTU: 1450}, "c": {Gateway: "c-gw", MTU: 1450},
}

// segments returns what the domains should have of some intents.
func segments(t *testing.T, in intent.Intents, before sco.Plan) (map[slice.Domain]map[slice.NetworkID]intent.Segment, sco.Plan) {
	t.Helper()
	p, err := sco.MakePlan(in.Canonical(), infos, before)
	if err != nil {
		t.Fatal(err)
	}
	all := map[slice.Domain]map[slice.NetworkID]intent.Segment{}
	for d := range infos {
		all[d] = map[slice.NetworkID]intent.Segment{}
		for _, s := range p.Segments(in.Slice.ID, d) {
			all[d][s.ID] = s
		}
	}
	return all, p
}

func small(numbers uint32) sco.Config {
	return sco.Config{Numbers: ipam.Ring{First: 1, Last: numbers}}
}

// stride is how far it is from one write at which a process ends to the next
// that is tried: the short tests leave some out.
func stride() int {
	if testing.Short() {
		return 3
	}
	return 1
}
