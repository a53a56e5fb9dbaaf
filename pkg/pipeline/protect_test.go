package pipeline_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// aPortOnEach is a protected network with a known address on every switch.
func aPortOnEach(g topology.Graph) pipeline.Network {
	n := pipeline.Network{Number: 1, Backup: 1001, Type: slice.VNet}
	for _, s := range g.Switches {
		n.Attachments = append(n.Attachments, pipeline.Attachment{Switch: s, Port: 1, Behind: macs(byte(s))})
	}
	return n
}

// cut takes links down, as both of their ends see it.
func cut(net flowtest.Net, links ...topology.Link) flowtest.Net {
	out := flowtest.Net{Switches: maps.Clone(net.Switches), Wires: net.Wires}
	for _, l := range links {
		for _, e := range []topology.End{l.A, l.B} {
			s := out.Switches[e.Switch]
			s.Down = maps.Clone(s.Down)
			if s.Down == nil {
				s.Down = map[slice.Port]bool{}
			}
			s.Down[e.Port] = true
			out.Switches[e.Switch] = s
		}
	}
	return out
}

// anyRing draws fabrics in which every two switches have two ways between them,
// with costs, chords and parallel links.
func anyRing(t *rapid.T) topology.Graph {
	g := anyFabric(t)
	for i, s := range g.Switches {
		next := g.Switches[(i+1)%len(g.Switches)]
		if s == next {
			continue
		}
		l := link(s, next)
		l.Name += "r"
		l.A.Port, l.B.Port = 98, 99
		l.Wire = rapid.Bool().Draw(t, "wire")
		g.Links = append(g.Links, l)
	}
	return g
}

// With any one link down, every frame for a known address comes where it is
// for, once, and crosses no link twice in one direction: nobody had to be asked.
func TestF10OneLinkDown(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.Custom(anyRing), rapid.SampledFrom([]topology.Graph{triangle, ring})).Draw(t, "fabric")
		n := aPortOnEach(g)
		if rapid.Bool().Draw(t, "steered") {
			n.Paths = anyPath(t, g)
		}
		if rapid.Bool().Draw(t, "some have no port") {
			n.Attachments = n.Attachments[:1+len(n.Attachments)/2]
		}
		plan := compile(t, n, g)
		whole := netOf(g, plan)
		for _, s := range whole.Switches {
			for _, f := range s.Rules.Flows {
				if err := f.Check(); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, l := range g.Links {
			net := cut(whole, l)
			for _, from := range n.Attachments {
				for _, to := range n.Attachments {
					if from.Switch == to.Switch {
						continue
					}
					f := sent(from, to.Behind[0])
					moved += checkOnce(t, net, whole, l, from, to, f)
				}
				checkNoLeak(t, net, n, from, slice.Broadcast)
				checkNoLeak(t, net, n, from, stranger)
			}
		}
	})
	if moved == 0 {
		t.Error("no frame had to go around: the test is blind")
	}
}

// checkOnce wants a frame delivered once, and reports whether it took another
// way than without the cut.
func checkOnce(t *rapid.T, net, whole flowtest.Net, l topology.Link, from, to pipeline.Attachment, f flowtest.Frame) int {
	trace := net.Send(from.Switch, f)
	if trace.Loop {
		t.Fatalf("with %s down a frame from %s to %s loops", l.Name, from.Switch, to.Switch)
	}
	if diff := cmp.Diff(map[arrival]int{{to.Switch, to.Port, 0}: 1}, arrivals(trace)); diff != "" {
		t.Fatalf("with %s down, from %s to %s (-want +got)\n%s", l.Name, from.Switch, to.Switch, diff)
	}
	for name, times := range trace.Crossed {
		if times > 2 {
			t.Fatalf("with %s down, from %s to %s: over %s %d times", l.Name, from.Switch, to.Switch, name, times)
		}
	}
	if trace.Crossed[l.Name] > 0 {
		t.Fatalf("a frame crosses %s, which is down", l.Name)
	}
	if cmp.Equal(whole.Send(from.Switch, f).Crossed, trace.Crossed) {
		return 0
	}
	return 1
}

