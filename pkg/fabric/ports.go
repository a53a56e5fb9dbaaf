package fabric

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A need is a port that something needs: of a node, by what is behind it.
type need struct {
	node slice.Node
	key  string
}

// needs returns the ports that a network needs. A tunnel that two links name
// is there twice.
func (n *network) needs() []need {
	if n == nil {
		return nil
	}
	var all []need
	for _, links := range [][]Link{n.Links, n.kept} {
		for _, l := range links {
			all = append(all, need{l.A, tunnelKey(l.B)}, need{l.B, tunnelKey(l.A)})
		}
	}
	for _, a := range n.Attachments {
		if key := n.key(a); key != "" {
			all = append(all, need{a.Node, key})
		}
	}
	return all
}

// key returns the key of the port of an attachment, or nothing if nobody asks
// for that port.
func (n *network) key(a Attachment) string {
	switch {
	case a.Port != 0:
		return ""
	case a.Label != 0:
		return patchKey
	}
	return workloadKey(n.ID, a.Workload)
}

func isWorkload(key string) bool { return strings.HasPrefix(key, workloadPrefix) }

// A deal is a change of ports that can be undone.
type deal struct {
	f     *Fabric
	undo  []func()
	nodes map[slice.Node]bool // whose ports have changed, and whether others than those of workloads
	freed map[slice.Node][]string
	fault error // numbers were short
}

func (f *Fabric) deal() *deal {
	return &deal{f: f, nodes: map[slice.Node]bool{}, freed: map[slice.Node][]string{}}
}

// exchange gives the ports to a network that it needs, and takes those that
// the one in its place had and nobody needs any more. Where numbers are used up
// it gives what there is.
func (d *deal) exchange(have, next *network) {
	mine := map[need]bool{}
	for _, n := range next.needs() {
		if isWorkload(n.key) {
			mine[n] = true
			d.take(n)
			continue
		}
		d.count(n, 1)
	}
	for _, n := range have.needs() {
		switch {
		case !isWorkload(n.key):
			d.count(n, -1)
		case !mine[n]:
			d.free(n)
		}
	}
	if next != nil {
		next.Numbers = d.f.numbersOf(next)
	}
}

// numbersOf returns the numbers of the ports of a network's workloads, in the
// order of its attachments.
func (f *Fabric) numbersOf(n *network) []slice.Port {
	all := make([]slice.Port, len(n.Attachments))
	for i, a := range n.Attachments {
		if at := f.nodes[a.Node]; at != nil && a.Label == 0 && a.Port == 0 {
			all[i] = at.Ports[workloadKey(n.ID, a.Workload)]
		}
	}
	return all
}

// count counts who needs a port that is shared.
func (d *deal) count(n need, by int) {
	counts := d.f.needs
	was := counts[n]
	d.undo = append(d.undo, func() { set(counts, n, was) })
	set(counts, n, was+by)
	switch {
	case was == 0:
		d.take(n)
	case was+by == 0:
		d.free(n)
	}
}

func set(counts map[need]int, n need, to int) {
	if to == 0 {
		delete(counts, n)
		return
	}
	counts[n] = to
}

// take gives a number to a port that has none. A tunnel waits for the node at
// its other end. What is still in use counts: its rules may be there for a
// while.
func (d *deal) take(n need) {
	at := d.f.nodes[n.node]
	if at == nil || at.Guest != 0 || at.Ports[n.key] != 0 {
		return
	}
	if peer, ok := strings.CutPrefix(n.key, tunnelPrefix); ok && d.f.nodes[slice.Node(peer)] == nil {
		return
	}
	next := at.Ring.Next
	number, err := at.Ring.Take(func(number uint32) bool { return at.uses()[slice.Port(number)] })
	if err != nil {
		d.fault = errors.Join(d.fault, fmt.Errorf("port on node %s: %w", n.node, err))
		return
	}
	d.enter(at, n.key, slice.Port(number))
	d.undo = append(d.undo, func() {
		at.leave(n.key)
		at.Ring.Next = next
	})
}

func (d *deal) enter(at *node, key string, number slice.Port) {
	at.Ports[key] = number
	at.uses()[number] = true
	d.nodes[at.Name] = d.nodes[at.Name] || !isWorkload(key)
}

