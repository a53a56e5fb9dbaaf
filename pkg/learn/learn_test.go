package learn_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A hand keeps what its switch was told.
type hand struct {
	dpid     slice.DPID
	flows    map[flow.Key]flow.Flow
	released int
	forgot   []slice.Network
	stuck    bool
}

func (h *hand) DPID() slice.DPID { return h.dpid }
func (h *hand) Room() bool       { return !h.stuck }

func (h *hand) Teach(f *flow.Flow) error {
	h.flows[f.Key()] = *f
	return nil
}

func (h *hand) Release(slice.Port, []byte) error {
	h.released++
	return nil
}

func (h *hand) Tell(c flow.Change) error {
	for _, f := range c.TakeFlows {
		delete(h.flows, f.Key())
	}
	for _, f := range c.PutFlows {
		h.flows[f.Key()] = f
	}
	for _, n := range c.Forget {
		h.forgot = append(h.forgot, n)
		for k, f := range h.flows {
			if f.Owner == n {
				delete(h.flows, k)
			}
		}
	}
	return nil
}

// texts are the flows that the switch has, sorted.
func (h *hand) texts() []string {
	var list []string
	for _, f := range h.flows {
		list = append(list, f.String())
	}
	slices.Sort(list)
	return list
}

// A rig is a learner with two switches that a link joins, and a clock.
type rig struct {
	*learn.Learner
	now    time.Time
	alarms []learn.Alarm
	hands  [2]*hand
	sw     [2]*learn.Switch
}

const number = 44

// plan is a network with two learning ports on the first switch, 6 and 7, and
// one on the second.
func plan(t *testing.T, ports ...slice.Port) *pipeline.Plan {
	t.Helper()
	n := pipeline.Network{Number: number, Type: slice.ExtVNet, Attachments: []pipeline.Attachment{
		{Switch: 2, Port: 6}, {Switch: 2, Port: 8, Behind: []slice.MAC{known}},
	}}
	for _, p := range ports {
		n.Attachments = append(n.Attachments, pipeline.Attachment{Switch: 1, Port: p})
	}
	g := topology.Graph{Switches: []slice.DPID{1, 2}, Links: []topology.Link{
		{Name: "l", A: topology.End{Switch: 1, Port: 100}, B: topology.End{Switch: 2, Port: 100}},
	}}
	p, err := pipeline.Compile(n, g)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

var known = slice.MAC{2, 0, 0, 0, 0, 0x77}

func newRig(t *testing.T, c learn.Config) *rig {
	t.Helper()
	r := &rig{now: time.Unix(1000, 0)}
	c.Now = func() time.Time { return r.now }
	c.Alarm = func(a learn.Alarm) { r.alarms = append(r.alarms, a) }
	r.Learner = learn.New(c)
	for i := range r.hands {
		r.hands[i] = &hand{dpid: slice.DPID(i + 1), flows: map[flow.Key]flow.Flow{}} //nolint:gosec // there are two
		r.sw[i] = r.Join(r.hands[i])
	}
	r.SetNetwork(number, plan(t, 6, 7))
	return r
}

func frame(from slice.MAC) []byte {
	f := append(slices.Repeat([]byte{0xff}, 6), from[:]...)
	return append(f, 8, 6, 0, 1)
}

func mac(i int) slice.MAC { return slice.MAC{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)} }

// from has a switch send up a frame of an address, and reports whether it came
// back.
func (r *rig) from(t *testing.T, sw int, in slice.Port, m slice.MAC) bool {
	t.Helper()
	before := r.hands[sw].released
	if !r.sw[sw].Frame(number, in, frame(m)) {
		t.Fatalf("a frame of port %d is nobody's", in)
	}
	return r.hands[sw].released > before
}

// where returns the switch and the port at which an address may send.
func (r *rig) where(m slice.MAC) (ends []string) {
	for i, h := range r.hands {
		for _, f := range h.flows {
			for _, c := range f.Match {
				if c == flow.From(m) {
					ends = append(ends, fmt.Sprintf("%d:%d", i+1, f.Match[0].Value))
				}
			}
		}
	}
	slices.Sort(ends)
	return ends
}

func TestLearn(t *testing.T) {
	r := newRig(t, learn.Config{})
	for range 2 { // the second time it is known, and told again
		if !r.from(t, 0, 6, mac(1)) {
			t.Fatal("the frame does not come back")
		}
		if got := r.where(mac(1)); !slices.Equal(got, []string{"1:6"}) {
			t.Fatalf("the address may send at %q", got)
		}
		clear(r.hands[0].flows)
	}
	if got := r.hands[1].texts(); len(got) != 1 {
		t.Errorf("the other switch was told %q", got)
	}
	if st := r.Stats(); st.Addresses != 1 || st.Learned != 1 || st.Again != 1 {
		t.Errorf("%+v", st)
	}
}

