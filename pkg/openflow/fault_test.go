package openflow_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// enlist lets a switch of the fleet call the controller, and returns how its
// connection ends.
func enlist(t *testing.T, k *controller, c fleet.Config) (*fleet.Switch, <-chan error) {
	t.Helper()
	s := fleet.New(c)
	over := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { over <- s.Run(ctx, k.addr) }()
	ended := make(chan error, 1)
	done := make(chan struct{})
	go func() { ended <- <-over; close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s, ended
}

// some is so many flows, and a group that one of them needs.
func some(n int) flow.Rules {
	r := flow.Rules{
		Groups: []flow.Group{{ID: 9, Type: flow.All, Buckets: []flow.Bucket{{Actions: []flow.Action{flow.Output(2)}}}}},
		Meters: []flow.Meter{{ID: 3, Kbps: 100, Burst: 10}},
	}
	for i := range n {
		r.Flows = append(r.Flows, flow.Flow{
			Table: &flow.Table{ID: 4, Name: "4"}, Priority: flow.Known, Owner: 9,
			Match:   []flow.Match{flow.InNetwork(9), flow.To(slice.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)})},
			Actions: []flow.Action{flow.ToGroup(9)},
		})
	}
	return r
}

func put(t *testing.T, s *openflow.Session, r flow.Rules) {
	t.Helper()
	if err := s.Apply(t.Context(), flow.Diff(flow.Rules{}, r)); err != nil {
		t.Fatal(err)
	}
}

func held(t *testing.T, s *openflow.Session) flow.Rules {
	t.Helper()
	r, err := s.Rules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A switch of which nothing is heard any more is given up after three
// intervals; the others do not notice.
func TestF06HalfOpen(t *testing.T) {
	k := serve(t, openflow.Config{Silence: 50 * time.Millisecond})
	silent, _ := enlist(t, k, fleet.Config{DPID: 1, Keep: true})
	s := receive(t, "the first is ready", k.sessions)
	enlist(t, k, fleet.Config{DPID: 2, Keep: true})
	other := receive(t, "the second is ready", k.sessions)
	silent.Freeze()
	defer silent.Thaw()
	began := time.Now()
	receive(t, "the silent switch is given up", s.Done())
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("given up after %v: it was not asked three times", took)
	}
	put(t, other, some(10))
}

// A switch that reads slowly holds up what is sent to it, and nothing else.
func TestF07SlowSwitch(t *testing.T) {
	k := serve(t, openflow.Config{Write: 200 * time.Millisecond, Queue: 8})
	enlist(t, k, fleet.Config{DPID: 1, Rate: 1 << 10})
	slow := receive(t, "the slow one is ready", k.sessions)
	enlist(t, k, fleet.Config{DPID: 2, Keep: true})
	quick := receive(t, "the quick one is ready", k.sessions)
	stuck := async(func(ctx context.Context) (struct{}, error) {
		return struct{}{}, slow.Apply(ctx, flow.Diff(flow.Rules{}, some(60000)))
	})
	for i := range 20 {
		put(t, quick, some(i+1))
		if err := quick.Apply(t.Context(), flow.Diff(some(i+1), flow.Rules{})); err != nil {
			t.Fatal(err)
		}
	}
	if got := receive(t, "the slow switch is given up", stuck); slice.KindOf(got.err) != slice.Unavailable {
		t.Errorf("%v", got.err)
	}
}

// What a switch refuses is not in place at all, the rule at fault is named, and
// the next change goes through.
func TestF08Refused(t *testing.T) {
	var script atomic.Pointer[ofp.Error]
	k := serve(t, openflow.Config{})
	sw, _ := enlist(t, k, fleet.Config{DPID: 1, Keep: true, Limit: 5, Refuse: func(m ofp.Message) *ofp.Error {
		if _, ok := m.(*ofp.FlowMod); ok {
			return script.Load()
		}
		return nil
	}})
	s := receive(t, "ready", k.sessions)
	for name, c := range map[string]struct {
		script *ofp.Error
		flows  int
		kind   slice.Kind
		text   string
	}{
		"table full":  {flows: 6, kind: slice.Exhausted, text: "TABLE_FULL"},
		"bad match":   {&ofp.Error{Type: 4, Code: 6}, 1, slice.Invalid, "BAD_MATCH BAD_FIELD"},
		"no such out": {&ofp.Error{Type: ofp.ErrorBadAction, Code: 4}, 2, slice.Invalid, "BAD_OUT_PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			script.Store(c.script)
			want := some(c.flows)
			want.Meters = nil // no part of the bundle
			err := s.Apply(t.Context(), flow.Diff(flow.Rules{}, want))
			if slice.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "put flow cookie=0x9") {
				t.Errorf("%v", err)
			}
			if got := held(t, s); len(got.Flows)+len(got.Groups) != 0 {
				t.Errorf("left behind: %+v", got)
			}
			script.Store(nil)
			fine := some(3)
			put(t, s, fine)
			if diff := cmp.Diff(texts(fine), texts(held(t, s))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if err := s.Apply(t.Context(), flow.Diff(fine, flow.Rules{})); err != nil {
				t.Fatal(err)
			}
		})
	}
	if c := sw.Count(); c.Refused != 3 || c.Flows != 0 {
		t.Errorf("%+v", c)
	}
}

// Of two switches with one identifier the second is refused, and the first
// keeps what it has.
func TestF09DuplicateDPID(t *testing.T) {
	k := serve(t, openflow.Config{})
	first, _ := enlist(t, k, fleet.Config{DPID: 7, Keep: true})
	s := receive(t, "the first is ready", k.sessions)
	put(t, s, some(3))
	for range 3 {
		_, over := enlist(t, k, fleet.Config{DPID: 7, Keep: true})
		_ = receive(t, "the second is refused", over)
	}
	if st := k.Stats(); st.Refused != 3 || st.Switches != 1 {
		t.Errorf("%+v", st)
	}
	if diff := cmp.Diff(texts(some(3)), texts(held(t, s))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if c := first.Count(); c.FlowMods != 3 {
		t.Errorf("%+v", c)
	}
}

// Connections that say nothing are closed in time and counted by address; the
// switches that were there are served.
func TestA08Strangers(t *testing.T) {
	k := serve(t, openflow.Config{PerAddress: 20, Handshake: 300 * time.Millisecond})
	enlist(t, k, fleet.Config{DPID: 1, Keep: true})
	s := receive(t, "ready", k.sessions)
	var strangers []net.Conn
	for range 300 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", k.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // the other side closes it as well
		strangers = append(strangers, conn)
	}
	put(t, s, some(3))
	for _, conn := range strangers {
		fakeOn(t, conn).closed()
	}
	eventually(t, "all are counted", func() bool { return k.Stats().Refused == 300 })
	enlist(t, k, fleet.Config{DPID: 2})
	receive(t, "one that speaks comes in again", k.sessions)
}
