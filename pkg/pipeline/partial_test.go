package pipeline_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// Four switches in a ring, with one link across.
var ring = topology.Graph{
	Switches: []slice.DPID{1, 2, 3, 4},
	Links:    []topology.Link{link(1, 2), link(1, 3), link(1, 4), link(2, 3), link(3, 4)},
}

// While a network comes or goes, some switches have its rules, some have none
// and some have a part of them. No frame crosses a link twice even then, in
// either direction.
func TestPartialRulesDoNotLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.Custom(anyFabric), rapid.SampledFrom([]topology.Graph{triangle, ring})).Draw(t, "fabric")
		n := anyNetwork(t, g, 1)
		plan, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range g.Switches {
			r := plan.Rules[s]
			switch rapid.SampledFrom([]string{"all", "none", "no addresses", "some"}).Draw(t, fmt.Sprint("rules of ", s)) {
			case "none":
				plan.Rules[s] = flow.Rules{}
			case "no addresses":
				plan.Rules[s] = without(r, toAddress)
			case "some":
				plan.Rules[s] = without(r, func(flow.Flow) bool { return rapid.Bool().Draw(t, "missing") })
			}
		}
		if err := loops(n, netOf(g, plan)); err != nil {
			t.Fatal(err)
		}
	})
}

// The same for every choice of switches, where a loop would be easy to close.
func TestNoPartOfTheRulesLoops(t *testing.T) {
	silent := pipeline.Attachment{Switch: 1, Port: 2, Label: 1}
	tests := map[string]pipeline.Network{
		"vnet":            {Number: 1, Type: slice.VNet, Attachments: aPortEach()},
		"vnet, untold":    {Number: 1, Type: slice.VNet, Attachments: append(aPortEach(), silent)},
		"ext-vnet":        {Number: 1, Type: slice.ExtVNet, Attachments: aPortEach()},
		"vnet with paths": {Number: 1, Type: slice.VNet, Attachments: aPortEach(), Paths: []pipeline.Path{pipeline.Explicit(1, 2, 3, 4)}},
	}
	for name, n := range tests {
		t.Run(name, func(t *testing.T) {
			full := compile(t, n, ring)
			for choice := range 3 * 3 * 3 * 3 {
				if err := loops(n, netOf(ring, part(full, choice))); err != nil {
					t.Fatalf("choice %d: %v", choice, err)
				}
			}
		})
	}
}

// aPortEach gives every switch of the ring a port with a known address.
func aPortEach() []pipeline.Attachment {
	var all []pipeline.Attachment
	for _, s := range ring.Switches {
		all = append(all, pipeline.Attachment{Switch: s, Port: 1, Behind: macs(byte(s))})
	}
	return all
}

// part leaves each switch of the ring all of its rules, none, or all but those
// for known addresses, as the digits of a choice to the base of three say.
func part(full pipeline.Plan, choice int) pipeline.Plan {
	p := pipeline.Plan{Rules: map[slice.DPID]flow.Rules{}}
	for _, s := range ring.Switches {
		r := full.Rules[s]
		p.Rules[s] = [...]flow.Rules{r, {}, without(r, toAddress)}[choice%3]
		choice /= 3
	}
	return p
}

// without leaves flows out. Groups come before the flows that lead to them and
// go after them, so they stay.
func without(r flow.Rules, missing func(flow.Flow) bool) flow.Rules {
	r.Flows = slices.DeleteFunc(slices.Clone(r.Flows), missing)
	return r
}

func toAddress(f flow.Flow) bool { return f.Table == pipeline.Forward && f.Priority == flow.Known }

// loops says which frame of a network crosses a link twice, if one does.
func loops(n pipeline.Network, net flowtest.Net) error {
	for _, from := range n.Attachments {
		for _, to := range append(addressesOf(n), slice.Broadcast, stranger) {
			trace := net.Send(from.Switch, sent(from, to))
			for name, times := range trace.Crossed {
				if times > 1 {
					return fmt.Errorf("a frame from %+v to %s crosses link %s %d times", from, to, name, times)
				}
			}
		}
	}
	return nil
}

// While a network changes, some switches have its rules before the change,
// some those after it and some none. Plans that mix do not loop even then.
func TestPlansThatMixDoNotLoop(t *testing.T) {
	mixed, unmixed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.Custom(anyFabric), rapid.SampledFrom([]topology.Graph{triangle, ring})).Draw(t, "fabric")
		n := anyNetwork(t, g, 1)
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
		for _, x := range []pipeline.Network{n, m} {
			if err := loops(x, netOf(g, plan)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if mixed == 0 || unmixed == 0 {
		t.Errorf("%d pairs mix and %d do not: the test is blind", mixed, unmixed)
	}
}

// changed returns a network after a change: without some of its ports, with
// other explicit paths, or as another type.
func changed(t *rapid.T, n pipeline.Network, g topology.Graph) pipeline.Network {
	m := n
	m.Attachments = slices.DeleteFunc(slices.Clone(n.Attachments), func(pipeline.Attachment) bool {
		return rapid.IntRange(0, 3).Draw(t, "goes") == 0
	})
	if rapid.Bool().Draw(t, "other paths") {
		m.Paths = anyPath(t, g)
	}
	return m
}

// Two plans that send frames around the ring in opposite ways do not mix: this
// is the loop that Mixes is there to find.
func TestPlansThatDoNotMix(t *testing.T) {
	n := pipeline.Network{Number: 1, Type: slice.VNet, Attachments: aPortEach()}
	n.Paths = []pipeline.Path{pipeline.Explicit(1, 2, 3, 4)}
	before := compile(t, n, ring)
	n.Paths = []pipeline.Path{pipeline.Explicit(2, 1, 4, 3)}
	after := compile(t, n, ring)
	if before.Mixes(after) {
		t.Error("they mix")
	}
	if !before.Mixes(before) {
		t.Error("a plan does not mix with itself")
	}
	looped := false
	for choice := range 2 * 2 * 2 * 2 {
		plan := pipeline.Plan{Rules: map[slice.DPID]flow.Rules{}}
		for i, s := range ring.Switches {
			plan.Rules[s] = []flow.Rules{before.Rules[s], after.Rules[s]}[choice>>i&1]
		}
		looped = looped || loops(n, netOf(ring, plan)) != nil
	}
	if !looped {
		t.Error("no choice of rules loops: the test is blind")
	}
}
