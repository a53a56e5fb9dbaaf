package discovery

import (
	"time"

	"github.com/l2sces/l2sces/pkg/topology"
)

// A port sends probes, and knows whether they come up. The way from it to the
// port where they do is one half of a link.
type port struct {
	date
	end  topology.End
	role Role // Tenant: it was the end of a link once, and is none now
	peer topology.End
	down Witness // who says so

	sendAt   time.Duration
	sequence uint64
	probes   [window]probe
	fresh    int // probes since it came up that found no other end

	heard  topology.End // where its probes come up
	alive  bool         // they do
	misses int          // in a row
	doubt  time.Duration

	latency time.Duration
	loss    float64

	turns    int           // from tenant to link, of late
	turnedAt time.Duration // last
	left     time.Duration // when it became a tenant's
	since    time.Duration // when it got its place
	banned   time.Duration // until then it is not believed
}

// A probe is one frame that is under way, or was.
type probe struct {
	sequence, nonce uint64
	at              time.Duration
	state           probeState
}

type probeState uint8

const (
	unused probeState = iota
	pending
	missed
	seen
	excused // something happened meanwhile: whether it comes up says nothing
)

// window is how many probes of a port are remembered.
const window = 32

// mostMisses is how many probes in a row are lost before a link is.
const mostMisses = 3

// mostTurns is how often a port may change from tenant to link before it is
// not believed, and turning is the time in which that counts.
const (
	mostTurns = 3
	turning   = time.Minute
)

// place makes a port one that is probed. The lock is held.
func (p *Prober) place(end topology.End, q Port) {
	now := p.clock.read()
	o := p.ports[end]
	switch {
	case o == nil:
		o = p.enter(end)
	case o.role == q.Role && o.peer == q.Peer:
		return
	case o.role == Tenant:
		if now-o.turnedAt > turning {
			o.turns = 0
		}
		o.turnedAt = now
		if o.turns++; o.turns >= mostTurns {
			p.ban(o, Amnesiac)
		}
	}
	o.role, o.peer = q.Role, q.Peer
	o.since = now
	p.sever(o, "the port has another place")
	p.restart(o, now)
	if q.Peer != (topology.End{}) {
		if l := p.link(end, q.Peer); !l.known {
			p.diary.set(&l.date, now+absent)
		}
	}
}

// enter makes a port known, as a tenant's.
func (p *Prober) enter(end topology.End) *port {
	o := &port{end: end}
	o.visit = func(now time.Duration) time.Duration { return p.visit(o, now) }
	p.ports[end] = o
	return o
}

// restart has a port probe as if it were new.
func (p *Prober) restart(o *port, now time.Duration) {
	o.fresh, o.misses, o.sendAt = 0, 0, now
	for i := range o.probes {
		if o.probes[i].state == pending {
			o.probes[i].state = excused
		}
	}
	p.soon(&o.date)
}

// withdraw makes a port one of a tenant. It stays known, so that one that
// changes to and fro is found out.
func (p *Prober) withdraw(o *port) {
	if o.role == Tenant {
		return
	}
	o.role, o.left = Tenant, p.clock.read()
	p.sever(o, "the port is no end of a link any more")
	p.diary.set(&o.date, max(o.left+turning, o.banned))
}

// forget drops a port that has been a tenant's for a while.
func (p *Prober) forget(o *port) {
	p.sever(o, "")
	for pr := range p.links {
		if pr.a == o.end || pr.b == o.end {
			p.diary.set(&p.links[pr].date, never)
			delete(p.links, pr)
		}
	}
	delete(p.ports, o.end)
}

// ban takes a port's links and does not believe it for a while.
func (p *Prober) ban(o *port, k Kind) {
	o.banned = p.clock.read() + p.cfg.Ban
	p.alarm(k, o.end, o.end)
	p.sever(o, "the port is not believed: "+k.String())
}

// sever ends what is known of the ways from and to a port.
func (p *Prober) sever(o *port, reason string) {
	for pr, l := range p.links {
		if pr.a != o.end && pr.b != o.end {
			continue
		}
		for _, e := range []topology.End{pr.a, pr.b} {
			if q := p.ports[e]; q != nil {
				q.alive, q.misses = false, 0
			}
		}
		p.judge(l, reason)
	}
	o.alive, o.heard = false, topology.End{}
}

// A Witness says who knows of a port.
type Witness uint8

// The witnesses. A port is up if none says that it is down.
const (
	BySwitch Witness = 1 << iota
	ByAgent
)

// PortChanged takes what a witness says of a port. A port that is down loses
// its link at once, and one that is up is probed at once.
func (p *Prober) PortChanged(end topology.End, by Witness, up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.ports[end]
	if o == nil || (o.down&by == 0) == up {
		return
	}
	before := o.down
	o.down ^= by
	switch {
	case before != 0 && o.down != 0:
		return
	case o.down != 0:
		p.sever(o, portDown)
		p.diary.set(&o.date, never)
	case o.role != Tenant:
		p.restart(o, p.clock.read())
	}
}

// usable reports whether probes can pass the port.
func (o *port) usable(now time.Duration) bool {
	return o.role != Tenant && o.down == 0 && now >= o.banned
}
