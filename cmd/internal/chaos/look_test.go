package chaos_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/chaos"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// outlet is where a frame leaves a fabric: a port, and on a patch pair its tag.
type outlet struct {
	end flowtest.End
	tag slice.VLAN
}

// sight is a fabric as it is now.
type sight struct {
	net   flowtest.Net
	ports map[outlet]chaos.Port // that are plugged
	all   []chaos.Port
	where map[string]outlet
}

// see returns the fabric as it is. Who is plugged where is known from agents
// alone: an interface is named after its network.
func (w *bubble) see() sight {
	s := sight{net: flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}}, ports: map[outlet]chaos.Port{}, where: map[string]outlet{}}
	bridges := map[slice.Node]bridge.Bridge{}
	for _, name := range w.scene.Nodes {
		n := w.nodes[name]
		n.mu.Lock()
		bridges[name] = n.bridge
		s.net.Switches[n.mem.DPID()] = n.mem.Switch()
		n.mu.Unlock()
	}
	for i, a := range w.scene.Nodes {
		for _, p := range bridges[a].Ports {
			w.enter(&s, a, p)
		}
		for _, b := range w.scene.Nodes[i+1:] {
			name := string(a) + "-" + string(b)
			from, there := toward(bridges[a], a, b)
			to, back := toward(bridges[b], b, a)
			if there && back && !w.scene.Cut[name] {
				s.net.Wires = append(s.net.Wires, flowtest.Wire{Name: name, A: from, B: to, Tunnel: true})
			}
		}
	}
	return s
}

func (w *bubble) enter(s *sight, n slice.Node, p bridge.Port) {
	end := flowtest.End{Switch: slice.DPIDOf(domain, n, bridge.SPS), Port: p.Number}
	add := func(tag slice.VLAN, port chaos.Port) {
		s.ports[outlet{end, tag}] = port
		s.where[port.String()] = outlet{end, tag}
		s.all = append(s.all, port)
	}
	switch p.Kind {
	case bridge.Workload:
		add(0, chaos.Port{Network: slice.NetworkName(p.Interface), Node: n, Workload: p.Workload, MAC: p.MAC})
	case bridge.Patch:
		for _, port := range w.scene.Ports() {
			if port.Label != 0 && port.Node == n {
				add(port.Label, port)
			}
		}
	}
}

// toward returns the end of the tunnel from one node to another.
func toward(b bridge.Bridge, at, peer slice.Node) (flowtest.End, bool) {
	for _, p := range b.Ports {
		if p.Kind == bridge.Tunnel && p.Remote.As4()[3] == peer[len(peer)-1] {
			return flowtest.End{Switch: slice.DPIDOf(domain, at, bridge.SPS), Port: p.Number}, true
		}
	}
	return flowtest.End{}, false
}

// send sends a frame from a port and returns where it comes out, by name, and
// what else is wrong.
func (s sight) send(from chaos.Port, sender, to slice.MAC) (heard []string, wrong string) {
	at := s.where[from.String()]
	f := flowtest.Frame{Port: at.end.Port, From: sender, To: to, Type: 0x88b5}
	if at.tag != 0 {
		f.Tags = []slice.VLAN{at.tag}
	}
	trace := s.net.Send(at.end.Switch, f)
	for _, d := range trace.Delivered {
		out := outlet{end: d.End}
		if len(d.Frame.Tags) == 1 {
			out.tag = d.Frame.Tags[0]
		}
		p, plugged := s.ports[out]
		if !plugged {
			continue // nobody is there
		}
		name := p.String()
		if p.Network != from.Network {
			wrong = "it leaks to " + name
		}
		if slices.Contains(heard, name) {
			wrong = "it comes twice to " + name
		}
		heard = append(heard, name)
	}
	if trace.Loop {
		wrong = "it circles"
	}
	slices.Sort(heard)
	return heard, wrong
}

// look sends a few frames between two changes: none may leak, circle or come
// twice. The lock of the world is held.
func (w *bubble) look() {
	w.looks++
	s := w.see()
	for _, from := range s.all {
		to := []slice.MAC{slice.Broadcast, {2, 0, 0, 0, 0, byte(1 + w.dice.IntN(8))}}[w.dice.IntN(2)]
		if _, wrong := s.send(from, from.MAC, to); wrong != "" {
			w.history = append(w.history, fmt.Sprintf("          between two changes, from %s to %s: %s", from, to, wrong))
			w.t.Errorf("between two changes, from %s to %s: %s", from, to, wrong)
		}
	}
}

// measure sends every kind of frame from every port and compares who hears it
// with who should.
func (w *bubble) measure() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.see()
	targets := []slice.MAC{slice.Broadcast, {0x01, 0, 0x5e, 0, 0, 9}}
	for i := range byte(9) { // the last is nobody's
		targets = append(targets, slice.MAC{2, 0, 0, 0, 0, i + 1})
	}
	for _, from := range w.scene.Ports() {
		if _, there := s.where[from.String()]; !there {
			w.t.Errorf("port %s is not there", from)
			continue
		}
		for _, to := range targets {
			var want []string
			for _, p := range w.scene.Hears(from, to) {
				want = append(want, p.String())
			}
			slices.Sort(want)
			got, wrong := s.send(from, from.MAC, to)
			if !w.scene.Lives(w.scene.Networks[from.Network]) {
				got = want // nobody can tell; but it must not be wrong
			}
			if diff := cmp.Diff(want, got); diff != "" || wrong != "" {
				w.t.Errorf("from %s to %s: %s (-want +got)\n%s", from, to, wrong, diff)
			}
			if to == from.MAC || from.Label != 0 || !w.scene.Lives(w.scene.Networks[from.Network]) {
				continue
			}
			if got, _ := s.send(from, to, slice.Broadcast); len(got) > 0 {
				w.t.Errorf("%s as %s is heard by %v", from, to, got)
				w.history = append(w.history, w.about(from, to)...)
			}
		}
	}
}

// about returns the rules of a switch that name an address or a port.
func (w *bubble) about(p chaos.Port, mac slice.MAC) []string {
	var all []string
	end := w.see().where[p.String()].end
	for _, f := range w.nodes[p.Node].mem.Held().Flows {
		if text := f.String(); strings.Contains(text, mac.String()) || strings.Contains(text, fmt.Sprintf("in_port=%d,", end.Port)) {
			all = append(all, fmt.Sprintf("          port %d of %s has %s", end.Port, p.Node, text))
		}
	}
	return all
}
