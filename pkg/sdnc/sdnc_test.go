package sdnc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestApplyAndDelete(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		w.node("n2", "w2")
		a := handOff(segment("a", "w1", "w2"))
		want := intent.SegmentStatus{
			ID: slice.NetworkID{Slice: "s", Network: "a"}, Label: 1, Gateway: "n1", Ready: true, Digest: a.Digest(),
			Ports: []intent.SegmentPortStatus{{Workload: "w1", Node: "n1", Ready: true}, {Workload: "w2", Node: "n2", Ready: true}},
		}
		if diff := cmp.Diff(want, w.ready(a)); diff != "" {
			t.Errorf("status (-want +got)\n%s", diff)
		}
		mods := w.mem["n1"].Mods()
		if got := w.ready(a); got.Label != 1 || w.mem["n1"].Mods() != mods {
			t.Errorf("the same segment again: %+v, %d mods", got, w.mem["n1"].Mods()-mods)
		}
		w.ready(segment("b", "w1"))
		if all := w.list(); len(all) != 2 || all[0].ID.Network != "a" || all[1].ID.Network != "b" {
			t.Errorf("list %+v", all)
		}
		w.delete("a", "none", "b")
		w.delete("a")
		w.clean()
		if all := w.list(); len(all) != 0 {
			t.Errorf("list after all were deleted: %+v", all)
		}
	})
}

func TestRefusedSegments(t *testing.T) {
	tests := map[string]struct {
		cfg  sdnc.Config
		s    intent.Segment
		want slice.Kind
		text string
	}{
		"hand-off without a gateway": {sdnc.Config{}, handOff(segment("b", "w1")), slice.Invalid, "has no gateway node"},
		"packets too large":          {withGateway, func() intent.Segment { s := segment("b", "w1"); s.MTU = 1401; return s }(), slice.Invalid, "carry 1400"},
		"interface of another": {withGateway, func() intent.Segment {
			s := segment("b", "w1")
			s.Ports[0].Interface = "there"
			return s
		}(), slice.Conflict, "in network s/there already"},
		"workload twice": {withGateway, segment("b", "w1", "w1"), slice.Invalid, "is twice in network s/b"},
		"no name":        {withGateway, segment("/"), slice.Invalid, "both names"},
		"no type":        {withGateway, intent.Segment{ID: slice.NetworkID{Slice: "s", Network: "b"}}, slice.Invalid, "no network type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, test.cfg, func(w *world) {
				t := w.t
				w.node("n1", "w1", "w2")
				w.agent("n0", 0) // does not know its size yet
				w.agent("n2", 1400)
				w.agent("n3", 0)
				w.ready(segment("there", "w1"))

				first := segment("a", "w2") // is good, and goes back
				_, err := w.apply(first, test.s)
				if slice.KindOf(err) != test.want || !strings.Contains(err.Error(), test.text) {
					t.Fatalf("error %v, want %q", err, test.text)
				}
				w.delete() // waits
				if all := w.list(); len(all) != 1 || len(w.Fabric().Networks()) != 1 {
					t.Errorf("the refused segments left %+v", all)
				}
				w.delete("there")
				w.clean()
			})
		})
	}
}

// All segments are taken or none, and what was there before is there again.
func TestAllOrNothing(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1", "w2")
		old := w.ready(handOff(segment("a", "w1")))
		changed := segment("a", "w1", "w2") // without the hand-off: its label is free
		again := segment("a")
		bad := segment("b", "w1", "w1")
		if _, err := w.apply(changed, again, bad); slice.KindOf(err) != slice.Invalid {
			t.Fatalf("error %v", err)
		}
		w.delete()
		if diff := cmp.Diff([]intent.SegmentStatus{old}, w.list()); diff != "" {
			t.Errorf("segments (-before +after)\n%s", diff)
		}
		w.restart()
		w.node("n1", "w1", "w2")
		if diff := cmp.Diff([]intent.SegmentStatus{old}, w.list()); diff != "" {
			t.Errorf("segments after a restart (-before +after)\n%s", diff)
		}
	})
}

