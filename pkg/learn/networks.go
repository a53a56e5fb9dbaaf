package learn

import (
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// SetNetwork gives a network a plan, or another one. Addresses whose port is
// still in it stay, and switches are told their new ways; others are forgotten.
// A nil plan says that the network is gone.
func (l *Learner) SetNetwork(number slice.Network, plan *pipeline.Plan) {
	if plan != nil && !plan.Learns() {
		plan = nil
	}
	l.mu.Lock()
	net := l.networks[number]
	switch {
	case plan == nil:
		delete(l.networks, number)
	case net == nil:
		net = &network{number: number, homes: map[slice.MAC]*home{}}
		net.plan.Store(plan)
		l.networks[number] = net
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	if net != nil {
		l.change(net, plan)
	}
}

func (l *Learner) change(net *network, plan *pipeline.Plan) {
	net.mu.Lock()
	defer net.mu.Unlock()
	old := net.plan.Swap(plan)
	if plan == nil {
		l.forgetAll(net, old)
		return
	}
	puts, takes := map[slice.DPID][]flow.Flow{}, map[slice.DPID][]flow.Flow{}
	for _, mac := range slices.SortedFunc(maps.Keys(net.homes), func(x, y slice.MAC) int { return slices.Compare(x[:], y[:]) }) {
		p := net.homes[mac].port.Load()
		if p == nil {
			continue
		}
		at, stays := plan.Learning(p.at.Switch, p.at.Port)
		if !stays {
			l.forget(net, mac)
		}
		for _, s := range union(old.Switches(), plan.Switches()) {
			before := old.Learned(s, p.at, mac)
			var after []flow.Flow
			if stays {
				after = plan.Learned(s, at, mac)
			}
			puts[s] = append(puts[s], changed(before, after)...)
			takes[s] = append(takes[s], less(before, after)...)
		}
	}
	for _, s := range union(old.Switches(), plan.Switches()) {
		l.tell(s, puts[s], takes[s])
	}
}

// forgetAll forgets a network that is gone; its lock is held.
func (l *Learner) forgetAll(net *network, old *pipeline.Plan) {
	for mac := range net.homes {
		l.forget(net, mac)
	}
	for _, s := range old.Switches() {
		if hand := l.hand(s); hand != nil {
			if err := hand.Tell(flow.Change{Forget: []slice.Network{net.number}}); err != nil {
				l.cfg.Logger.Debug("a network was not forgotten", "dpid", s.String(), "reason", err.Error())
			}
		}
	}
}

// forget forgets an address; the lock of the network is held.
func (l *Learner) forget(net *network, mac slice.MAC) {
	h := net.homes[mac]
	if h == nil {
		return
	}
	delete(net.homes, mac)
	l.counters.addresses.Add(-1)
	if p := h.port.Swap(nil); p != nil {
		p.count.Add(-1)
	}
}

func union(x, y []slice.DPID) []slice.DPID {
	all := slices.Concat(x, y)
	slices.Sort(all)
	return slices.Compact(all)
}

// changed returns the flows that are new or not what they were.
func changed(before, after []flow.Flow) []flow.Flow {
	var list []flow.Flow
	for _, f := range after {
		if !slices.ContainsFunc(before, func(o flow.Flow) bool { return o.String() == f.String() }) {
			list = append(list, f)
		}
	}
	return list
}

// Gone takes note of a learned flow that went by itself because it was not
// used. When it was that of the sender, the address is forgotten; when nobody
// sent to an address that is there, the flow comes back, so that the next who
// does need not be flooded to everybody.
func (l *Learner) Gone(s slice.DPID, f flow.Flow) {
	l.mu.RLock()
	net, sw := l.networks[f.Owner], l.switches[s]
	l.mu.RUnlock()
	if net == nil || sw == nil {
		return
	}
	from, in := sender(f)
	if in != 0 {
		sw.silent(net, in, from)
		return
	}
	to, ok := address(f, flow.FieldEthDst)
	if !ok {
		return
	}
	net.mu.Lock()
	defer net.mu.Unlock()
	h, plan := net.homes[to], net.plan.Load()
	if h == nil || plan == nil {
		return
	}
	if p := h.port.Load(); p != nil {
		l.tell(s, slices.DeleteFunc(plan.Learned(s, p.at, to), func(o flow.Flow) bool { return o.Key() != f.Key() }), nil)
	}
}

// silent forgets an address that has sent nothing for long.
func (s *Switch) silent(net *network, in slice.Port, mac slice.MAC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	net.mu.Lock()
	defer net.mu.Unlock()
	h := net.homes[mac]
	if h == nil {
		return
	}
	p := h.port.Load()
	if p == nil || p.at.Switch != s.hand.DPID() || p.at.Port != in {
		return // it has moved
	}
	s.l.forget(net, mac)
	delete(p.entries, mac)
	p.full = false
}

// sender returns the port and the address of a flow by which one may send.
func sender(f flow.Flow) (slice.MAC, slice.Port) {
	mac, ok := address(f, flow.FieldEthSrc)
	if !ok {
		return mac, 0
	}
	for _, m := range f.Match {
		if m.Field == flow.FieldInPort {
			return mac, slice.Port(m.Value) //nolint:gosec // a port has 32 bits
		}
	}
	return mac, 0
}

func address(f flow.Flow, field flow.Field) (slice.MAC, bool) {
	for _, m := range f.Match {
		if m.Field == field && m.Exact() {
			return flow.MACOf(m.Value), true
		}
	}
	return slice.MAC{}, false
}

// Adopt takes over what a switch has learned before, from this or another
// controller, and takes off what is of a port that may not have it. Of networks
// that it does not know it leaves all: who knows that they are gone forgets
// them.
func (s *Switch) Adopt(list []flow.Flow) {
	var take []flow.Flow
	for _, f := range list {
		mac, in := sender(f)
		if f.Learned && in != 0 && !s.adopt(f.Owner, in, mac) {
			take = append(take, f)
		}
	}
	s.l.tell(s.hand.DPID(), nil, take)
}

// adopt reports whether a flow may stay.
func (s *Switch) adopt(owner slice.Network, in slice.Port, mac slice.MAC) bool {
	s.l.mu.RLock()
	net := s.l.networks[owner]
	s.l.mu.RUnlock()
	if net == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.ports[in]
	if p == nil || p.net != net || p.plan != net.plan.Load() {
		p = s.enter(owner, in)
	}
	if p == nil {
		return false
	}
	net.mu.Lock()
	defer net.mu.Unlock()
	h := net.homes[mac]
	if h != nil && !h.port.Load().is(p) {
		return false
	}
	if h == nil {
		if s.refuse(p, mac, nil) {
			return false
		}
		h = &home{}
		net.homes[mac] = h
		s.l.counters.addresses.Add(1)
	}
	if old := h.port.Swap(p); old != nil {
		old.count.Add(-1)
	}
	p.count.Add(1)
	s.note(p, mac, h)
	return true
}