// free takes a port away. What a guest has it keeps.
func (d *deal) free(n need) {
	at := d.f.nodes[n.node]
	if at == nil || at.Guest != 0 || at.Ports[n.key] == 0 {
		return
	}
	number := at.Ports[n.key]
	at.leave(n.key)
	d.nodes[n.node] = d.nodes[n.node] || !isWorkload(n.key)
	d.freed[n.node] = append(d.freed[n.node], d.f.name(n.key))
	if peer, ok := strings.CutPrefix(n.key, tunnelPrefix); ok {
		d.f.live.forget(pairOf(n.node, slice.Node(peer)))
	}
	d.undo = append(d.undo, func() {
		at.Ports[n.key] = number
		at.uses()[number] = true
	})
}

// uses returns the numbers that a node uses.
func (n *node) uses() map[slice.Port]bool {
	if n.used == nil {
		n.used = make(map[slice.Port]bool, len(n.Ports))
		for _, p := range n.Ports {
			n.used[p] = true
		}
	}
	return n.used
}

func (n *node) leave(key string) {
	delete(n.uses(), n.Ports[key])
	delete(n.Ports, key)
}

// cancel makes everything as it was before the deal.
func (d *deal) cancel() {
	for _, u := range slices.Backward(d.undo) {
		u()
	}
	d.undo = nil
}

// save makes a deal durable, with the rest of what is being written.
func (d *deal) save() error {
	for _, name := range slices.Sorted(maps.Keys(d.nodes)) {
		n := d.f.nodes[name]
		if err := d.f.save(bucketPorts, string(name), n.Ring.Next); err != nil {
			return err
		}
		if !d.nodes[name] {
			continue
		}
		if err := d.f.saveNode(n); err != nil {
			return err
		}
	}
	return nil
}

// wake has the nodes of a deal look at the bridge that they should have.
func (d *deal) wake() {
	for name := range d.nodes {
		d.f.wakeNode(name)
	}
}

func (f *Fabric) wakeNode(name slice.Node) {
	n := f.nodes[name]
	if n == nil {
		return
	}
	n.revision = 0
	if n.line != nil {
		poke(n.line.wake)
	}
}

// wake has every connected node look at the bridge that it should have.
func (f *Fabric) wake() {
	for name := range f.nodes {
		f.wakeNode(name)
	}
}

// recount looks at everything: it counts who needs which ports, gives ports to
// those that have none and takes those that nobody needs, and makes durable
// what has changed. A crash between two writes, and a node that joins, leave
// such.
func (f *Fabric) recount() error {
	d := f.deal()
	changed := f.renumber(d)
	if f.tx == nil {
		f.tx = writes{}
	}
	err := d.save()
	for _, n := range changed {
		err = errors.Join(err, f.save(bucketNetworks, n.ID.String(), n))
	}
	return errors.Join(err, f.commit(), d.fault)
}

// renumber is recount in memory. It returns the networks whose numbers have
// changed.
func (f *Fabric) renumber(d *deal) (changed []*network) {
	f.needs = f.demand()
	wanted := map[need]bool{}
	for n := range f.needs {
		wanted[n] = true
	}
	for _, n := range f.networks {
		for _, w := range n.needs() {
			wanted[w] = true
		}
	}
	for _, name := range f.names() {
		for key := range f.nodes[name].Ports {
			if !wanted[need{name, key}] {
				d.free(need{name, key})
			}
		}
	}
	inOrder := func(x, y need) int { return strings.Compare(x.key+string(x.node), y.key+string(y.node)) }
	for _, n := range slices.SortedFunc(maps.Keys(wanted), inOrder) {
		d.take(n)
	}
	for _, id := range f.ids() {
		n := f.networks[id]
		if now := f.numbersOf(n); !slices.Equal(now, n.Numbers) {
			n.Numbers = now
			changed = append(changed, n)
		}
	}
	return changed
}

// demand counts who needs the ports that are shared.
func (f *Fabric) demand() map[need]int {
	counts := map[need]int{}
	for _, l := range f.meshLinks() {
		counts[need{l.A, tunnelKey(l.B)}]++
		counts[need{l.B, tunnelKey(l.A)}]++
	}
	for _, n := range f.networks {
		for _, w := range n.needs() {
			if !isWorkload(w.key) {
				counts[w]++
			}
		}
	}
	return counts
}
