package fabric

import (
	"errors"
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// drainTime is how long the old ways stay after the last port has left them:
// longer than any frame is on its way.
const drainTime = 500 * time.Millisecond

// A move takes a network to other ways without a moment in which frames could
// circle between a switch that has the new rules and one that has the old: the
// new ways get a number of their own. First every switch learns to carry the
// new number, then the ports turn to it, and when no frame of the old number
// can be left the old ways go. A frame keeps to the ways that its first switch
// has chosen.
type move struct {
	from slice.Network
	old  pipeline.Plan
	step step
	late bool // something has changed meanwhile: compile again when done
}

// A step is how far a move is.
type step uint8

const (
	prepare step = iota // all switches learn the new number
	turn                // the ports turn to it
	drain               // the old ways wait for the last frame
)

// pass takes a network to a plan: at once where the plans mix, else by a move.
func (f *Fabric) pass(n *network, plan pipeline.Plan) {
	defer f.learn(n)
	switch {
	case n.move != nil && n.move.step == drain:
		n.move.late = false
		f.settleMove(n)
	case n.move != nil:
		n.move.late = true
		return
	}
	err := f.inPlace(n, plan)
	if errors.Is(err, errOtherWays) {
		err = f.begin(n)
	}
	if err != nil {
		// The ways that it has are better than frames that circle.
		f.blame(n, fmt.Errorf("the network keeps the ways that it has: %w", err))
		f.tryAgain()
		return
	}
	if n.move != nil {
		f.next(n)
	}
}

// begin gives a network the number of its new ways, or leaves it as it is.
func (f *Fabric) begin(n *network) error {
	number, err := f.number(f.taken)
	if err == nil {
		err = f.save(bucketRing, "next", f.numbers.Next)
	}
	m := &move{from: n.Number, old: n.now}
	backup, copies, unsettled := n.Backup, n.Copies, n.Unsettled
	n.Unsettled = false // nobody holds anything of the new number
	n.Number, n.Backup, n.Copies = slice.Network(number), 0, 0
	f.register.numbers[n.Number] = n.ID
	if err == nil {
		err = f.second(n)
	}
	plan, planErr := f.plan(n)
	if err == nil && planErr == nil {
		err = f.save(bucketNetworks, n.ID.String(), n)
	}
	if err != nil || planErr != nil {
		n.Number, n.Backup, n.Copies, n.Unsettled = m.from, backup, copies, unsettled
		f.register.numbers[n.Number] = n.ID
		f.cfg.Logger.Warn("network cannot move to other ways", "slice", string(n.ID.Slice), "network", string(n.ID.Network), "reason", errors.Join(err, planErr).Error())
		return errors.Join(err, planErr)
	}
	n.now, n.move, n.older = plan, m, nil
	f.reserve(n)
	f.moving[n.ID] = true
	f.engine.Set(n.Number, plan.Transit())
	return nil
}

// advance is called after each step of a switch.
func (f *Fabric) advance() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.goOn()
}

// goOn takes every move as far as it can go now.
func (f *Fabric) goOn() {
	for id := range f.moving {
		f.next(f.networks[id])
	}
	for id := range f.open {
		f.settle(id)
	}
}

// next takes a move as far as the switches that are connected have come.
func (f *Fabric) next(n *network) {
	m := n.move
	if m.step == prepare && !f.engine.Behind(n.Number) && f.paved(n) {
		m.step = turn
		f.engine.SetAll(map[slice.Network]map[slice.DPID]flow.Rules{
			m.from: m.old.Transit(), n.Number: n.now.Rules,
		})
	}
	if m.step == turn && !f.engine.Behind(n.Number) && !f.engine.Behind(m.from) {
		m.step = drain
		time.AfterFunc(drainTime, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if now := f.networks[n.ID]; now != nil && now.move == m {
				f.settleMove(now)
			}
		})
	}
}

// paved reports whether every tunnel that a network may use is there, as far
// as the agents tell that are connected.
func (f *Fabric) paved(n *network) bool {
	for _, l := range f.carriers(n) {
		for _, end := range [][2]slice.Node{{l.A, l.B}, {l.B, l.A}} {
			node := f.nodes[end[0]]
			if node != nil && node.line != nil && f.state(end[0], tunnelKey(end[1])).Message != "" {
				return false
			}
		}
	}
	return true
}

// settleMove ends a move: the old ways go, and with them the tunnels that only
// they took.
func (f *Fabric) settleMove(n *network) {
	m := n.move
	f.engine.Set(m.from, nil)
	f.rest(m.from)
	delete(f.moving, n.ID)
	n.move = nil
	f.release(n)
	f.cfg.Logger.Info("network has moved to other ways", "slice", string(n.ID.Slice), "network", string(n.ID.Network), "number", uint32(n.Number))
	if m.late {
		f.compile([]slice.NetworkID{n.ID})
	}
	f.tell()
}

// release gives up the links that a network had before its change.
func (f *Fabric) release(n *network) {
	if n.kept == nil {
		return
	}
	d := f.deal()
	kept := &network{Network: Network{Links: n.kept}}
	n.kept = nil
	d.exchange(kept, nil)
	if f.tx == nil {
		f.tx = writes{}
	}
	err := d.save()
	if err == nil {
		err = f.commit()
	}
	f.tx = nil
	if err != nil {
		f.cfg.Logger.Error("ports were not renewed", "reason", err.Error())
	}
	d.wake()
}

// stop takes all rules of a network away and returns its numbers.
func (f *Fabric) stop(n *network) []slice.Network {
	f.unlearn(n)
	numbers := []slice.Network{n.Number}
	if n.move != nil {
		numbers = append(numbers, n.move.from)
		delete(f.moving, n.ID)
	}
	for _, number := range numbers {
		f.engine.Set(number, nil)
	}
	return numbers
}
