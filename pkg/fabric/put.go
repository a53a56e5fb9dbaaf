package fabric

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Put makes a network, or changes it, and hands it to switches and nodes; it
// does not wait for them (Wait does). It returns the number of the network. An
// error leaves everything as it was. A network that is right but cannot be
// compiled yet, because a node has not joined or another network has its
// label, is taken, and Status says why it is not ready.
func (f *Fabric) Put(n Network) (slice.Network, error) {
	numbers, err := f.PutAll([]Network{n})
	if err != nil {
		return 0, err
	}
	return numbers[0], nil
}

// PutAll is Put for many networks: all of them are taken, or none. They become
// durable in one step, and a switch gets what is new for it in one bundle.
func (f *Fabric) PutAll(all []Network) ([]slice.Network, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tx = writes{}
	defer func() { f.tx = nil }()
	p := &putting{f: f, deal: f.deal()}
	for _, n := range all {
		if err := p.add(n); err != nil {
			p.cancel()
			return nil, err
		}
	}
	if err := p.commit(); err != nil {
		p.cancel()
		return nil, err
	}
	if len(p.steps) > 0 { // else nobody need be woken: nothing is new
		p.finish()
	}
	numbers := make([]slice.Network, len(all))
	for i, n := range all {
		numbers[i] = f.networks[n.ID].Number
	}
	return numbers, nil
}

// putting is what happens to networks on their way in.
type putting struct {
	f     *Fabric
	deal  *deal
	steps []entry
	need  map[slice.DPID]int // flows beyond those that are wanted already
}

// An entry is one network that takes the place of another, or of none.
type entry struct {
	have, next *network
	plan       pipeline.Plan
	fault      error
}

// add takes a network in, as far as nobody outside can see.
func (p *putting) add(n Network) error {
	f := p.f
	if err := checkName(n.ID); err != nil {
		return err
	}
	have := f.networks[n.ID]
	if have != nil && have.fault == nil && reflect.DeepEqual(have.Network, n) {
		return nil
	}
	next := &network{Network: n}
	if have != nil {
		next.Number, next.now, next.move, next.without = have.Number, have.now, have.move, have.without
		next.Backup, next.Copies, next.Reserved, next.learned = have.Backup, have.Copies, have.Reserved, have.learned
		next.older, next.Unsettled = have.older, true
		next.kept = slices.Concat(have.kept, have.Links)
	} else {
		number, err := f.number(f.taken)
		if err != nil {
			return fmt.Errorf("number for network %s: %w", n.ID, err)
		}
		next.Number = slice.Network(number)
	}
	if err := f.second(next); err != nil {
		return err
	}
	e := entry{have: have, next: next}
	f.swap(have, next)
	p.steps = append(p.steps, e)
	p.deal.exchange(have, next) // should a number be short here, the plan says so
	e.plan, e.fault = f.plan(next)
	if next.whole = e.fault == nil; next.whole {
		next.Reserved = e.plan.Reserved // the next network of the request counts it
	}
	p.steps[len(p.steps)-1] = e
	// What is not Invalid or used up can become true without another Put.
	if kind := slice.KindOf(e.fault); kind == slice.Invalid || kind == slice.Exhausted {
		return fmt.Errorf("network %s: %w", n.ID, e.fault)
	}
	if e.fault == nil {
		return p.room(e)
	}
	return nil // it is taken, and its status says why it has to wait
}

// room refuses what would not fit into a switch, before anything is sent.
func (p *putting) room(e entry) error {
	budget := p.f.cfg.Budget
	if budget == 0 {
		return nil
	}
	if p.need == nil {
		p.need = map[slice.DPID]int{}
	}
	for d, r := range e.plan.Rules {
		p.need[d] += len(r.Flows) - p.f.engine.flowsOf(d, e.next.Number)
		if have := p.f.engine.flowsOf(d, 0); p.need[d] > 0 && have+p.need[d] > budget {
			return slice.Errorf(slice.Exhausted, "network %s: switch %s would have %d flows, and %d is what it may have", e.next.ID, d, have+p.need[d], budget)
		}
	}
	return nil
}

