package fabric

import (
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Reference computes everything anew from the networks, nodes and links, the
// slow way, and tells the first thing that differs from what the fabric keeps
// from change to change, or nothing.
func (f *Fabric) Reference() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if want := f.demand(); !maps.Equal(f.needs, want) {
		return fmt.Sprintf("needs %v, want %v", f.needs, want)
	}
	if f.tx != nil || f.bulk != nil {
		return "a change is left open"
	}
	fresh := newRegister()
	for _, id := range f.ids() {
		n := f.networks[id]
		if f.register.numbers[n.Number] != id {
			return fmt.Sprintf("number %d is not that of network %s", n.Number, id)
		}
		if f.register.faulty[id] != (n.fault != nil) {
			return fmt.Sprintf("network %s is entered as faulty: %v", id, n.fault)
		}
		if got := f.numbersOf(n); !slices.Equal(got, n.Numbers) {
			return fmt.Sprintf("ports of %s are %v, noted %v", id, got, n.Numbers)
		}
		for _, a := range n.Attachments {
			if p, ok := a.place(); ok && !slices.Contains(fresh.places[p], id) {
				fresh.places[p] = append(fresh.places[p], id)
			}
		}
	}
	for p, ids := range f.register.places {
		if got, want := f.inOrder(slices.Clone(ids)), fresh.places[p]; !slices.Equal(got, want) {
			return fmt.Sprintf("%+v is entered for %v, want %v", p, got, want)
		}
		delete(fresh.places, p)
	}
	if len(fresh.places) > 0 {
		return fmt.Sprintf("%v are not entered", fresh.places)
	}
	for _, check := range []func() string{f.checkPorts, f.checkPlans, f.engine.check} {
		if s := check(); s != "" {
			return s
		}
	}
	return ""
}

// checkPorts compares the ports of every node with what is needed of it.
func (f *Fabric) checkPorts() string {
	want := map[need]bool{}
	for n := range f.demand() {
		want[n] = true
	}
	for _, n := range f.networks {
		for _, w := range n.needs() {
			want[w] = true
		}
	}
	for name, n := range f.nodes {
		used := map[slice.Port]bool{}
		for key, p := range n.Ports {
			if !want[need{name, key}] {
				return fmt.Sprintf("node %s keeps port %s", name, key)
			}
			used[p] = true
		}
		if len(used) != len(n.Ports) {
			return fmt.Sprintf("node %s gives a number twice: %v", name, n.Ports)
		}
		if !maps.Equal(used, n.uses()) {
			return fmt.Sprintf("node %s uses %v, noted %v", name, used, n.uses())
		}
		if have := n.revision; have != 0 {
			n.revision = 0
			if now := f.revisionOf(n); now != have {
				return fmt.Sprintf("the bridge of node %s has revision %d, noted %d", name, now, have)
			}
		}
	}
	return ""
}

// checkPlans compiles every network that is at rest, with the links of all
// nodes, and compares the rules with those that the engine was given.
func (f *Fabric) checkPlans() string {
	for _, id := range f.ids() {
		n := f.networks[id]
		if n.move != nil {
			continue
		}
		without := n.without
		plan, err := f.plan(n)
		n.without = without
		if (err == nil) != (n.fault == nil) {
			return fmt.Sprintf("network %s: %v, noted %v", id, err, n.fault)
		}
		if err != nil {
			continue
		}
		got := f.engine.spread(n.Number)
		for d, r := range plan.Rules {
			if c := flow.Diff(got[d], r); !c.Empty() {
				return fmt.Sprintf("network %s on switch %s still needs %+v", id, d, c)
			}
			delete(got, d)
		}
		if len(got) > 0 {
			return fmt.Sprintf("network %s has rules on other switches: %v", id, got)
		}
	}
	return ""
}

func (e *Engine) spread(n slice.Network) map[slice.DPID]flow.Rules {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[slice.DPID]flow.Rules{}
	for d, networks := range e.wanted {
		if w, ok := networks[n]; ok {
			all[d] = w.rules
		}
	}
	return all
}

// check compares the indexes of the engine with what they are made of.
func (e *Engine) check() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	on, flows, held := map[slice.Network][]slice.DPID{}, map[slice.DPID]int{}, map[slice.Network]int{}
	for _, d := range slices.Sorted(maps.Keys(e.wanted)) {
		for n, w := range e.wanted[d] {
			on[n] = append(on[n], d)
			flows[d] += len(w.rules.Flows)
		}
	}
	for d, k := range e.switches {
		all := map[slice.Network]bool{}
		for n := range k.have.rules {
			all[n] = true
		}
		for _, set := range []map[slice.Network]bool{k.dirty, k.doing, k.waiting} {
			maps.Copy(all, set)
		}
		for n := range all {
			held[n]++
		}
		if s := k.have.check(); s != "" {
			return fmt.Sprintf("switch %s: %s", d, s)
		}
	}
	switch {
	case !maps.EqualFunc(on, e.on, slices.Equal):
		return fmt.Sprintf("networks are on %v, noted %v", on, e.on)
	case !maps.Equal(held, e.held):
		return fmt.Sprintf("networks are held by %v, noted %v", held, e.held)
	}
	for d, n := range e.flows {
		if flows[d] != n {
			return fmt.Sprintf("switch %s has %d flows, noted %d", d, flows[d], n)
		}
	}
	return ""
}

// check compares the owners of rules with the rules.
func (h holdings) check() string {
	flows, groups, meters := map[flow.Key]slice.Network{}, map[uint32]slice.Network{}, map[uint32]slice.Network{}
	for n, r := range h.rules {
		for _, f := range r.Flows {
			flows[f.Key()] = n
		}
		for _, g := range r.Groups {
			groups[g.ID] = n
		}
		for _, m := range r.Meters {
			meters[m.ID] = n
		}
	}
	switch {
	case !maps.Equal(flows, h.flows):
		return fmt.Sprintf("%d flows have owners, noted %d", len(flows), len(h.flows))
	case !maps.Equal(groups, h.groups):
		return fmt.Sprintf("groups belong to %v, noted %v", groups, h.groups)
	case !maps.Equal(meters, h.meters):
		return fmt.Sprintf("meters belong to %v, noted %v", meters, h.meters)
	}
	return ""
}
