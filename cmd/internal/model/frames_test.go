package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// where names the members that a frame came to, in order.
func where(all []member, t flowtest.Trace) []string {
	var at []string
	for _, d := range t.Delivered {
		name := fmt.Sprintf("port %d of %s", d.Port, d.Switch)
		for _, m := range all {
			if m.at == d.End {
				name = m.network.String() + "/" + string(m.Name)
			}
		}
		if len(d.Frame.Tags) > 0 {
			name += fmt.Sprint(" tagged ", d.Frame.Tags)
		}
		at = append(at, name)
	}
	if t.Loop {
		at = append(at, "a loop")
	}
	slices.Sort(at)
	return at
}

func (m member) String() string { return m.network.String() + "/" + string(m.Name) }

// links returns the tunnels between domains that a frame has crossed.
func links(t flowtest.Trace) []string {
	var all []string
	for name := range t.Crossed {
		if rest, ok := strings.CutPrefix(name, bridge.NED+"/"); ok {
			all = append(all, rest)
		}
	}
	slices.Sort(all)
	return all
}

// Two slices with the same addresses: each frame comes to whom it is for, and
// to nobody else.
func TestFrames(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(template(t, "fire-emergency")))
	all = append(all, w.members(w.ready(template(t, "press")))...)
	if len(all) != 15 {
		t.Fatalf("%d members, want 15", len(all))
	}
	net := w.Net()
	nobody := slice.MAC{2, 0xff, 0, 0, 0, 1}
	pairs, shared := 0, 0
	for _, from := range all {
		send := func(to slice.MAC, want ...string) {
			t.Helper()
			trace := net.Send(from.at.Switch, flowtest.Frame{Port: from.at.Port, From: from.MAC, To: to, Type: 0x0800, Inside: flowtest.Packet{Source: from.Address}})
			slices.Sort(want)
			if diff := cmp.Diff(want, where(all, trace), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("from %s to %s (-want +got)\n%s", from, to, diff)
			}
			if used := links(trace); from.network.Network == "video" && slices.Contains(used, "fire-2/private-2") {
				t.Errorf("video from %s crosses %v", from, used)
			}
		}
		var others []string
		known := map[slice.MAC]bool{from.MAC: true}
		for _, to := range all {
			switch {
			case to.network == from.network && to.MAC != from.MAC:
				known[to.MAC] = true
				others = append(others, to.String())
				send(to.MAC, to.String())
				pairs++
			case to.MAC == from.MAC && to.network != from.network:
				shared++
			}
		}
		send(slice.Broadcast, others...)
		send(slice.MAC{0x01, 0x00, 0x5e, 0, 0, 9}, others...)
		send(nobody)
		for _, to := range all {
			if !known[to.MAC] {
				send(to.MAC)
			}
		}
	}
	if pairs != 3*6+2+2+2 || shared != 8 {
		t.Errorf("asked for %d pairs, and %d members whose address another network has: the slices are others", pairs, shared)
	}
}

// Who takes the address of another, or a tag, is not heard anywhere.
func TestForgedFrames(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(template(t, "fire-emergency")))
	all = append(all, w.members(w.ready(template(t, "press")))...)
	net := w.Net()
	for _, liar := range all {
		for _, other := range all {
			frame := flowtest.Frame{Port: liar.at.Port, From: other.MAC, To: slice.Broadcast}
			if other.MAC != liar.MAC {
				if got := where(all, net.Send(liar.at.Switch, frame)); len(got) > 0 {
					t.Errorf("%s as %s is heard by %v", liar, other, got)
				}
			}
		}
		for tag := range slice.VLAN(8) {
			frame := flowtest.Frame{Port: liar.at.Port, From: liar.MAC, To: slice.Broadcast, Tags: []slice.VLAN{tag}}
			if got := where(all, net.Send(liar.at.Switch, frame)); len(got) > 0 {
				t.Errorf("%s with tag %d is heard by %v", liar, tag, got)
			}
		}
	}
}