func TestBrokenStore(t *testing.T) {
	for _, bucket := range []string{"segments", "labels", "fabric-networks"} {
		t.Run(bucket, func(t *testing.T) {
			in(t, withGateway, func(w *world) {
				t := w.t
				w.node("n1", "w1", "w2")
				old := w.ready(segment("a", "w1"))
				w.store.Break(bucket)
				if _, err := w.apply(handOff(segment("a", "w1", "w2"))); err == nil {
					t.Error("a change was taken that could not be saved")
				}
				if _, err := w.apply(handOff(segment("b", "w2"))); err == nil {
					t.Error("a segment was taken that could not be saved")
				}
				w.store.Break("")
				w.delete()
				if diff := cmp.Diff([]intent.SegmentStatus{old}, w.list()); diff != "" || len(w.Fabric().Networks()) != 1 {
					t.Errorf("segments (-before +after)\n%s", diff)
				}
				if got := w.ready(handOff(segment("b", "w2"))); got.Label == 0 {
					t.Errorf("status %+v", got)
				}
			})
		})
	}
}

func TestLabels(t *testing.T) {
	cfg := withGateway
	cfg.Labels = ipam.Ring{First: 5, Last: 7}
	in(t, cfg, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		label := func(n slice.NetworkName) slice.VLAN { return w.ready(handOff(segment(n, "w1"))).Label }
		if a, b := label("a"), label("b"); a != 5 || b != 6 {
			t.Fatalf("labels %d and %d", a, b)
		}
		w.delete("a")
		w.restart()
		w.node("n1", "w1")
		if c, d := label("c"), label("d"); c != 7 || d != 5 {
			t.Errorf("labels %d and %d: one was used again too soon", c, d)
		}
		networks := len(w.Fabric().Networks())
		_, err := w.apply(handOff(segment("e", "w1")))
		if slice.KindOf(err) != slice.Exhausted || len(w.list()) != 3 || len(w.Fabric().Networks()) != networks {
			t.Errorf("a fourth label of three: %v", err)
		}
		// What has no hand-off needs none, and what gives it up frees it.
		w.ready(segment("e", "w1"))
		w.ready(segment("b", "w1"))
		if e := label("e"); e != 6 {
			t.Errorf("label %d", e)
		}
	})
}

func TestNumbersUsedUp(t *testing.T) {
	cfg := withGateway
	cfg.Numbers = ipam.Ring{First: 1, Last: 1}
	in(t, cfg, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		w.ready(segment("a", "w1"))
		if _, err := w.apply(handOff(segment("b", "w1"))); slice.KindOf(err) != slice.Exhausted || len(w.list()) != 1 {
			t.Errorf("error %v", err)
		}
	})
}

func TestWorkloadComesLater(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		all, err := w.apply(segment("a", "w1", "w2"))
		if err != nil {
			t.Fatal(err)
		}
		missing := intent.SegmentPortStatus{Workload: "w2", Message: "no node of domain field has workload w2"}
		if len(all) != 1 || all[0].Ready || all[0].Message != missing.Message || !slices.Contains(all[0].Ports, missing) {
			t.Errorf("status %+v", all)
		}
		w.node("n2", "w2")
		w.delete() // waits
		if all := w.list(); len(all) != 1 || !all[0].Ready || len(all[0].Ports) != 2 {
			t.Errorf("status %+v", all)
		}
		// It moves to the other node, and for a while both have it.
		w.agent("n1", 1450, "w1", "w2")
		if all := w.list(); all[0].Ready || !strings.Contains(all[0].Message, "nodes n1 and n2 both have workload w2") {
			t.Errorf("status %+v", all)
		}
		w.agent("n2", 1450)
		w.delete()
		if all := w.list(); !all[0].Ready || !slices.Contains(all[0].Ports, intent.SegmentPortStatus{Workload: "w2", Node: "n1", Ready: true}) {
			t.Errorf("status %+v", all)
		}
		w.agent("n1", 1450, "w1")
		w.delete("a")
		w.clean()
	})
}