// checkNoLeak wants that a frame reaches nobody whom it would not reach in a
// whole fabric, nobody twice, and does not circle.
func checkNoLeak(t *rapid.T, net flowtest.Net, n pipeline.Network, from pipeline.Attachment, to slice.MAC) {
	trace := net.Send(from.Switch, sent(from, to))
	if trace.Loop {
		t.Fatalf("a frame from %s to %s loops", from.Switch, to)
	}
	want := expected(n, from, to)
	for at, times := range arrivals(trace) {
		if times > want[at] {
			t.Fatalf("a frame from %s to %s comes %d times to %+v", from.Switch, to, times, at)
		}
	}
}

// With any links down, nothing circles, nothing comes twice, and nothing comes
// to anybody whom it is not for. Other networks get nothing either.
func TestManyLinksDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.Custom(anyRing).Draw(t, "fabric")
		n := anyNetwork(t, g, 1)
		n.Backup = 1001
		other := anyNetwork(t, g, 2)
		other.Backup = rapid.SampledFrom([]slice.Network{0, 1002}).Draw(t, "backup of the other")
		plan, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		second, err := pipeline.Compile(other, g)
		if err != nil {
			t.Fatal(err)
		}
		var down []topology.Link
		for _, l := range g.Links {
			if rapid.IntRange(0, 3).Draw(t, "down") == 0 {
				down = append(down, l)
			}
		}
		net := cut(netOf(g, plan, second), down...)
		for _, from := range n.Attachments {
			for _, to := range append(addressesOf(n), slice.Broadcast, stranger) {
				checkNoLeak(t, net, n, from, to)
			}
		}
	})
}

// In fabrics with bridges, a frame comes through where there is a way at all.
func TestProtectionAsFarAsItGoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		n := aPortOnEach(g)
		whole := netOf(g, compile(t, n, g))
		for _, l := range g.Links {
			rest := g
			rest.Links = slices.DeleteFunc(slices.Clone(g.Links), l.Same)
			net := cut(whole, l)
			for _, from := range n.Attachments {
				for _, to := range n.Attachments {
					_, err := rest.Path(from.Switch, to.Switch)
					if got := len(net.Send(from.Switch, sent(from, to.Behind[0])).Delivered) == 1; from.Switch != to.Switch && got != (err == nil) {
						t.Fatalf("with %s down, from %s to %s: delivered %v, there is a way: %v", l.Name, from.Switch, to.Switch, got, err == nil)
					}
				}
			}
		}
	})
}

// While a protected network changes, some switches have the rules from before,
// some those after and some none, and a link is down. Plans that mix do not loop
// even then.
func TestProtectedPlansThatMixDoNotLoop(t *testing.T) {
	mixed, unmixed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.Custom(anyRing), rapid.SampledFrom([]topology.Graph{triangle, ring})).Draw(t, "fabric")
		n := anyNetwork(t, g, 1)
		n.Backup = 1001
		before, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		m := changed(t, n, g)
		after, err := pipeline.Compile(m, g)
		if err != nil {
			t.Skip(err)
		}
		if !before.Mixes(after) {
			unmixed++
			return
		}
		mixed++
		plan := pipeline.Plan{Rules: map[slice.DPID]flow.Rules{}}
		for _, s := range g.Switches {
			plan.Rules[s] = rapid.SampledFrom([]flow.Rules{before.Rules[s], after.Rules[s], {}}).Draw(t, fmt.Sprint("rules of ", s))
		}
		net := netOf(g, plan)
		if len(g.Links) > 0 {
			net = cut(net, rapid.SampledFrom(g.Links).Draw(t, "down"))
		}
		for _, x := range []pipeline.Network{n, m} {
			for _, from := range x.Attachments {
				for _, to := range append(addressesOf(x), slice.Broadcast, stranger) {
					if net.Send(from.Switch, sent(from, to)).Loop {
						t.Fatalf("a frame from %+v to %s loops", from, to)
					}
				}
			}
		}
	})
	if mixed == 0 || unmixed == 0 {
		t.Errorf("%d pairs mix and %d do not: the test is blind", mixed, unmixed)
	}
}