// commit makes everything durable.
func (p *putting) commit() error {
	if len(p.steps) == 0 {
		return nil
	}
	if err := p.deal.save(); err != nil {
		return err
	}
	for _, e := range p.steps {
		if err := p.f.saveNetwork(e.next, e.have); err != nil {
			return fmt.Errorf("network %s: %w", e.next.ID, err)
		}
	}
	p.f.forgetRests()
	if err := p.f.commit(); err != nil {
		if len(p.steps) == 1 {
			return fmt.Errorf("network %s: %w", p.steps[0].next.ID, err)
		}
		return err
	}
	return nil
}

// cancel makes everything as it was.
func (p *putting) cancel() {
	p.deal.cancel()
	for _, e := range slices.Backward(p.steps) {
		p.f.swap(e.next, e.have)
		if e.have != nil {
			p.f.blame(e.have, e.have.fault)
		}
	}
}

// finish hands what is durable to switches and nodes.
func (p *putting) finish() {
	f := p.f
	var changed []slice.NetworkID
	f.bulk = map[slice.Network]map[slice.DPID]flow.Rules{}
	for _, e := range p.steps {
		n := e.next
		delete(f.leaving, n.ID)
		switch {
		case f.networks[n.ID] != n: // it was changed again
			continue
		case e.have != nil || e.fault != nil:
			changed = append(changed, n.ID)
		default:
			f.blame(n, nil)
			f.pass(n, e.plan)
		}
	}
	f.flush()
	// A new network takes; only one that has changed can have given something
	// up that another one waits for.
	if slices.ContainsFunc(p.steps, func(e entry) bool { return e.have != nil }) {
		changed = append(changed, slices.DeleteFunc(f.faulty(), func(id slice.NetworkID) bool { return slices.Contains(changed, id) })...)
	}
	f.compile(changed)
	for _, e := range p.steps {
		if n := e.next; n.move == nil && n.fault == nil && f.networks[n.ID] == n {
			f.release(n)
		}
		for _, n := range []*network{e.have, e.next} {
			if n != nil {
				n.wakeNodes(f)
			}
		}
	}
	p.deal.wake()
	f.tell()
}

// set hands the rules of a network to the engine, at once or with those of
// others that are on their way in.
func (f *Fabric) set(n slice.Network, rules map[slice.DPID]flow.Rules) {
	if f.bulk != nil {
		f.bulk[n] = rules
		return
	}
	f.engine.Set(n, rules)
}

// flush hands over what set has kept.
func (f *Fabric) flush() {
	bulk := f.bulk
	f.bulk = nil
	f.engine.SetAll(bulk)
}

// wakeNodes has the nodes of a network's ports look at their bridges: what is
// behind a port may have changed.
func (n *network) wakeNodes(f *Fabric) {
	for i, a := range n.Attachments {
		if i == 0 || a.Node != n.Attachments[i-1].Node {
			f.wakeNode(a.Node)
		}
	}
}

// Remove takes a network off switches and nodes; it does not wait for them
// (Gone does). Removing an absent one does nothing.
func (f *Fabric) Remove(id slice.NetworkID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	have, ok := f.networks[id]
	if !ok {
		return nil
	}
	d := f.deal()
	f.swap(have, nil)
	d.exchange(have, nil)
	f.tx = writes{}
	err := d.save()
	f.tx.put(bucketNetworks, id.String(), nil)
	f.rest(have.Number)
	if have.move != nil {
		f.rest(have.move.from)
	}
	f.forgetRests()
	if err == nil {
		err = f.commit()
	}
	f.tx = nil
	if err != nil {
		d.cancel()
		f.swap(nil, have)
		f.blame(have, have.fault)
		return fmt.Errorf("forget network %s: %w", id, err)
	}
	f.leaving[id] = leaving{f.stop(have), d.freed}
	f.compile(f.faulty())
	d.wake()
	f.tell()
	return nil
}
