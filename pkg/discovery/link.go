package discovery

import (
	"cmp"
	"math"
	"time"

	"github.com/l2sces/l2sces/pkg/topology"
)

// A pair is the two ends of a link, the smaller first.
type pair struct{ a, b topology.End }

func pairOf(x, y topology.End) pair {
	if cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port)) > 0 {
		return pair{y, x}
	}
	return pair{x, y}
}

// A link is two ways between two ports.
type link struct {
	date
	pair
	told   State
	known  bool // something was told
	toldAt time.Duration
	agent  Measure

	penalty float64
	as      time.Duration // of when the penalty is
	held    bool          // it is up, and flapped too much to be told so
}

// The penalty of a loss, the penalty from which on a link is held back until
// it has fallen to that of release, and the most that it can be.
const (
	fine    = 1.0
	hold    = 2.5
	release = 0.75
	worst   = 5.0
)

// portDown is why a link is down of which nothing else is known.
const portDown = "the port is down"

// calm is the time between two news of a link that are measures alone.
const calm = 10 * time.Second

// link returns the link between two ports. The lock is held.
func (p *Prober) link(x, y topology.End) *link {
	pr := pairOf(x, y)
	l := p.links[pr]
	if l == nil {
		l = &link{pair: pr}
		l.visit = func(now time.Duration) time.Duration { return p.reprieve(l, now) }
		p.links[pr] = l
	}
	return l
}

// judge tells of a link if that has become another than was told.
func (p *Prober) judge(l *link, reason string) {
	now := p.clock.read()
	up := p.joined(l)
	switch {
	case up == l.told.Up:
		if up || !l.known && reason != portDown {
			return
		}
		if !l.known {
			p.publish(l, State{Reason: reason}, now)
		}
		if l.held { // it was up, and not told
			l.held = false
			l.punish(now, p.cfg.HalfLife)
			p.diary.set(&l.date, never)
		}
		p.sweep(l)
		return
	case !up:
		l.punish(now, p.cfg.HalfLife)
		p.publish(l, State{Reason: reason}, now)
		p.sweep(l)
		return
	case l.penalty > 0 && l.forgive(now, p.cfg.HalfLife) >= hold || l.held:
		if !l.held {
			l.held = true
			p.stats.Damped++
		}
		p.diary.set(&l.date, now+l.sentence(p.cfg.HalfLife))
		poke(p.wake)
		return
	}
	p.publish(l, p.stateOf(l), now)
}

// reprieve tells of a link that was held back, once it has been quiet.
func (p *Prober) reprieve(l *link, now time.Duration) time.Duration {
	switch {
	case !l.known:
		return p.missing(l, now)
	case !l.held:
		return never
	case l.forgive(now, p.cfg.HalfLife) > release:
		return now + l.sentence(p.cfg.HalfLife)
	}
	l.held = false
	p.judge(l, "")
	return never
}

// missing tells of a link that should be there and has not been found, although
// both its switches had the time.
func (p *Prober) missing(l *link, now time.Duration) time.Duration {
	for _, e := range []topology.End{l.a, l.b} {
		o, s := p.ports[e], p.seats[e.Switch]
		if o == nil || o.role == Tenant {
			return never
		}
		if s == nil || now-max(s.since, o.since) < absent || !p.hears(e.Switch, now) {
			return now + absent/2
		}
	}
	p.publish(l, State{Reason: "no frame has come through"}, now)
	return never
}

// absent is how long a link that should be there may take to be found.
const absent = 4 * time.Second

// sweep forgets a link that two ports had that now have others, or none.
func (p *Prober) sweep(l *link) {
	for _, e := range []topology.End{l.a, l.b} {
		o := p.ports[e]
		other := l.a
		if e == l.a {
			other = l.b
		}
		if o != nil && o.role != Tenant && (o.heard == other || o.heard == topology.End{}) {
			return // it flaps, perhaps
		}
	}
	p.diary.set(&l.date, never)
	delete(p.links, l.pair)
}

// joined reports whether probes pass both ways.
func (p *Prober) joined(l *link) bool {
	a, b := p.ports[l.a], p.ports[l.b]
	return a != nil && b != nil && a.alive && b.alive && a.heard == l.b && b.heard == l.a
}

// stateOf returns a link that is up, as it was measured.
func (p *Prober) stateOf(l *link) State {
	a, b := p.ports[l.a], p.ports[l.b]
	return State{
		Up:      true,
		Latency: cmp.Or(l.agent.Latency, max(a.latency, b.latency).Round(time.Microsecond)),
		Loss:    max(l.agent.Loss, a.loss, b.loss), Bandwidth: l.agent.Bandwidth,
	}
}

// remeasure tells of a link whose measures have changed much.
func (p *Prober) remeasure(l *link) {
	now := p.clock.read()
	if !l.told.Up || now-l.toldAt < calm {
		return
	}
	s := p.stateOf(l)
	far := math.Abs(float64(s.Latency-l.told.Latency)) > max(float64(l.told.Latency)/4, float64(500*time.Microsecond))
	if far || math.Abs(s.Loss-l.told.Loss) > 0.01 || s.Bandwidth != l.told.Bandwidth {
		p.publish(l, s, now)
	}
}

func (p *Prober) publish(l *link, s State, now time.Duration) {
	if s.Up != l.told.Up {
		p.stats.Changes++
		p.cfg.Logger.Debug("link", "dpid", l.a.Switch.String(), "port", uint32(l.a.Port),
			"peer", l.b.Switch.String(), "peerport", uint32(l.b.Port), "up", s.Up, "reason", s.Reason)
	}
	l.told, l.toldAt, l.known = s, now, true
	a, b := l.a, l.b
	p.tell(func() { p.cfg.Link(a, b, s) })
}

// punish adds the penalty of a loss.
func (l *link) punish(now, half time.Duration) {
	l.penalty = min(l.forgive(now, half)+fine, worst)
}

// forgive returns what is left of the penalty.
func (l *link) forgive(now, half time.Duration) float64 {
	l.penalty *= math.Exp2(-float64(now-l.as) / float64(half))
	l.as = now
	return l.penalty
}

// sentence is the time until the penalty has fallen to that of release.
func (l *link) sentence(half time.Duration) time.Duration {
	if l.penalty <= release {
		return 0
	}
	return time.Duration(float64(half)*math.Log2(l.penalty/release)) + time.Millisecond
}

// A Measure is what an agent measured of a tunnel.
type Measure struct {
	Latency   time.Duration
	Loss      float64
	Bandwidth uint64 // bits a second
}

// Measured takes what the agent beside an end of a link measured. It counts
// for more than what probes say, which share the way with the controller.
func (p *Prober) Measured(at topology.End, m Measure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.ports[at]
	if o == nil || !o.alive {
		return
	}
	if l := p.links[pairOf(at, o.heard)]; l != nil && l.agent != m {
		l.agent = m
		p.remeasure(l)
	}
}

// A Link is one that was told, for who wants to see all.
type Link struct {
	A, B topology.End
	State
}

// Links returns the links that are up.
func (p *Prober) Links() []Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Link
	for _, l := range p.links {
		if l.told.Up {
			all = append(all, Link{l.a, l.b, l.told})
		}
	}
	return all
}
