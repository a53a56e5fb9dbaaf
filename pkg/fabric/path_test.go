package fabric_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// guarded is the network of all four, protected.
func guarded(path ...slice.Node) fabric.Network {
	n := steered(path...)
	n.Paths = append(n.Paths, fabric.Path{From: "n1", To: "n3", Protected: true})
	return n
}

// numbersOf returns the numbers under which a switch takes frames from tunnels.
func numbersOf(m *flowtest.Memory) []slice.Network {
	var all []slice.Network
	for _, f := range m.Held().Flows {
		for _, match := range f.Match {
			if match.Field == flow.FieldTunnel && f.Owner != 0 {
				all = append(all, slice.Network(match.Value))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A protected network changes its ways, again and again. After every step of
// every switch every frame arrives once; at rest, with any one link down, every
// frame for one address does.
func TestProtectedNetworksMove(t *testing.T) {
	ways := [][]slice.Node{{"n1", "n2", "n3", "n4"}, nil, {"n2", "n1", "n4", "n3"}}
	for seed := range uint64(10) {
		in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
			x := watch(w, seed)
			w.put(guarded(ways[2]...))
			x.begin()
			for _, path := range ways {
				w.put(guarded(path...))
				w.settle()
				if got := numbersOf(w.mem["n1"]); len(got) != 2 {
					t.Errorf("seed %d: a protected network has the numbers %v", seed, got)
				}
				x.cutEach()
			}
			w.put(steered(ways[0]...)) // not protected any more
			w.settle()
			if _, fault := x.end(); fault != "" {
				t.Errorf("seed %d: %s", seed, fault)
			}
			if got := numbersOf(w.mem["n1"]); len(got) != 1 {
				t.Errorf("seed %d: without protection it has the numbers %v", seed, got)
			}
			w.remove(id("net"))
			for n, m := range w.mem {
				if s := strange(m); s != "" {
					t.Errorf("seed %d: %s keeps %s", seed, n, s)
				}
			}
		})
	}
}

// cutEach takes each link down and sends a frame from everybody to everybody.
func (x *watched) cutEach() {
	x.mu.Lock()
	defer x.mu.Unlock()
	wires := x.tunnels()
	for _, cut := range wires {
		net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}, Wires: wires}
		for _, m := range x.mem {
			s := m.Switch()
			s.Down = map[slice.Port]bool{}
			for _, end := range []flowtest.End{cut.A, cut.B} {
				if end.Switch == m.DPID() {
					s.Down[end.Port] = true
				}
			}
			net.Switches[m.DPID()] = s
		}
		for from := byte(1); from <= 4; from++ {
			for to := byte(1); to <= 4; to++ {
				if to != from && x.fault == "" {
					x.arrives(net, from, to, cut.Name)
				}
			}
		}
	}
}

func (x *watched) arrives(net flowtest.Net, from, to byte, cut string) {
	n := slice.Node([]byte{'n', '0' + from})
	f := flowtest.Frame{Port: x.number(n, patch), Tags: []slice.VLAN{slice.VLAN(from)}, From: mac(from), To: mac(to)}
	if trace := net.Send(x.dpid(n), f); len(trace.Delivered) != 1 || trace.Loop {
		x.fault = "with " + cut + " down a frame from " + string(n) + " does not arrive once"
	}
}

// Both numbers of a protected network survive a restart, and nothing is sent.
// Neither is given to another network.
func TestSecondNumberIsDurable(t *testing.T) {
	cfg := fabric.Config{Bridge: bridge.NED, Numbers: ipam.Ring{First: 1, Last: 5}}
	in(t, cfg, func(w *world) {
		watch(w, 1)
		w.put(guarded())
		before := numbersOf(w.mem["n1"])
		w.restart()
		for _, n := range []slice.Node{"n1", "n2", "n3", "n4"} {
			w.plug(n)
			w.join(n)
		}
		w.settle()
		if got := numbersOf(w.mem["n1"]); !slices.Equal(got, before) || w.mem["n1"].Mods() != 0 {
			t.Errorf("after a restart the numbers are %v, before %v; %d mods", got, before, w.mem["n1"].Mods())
		}
		for i, want := range []slice.Kind{slice.Internal, slice.Internal, slice.Internal, slice.Exhausted} {
			n := steered()
			n.ID, n.Attachments = id(slice.NetworkName([]byte{'a' + byte(i)})), nil
			number, err := w.Put(n)
			if slice.KindOf(err) != want && (err != nil || want != slice.Internal) || slices.Contains(before, number) {
				t.Errorf("network %d gets number %d, %v; %v are in use", i, number, err, before)
			}
		}
	})
}

// wide is a network between two nodes that reserves bandwidth.
func wide(name slice.NetworkName, kbps uint32) fabric.Network {
	n := fabric.Network{ID: id(name), Type: slice.VNet, Links: slices.Clone(squared)}
	for i := range n.Links {
		n.Links[i].CapacityKbps, n.Links[i].Latency = 1000, 5*time.Millisecond
	}
	label := slice.VLAN(name[0])
	n.Attachments = []fabric.Attachment{handOff("n1", label, name[0]), handOff("n2", label, name[0]+100)}
	n.Paths = []fabric.Path{{From: "n1", To: "n2", MinKbps: kbps}}
	return n
}

