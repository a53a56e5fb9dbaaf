package discovery

import (
	"context"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A seat is a switch that is connected. The lock of the prober guards all but
// the channels.
type seat struct {
	sw     Switch
	out    chan outgoing
	ask    chan struct{}
	trip   time.Duration // of a message to the switch and its answer, the least of late
	alive  time.Duration // when the question was asked that it answered last
	since  time.Duration // when it came
	looked time.Duration // when its ports were asked for because of an unknown one
	looks  int           // how often since
	spoke  bool          // probes have come up from it since
}

type outgoing struct {
	port   slice.Port
	tunnel bool
	frame  []byte
}

// backlog is how many probes wait for a switch. More are not sent: a switch
// that takes nothing is not asked for more.
const backlog = 1024

// often is how often a switch is asked how far it is, and patience how long it
// has for the answer.
const (
	often    = 5 * time.Second
	patience = 2 * time.Second
)

// Serve probes the ports of a switch until its connection is lost or ctx ends.
// The links of a switch that is away stay as they are: nothing is known of them.
func (p *Prober) Serve(ctx context.Context, sw Switch) error {
	s := &seat{sw: sw, out: make(chan outgoing, backlog), ask: make(chan struct{}, 1)}
	p.mu.Lock()
	if p.seats[sw.DPID()] != nil {
		p.mu.Unlock()
		return slice.Errorf(slice.Conflict, "switch %s is probed already", sw.DPID())
	}
	p.seats[sw.DPID()] = s
	p.mu.Unlock()
	p.Changed(sw.DPID())
	p.welcome(s)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { p.questions(ctx, s) })
	err := s.send(ctx)
	cancel()
	group.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.seats, sw.DPID())
	return err
}

// welcome has the ports of a switch that has come probe at once. Probes that
// are under way to it are excused.
func (p *Prober) welcome(s *seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, dpid := p.clock.read(), s.sw.DPID()
	s.since = now
	for end, o := range p.ports {
		switch {
		case o.role == Tenant || o.down != 0:
		case end.Switch == dpid || o.heard.Switch == dpid && o.misses > 0:
			p.restart(o, now)
		}
	}
}

// settling is how long a switch that has come may take until it has the rules
// by which probes come up.
const settling = 10 * time.Second

// hears reports whether probes that reach a switch come up.
func (p *Prober) hears(dpid slice.DPID, now time.Duration) bool {
	s := p.seats[dpid]
	return s != nil && (s.spoke || now-s.since > settling)
}

// send hands probes to the switch.
func (s *seat) send(ctx context.Context) error {
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o := <-s.out:
			if o.tunnel {
				err = s.sw.SendTunnel(ctx, o.port, VNI, o.frame)
			} else {
				err = s.sw.Send(ctx, o.port, o.frame)
			}
		}
		if err != nil {
			return err
		}
	}
}

// questions asks the switch how far it is, now and then and when a link of it
// is in doubt.
func (p *Prober) questions(ctx context.Context, s *seat) {
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		p.question(ctx, s)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.ask:
		}
	}
}

func (p *Prober) question(ctx context.Context, s *seat) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p.mu.Lock()
	asked := p.clock.read()
	p.mu.Unlock()
	if s.sw.Barrier(ctx) != nil {
		return // it is not known to live; whoever doubts asks again
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.read()
	s.alive = asked
	if trip := now - asked; s.trip == 0 || trip < s.trip {
		s.trip = trip
	} else {
		s.trip += (trip - s.trip) / 16 // of late
	}
}

// Changed looks again at the ports of a switch: those that are new are probed
// at once, and those that are no end of a link any more lose theirs.
func (p *Prober) Changed(dpid slice.DPID) {
	ports := p.places.Ports(dpid)
	p.mu.Lock()
	defer p.mu.Unlock()
	listed := map[slice.Port]bool{}
	for _, q := range ports {
		if q.Role == Tenant || q.Number == 0 {
			continue
		}
		listed[q.Number] = true
		p.place(topology.End{Switch: dpid, Port: q.Number}, q)
	}
	for end, q := range p.ports {
		if end.Switch == dpid && !listed[end.Port] {
			p.withdraw(q)
		}
	}
	poke(p.wake)
}
