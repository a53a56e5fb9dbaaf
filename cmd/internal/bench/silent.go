package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// silent has a tunnel lose all frames one way, while no port goes down, and
// measures how long it takes until the link is declared down.
var silent = Benchmark{
	Name: "silent", Short: "find a link that loses frames one way without a word: ours against os-ken's",
	Needs: append([]string{"ip", "osken-manager"}, ovsNeeds...),
	Root:  true,
	Run:   runSilent,
}

// probeEvery is the interval of our probes here.
const probeEvery = 100 * time.Millisecond

func runSilent(ctx context.Context, r *Runner) error {
	c, err := newCouple(ctx, r.Dir)
	defer c.end()
	if err != nil {
		return err
	}
	turns := cmp.Or(r.Size, r.Pairs, 5)
	ours, err := c.lostToOurs(ctx, 2*turns) // they are quick
	if err != nil {
		return fmt.Errorf("ours: %w", err)
	}
	if err := c.free(ctx); err != nil {
		return err
	}
	theirs, err := c.lostToOSKen(ctx, r.Dir, turns)
	if err != nil {
		return fmt.Errorf("theirs: %w", err)
	}
	for i, t := range theirs {
		r.Pair("s", ours[i].Seconds(), t.Seconds())
	}
	slices.Sort(ours)
	r.Count("cuts", len(ours))
	r.Count("intervals", float64(ours[len(ours)/2])/float64(probeEvery))
	r.Count("intervals_max", float64(ours[len(ours)-1])/float64(probeEvery))
	r.Count("probe_interval_ms", probeEvery.Milliseconds())
	return nil
}

// Ports implements discovery.Places.
func (c *couple) Ports(slice.DPID) []discovery.Port {
	return []discovery.Port{{Number: coupleTunnel, Role: discovery.Overlay}}
}

// A watch is our discovery at work on a couple.
type watch struct {
	prober *discovery.Prober

	mu      sync.Mutex
	up      bool
	at      time.Time // of the last change
	changes int
}

// watch runs our discovery, and has the switches obey it, until it is stopped.
func (c *couple) watch(ctx context.Context, interval time.Duration) (w *watch, stop func(), err error) {
	w = &watch{}
	w.prober, err = discovery.New(c, discovery.Config{Interval: interval, HalfLife: time.Second, Link: func(_, _ topology.End, s discovery.State) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if s.Up != w.up {
			w.up, w.at, w.changes = s.Up, time.Now(), w.changes+1
		}
	}})
	if err != nil {
		return nil, nil, err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return nil, nil, err
	}
	server := &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables,
		Handler: func(ctx context.Context, s *openflow.Session) {
			if s.Apply(ctx, flow.Change{PutFlows: []flow.Flow{pipeline.Discovery(coupleTunnel)}}) == nil {
				_ = w.prober.Serve(ctx, s) // until the connection ends
			}
		},
		Events: func(e openflow.Event) {
			switch d := e.Session.DPID(); {
			case e.Frame != nil && discovery.Discovers(e.Frame.Data):
				w.prober.Frame(topology.End{Switch: d, Port: e.Frame.Port}, e.Frame.Data)
			case e.Port != nil:
				w.prober.PortChanged(topology.End{Switch: d, Port: e.Port.Port.Port}, discovery.BySwitch, e.Port.Up && !e.Port.Gone)
			}
		},
	}}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { w.prober.Run(ctx) })
	group.Go(func() { _ = server.Serve(ctx, l) }) // until it is stopped
	return w, func() { cancel(); group.Wait() }, c.obey(ctx)
}

// state returns whether the link is up, and since when.
func (w *watch) state() (up bool, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.up, w.at
}

// is waits until the link is up, or down.
func (w *watch) is(ctx context.Context, up bool) (at time.Time, err error) {
	what := map[bool]string{true: "up", false: "down"}[up]
	err = await(ctx, "our discovery calls the link "+what, func() bool {
		var now bool
		now, at = w.state()
		return now == up
	})
	return at, err
}

// lostToOurs cuts the link now at one end, now at the other.
func (c *couple) lostToOurs(ctx context.Context, turns int) ([]time.Duration, error) {
	w, stop, err := c.watch(ctx, probeEvery)
	if err != nil {
		return nil, err
	}
	defer stop()
	var all []time.Duration
	for i := range turns {
		if _, err := w.is(ctx, true); err != nil {
			return nil, err
		}
		if err := pause(ctx, 2*time.Second+time.Duration(i*17)*time.Millisecond); err != nil { // flapping is forgiven, and no cut meets the same moment
			return nil, err
		}
		if up, _ := w.state(); !up {
			return nil, fmt.Errorf("the link was called down before it was cut: the machine is too busy")
		}
		begin := time.Now()
		if err := c.cutters[i%2].cut(); err != nil {
			return nil, err
		}
		at, err := w.is(ctx, false)
		if err != nil {
			return nil, err
		}
		all = append(all, at.Sub(begin))
		if err := c.cutters[i%2].mend(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// mourner is an application of os-ken that keeps a file as long as both ways
// of the link are there.
const mourner = `import os
from os_ken.base import app_manager
from os_ken.controller.handler import set_ev_cls
from os_ken.topology import event

class Mourner(app_manager.OSKenApp):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.found = set()

    def tell(self):
        name = os.environ["FOUND"]
        if len(self.found) == 2:
            open(name, "w").close()
        elif os.path.exists(name):
            os.remove(name)

    @set_ev_cls(event.EventLinkAdd)
    def add(self, ev):
        self.found.add((ev.link.src.dpid, ev.link.dst.dpid))
        self.tell()

    @set_ev_cls(event.EventLinkDelete)
    def delete(self, ev):
        self.found.discard((ev.link.src.dpid, ev.link.dst.dpid))
        self.tell()
`

// lostToOSKen does the same with os-ken in our place.
func (c *couple) lostToOSKen(ctx context.Context, dir string, turns int) ([]time.Duration, error) {
	app, out := filepath.Join(dir, "mourner.py"), filepath.Join(dir, "link")
	if err := os.WriteFile(app, []byte(mourner), 0o600); err != nil {
		return nil, err
	}
	d, err := daemonStart(ctx, []string{"FOUND=" + out}, "ip", "netns", "exec", c.names[0],
		"osken-manager", "--observe-links", "--ofp-listen-host="+coupleHost, "--ofp-tcp-listen-port="+couplePort, "os_ken.topology.switches", app)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	if err := c.obey(ctx); err != nil {
		return nil, err
	}
	there := func(want bool) func() bool {
		return func() bool { _, err := os.Stat(out); return (err == nil) == want }
	}
	var all []time.Duration
	for i := range turns {
		if err := await(ctx, "os-ken has found the link", there(true)); err != nil {
			return nil, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
		begin := time.Now()
		if err := c.cutters[i%2].cut(); err != nil {
			return nil, err
		}
		if err := await(ctx, "os-ken calls the link down", there(false)); err != nil {
			return nil, err
		}
		all = append(all, time.Since(begin))
		if err := c.cutters[i%2].mend(); err != nil {
			return nil, err
		}
	}
	return all, nil
}
