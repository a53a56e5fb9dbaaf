package model_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	fieldFire    = "field-2/fire-2"
	fieldPrivate = "field-2/private-2"
	firePrivate  = "fire-2/private-2"
)

// limited is a slice with a network between field and fire, over links that
// have metrics: the direct one is fast and narrow.
func limited(p intent.Path) intent.Intents {
	in := extra()
	in.Slice.Networks = in.Slice.Networks[:1]
	in.Overlay = intent.Overlay{Shape: intent.Explicit, Links: []intent.Link{
		{From: "field", To: "fire", CapacityKbps: 1000, LatencyMs: 5},
		{From: "field", To: "private", CapacityKbps: 9000, LatencyMs: 4},
		{From: "fire", To: "private", CapacityKbps: 9000, LatencyMs: 4},
	}}
	p.Network, p.From, p.To = "one", "field", "fire"
	in.Paths = []intent.Path{p}
	return in
}

// Limits, loose hops and domains to avoid choose the links; what cannot be had
// is refused with the reason and leaves nothing, or given up where the path
// says so.
func TestLimitedPaths(t *testing.T) {
	around := []string{fieldPrivate, firePrivate}
	tests := map[string]struct {
		path intent.Path
		want []string // links
		says string   // of the error, or of the status where links are wanted as well
	}{
		"any":                 {path: intent.Path{}, want: []string{fieldFire}},
		"loose":               {path: intent.Path{Mode: intent.PathLoose, Hops: []slice.Domain{"private"}}, want: around},
		"bandwidth":           {path: intent.Path{MinBandwidthKbps: 1001}, want: around},
		"latency":             {path: intent.Path{MaxLatencyMs: 5}, want: []string{fieldFire}},
		"avoid":               {path: intent.Path{Avoid: []slice.Domain{"private"}}, want: []string{fieldFire}},
		"protected":           {path: intent.Path{Protection: intent.FastFailover}, want: []string{fieldFire}},
		"explicit and narrow": {path: intent.Path{Hops: []slice.Domain{"field", "fire"}, MinBandwidthKbps: 1500}, says: "it lacks 500"},
		"too fast":            {path: intent.Path{MaxLatencyMs: 4}, says: "the limit is 4ms"},
		"fast and wide":       {path: intent.Path{MaxLatencyMs: 7, MinBandwidthKbps: 2000}, says: "the fastest path"},
		"avoid and wide":      {path: intent.Path{Avoid: []slice.Domain{"private"}, MinBandwidthKbps: 2000}, says: "link field-fire has 1000 of its 1000 kbps left"},
		"degraded":            {path: intent.Path{MaxLatencyMs: 4, Policy: intent.Degrade}, want: []string{fieldFire}, says: "the limit is 4ms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := three(t, model.Config{})
			before := w.everything()
			if test.want == nil {
				_, err := w.SCO.Apply(w.ctx, limited(test.path), intent.Order{})
				if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v, want %q", err, test.says)
				}
				if diff := cmp.Diff(before.Rules, w.everything().Rules); diff != "" {
					t.Errorf("a refused slice leaves something\n%s", diff)
				}
				return
			}
			s := w.ready(limited(test.path))
			if !strings.Contains(s.Message, test.says) || test.says == "" && s.Message != "" {
				t.Errorf("the slice says %q, want %q", s.Message, test.says)
			}
			all := w.members(s)
			trace := w.Net().Send(all[0].at.Switch, flowtest.Frame{Port: all[0].at.Port, From: all[0].MAC, To: all[1].MAC})
			if diff := cmp.Diff(test.want, links(trace)); diff != "" || len(trace.Delivered) != 1 {
				t.Errorf("%d copies, links (-want +got)\n%s", len(trace.Delivered), diff)
			}
		})
	}
}

// A protected network goes around a link that is down without the controller,
// and loses nothing of one for one.
func TestF10ProtectedSlice(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(limited(intent.Path{Protection: intent.FastFailover})))
	net := w.Net()
	i := slices.IndexFunc(net.Wires, func(x flowtest.Wire) bool {
		return strings.HasSuffix(x.Name, fieldFire) && x.Tunnel && strings.HasPrefix(x.Name, "br-ned")
	})
	if i < 0 {
		t.Fatalf("no wire between field and fire: %+v", net.Wires)
	}
	for _, e := range []flowtest.End{net.Wires[i].A, net.Wires[i].B} {
		s := net.Switches[e.Switch]
		s.Down = map[slice.Port]bool{e.Port: true}
		net.Switches[e.Switch] = s
	}
	for _, way := range [][2]member{{all[0], all[1]}, {all[1], all[0]}} {
		trace := net.Send(way[0].at.Switch, flowtest.Frame{Port: way[0].at.Port, From: way[0].MAC, To: way[1].MAC})
		if got := links(trace); len(trace.Delivered) != 1 || trace.Loop || !slices.Equal(got, []string{fieldPrivate, firePrivate}) {
			t.Errorf("from %s: %d copies over %v", way[0], len(trace.Delivered), got)
		}
	}
}

// What a slice has reserved another one cannot have, until the first is gone.
func TestReservedBySlices(t *testing.T) {
	w := three(t, model.Config{})
	first := limited(intent.Path{Hops: []slice.Domain{"field", "fire"}, MinBandwidthKbps: 700})
	w.ready(first)
	second := limited(intent.Path{Hops: []slice.Domain{"field", "fire"}, MinBandwidthKbps: 400})
	second.Slice.ID = "second"
	for i := range second.Slice.Networks[0].Members {
		second.Slice.Networks[0].Members[i].Interface = "other"
	}
	_, err := w.SCO.Apply(w.ctx, second, intent.Order{})
	if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "link field-fire has 300 of its 1000 kbps left, 400 are asked for: it lacks 100") {
		t.Errorf("a second slice: %v", err)
	}
	w.gone("extra")
	w.ready(second)
}
