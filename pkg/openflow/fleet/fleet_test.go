package fleet_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// A controller is a server on loopback, with the sessions that became ready
// and the events.
type controller struct {
	*openflow.Server
	addr     string
	sessions chan *openflow.Session
	events   chan openflow.Event
}

func serve(t *testing.T, c openflow.Config) *controller {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &controller{addr: l.Addr().String(), sessions: make(chan *openflow.Session, 2000), events: make(chan openflow.Event, 100)}
	c.Events = func(e openflow.Event) { k.events <- e }
	c.Handler = func(ctx context.Context, s *openflow.Session) {
		k.sessions <- s
		<-ctx.Done()
	}
	k.Server = &openflow.Server{Config: c}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- k.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := receive(t, "serve returns", over); err != nil {
			t.Error(err)
		}
	})
	return k
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("not reached")
	}
}

// run lets a switch call a controller until the test ends.
func run(t *testing.T, s *fleet.Switch, address string) <-chan error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	over, done := make(chan error, 1), make(chan struct{})
	go func() { over <- s.Run(ctx, address); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return over
}

var table = &flow.Table{ID: 4, Name: "4"}

// rules are so many flows, a group and a meter.
func rules(n int) flow.Rules {
	r := flow.Rules{
		Groups: []flow.Group{{ID: 9, Type: flow.All, Owner: 9, Buckets: []flow.Bucket{{Actions: []flow.Action{flow.Output(2)}}}}},
		Meters: []flow.Meter{{ID: 3, Kbps: 100, Burst: 10}, {ID: 4, Pps: 7, Burst: 9}},
	}
	for i := range n {
		r.Flows = append(r.Flows, flow.Flow{
			Table: table, Priority: flow.Known, Owner: 9,
			Match:   []flow.Match{flow.InNetwork(9), flow.To(slice.MAC{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)})},
			Actions: []flow.Action{flow.ToGroup(9)},
		})
	}
	return r
}

