// Package agent keeps one bridge of one node as its controller wants it. It
// looks at the bridge, compares, applies the difference and reports, whenever
// the controller, the switch or the clock says so; doing it twice changes
// nothing. It knows no database, no kernel and no line to the controller: the
// actors sps and ned are agents with hands. While the controller is away
// everything stays as it is, and an agent that was never told what to want
// changes nothing.
//
//	err := agent.New(db, plugger, client, agent.Config{Domain: "a", Node: "n1", Bridge: bridge.SPS}).Run(ctx)
package agent

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Switch is what the agent needs of the switch; package ovs has the real
// one.
type Switch interface {
	// Read returns a bridge, the state of its ports, and whether it is there.
	Read(ctx context.Context, name string) (bridge.Bridge, []bridge.PortState, bool, error)
	// Apply carries changes out and returns when the switch has done them.
	Apply(ctx context.Context, name string, changes []bridge.Change) error
	// Changed delivers a value after something changed.
	Changed() <-chan struct{}
}

// A Plugger makes what lies behind workload ports. Both directions can be
// repeated.
type Plugger interface {
	// Plug reports whether the port is another than before: a switch that has
	// a port of this name must take it anew.
	Plug(ctx context.Context, p bridge.Port) (fresh bool, err error)
	Unplug(ctx context.Context, p bridge.Port) error
	// Members returns the workloads that can be plugged now, sorted.
	Members() []slice.Workload
}

// A Controller is the line to whoever wants the bridge.
type Controller interface {
	// Keep dials and runs one session: it sends what reports delivers, and
	// calls wanted with what comes back, until ctx ends or the line breaks.
	Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error
}

// A Config says whose agent this is. Zero fields below Bridge have good
// defaults.
type Config struct {
	Domain slice.Domain
	Node   slice.Node
	Bridge string // bridge.SPS or bridge.NED

	Datapath string              // default netdev
	Tunnel   netip.Addr          // address of the node's tunnel end
	MTU      func() (int, error) // size of a packet on the underlay; default 1500
	Every    time.Duration       // how often to look without a reason; default 500 ms
	Log      *slog.Logger        // default: nowhere
}

// What VXLAN adds to an inner IP packet: Ethernet, VXLAN and UDP headers and
// the outer IP header (RFC 7348, section 5).
const (
	overhead4 = 50
	overhead6 = 70
)

// An Agent keeps one bridge. Make it with New, run it once.
type Agent struct {
	sw   Switch
	plug Plugger
	ctl  Controller
	cfg  Config

	wake   chan struct{}
	out    outbox
	mended map[string]int // passes since a port was made anew for its number

	mu      sync.Mutex
	wanted  *bridge.Wanted
	current bool // wanted came in this session; revisions mean nothing beyond theirs
	inPlace uint32
	spoken  bool // the controller is there
	fault   error
}

// New returns an agent.
func New(sw Switch, plug Plugger, ctl Controller, cfg Config) *Agent {
	cfg.Datapath = cmp.Or(cfg.Datapath, "netdev")
	cfg.Every = cmp.Or(cfg.Every, 500*time.Millisecond)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)).With("domain", cfg.Domain, "node", cfg.Node, "bridge", cfg.Bridge)
	if cfg.MTU == nil {
		cfg.MTU = func() (int, error) { return 1500, nil }
	}
	return &Agent{sw: sw, plug: plug, ctl: ctl, cfg: cfg, wake: make(chan struct{}, 1), mended: map[string]int{}}
}

// Run keeps the bridge until ctx ends. It returns when nothing of it runs any
// more.
func (a *Agent) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { a.sessions(ctx) })
	tick := time.NewTicker(a.cfg.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		report, err := a.pass(ctx)
		if ctx.Err() != nil {
			break
		}
		a.note(err)
		a.out.put(report)
		select {
		case <-ctx.Done():
		case <-a.wake:
		case <-a.sw.Changed():
		case <-tick.C:
		}
	}
	group.Wait()
}

// Ready returns why the agent does not serve: nobody has told it what to want,
// or the bridge cannot be made so.
func (a *Agent) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault != nil {
		return a.fault
	}
	if a.wanted == nil {
		return slice.Errorf(slice.Unavailable, "the controller has not said what it wants of %s", a.cfg.Bridge)
	}
	return nil
}

// Connected reports whether the controller is there.
func (a *Agent) Connected() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spoken
}

// note remembers what came of a pass, and logs it when it is news.
func (a *Agent) note(err error) {
	a.mu.Lock()
	before := a.fault
	a.fault = err
	a.mu.Unlock()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		a.cfg.Log.Warn("bridge not as wanted", "error", err)
	case err == nil && before != nil:
		a.cfg.Log.Info("bridge as wanted")
	}
}

// want takes what the controller wants.
func (a *Agent) want(w bridge.Wanted) {
	a.mu.Lock()
	a.wanted, a.current, a.spoken = &w, true, true
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default: // the next pass sees the newest anyway
	}
}
