package fabric

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A place is what only one network can have: a label on a node, or a port of a
// guest.
type place struct {
	node  slice.Node
	label slice.VLAN
	port  slice.Port
}

// register finds networks by what they have, so that a change costs as much as
// the network that it concerns, and not as much as all. Entries of numbers may
// be out of date and are checked when they are found.
type register struct {
	places  map[place][]slice.NetworkID
	nodes   map[slice.Node]map[slice.NetworkID]bool // networks with a port on the node
	slices  map[slice.ID]map[slice.NetworkID]bool
	numbers map[slice.Network]slice.NetworkID
	faulty  map[slice.NetworkID]bool
}

func newRegister() register {
	return register{map[place][]slice.NetworkID{}, map[slice.Node]map[slice.NetworkID]bool{}, map[slice.ID]map[slice.NetworkID]bool{}, map[slice.Network]slice.NetworkID{}, map[slice.NetworkID]bool{}}
}

func (a Attachment) place() (place, bool) {
	return place{a.Node, a.Label, a.Port}, a.Label != 0 || a.Port != 0
}

// enroll enters what a network has.
func (f *Fabric) enroll(n *network) {
	if n == nil {
		return
	}
	f.register.numbers[n.Number] = n.ID
	if f.register.slices[n.ID.Slice] == nil {
		f.register.slices[n.ID.Slice] = map[slice.NetworkID]bool{}
	}
	f.register.slices[n.ID.Slice][n.ID] = true
	for _, a := range n.ends() {
		if f.register.nodes[a.Node] == nil {
			f.register.nodes[a.Node] = map[slice.NetworkID]bool{}
		}
		f.register.nodes[a.Node][n.ID] = true
		if p, ok := a.place(); ok && !slices.Contains(f.register.places[p], n.ID) {
			f.register.places[p] = append(f.register.places[p], n.ID)
		}
	}
}

// strike is the inverse of enroll.
func (f *Fabric) strike(n *network) {
	if n == nil {
		return
	}
	if delete(f.register.slices[n.ID.Slice], n.ID); len(f.register.slices[n.ID.Slice]) == 0 {
		delete(f.register.slices, n.ID.Slice)
	}
	for _, a := range n.ends() {
		delete(f.register.nodes[a.Node], n.ID)
		p, _ := a.place()
		rest := slices.DeleteFunc(f.register.places[p], func(id slice.NetworkID) bool { return id == n.ID })
		if f.register.places[p] = rest; len(rest) == 0 {
			delete(f.register.places, p)
		}
	}
}

// swap puts a network into the place of another, either of which may be nil.
func (f *Fabric) swap(have, next *network) {
	f.strike(have)
	if next == nil {
		delete(f.networks, have.ID)
		delete(f.register.faulty, have.ID)
		return
	}
	f.networks[next.ID] = next
	f.enroll(next)
}

// taken reports whether a number is that of a network, or may be in a switch.
func (f *Fabric) taken(number uint32) bool {
	n := slice.Network(number)
	if id, ok := f.register.numbers[n]; ok {
		if has := f.networks[id]; has != nil && (has.Number == n || has.move != nil && has.move.from == n) {
			return true
		}
		delete(f.register.numbers, n)
	}
	return f.shadowed(n) || f.engine.Holds(n) || f.engine.Lingers(n)
}

// blame notes why a network could not be compiled, or that it could.
func (f *Fabric) blame(n *network, fault error) {
	n.fault, n.whole = fault, fault == nil
	if fault == nil {
		delete(f.register.faulty, n.ID)
		return
	}
	f.register.faulty[n.ID] = true
}

// faulty returns the networks that could not be compiled, in a fixed order: a
// change of another one may have cured them.
func (f *Fabric) faulty() []slice.NetworkID {
	var ids []slice.NetworkID
	for id := range f.register.faulty {
		ids = append(ids, id)
	}
	return f.inOrder(ids)
}

// owns reports whether what a network names is its own.
func (n *network) owns() bool { return n.whole && n.fault == nil }

// other returns another network that has the same place, or nil.
func (f *Fabric) other(p place, but slice.NetworkID, is func(*network) bool) *network {
	for _, id := range f.register.places[p] {
		if n := f.networks[id]; id != but && n != nil && is(n) {
			return n
		}
	}
	return nil
}

// NetworksOf returns the networks of a slice that are wanted, by number.
func (f *Fabric) NetworksOf(id slice.ID) []slice.NetworkID {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make([]slice.NetworkID, 0, len(f.register.slices[id]))
	for n := range f.register.slices[id] {
		ids = append(ids, n)
	}
	return f.inOrder(ids)
}