func TestRulesComeBack(t *testing.T) {
	k := serve(t, openflow.Config{})
	var mu sync.Mutex
	var steps []int
	sw := fleet.New(fleet.Config{DPID: 1, Keep: true, Ports: fleet.Ports(3), Applied: func(mods []ofp.Message) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, len(mods))
	}})
	run(t, sw, k.addr)
	s := receive(t, "ready", k.sessions)
	learned := flow.Flow{Table: table, Priority: 1, Owner: 9, Learned: true, Idle: 30, Actions: []flow.Action{flow.ToController(), flow.Return()}}
	for _, want := range []flow.Rules{rules(2000), rules(5), rules(0), {}, rules(7)} {
		have, err := s.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(t.Context(), flow.Diff(have, want)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if rest := flow.Diff(got, want); !rest.Empty() || len(got.Flows) != len(want.Flows) {
			t.Errorf("%d flows, still to do: %+v", len(got.Flows), rest)
		}
	}
	mu.Lock()
	if first := steps[:3]; !slices.Equal(first, []int{1, 1, 2001}) {
		t.Errorf("two meters and a bundle came as %v", first)
	}
	mu.Unlock()
	if err := s.Apply(t.Context(), flow.Change{PutFlows: []flow.Flow{learned}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(got.Flows, func(f flow.Flow) bool { return f.Learned }); i < 0 || got.Flows[i].String() != learned.String() {
		t.Errorf("the learned flow comes back as %+v", got.Flows)
	}
	if err := sw.Expire(func(*ofp.FlowMod) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if e := receive(t, "the flow is gone", k.events); e.Gone == nil || e.Gone.Key() != learned.Key() || e.Gone.Owner != 9 {
		t.Errorf("%+v", e)
	}
}

func TestForget(t *testing.T) {
	k := serve(t, openflow.Config{})
	sw := fleet.New(fleet.Config{DPID: 1, Keep: true})
	run(t, sw, k.addr)
	s := receive(t, "ready", k.sessions)
	var c flow.Change
	for n := range slice.Network(4) {
		for _, learned := range []bool{true, false} {
			c.PutFlows = append(c.PutFlows, flow.Flow{Table: table, Owner: n, Learned: learned, Match: []flow.Match{flow.InNetwork(n), flow.InPort(slice.Port(len(c.PutFlows) + 1))}})
		}
	}
	if err := s.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), flow.Change{Forget: []slice.Network{2}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Tell(flow.Change{Forget: []slice.Network{3}, TakeFlows: c.PutFlows[:1]}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := flow.Rules{Flows: []flow.Flow{c.PutFlows[1], c.PutFlows[2], c.PutFlows[3], c.PutFlows[5], c.PutFlows[7]}}
	if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func texts(r flow.Rules) []string {
	var out []string
	for _, f := range r.Flows {
		out = append(out, f.String()+" "+strconv.FormatBool(f.Learned))
	}
	slices.Sort(out)
	return out
}

func TestEvents(t *testing.T) {
	k := serve(t, openflow.Config{})
	frames := make(chan string, 1)
	sw := fleet.New(fleet.Config{DPID: 1, Ports: fleet.Ports(2), PacketOut: func(m *ofp.PacketOut) {
		frames <- strconv.Itoa(int(m.Actions[0].Arg)) + string(m.Data)
	}})
	run(t, sw, k.addr)
	s := receive(t, "ready", k.sessions)
	if err := s.Send(t.Context(), 2, []byte("out")); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, "the frame", frames); got != "2out" {
		t.Errorf("sent %q", got)
	}
	if err := sw.PacketIn(2, 4, uint64(openflow.DefaultProduct)<<48|77, 78, []byte("in")); err != nil {
		t.Fatal(err)
	}
	if f := receive(t, "the frame", k.events).Frame; f == nil || f.Port != 2 || f.Owner != 77 || f.Network != 78 || string(f.Data) != "in" {
		t.Errorf("got %+v", f)
	}
	for _, c := range []struct {
		do   func() error
		want openflow.PortChange
	}{
		{func() error { return sw.SetLink(1, false) }, openflow.PortChange{Port: openflow.Port{Port: 1, Name: "p1"}}},
		{func() error { return sw.SetLink(1, true) }, openflow.PortChange{Port: openflow.Port{Port: 1, Name: "p1", Up: true}}},
		{func() error { return sw.DropPort(2) }, openflow.PortChange{Port: openflow.Port{Port: 2, Name: "p2", Up: true}, Gone: true}},
		{func() error { return sw.SetPort(fleet.Port(9, "new")) }, openflow.PortChange{Port: openflow.Port{Port: 9, Name: "new", Up: true}}},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		got := receive(t, "the port", k.events).Port
		if got == nil {
			t.Fatal("no port")
		}
		got.MAC = slice.MAC{}
		if diff := cmp.Diff(c.want, *got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	ports, err := s.Ports(t.Context())
	if err != nil || len(ports) != 2 {
		t.Errorf("%+v, %v", ports, err)
	}
}

// Of two controllers one is the master. The other hears of ports and writes
// nothing; a stale one is refused.
func TestF15Roles(t *testing.T) {
	old, stale, next := serve(t, openflow.Config{Generation: 5}), serve(t, openflow.Config{Generation: 4}), serve(t, openflow.Config{Generation: 6})
	sw := fleet.New(fleet.Config{DPID: 1, Keep: true, Ports: fleet.Ports(1)})
	run(t, sw, old.addr)
	was := receive(t, "the first is master", old.sessions)
	_ = receive(t, "the stale one is refused", run(t, sw, stale.addr))
	run(t, sw, next.addr)
	now := receive(t, "the second is master", next.sessions)
	if err := was.Apply(t.Context(), flow.Diff(flow.Rules{}, rules(1))); slice.KindOf(err) != slice.Denied {
		t.Errorf("the first writes: %v", err)
	}
	if err := now.Apply(t.Context(), flow.Diff(flow.Rules{}, rules(1))); err != nil {
		t.Error(err)
	}
	if c := sw.Count(); c.Flows != 1 {
		t.Errorf("%+v", c)
	}
}

// A thousand switches cost the server and themselves little.
func TestThousand(t *testing.T) {
	const many = 1000
	slow := time.Minute // with the race detector, on a busy machine
	k := serve(t, openflow.Config{PerAddress: many, Handshake: slow, Request: slow, Silence: slow})
	var ready atomic.Int32
	for i := range uint64(many) {
		run(t, fleet.New(fleet.Config{DPID: i + 1}), k.addr)
	}
	for range many {
		s := receive(t, "a switch is ready", k.sessions)
		if err := s.Apply(t.Context(), flow.Diff(flow.Rules{}, rules(3))); err != nil {
			t.Fatal(err)
		}
		ready.Add(1)
	}
	if n := k.Stats(); n.Switches != many || n.FlowMods != 3*many {
		t.Errorf("%+v", n)
	}
}

func TestKeepCalls(t *testing.T) {
	k := serve(t, openflow.Config{})
	sw := fleet.New(fleet.Config{DPID: 1})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		sw.Keep(ctx, k.addr, func(ctx context.Context) {
			timer := time.NewTimer(10 * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		})
	}()
	defer func() { cancel(); <-done }()
	for range 3 {
		s := receive(t, "the switch calls", k.sessions)
		sw.Disconnect()
		receive(t, "the session ends", s.Done())
	}
	if err := fleet.New(fleet.Config{}).Run(ctx, "127.0.0.1:1"); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("nobody is there, and it says %v", err)
	}
}
