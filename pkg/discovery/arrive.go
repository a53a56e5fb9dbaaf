package discovery

import (
	"time"

	"github.com/l2sces/l2sces/pkg/topology"
)

// Frame takes a frame that came up at a port. It is to be called for every
// frame that Discovers, whatever rule of the switch sent it up.
func (p *Prober) Frame(at topology.End, frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.seats[at.Switch]
	if s == nil {
		return // not served yet, or not any more: its ports may not be known
	}
	if p.unheardOf(at, s) { // the switch was faster than who makes ports
		p.mu.Unlock()
		p.Changed(at.Switch)
		p.mu.Lock()
	}
	now := p.clock.read()
	o := p.ports[at]
	t, v := p.seal.read(frame)
	switch {
	case o == nil || o.role == Tenant:
		if o == nil || v != genuine || now-o.left > lingering {
			p.intrude(at, now)
		}
		return
	case v == strange && o.role == Open: // a neighbour's LLDP does no harm
		return
	case v != genuine:
		p.alarm(Forged, at, topology.End{})
		if o.role == Open { // the underlay of a tunnel is not the port's fault
			p.ban(o, Forged)
		}
		return
	}
	s.spoke = true
	if t.instance != p.instance || !o.usable(now) {
		return // of a replica, or under way when the port changed
	}
	p.genuine(o, t, now)
}

// lingering is how long probes may come up at a port that is no end of a link
// any more.
const lingering = 5 * time.Second

// mostLooks is how often in a second the ports of a switch are asked for again
// because of an unknown one.
const mostLooks = 10

// unheardOf reports whether it is worth while to ask for the ports of a switch
// again.
func (p *Prober) unheardOf(at topology.End, s *seat) bool {
	now := p.clock.read()
	if o := p.ports[at]; o != nil && (o.role != Tenant || now < o.banned) {
		return false
	}
	if now-s.looked > time.Second {
		s.looked, s.looks = now, 0
	}
	s.looks++
	return s.looks <= mostLooks
}

// intrude notes that a tenant has sent a frame of discovery. Its port is not
// believed for a while, should it be made the end of a link.
func (p *Prober) intrude(at topology.End, now time.Duration) {
	p.alarm(Intruder, at, topology.End{})
	o := p.ports[at]
	if o == nil {
		o = p.enter(at)
	}
	o.banned = now + p.cfg.Ban
	p.diary.set(&o.date, o.banned)
}

// genuine takes a probe of ours that came up at a port.
func (p *Prober) genuine(at *port, t stamp, now time.Duration) {
	from := p.ports[t.from]
	if from == nil {
		p.alarm(Stale, at.end, t.from)
		return
	}
	q := &from.probes[t.sequence%window]
	switch {
	case q.sequence != t.sequence || q.nonce != t.nonce || q.state == unused:
		p.alarm(Stale, at.end, t.from)
	case q.state == excused:
	case from.end == at.end || !fits(from, at):
		p.alarm(Misplaced, at.end, t.from)
	case q.state == seen:
		p.alarm(Replayed, at.end, t.from)
		if from.role == Open && at.end != from.heard {
			p.ban(from, Contested)
		}
	case !from.usable(now):
	default:
		q.state = seen
		p.come(from, at, now-q.at)
	}
}

// fits reports whether two ports may be the ends of one link.
func fits(a, b *port) bool {
	none := topology.End{}
	return a.role == b.role && (a.peer == none || a.peer == b.end) && (b.peer == none || b.peer == a.end)
}

// come notes that a probe came where it should.
func (p *Prober) come(from, at *port, took time.Duration) {
	p.stats.Seen++
	known := from.alive && from.heard == at.end
	from.misses = 0
	p.measure(from, at, took)
	if known {
		if l := p.links[pairOf(from.end, at.end)]; l != nil {
			p.remeasure(l)
		}
		return
	}
	if from.alive { // somebody has put the cable elsewhere
		old := from.heard
		from.alive = false
		if l := p.links[pairOf(from.end, old)]; l != nil {
			p.judge(l, "the other end has changed")
		}
	}
	from.alive, from.heard, from.loss = true, at.end, 0
	p.judge(p.link(from.end, at.end), "")
	if !at.alive {
		p.restart(at, p.clock.read())
	}
}

// measure takes the time that a probe was under way, less what it spent on
// the ways between prober and switches.
func (p *Prober) measure(from, at *port, took time.Duration) {
	from.loss -= from.loss / lossMemory
	for _, s := range []*seat{p.seats[from.end.Switch], p.seats[at.end.Switch]} {
		if s != nil {
			took -= s.trip / 2
		}
	}
	took = max(took, time.Microsecond)
	if from.latency == 0 || took < from.latency {
		from.latency = took
		return
	}
	from.latency += (took - from.latency) / latencyMemory
}
