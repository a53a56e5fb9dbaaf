package fabric_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// number returns a port of a node by a condition.
func (w *world) number(n slice.Node, is func(bridge.Port) bool) slice.Port {
	w.Helper()
	b, _ := w.agents[n].last()
	i := slices.IndexFunc(b.Bridge.Ports, is)
	if i < 0 {
		w.Fatalf("node %s has no such port: %+v", n, b.Bridge.Ports)
	}
	return b.Bridge.Ports[i].Number
}

func patch(p bridge.Port) bool { return p.Kind == bridge.Patch }

func (w *world) workload(n slice.Node, of slice.Workload) flowtest.End {
	return flowtest.End{Switch: w.dpid(n), Port: w.number(n, func(p bridge.Port) bool { return p.Workload == of })}
}

// tunnels returns the wires of a fabric.
func (w *world) tunnels() []flowtest.Wire {
	var wires []flowtest.Wire
	to := func(at, peer slice.Node) (flowtest.End, bool) {
		b, _ := w.agents[at].last()
		i := slices.IndexFunc(b.Bridge.Ports, func(p bridge.Port) bool { return p.Remote == w.agents[peer].report.Tunnel })
		if i < 0 {
			return flowtest.End{}, false
		}
		return flowtest.End{Switch: w.dpid(at), Port: b.Bridge.Ports[i].Number}, true
	}
	names := slices.Sorted(maps.Keys(w.agents))
	for i, a := range names {
		for _, b := range names[i+1:] {
			if from, ok := to(a, b); ok {
				back, _ := to(b, a)
				wires = append(wires, flowtest.Wire{Name: string(a) + "-" + string(b), A: from, B: back, Tunnel: true})
			}
		}
	}
	return wires
}

// sub is a second fabric in the bubble of the first.
func (w *world) sub(cfg fabric.Config) *world {
	w.Helper()
	s := &world{T: w.T, cfg: cfg, store: &fabrictest.Store{}, agents: map[slice.Node]*agent{}, mem: map[slice.Node]*flowtest.Memory{}}
	s.cfg.Store = s.store
	s.start()
	return s
}

// netOf joins fabrics over the patch pairs of the nodes that they share.
func netOf(sps, ned *world, shared ...slice.Node) flowtest.Net {
	n := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}, Wires: append(sps.tunnels(), ned.tunnels()...)}
	for _, w := range []*world{sps, ned} {
		for _, m := range w.mem {
			n.Switches[m.DPID()] = m.Switch()
		}
	}
	for _, s := range shared {
		n.Wires = append(n.Wires, flowtest.Wire{
			Name: "patch " + string(s),
			A:    flowtest.End{Switch: sps.dpid(s), Port: sps.number(s, patch)},
			B:    flowtest.End{Switch: ned.dpid(s), Port: ned.number(s, patch)},
		})
	}
	return n
}

// Two networks lie over the nodes n1 and n2 and, by way of the NEDs of n2 and
// n3, over n3 as well. The tunnel between n1 and n3 is there for none of them:
// here n3 stands for another domain.
func TestFramesStayInTheirNetwork(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		ned := w.sub(neds)
		defer func() { ned.stop(); synctest.Wait() }()
		w.pair()
		far := w.sub(fabric.Config{Bridge: bridge.SPS, Mesh: true})
		defer func() { far.stop(); synctest.Wait() }()
		far.plug("n3")
		far.join("n3", "w3")
		for _, n := range []slice.Node{"n2", "n3"} {
			ned.plug(n)
			ned.join(n)
		}
		for i, name := range []slice.NetworkName{"red", "blue"} {
			b := byte(16 * (i + 1))
			near, farther := slice.VLAN(5+i), slice.VLAN(9-i) // labels cross over: 5, 6 here and 9, 8 there
			work := func(n string) slice.Workload { return slice.Workload(string(name) + n) }
			gate := handOff("n2", near, b+3)
			w.put(vnet(name, at("n1", work("1"), b+1), at("n2", work("2"), b+2), gate))
			gate = handOff("n3", farther, b+1)
			gate.Behind = append(gate.Behind, mac(b+2))
			far.put(vnet(name, at("n3", work("3"), b+3), gate))
			left, right := handOff("n2", near, b+1), handOff("n3", farther, b+3)
			left.Behind = append(left.Behind, mac(b+2))
			joint := vnet(name, left, right)
			joint.Links = []fabric.Link{{Name: "n2-n3", A: "n2", B: "n3"}}
			ned.put(joint)
		}
		net := netOf(w, ned, "n2")
		for _, m := range far.mem {
			net.Switches[m.DPID()] = m.Switch()
		}
		net.Wires = append(net.Wires, flowtest.Wire{
			Name: "patch n3",
			A:    flowtest.End{Switch: far.dpid("n3"), Port: far.number("n3", patch)},
			B:    flowtest.End{Switch: ned.dpid("n3"), Port: ned.number("n3", patch)},
		})
		who := map[flowtest.End]string{}
		ends := map[string]flowtest.End{}
		for _, name := range []string{"red", "blue"} {
			for j, at := range []*world{w, w, far} {
				full := fmt.Sprintf("%s%d", name, j+1)
				ends[full] = at.workload(slice.Node(fmt.Sprintf("n%d", j+1)), slice.Workload(full))
				who[ends[full]] = full
			}
		}
		send := func(from string, f flowtest.Frame) string {
			f.Port = ends[from].Port
			trace := net.Send(ends[from].Switch, f)
			var got []string
			for _, d := range trace.Delivered {
				name := who[d.End]
				if name == "" || len(d.Frame.Tags) > 0 {
					name = fmt.Sprintf("%+v", d)
				}
				got = append(got, name)
			}
			slices.Sort(got)
			return strings.Join(got, " ")
		}
		tests := map[string]struct {
			from string
			f    flowtest.Frame
			want string
		}{
			"next node":               {"red1", flowtest.Frame{From: mac(0x11), To: mac(0x12)}, "red2"},
			"next domain":             {"red1", flowtest.Frame{From: mac(0x11), To: mac(0x13)}, "red3"},
			"back":                    {"blue3", flowtest.Frame{From: mac(0x23), To: mac(0x21)}, "blue1"},
			"everybody":               {"blue1", flowtest.Frame{From: mac(0x21), To: slice.Broadcast}, "blue2 blue3"},
			"everybody, from afar":    {"red3", flowtest.Frame{From: mac(0x13), To: slice.Broadcast}, "red1 red2"},
			"address of the other":    {"red1", flowtest.Frame{From: mac(0x11), To: mac(0x22)}, ""},
			"sender of the other":     {"red1", flowtest.Frame{From: mac(0x21), To: slice.Broadcast}, ""},
			"the other's label":       {"red2", flowtest.Frame{From: mac(0x12), To: slice.Broadcast, Tags: []slice.VLAN{6}}, ""},
			"nobody's address":        {"blue2", flowtest.Frame{From: mac(0x22), To: mac(0x99)}, ""},
			"discovery of the fabric": {"blue2", flowtest.Frame{From: mac(0x22), To: slice.Broadcast, Type: 0x88cc}, ""},
		}
		for name, test := range tests {
			if got := send(test.from, test.f); got != test.want {
				t.Errorf("%s: reached %q, want %q", name, got, test.want)
			}
		}
	})
}
