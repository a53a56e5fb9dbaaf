package discovery

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Prober keeps the links of a fabric. Make it with New, run it once.
type Prober struct {
	places Places
	cfg    Config
	wake   chan struct{}
	news   chan struct{}

	mu       sync.Mutex
	clock    clock
	seal     seal
	random   *rand.Rand
	instance uint64
	bucket   bucket
	dry      time.Duration // nothing can be sent before
	diary    diary
	seats    map[slice.DPID]*seat
	ports    map[topology.End]*port
	links    map[pair]*link
	alarmed  map[alarmKey]time.Duration
	untold   []func()
	stats    Stats
}

// New returns a prober that asks places for ports.
func New(places Places, cfg Config) (*Prober, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Prober{
		places: places, cfg: cfg, wake: make(chan struct{}, 1), news: make(chan struct{}, 1),
		clock: clock{now: cfg.Now, leap: cfg.Interval / 2}, seal: newSeal(cfg.Key),
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // probes are authenticated by their sum
		bucket: newBucket(cfg.Rate, cfg.Burst),
		seats:  map[slice.DPID]*seat{}, ports: map[topology.End]*port{}, links: map[pair]*link{},
		alarmed: map[alarmKey]time.Duration{},
	}
	p.instance = p.random.Uint64()
	return p, nil
}

// Run probes until ctx ends.
func (p *Prober) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { p.tellAll(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(p.pass())
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-p.wake:
		}
	}
	group.Wait()
}

// idle is the longest sleep, so that the clock is read now and then.
const idle = 10 * time.Second

// pass visits everything whose time has come, and returns how long nothing
// else will. What comes soon is visited as well: one awakening serves many.
func (p *Prober) pass() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.read()
	soon := now + p.cfg.Interval/64
	for p.diary.next() <= soon {
		d := p.diary[0]
		next := d.visit(now)
		if p.dry > now {
			break // it is the first to go when the bucket has filled
		}
		p.diary.set(d, max(next, soon+1))
	}
	pause := min(max(p.diary.next()-now, p.dry-now, time.Millisecond), idle)
	p.clock.leap = pause + p.cfg.Interval/2
	return pause
}

// soon has a date visited at the next pass. The lock is held.
func (p *Prober) soon(d *date) {
	p.diary.set(d, p.clock.read())
	poke(p.wake)
}

// tell queues something for who is told. The lock is held.
func (p *Prober) tell(f func()) {
	p.untold = append(p.untold, f)
	poke(p.news)
}

// tellAll tells news in order, without the lock, so that no switch waits for
// who listens.
func (p *Prober) tellAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.news:
		}
		p.mu.Lock()
		all := p.untold
		p.untold = nil
		p.mu.Unlock()
		for _, f := range all {
			f()
		}
	}
}

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Stats are totals since the start, and the links that are up now.
type Stats struct {
	Ports, Links int
	Probes       uint64        // sent
	Seen         uint64        // that came up where they should
	Lost         uint64        // that did not come up in time
	Changes      uint64        // of links that were told
	Damped       uint64        // recoveries that were held back
	Alarms       [kinds]uint64 // frames that should not have come, by kind
}

// Alarm returns how many alarms of a kind there were.
func (s Stats) Alarm(k Kind) uint64 { return s.Alarms[k] }

// Forged returns all frames that should not have come.
func (s Stats) Forged() (n uint64) {
	for _, c := range s.Alarms {
		n += c
	}
	return n
}

// Stats returns the totals.
func (p *Prober) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Ports = len(p.ports)
	for _, l := range p.links {
		if l.told.Up {
			s.Links++
		}
	}
	return s
}
