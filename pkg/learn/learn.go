// Package learn finds out which addresses are behind the ports of networks
// that do not know them, from the frames that such ports send. It lets a port
// have so many addresses and so many unknown frames and no more, and an address
// be at one port at a time. What it finds out is soft: flows that go by
// themselves when they are not used. It speaks no protocol and computes no
// flow; a plan of package pipeline does.
//
//	l := learn.New(learn.Config{Logger: log})
//	sw := l.Join(session)
//	session.Inline(func(f *openflow.Frame) bool { return sw.Frame(f.Owner, f.Port, f.Data) })
package learn

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Hand is the connection to one switch. Package openflow has one.
type Hand interface {
	DPID() slice.DPID
	// Teach, Release and Room are called from within Frame alone: what they
	// have the switch do goes out together, and nothing is kept of what they
	// are given.
	Teach(f *flow.Flow) error
	Release(in slice.Port, frame []byte) error
	Room() bool
	// Tell is called by anybody. It does not wait, and the switch may take it
	// or not.
	Tell(c flow.Change) error
}

// A Config sets the limits. Every field may be zero.
type Config struct {
	Most  int           // addresses behind a port; 64
	Rate  int           // frames of unknown senders a second and port; 1,000
	Moves int           // of one address within Calm, more are a fault; 3
	Calm  time.Duration // 10 s
	Ban   time.Duration // of an address that moves too often; 30 s
	// Alarm is told, while locks are held, what an operator would ask for. It
	// must neither wait nor call back.
	Alarm  func(Alarm)
	Logger *slog.Logger
	Now    func() time.Time
}

// An Alarm is a fault that somebody outside brings about.
type Alarm struct {
	Network slice.Network
	Switch  slice.DPID
	Port    slice.Port
	MAC     slice.MAC
	Reason  string
}

// Stats are totals since the start.
type Stats struct {
	Addresses int64  // known now
	Learned   uint64 // addresses that were new, or had moved
	Again     uint64 // frames of addresses that were known
	Moved     uint64
	Refused   uint64 // frames of addresses that may not be there
	Full      uint64 // frames of ports that have enough addresses
	Banned    uint64 // frames of addresses that move too often
	Limited   uint64 // frames beyond the rate of a port, or of the switch
}

type counters struct {
	addresses                                               atomic.Int64
	learned, again, moved, refused, full, banned, limitedTo atomic.Uint64
}

// A Learner learns for all networks of a fabric.
type Learner struct {
	cfg      Config
	counters counters

	mu       sync.RWMutex
	networks map[slice.Network]*network
	switches map[slice.DPID]*Switch
}

// New returns a learner that knows no network yet.
func New(c Config) *Learner {
	c.Most = cmp.Or(c.Most, 64)
	c.Rate = cmp.Or(c.Rate, 1000)
	c.Moves = cmp.Or(c.Moves, 3)
	c.Calm = cmp.Or(c.Calm, 10*time.Second)
	c.Ban = cmp.Or(c.Ban, 30*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Alarm == nil {
		c.Alarm = func(Alarm) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Learner{cfg: c, networks: map[slice.Network]*network{}, switches: map[slice.DPID]*Switch{}}
}

// Stats returns the totals.
func (l *Learner) Stats() Stats {
	c := &l.counters
	return Stats{
		Addresses: c.addresses.Load(), Learned: c.learned.Load(), Again: c.again.Load(), Moved: c.moved.Load(),
		Refused: c.refused.Load(), Full: c.full.Load(), Banned: c.banned.Load(), Limited: c.limitedTo.Load(),
	}
}

// alarm says what happened at a port.
func (l *Learner) alarm(p *port, mac slice.MAC, reason string) {
	a := Alarm{Network: p.net.number, Switch: p.at.Switch, Port: p.at.Port, MAC: mac, Reason: reason}
	l.cfg.Logger.Warn("an address is not learned", "network", uint32(a.Network), "dpid", a.Switch.String(), "port", uint32(a.Port), "mac", mac.String(), "reason", reason)
	l.cfg.Alarm(a)
}

// hand returns the connection to a switch, or nil.
func (l *Learner) hand(s slice.DPID) Hand {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if sw := l.switches[s]; sw != nil {
		return sw.hand
	}
	return nil
}

// tell has a switch change learned flows, if it is there. One that does not
// take them floods, or learns them again.
func (l *Learner) tell(s slice.DPID, put, take []flow.Flow) {
	if len(put)+len(take) == 0 {
		return
	}
	hand := l.hand(s)
	if hand == nil {
		return
	}
	if err := hand.Tell(flow.Change{PutFlows: put, TakeFlows: take}); err != nil {
		l.cfg.Logger.Debug("learned flows were not told", "dpid", s.String(), "reason", err.Error())
	}
}

// A network is what was learned of one.
type network struct {
	number slice.Network
	plan   atomic.Pointer[pipeline.Plan] // nil when the network is gone

	mu    sync.Mutex // taken after that of a Switch
	homes map[slice.MAC]*home
}

// A home says where an address is.
type home struct {
	port  atomic.Pointer[port] // nil when it was forgotten
	moves int                  // since
	since time.Time
	until time.Time // it is banned
}