// Networks reserve what they are promised, take another way where a link is
// full, and are refused where all are; what one gives back another can have.
func TestReservation(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		watch(w, 1)
		w.put(wide("a", 600))
		w.put(wide("b", 600))
		w.put(wide("c", 400))
		for name, want := range map[slice.NetworkName][]string{"a": {"n1-n2"}, "b": {"n1-n3", "n2-n3"}, "c": {"n1-n2"}} {
			if s := w.wait(id(name)); !slices.Equal(s.Links, want) {
				t.Errorf("network %s takes %v, want %v", name, s.Links, want)
			}
		}
		_, err := w.Put(wide("d", 500))
		if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "link n1-n2 has 0 of its 1000 kbps left, 500 are asked for: it lacks 500") {
			t.Errorf("a network that does not fit: %v", err)
		}
		if _, err := w.Status(id("d")); slice.KindOf(err) != slice.NotFound {
			t.Errorf("a refused network is there: %v", err)
		}
		d := wide("d", 500)
		d.Paths[0].Degrade = true
		w.put(d)
		if s := w.wait(id("d")); !s.Ready || !strings.Contains(s.Message, "degraded: ") || !strings.Contains(s.Message, "lacks 500") {
			t.Errorf("a network that gives up its limits: %+v", s)
		}
		w.remove(id("a"))
		w.put(wide("e", 600))
		if s := w.wait(id("e")); !slices.Equal(s.Links, []string{"n1-n2"}) {
			t.Errorf("network e takes %v, what a had is free", s.Links)
		}
		w.restart()
		if _, err := w.Put(wide("f", 500)); slice.KindOf(err) != slice.Exhausted {
			t.Errorf("after a restart the reservations are forgotten: %v", err)
		}
	})
}

// A limit on latency is kept by what is measured, and refused by what is not to
// be had. A path that cannot be kept when a link goes stays where it is.
func TestLatency(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		watch(w, 1)
		n := wide("a", 0)
		n.Paths[0].MaxLatency = 4 * time.Millisecond
		_, err := w.Put(n)
		if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "takes 5ms (over n1-n2), the limit is 4ms") {
			t.Errorf("a limit that no path keeps: %v", err)
		}
		n.Paths[0].MaxLatency = 8 * time.Millisecond
		w.put(n)
		w.cut("n1-n2", true)
		s := w.wait(id("a"))
		if s.Ready || !strings.Contains(s.Message, "takes 10ms") || !slices.Equal(s.Links, []string{"n1-n2"}) {
			t.Errorf("without the link: %+v", s)
		}
		w.cut("n1-n2", false)
		if s := w.wait(id("a")); !s.Ready {
			t.Errorf("with the link again: %+v", s)
		}
		n.Paths = []fabric.Path{{From: "n1", To: "n2", MaxLatency: 4 * time.Millisecond, Degrade: true}}
		w.put(n)
		if s := w.wait(id("a")); !s.Ready || !strings.Contains(s.Message, "the limit is 4ms") {
			t.Errorf("with a policy to degrade: %+v", s)
		}
	})
}

// Loose hops and nodes to avoid steer a network.
func TestLooseAndAvoid(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		watch(w, 1)
		n := wide("a", 0)
		n.Paths[0].Loose, n.Paths[0].Hops = true, []slice.Node{"n4"}
		w.put(n)
		if s := w.wait(n.ID); !slices.Equal(s.Links, []string{"n1-n4", "n2-n3", "n3-n4"}) {
			t.Errorf("over n4 it takes %v", s.Links)
		}
		n.Paths = []fabric.Path{{From: "n1", To: "n2", MinKbps: 1, Avoid: []slice.Node{"n3", "unknown"}}}
		n.Links = slices.DeleteFunc(n.Links, func(l fabric.Link) bool { return l.Name == "n1-n2" })
		if _, err := w.Put(n); slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "passes what it is to avoid") {
			t.Errorf("around n3: %v", err)
		}
		synctest.Wait()
	})
}

// What an earlier release has stored is read.
func TestPathsOfAnEarlierRelease(t *testing.T) {
	var n fabric.Network
	if err := json.Unmarshal([]byte(`{"id":"s/net","type":"vnet","mtu":1400,"paths":[["n1","n2"]]}`), &n); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]fabric.Path{fabric.Explicit("n1", "n2")}, n.Paths); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	text, err := json.Marshal(n)
	var again fabric.Network
	if err != nil || json.Unmarshal(text, &again) != nil || !cmp.Equal(n.Paths, again.Paths) {
		t.Errorf("%s is not read back: %v", text, err)
	}
	if json.Unmarshal([]byte(`{"paths":[7]}`), &n) == nil {
		t.Error("a number is no path")
	}
}