func TestNotItsBusiness(t *testing.T) {
	r := newRig(t, learn.Config{})
	for name, c := range map[string]struct {
		owner slice.Network
		in    slice.Port
		data  []byte
	}{
		"a base flow":        {0, 6, frame(mac(1))},
		"another network":    {45, 6, frame(mac(1))},
		"a link":             {number, 100, frame(mac(1))},
		"shorter than a MAC": {number, 6, frame(mac(1))[:13]},
	} {
		if r.sw[0].Frame(c.owner, c.in, c.data) {
			t.Errorf("%s: a frame is taken", name)
		}
	}
	if r.sw[1].Frame(number, 8, frame(mac(1))) {
		t.Error("a frame of a port whose address is known is taken")
	}
}

func TestRefused(t *testing.T) {
	r := newRig(t, learn.Config{})
	for _, m := range []slice.MAC{known, slice.Broadcast, {1, 0, 0x5e, 0, 0, 1}, {}} {
		if r.from(t, 0, 6, m) {
			t.Errorf("a frame of %s is sent on", m)
		}
	}
	if st := r.Stats(); st.Refused != 4 || st.Addresses != 0 || len(r.hands[0].flows) != 0 {
		t.Errorf("%+v, flows %q", st, r.hands[0].texts())
	}
}

// A port that sends from ever new addresses fills its own share and no more,
// and one alarm says so.
func TestA02Flooding(t *testing.T) {
	r := newRig(t, learn.Config{Most: 10})
	for i := range 1000 {
		r.now = r.now.Add(10 * time.Millisecond)
		if came := r.from(t, 0, 6, mac(i)); came != (i < 10) {
			t.Fatalf("frame %d: came back %t", i, came)
		}
	}
	if st := r.Stats(); st.Addresses != 10 || st.Full != 990 || len(r.alarms) != 1 || len(r.hands[0].flows) != 20 || len(r.hands[1].flows) != 10 {
		t.Errorf("%+v, %d alarms, %d and %d flows", st, len(r.alarms), len(r.hands[0].flows), len(r.hands[1].flows))
	}
	if !r.from(t, 0, 7, mac(5000)) || !r.from(t, 0, 6, mac(3)) {
		t.Error("others suffer")
	}
}

func TestA02Rate(t *testing.T) {
	r := newRig(t, learn.Config{Rate: 10})
	for range 100 {
		r.from(t, 0, 6, mac(1))
	}
	if got := r.hands[0].released; got != 10 {
		t.Errorf("%d frames of a burst of 100 come back, 10 may", got)
	}
	if !r.from(t, 0, 7, mac(2)) {
		t.Error("another port suffers")
	}
	r.now = r.now.Add(time.Second / 2)
	for range 100 {
		r.from(t, 0, 6, mac(1))
	}
	if got := r.hands[0].released; got != 16 {
		t.Errorf("%d frames come back after half a second, 16 may", got)
	}
	r.hands[0].stuck = true
	if r.from(t, 0, 7, mac(2)) {
		t.Error("a switch that takes nothing is told more")
	}
}

// A host that moves is found at its new port and not at the old; an address
// that flips between two is left where it was, with one alarm for each ban.
func TestF28Moves(t *testing.T) {
	r := newRig(t, learn.Config{})
	steps := []struct {
		sw   int
		in   slice.Port
		want string
	}{{0, 6, "1:6"}, {0, 7, "1:7"}, {1, 6, "2:6"}, {0, 6, "1:6"}}
	for _, s := range steps {
		if !r.from(t, s.sw, s.in, mac(1)) {
			t.Fatalf("move to %s is refused", s.want)
		}
		if got := r.where(mac(1)); !slices.Equal(got, []string{s.want}) {
			t.Fatalf("the address may send at %q, want %s", got, s.want)
		}
		for i, h := range r.hands {
			if n := len(h.flows); n != 1 && (i != s.sw || n != 2) {
				t.Errorf("switch %d has %q", i+1, h.texts())
			}
		}
	}
	for range 5 {
		if r.from(t, 0, 7, mac(1)) || !r.from(t, 0, 6, mac(1)) {
			t.Error("the address is not banned from elsewhere, or from where it is")
		}
	}
	if len(r.alarms) != 1 || r.alarms[0].MAC != mac(1) || r.Stats().Moved != 3 {
		t.Errorf("%+v, %+v", r.alarms, r.Stats())
	}
	r.now = r.now.Add(time.Minute)
	if !r.from(t, 0, 7, mac(1)) {
		t.Error("the ban does not end")
	}
}

