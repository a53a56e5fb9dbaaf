package learn

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Switch learns from the frames of one connected switch. It shares no lock
// with others as long as nothing is new.
type Switch struct {
	l    *Learner
	hand Hand

	mu    sync.Mutex
	ports map[slice.Port]*port
}

// A port is one behind which addresses are learned.
type port struct {
	net    *network
	plan   *pipeline.Plan // of which the entries are
	at     pipeline.Attachment
	tokens float64
	filled time.Time // the tokens are of then

	entries map[slice.MAC]*entry // some may have moved away
	count   atomic.Int32         // of addresses that are here
	full    bool                 // an alarm was raised
}

// An entry is an address, and what its switch has to know of it.
type entry struct {
	home  *home
	flows []flow.Flow
}

// Join begins to learn from a switch.
func (l *Learner) Join(h Hand) *Switch {
	sw := &Switch{l: l, hand: h, ports: map[slice.Port]*port{}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.switches[h.DPID()] = sw
	return sw
}

// Leave ends it. What was learned stays: the switch still has the flows.
func (s *Switch) Leave() {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if s.l.switches[s.hand.DPID()] == s {
		delete(s.l.switches, s.hand.DPID())
	}
}

// frameLen is the length of the addresses and the type of a frame.
const frameLen = 14

// Frame takes a frame of an unknown sender that a flow of a network sent up,
// and reports whether it was its business. The frame is gone afterwards.
func (s *Switch) Frame(owner slice.Network, in slice.Port, frame []byte) bool {
	if owner == 0 || len(frame) < frameLen {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.ports[in]
	if p == nil || p.net.number != owner || p.plan != p.net.plan.Load() {
		if p = s.enter(owner, in); p == nil {
			return false
		}
	}
	if !p.take(s.l.cfg.Now(), s.l.cfg.Rate) || !s.hand.Room() {
		s.l.counters.limitedTo.Add(1)
		return true
	}
	mac := slice.MAC(frame[6:12])
	e := p.entries[mac]
	if e != nil && e.home.port.Load() == p {
		s.l.counters.again.Add(1)
	} else if e = s.learn(p, mac); e == nil {
		return true
	}
	for i := range e.flows {
		if s.hand.Teach(&e.flows[i]) != nil {
			return true // the frame is lost, and another one comes
		}
	}
	_ = s.hand.Release(in, frame) // as above
	return true
}

// enter finds the port in the plan of its network.
func (s *Switch) enter(owner slice.Network, in slice.Port) *port {
	old := s.ports[in]
	delete(s.ports, in)
	s.l.mu.RLock()
	net := s.l.networks[owner]
	s.l.mu.RUnlock()
	if net == nil {
		return nil
	}
	net.mu.Lock()
	defer net.mu.Unlock()
	plan := net.plan.Load()
	if plan == nil {
		return nil
	}
	at, ok := plan.Learning(s.hand.DPID(), in)
	if !ok {
		return nil
	}
	p := &port{net: net, entries: map[slice.MAC]*entry{}}
	if old != nil && old.net == net { // its addresses stay
		p = old
		clear(p.entries)
	}
	p.plan, p.at = plan, at
	s.ports[in] = p
	return p
}

// is reports whether both are one port, perhaps of two connections.
func (p *port) is(o *port) bool { return p.at.Switch == o.at.Switch && p.at.Port == o.at.Port }

// take takes a token of the port, if it has one.
func (p *port) take(now time.Time, rate int) bool {
	p.tokens = min(float64(rate), p.tokens+now.Sub(p.filled).Seconds()*float64(rate))
	p.filled = now
	if p.tokens < 1 {
		return false
	}
	p.tokens--
	return true
}

// learn notes that an address is behind a port, tells the other switches, and
// returns what this one has to know; nil if the address may not be there.
func (s *Switch) learn(p *port, mac slice.MAC) *entry {
	l, net := s.l, p.net
	net.mu.Lock()
	defer net.mu.Unlock()
	h := net.homes[mac]
	if h != nil && h.port.Load() == p { // the plan is new
		return s.note(p, mac, h)
	}
	switch refused := s.refuse(p, mac, h); {
	case refused:
		return nil
	case h == nil:
		h = &home{}
		net.homes[mac] = h
		l.counters.addresses.Add(1)
	}
	old := h.port.Swap(p)
	p.count.Add(1)
	l.counters.learned.Add(1)
	if old != nil {
		old.count.Add(-1)
	}
	if old != nil && !old.is(p) {
		l.counters.moved.Add(1)
		l.leave(old, p, mac)
	}
	e := s.note(p, mac, h)
	for _, other := range p.plan.Switches() {
		if other != p.at.Switch {
			l.tell(other, p.plan.Learned(other, p.at, mac), nil)
		}
	}
	return e
}

// note keeps an address of the port, and makes room for it.
func (s *Switch) note(p *port, mac slice.MAC, h *home) *entry {
	if len(p.entries) >= 2*s.l.cfg.Most {
		for m, e := range p.entries {
			if e.home.port.Load() != p {
				delete(p.entries, m)
			}
		}
	}
	e := &entry{home: h, flows: p.plan.Learned(p.at.Switch, p.at, mac)}
	p.entries[mac] = e
	return e
}

// refuse reports whether an address may not be learned at a port; the lock of
// the network is held.
func (s *Switch) refuse(p *port, mac slice.MAC, h *home) bool {
	l := s.l
	if p.count.Load() >= int32(l.cfg.Most) { //nolint:gosec // a limit is small
		l.counters.full.Add(1)
		if !p.full {
			p.full = true
			l.alarm(p, mac, "the port has as many addresses as it may")
		}
		return true
	}
	if len(p.plan.Learned(p.at.Switch, p.at, mac)) == 0 {
		l.counters.refused.Add(1)
		return true
	}
	if h == nil || h.port.Load() == nil || h.port.Load().is(p) {
		return false
	}
	return s.flips(p, mac, h)
}

// flips reports whether an address moves too often. It is banned then, from
// all ports but the one where it is.
func (s *Switch) flips(p *port, mac slice.MAC, h *home) bool {
	l, now := s.l, s.l.cfg.Now()
	if now.Before(h.until) {
		l.counters.banned.Add(1)
		return true
	}
	if now.Sub(h.since) > l.cfg.Calm {
		h.since, h.moves = now, 0
	}
	if h.moves++; h.moves <= l.cfg.Moves {
		return false
	}
	h.until, h.moves = now.Add(l.cfg.Ban), 0
	l.counters.banned.Add(1)
	l.alarm(p, mac, "the address moves to and fro between ports")
	return true
}

// leave takes off what the switch of the old port knew of an address that has
// moved; the lock of the network is held.
func (l *Learner) leave(old, now *port, mac slice.MAC) {
	before := old.plan.Learned(old.at.Switch, old.at, mac)
	after := now.plan.Learned(old.at.Switch, now.at, mac)
	l.tell(old.at.Switch, nil, less(before, after))
}

// less returns the flows of which the others have none with the same rule.
func less(list, others []flow.Flow) []flow.Flow {
	var rest []flow.Flow
	for _, f := range list {
		found := false
		for _, o := range others {
			found = found || f.Key() == o.Key()
		}
		if !found {
			rest = append(rest, f)
		}
	}
	return rest
}
