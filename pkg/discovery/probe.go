package discovery

import (
	"time"
)

// visit looks at a port whose time has come: it notes probes that did not come
// up, sends the next one, and returns when to look again.
func (p *Prober) visit(o *port, now time.Duration) time.Duration {
	switch {
	case o.role == Tenant:
		p.forget(o)
		return never
	case o.down != 0:
		return never
	case now < o.banned:
		return o.banned
	}
	s := p.seats[o.end.Switch]
	if s == nil {
		return never // Serve comes back to it
	}
	next := p.overdue(o, now)
	if o.sendAt <= now+p.cfg.Interval/64 {
		ok, wait := p.bucket.take(now)
		if !ok {
			p.dry = wait
			return wait
		}
		p.launch(o, s, now)
		next = min(next, now+p.grace(o))
	}
	return min(next, o.sendAt)
}

// launch sends a probe and decides when the next one goes.
func (p *Prober) launch(o *port, s *seat, now time.Duration) {
	o.sequence++
	t := stamp{from: o.end, instance: p.instance, sequence: o.sequence, nonce: p.random.Uint64()}
	select {
	case s.out <- outgoing{o.end.Port, o.role == Overlay, p.seal.frame(t)}:
		o.probes[t.sequence%window] = probe{t.sequence, t.nonce, now, pending}
		p.stats.Probes++
	default: // the switch is behind
	}
	o.sendAt = now + p.pause(o)
}

// pause is the time until the next probe of a port: short when its link is in
// doubt, or when it has just come up, and long when nothing happens.
func (p *Prober) pause(o *port) time.Duration {
	i := max(p.cfg.Interval, p.grace(o)/8) // not more under way than are remembered
	switch {
	case o.alive && o.misses > 0 && o.misses < 4*mostMisses:
		return max(i, p.grace(o)) / 8
	case o.alive:
		return i - time.Duration(p.random.Int64N(int64(i/8))) // jitter: ports do not stay in step
	case o.fresh < 3:
		o.fresh++
		return i / 4
	case o.fresh < 6:
		o.fresh++
		return i
	case o.role == Overlay: // somebody should be there
		return i
	default: // whoever comes is heard first
		return 4*i - time.Duration(p.random.Int64N(int64(i)))
	}
}

// grace is how long a probe may be under way.
func (p *Prober) grace(o *port) time.Duration {
	g := p.cfg.Interval / 2
	if o.latency > 0 {
		g = max(g, 3*o.latency)
	}
	return g
}

// overdue notes the probes that should have come up, and returns when the next
// of those under way should have.
func (p *Prober) overdue(o *port, now time.Duration) time.Duration {
	grace, next := p.grace(o), never
	for n := range uint64(window) {
		q := &o.probes[(o.sequence+1+n)%window] // oldest first
		switch {
		case q.state != pending:
		case q.at+grace > now:
			next = min(next, q.at+grace)
		default:
			q.state = missed
			p.miss(o, now)
		}
	}
	if o.alive && o.misses >= mostMisses {
		p.doubtful(o)
		next = min(next, now+p.cfg.Interval/16)
	}
	return next
}

// miss notes a probe that did not come up.
func (p *Prober) miss(o *port, now time.Duration) {
	if !o.alive || !p.hears(o.heard.Switch, now) {
		return
	}
	p.stats.Lost++
	o.loss += (1 - o.loss) / lossMemory
	if o.misses++; o.misses > 1 {
		return
	}
	o.doubt, o.sendAt = now, now
	for _, s := range []*seat{p.seats[o.end.Switch], p.seats[o.heard.Switch]} {
		if s != nil {
			poke(s.ask)
		}
	}
}

// doubtful declares a way lost, if it is the way: as long as a switch at one
// of its ends does not answer questions, nobody knows.
func (p *Prober) doubtful(o *port) {
	for _, s := range []*seat{p.seats[o.end.Switch], p.seats[o.heard.Switch]} {
		if s == nil {
			return
		}
		if s.alive < o.doubt {
			poke(s.ask)
			return
		}
	}
	o.alive = false
	o.fresh = 0
	if l := p.links[pairOf(o.end, o.heard)]; l != nil {
		p.judge(l, "frames are lost")
	}
}

// The memories of measures: how many probes make up most of one.
const (
	lossMemory    = 64
	latencyMemory = 8
)