func TestRestart(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		w.node("n2", "w2")
		w.ready(handOff(segment("a", "w1", "w2")))
		before := w.list()
		w.restart()
		if all := w.list(); len(all) != 1 || all[0].Ready || all[0].Label != 1 {
			t.Errorf("before any node is there: %+v", all)
		}
		w.node("n1", "w1")
		w.node("n2", "w2")
		w.delete()
		if diff := cmp.Diff(before, w.list()); diff != "" {
			t.Errorf("segments (-before +after)\n%s", diff)
		}
		for n, m := range w.mem {
			if m.Mods() != 0 {
				t.Errorf("the switch of %s got %d mods", n, m.Mods())
			}
		}
	})
}

// A crash between two writes leaves a network without a segment, or a segment
// without a network.
func TestRestartAfterHalfAWrite(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		w.ready(segment("a", "w1"))
		w.ready(segment("b", "w1"))
		for bucket, key := range map[string]string{"segments": "s/a", "fabric-networks": "s/b"} {
			if err := w.store.Delete(bucket, key); err != nil {
				t.Fatal(err)
			}
		}
		w.restart()
		if all := w.list(); len(all) != 1 || all[0].ID.Network != "b" || len(w.Fabric().Networks()) != 1 {
			t.Errorf("segments %+v", all)
		}
		w.node("n1", "w1")
		w.delete()
		if all := w.list(); !all[0].Ready {
			t.Errorf("segments %+v", all)
		}
		w.delete("b")
		w.clean()
	})
}

func TestUnreadableStore(t *testing.T) {
	for bucket, key := range map[string]string{"segments": "s/a", "labels": "next", "fabric-nodes": "n1", "fabric-networks": "s/a", "fabric-numbers": "next", "fabric-ports": "n1"} {
		s := fabrictest.Of(map[string]map[string][]byte{bucket: {key: []byte("{]")}})
		if _, err := sdnc.New(sdnc.Config{Domain: "field", Store: s}); err == nil || !strings.Contains(err.Error(), "load") {
			t.Errorf("bucket %s: %v", bucket, err)
		}
	}
}

func TestInfo(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		if err := w.Ready(); err == nil {
			t.Error("ready without a node")
		}
		w.agent("n2", 1400, "w2")
		if err := w.Ready(); err == nil || err.Error() != "0 of 1 switches are connected" {
			t.Errorf("ready without a switch: %v", err)
		}
		w.node("n2", "w2")
		w.node("n1", "w1")
		want := intent.DomainInfo{
			Name: "field", Gateway: "n1", MTU: 1450, Nodes: []slice.Node{"n1", "n2"}, Members: []slice.Workload{"w1", "w2"},
			Version: "l2sces/v1", Encryptions: []intent.Encryption{intent.NoEncryption}, Time: time.Now().UTC(),
		}
		got, err := w.Info(w.ctx)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("info (-want +got)\n%s%v", diff, err)
		}
		if err := w.Ready(); err != nil {
			t.Errorf("not ready: %v", err)
		}
		w.restart()
		if err := w.Ready(); err == nil || !strings.Contains(err.Error(), "is away") {
			t.Errorf("ready without agents: %v", err)
		}
	})
}

// An interface passes from one network to another in one go, whatever the
// order; to two networks at once it does not.
func TestInterfaceChangesHands(t *testing.T) {
	in(t, withGateway, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		from, to := segment("b", "w1"), segment("a", "w1")
		from.Ports[0].Interface, to.Ports[0].Interface = "eth1", "eth1"
		w.ready(from)
		if _, err := w.apply(to, from); slice.KindOf(err) != slice.Conflict {
			t.Errorf("one interface in two networks: %v", err)
		}
		from.Ports = nil
		all, err := w.apply(to, from)
		if err != nil || len(all) != 2 || !all[0].Ready || !all[1].Ready {
			t.Errorf("got %+v, %v", all, err)
		}
	})
}