// Paths steer networks: video keeps to two links, the simulation goes the long
// way round.
func TestPaths(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(template(t, "fire-emergency")))
	net := w.Net()
	find := func(n slice.NetworkName, name slice.Workload) member {
		t.Helper()
		i := slices.IndexFunc(all, func(m member) bool { return m.network.Network == n && m.Name == name })
		if i < 0 {
			t.Fatalf("%s has no member %s", n, name)
		}
		return all[i]
	}
	const fieldFire, fieldPrivate, firePrivate = "field-2/fire-2", "field-2/private-2", "fire-2/private-2"
	tests := []struct {
		network  slice.NetworkName
		from, to slice.Workload
		want     []string
	}{
		{"video", "cam", "video-wall", []string{fieldFire}},
		{"video", "cam", "recorder", []string{fieldPrivate}},
		{"video", "recorder", "video-wall", []string{fieldFire, fieldPrivate}},
		{"video", "video-wall", "recorder", []string{fieldFire, fieldPrivate}},
		{"sim-out", "sim", "video-wall", []string{fieldFire, fieldPrivate}},
		{"sim-out", "video-wall", "sim", []string{fieldFire, fieldPrivate}},
		{"voice", "sip-fire", "sip-private", []string{firePrivate}},
		{"sensors", "sim", "tablet", []string{firePrivate}},
	}
	for _, test := range tests {
		from, to := find(test.network, test.from), find(test.network, test.to)
		trace := net.Send(from.at.Switch, flowtest.Frame{Port: from.at.Port, From: from.MAC, To: to.MAC})
		if diff := cmp.Diff(test.want, links(trace)); diff != "" || len(trace.Delivered) != 1 {
			t.Errorf("from %s to %s: %d copies, links (-want +got)\n%s", from, to, len(trace.Delivered), diff)
		}
	}
	sim := find("sim-out", "sim")
	trace := net.Send(sim.at.Switch, flowtest.Frame{Port: sim.at.Port, From: sim.MAC, To: slice.Broadcast})
	if got := links(trace); !slices.Equal(got, []string{fieldFire, fieldPrivate}) {
		t.Errorf("a broadcast of the simulation crosses %v", got)
	}
}

// After the last slice nothing is left but what was there before the first.
func TestNothingIsLeft(t *testing.T) {
	w := three(t, model.Config{})
	before := w.everything()
	w.ready(template(t, "fire-emergency"))
	one := w.everything()
	w.ready(template(t, "press"))
	w.gone("press")
	now := w.everything()
	if diff := cmp.Diff(one.Rules, now.Rules); diff != "" {
		t.Errorf("press has left something, or taken something along (-want +got)\n%s", diff)
	}
	w.gone("fire-emergency")
	if diff := cmp.Diff(before, w.everything(), values); diff != "" {
		t.Errorf("something is left (-want +got)\n%s", diff)
	}
	for _, s := range w.Switches {
		if c := flow.Diff(s.Memory.Held(), pipeline.Base()); !c.Empty() {
			t.Errorf("%s on %s: %+v", s.Bridge, s.Node, c)
		}
		for _, p := range s.Wanted().Ports {
			if p.Kind != bridge.Tunnel || s.Bridge != bridge.SPS {
				t.Errorf("%s on %s keeps port %s", s.Bridge, s.Node, p.Name)
			}
		}
	}
}

// Applies and deletes of five slices side by side, ten callers each, with the
// loop among them; in the end every slice can be made and leaves nothing.
func TestSideBySide(t *testing.T) {
	w := three(t, model.Config{})
	before := w.everything()
	ctx, cancel := context.WithCancel(w.ctx)
	var loop, callers sync.WaitGroup
	loop.Go(func() { w.SCO.Run(ctx) })
	defer loop.Wait()
	defer cancel()
	for i := range 50 {
		callers.Go(func() {
			in := extra()
			in.Slice.ID = slice.ID(fmt.Sprintf("s%d", i%5))
			for n := range in.Slice.Networks {
				for m := range in.Slice.Networks[n].Members {
					in.Slice.Networks[n].Members[m].Interface = fmt.Sprintf("%s-%d", in.Slice.ID, n)
				}
			}
			var err error
			if i/5%2 == 0 {
				_, err = w.SCO.Apply(w.ctx, in, intent.Order{})
			} else {
				_, err = w.SCO.Delete(w.ctx, in.Slice.ID, intent.Order{})
			}
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	callers.Wait()
	for i := range 5 {
		if _, err := w.SCO.Delete(w.ctx, slice.ID(fmt.Sprintf("s%d", i)), intent.Order{}); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(before, w.everything(), values); diff != "" {
		t.Errorf("something is left (-want +got)\n%s", diff)
	}
}