func TestGone(t *testing.T) {
	r := newRig(t, learn.Config{Most: 1})
	r.from(t, 0, 6, mac(1))
	var away, home flow.Flow
	for _, f := range r.hands[1].flows {
		away = f
	}
	for _, f := range r.hands[0].flows {
		if f.Match[0].Field == flow.FieldInPort {
			home = f
		}
	}
	clear(r.hands[1].flows)
	r.Gone(2, away)
	if len(r.hands[1].flows) != 1 {
		t.Error("the way to an address that is there does not come back")
	}
	if r.from(t, 0, 6, mac(2)) {
		t.Error("the port has two addresses")
	}
	r.Gone(1, home)
	if !r.from(t, 0, 6, mac(2)) {
		t.Error("an address that is silent keeps its place")
	}
	clear(r.hands[1].flows)
	r.Gone(2, away)
	if len(r.hands[1].flows) != 0 {
		t.Errorf("the way to an address that is gone comes back: %q", r.hands[1].texts())
	}
}

func TestNetworkChanges(t *testing.T) {
	r := newRig(t, learn.Config{})
	r.from(t, 0, 6, mac(1))
	r.from(t, 0, 7, mac(2))
	r.SetNetwork(number, plan(t, 6))
	if a, b := r.where(mac(1)), r.where(mac(2)); len(a) != 1 || len(b) != 0 || r.Stats().Addresses != 1 {
		t.Errorf("one stays and one goes: %q, %q, %+v", a, b, r.Stats())
	}
	if !r.from(t, 0, 6, mac(1)) || r.Stats().Learned != 2 {
		t.Errorf("%+v", r.Stats())
	}
	r.SetNetwork(number, nil)
	for _, h := range r.hands {
		if len(h.flows) != 0 || cmp.Or(h.forgot...) != number {
			t.Errorf("switch %d keeps %q", h.dpid, h.texts())
		}
	}
	if r.sw[0].Frame(number, 6, frame(mac(1))) || r.Stats().Addresses != 0 {
		t.Errorf("the network is not gone: %+v", r.Stats())
	}
}

// A controller that begins anew takes over what switches have learned, and
// takes off what is not allowed.
func TestAdopt(t *testing.T) {
	r := newRig(t, learn.Config{})
	r.from(t, 0, 6, mac(1))
	r.from(t, 0, 7, mac(2))
	var list []flow.Flow
	for _, f := range r.hands[0].flows {
		list = append(list, f)
	}
	next := newRig(t, learn.Config{})
	next.hands[0].flows = r.hands[0].flows
	next.SetNetwork(number, plan(t, 6))
	next.sw[0].Adopt(list)
	if a, b := next.where(mac(1)), next.where(mac(2)); len(a) != 1 || len(b) != 0 {
		t.Errorf("one stays and one goes: %q, %q", a, b)
	}
	if next.Stats().Addresses != 1 {
		t.Errorf("%+v", next.Stats())
	}
	next.sw[0].Leave()
	next.sw[0] = next.Join(next.hands[0])
	next.sw[0].Adopt(list)
	if a := next.where(mac(1)); len(a) != 1 || next.Stats().Addresses != 1 || !next.from(t, 0, 6, mac(1)) || next.Stats().Moved != 0 {
		t.Errorf("after a reconnect: %q, %+v", a, next.Stats())
	}
}

func TestNoAllocation(t *testing.T) {
	r := newRig(t, learn.Config{Rate: 1 << 30})
	in := frame(mac(1))
	r.sw[0].Frame(number, 6, in)
	h := &quiet{}
	sw := r.Join(h)
	sw.Frame(number, 6, in)
	if n := testing.AllocsPerRun(1000, func() { sw.Frame(number, 6, in) }); n != 0 {
		t.Errorf("%v allocations for a frame of an address that is known", n)
	}
}

type quiet struct{}

func (quiet) DPID() slice.DPID                 { return 1 }
func (quiet) Room() bool                       { return true }
func (quiet) Teach(*flow.Flow) error           { return nil }
func (quiet) Release(slice.Port, []byte) error { return nil }
func (quiet) Tell(flow.Change) error           { return nil }
