package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// topo finds the links between switches that do nothing but carry the frames
// of discovery. The ratio is of the case that overlays know: the switches and
// their tunnels are there, no port tells anything, and the underlay begins to
// carry frames. The counts cold_ours_ms and cold_theirs_ms are of the other
// case, in which switches call a controller and everything works.
var topo = Benchmark{
	Name: "topo", Short: "find all links of 50 switches and 200 tunnels: ours against os-ken's",
	Needs: []string{"osken-manager"},
	Run:   runTopo,
}

func runTopo(ctx context.Context, r *Runner) error {
	links := cmp.Or(r.Size, 200)
	m := newMaze(max(links/4, 2), links)
	pairs := cmp.Or(r.Pairs, 5)
	var colds [2][]float64
	for range pairs { // no turn that does not count: one of theirs takes half a minute
		var took [2]float64
		for i, find := range []func(context.Context, string) (time.Duration, error){m.byOurs, m.byOSKen} {
			for _, cold := range []bool{true, false} {
				m.carries.Store(cold)
				t, err := find(ctx, r.Dir)
				if err != nil {
					return fmt.Errorf("%s: %w", []string{"ours", "theirs"}[i], err)
				}
				if took[i] = t.Seconds(); cold {
					colds[i] = append(colds[i], t.Seconds()*1000)
				}
			}
		}
		r.Pair("s", took[0], took[1])
	}
	for i, who := range []string{"ours", "theirs"} {
		slices.Sort(colds[i])
		r.Count("cold_"+who+"_ms", colds[i][len(colds[i])/2])
	}
	r.Count("switches", len(m.ports))
	r.Count("links", links)
	return nil
}

// A maze is switches and the cables between them.
type maze struct {
	cables  map[topology.End]topology.End // both ways
	ports   map[slice.DPID]int
	carries *atomic.Bool // the underlay, frames
}

// settle is how long everything is still before the underlay carries frames.
const settle = 2 * time.Second

// start has the underlay carry frames if it does not yet, and returns when
// discovery began.
func (m maze) start(ctx context.Context, begin time.Time, ready func() bool) (time.Time, error) {
	if m.carries.Load() {
		return begin, nil
	}
	if err := await(ctx, "all switches are known", ready); err != nil {
		return time.Time{}, err
	}
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	case <-timer.C:
	}
	m.carries.Store(true)
	return time.Now(), nil
}

// newMaze makes a ring with chords that are always the same.
func newMaze(switches, links int) maze {
	m := maze{map[topology.End]topology.End{}, map[slice.DPID]int{}, new(atomic.Bool)}
	random := rand.New(rand.NewPCG(1, uint64(links))) //nolint:gosec // a topology is no secret
	port := func(i int) topology.End {
		d := slice.DPID(i%switches + 1) //nolint:gosec // not negative
		m.ports[d]++
		return topology.End{Switch: d, Port: slice.Port(m.ports[d])} //nolint:gosec // ports are few
	}
	for i := range links {
		other := i + 1
		if i >= switches {
			other = i + 1 + random.IntN(switches-1)
		}
		a, b := port(i), port(other)
		m.cables[a], m.cables[b] = b, a
	}
	return m
}

// lines returns one line for each way of each cable, sorted.
func (m maze) lines() []string {
	var all []string
	for a, b := range m.cables {
		all = append(all, line(a, b))
	}
	slices.Sort(all)
	return all
}

func line(a, b topology.End) string {
	return fmt.Sprintf("%d %d %d %d", a.Switch, a.Port, b.Switch, b.Port)
}

// call has all switches call a controller until they are stopped.
func (m maze) call(ctx context.Context, address string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	all := map[slice.DPID]*fleet.Switch{}
	for d, n := range m.ports {
		all[d] = fleet.New(fleet.Config{DPID: uint64(d), Ports: fleet.Ports(n), PacketOut: func(o *ofp.PacketOut) {
			if !m.carries.Load() {
				return
			}
			for _, a := range o.Actions {
				to, ok := m.cables[topology.End{Switch: d, Port: slice.Port(a.Arg)}]
				if a.Type == ofp.ActionOutput && ok {
					_ = all[to.Switch].PacketIn(uint32(to.Port), 0, 0, 0, o.Data) // lost with its connection
				}
			}
		}})
	}
	var group sync.WaitGroup
	for _, s := range all {
		group.Go(func() { _ = s.Run(ctx, address) }) // ends when it is stopped
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// Ports implements discovery.Places: every port may be the end of a link.
func (m maze) Ports(d slice.DPID) []discovery.Port {
	var all []discovery.Port
	for p := range m.ports[d] {
		all = append(all, discovery.Port{Number: slice.Port(p + 1), Role: discovery.Overlay}) //nolint:gosec // ports are few
	}
	return all
}

// byOurs measures our discovery, with the rules that it needs.
func (m maze) byOurs(ctx context.Context, _ string) (time.Duration, error) {
	var mu sync.Mutex
	var once sync.Once
	found := map[string]bool{}
	all := make(chan struct{})
	p, err := discovery.New(m, discovery.Config{Link: func(a, b topology.End, s discovery.State) {
		mu.Lock()
		defer mu.Unlock()
		found[line(a, b)], found[line(b, a)] = s.Up, s.Up
		if len(found) == len(m.cables) {
			once.Do(func() { close(all) })
		}
	}})
	if err != nil {
		return 0, err
	}
	target, stop, err := serveOpenFlow(ctx, &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables,
		Handler: func(ctx context.Context, s *openflow.Session) {
			var c flow.Change
			for _, port := range m.Ports(s.DPID()) {
				c.PutFlows = append(c.PutFlows, pipeline.Discovery(port.Number))
			}
			if s.Apply(ctx, c) == nil {
				_ = p.Serve(ctx, s) // until the switch is stopped
			}
		},
		Events: func(e openflow.Event) {
			if e.Frame != nil && discovery.Discovers(e.Frame.Data) {
				p.Frame(topology.End{Switch: e.Session.DPID(), Port: e.Frame.Port}, e.Frame.Data)
			}
		},
	}})
	if err != nil {
		return 0, err
	}
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { p.Run(ctx) })
	defer group.Wait()
	defer cancel()
	begin := time.Now()
	hangUp := m.call(ctx, strings.TrimPrefix(target, "tcp:"))
	defer hangUp()
	begin, err = m.start(ctx, begin, func() bool { return p.Stats().Ports == len(m.cables) })
	if err != nil {
		return 0, err
	}
	select {
	case <-all:
	case <-time.After(5 * time.Second):
		return 0, fmt.Errorf("%d of %d ways found within a minute %+v", len(found), len(m.cables), p.Stats())
	}
	took := time.Since(begin)
	mu.Lock()
	defer mu.Unlock()
	maps.DeleteFunc(found, func(_ string, up bool) bool { return !up })
	return took, m.compare(slices.Sorted(maps.Keys(found)))
}

// compare checks that what was found is what is there.
func (m maze) compare(found []string) error {
	if want := m.lines(); !slices.Equal(found, want) {
		return fmt.Errorf("%d ways found, and not the %d that there are", len(found), len(want))
	}
	return nil
}

// watcher is an application of os-ken that writes the links down once there
// are as many as there should be.
const watcher = `import os
from os_ken.base import app_manager
from os_ken.controller.handler import set_ev_cls
from os_ken.topology import event

class Watcher(app_manager.OSKenApp):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.found = set()
        self.entered = 0

    @set_ev_cls(event.EventSwitchEnter)
    def enter(self, ev):
        self.entered += 1
        if self.entered == int(os.environ["SWITCHES"]):
            open(os.environ["FOUND"] + ".ready", "w").close()

    @set_ev_cls(event.EventLinkAdd)
    def add(self, ev):
        l = ev.link
        self.found.add("%d %d %d %d" % (l.src.dpid, l.src.port_no, l.dst.dpid, l.dst.port_no))
        if len(self.found) == int(os.environ["WANTED"]):
            name = os.environ["FOUND"]
            with open(name + ".new", "w") as f:
                f.write("\n".join(sorted(self.found)))
            os.rename(name + ".new", name)
`

// byOSKen measures theirs.
func (m maze) byOSKen(ctx context.Context, dir string) (time.Duration, error) {
	app, out := filepath.Join(dir, "watcher.py"), filepath.Join(dir, "found")
	if err := os.WriteFile(app, []byte(watcher), 0o600); err != nil {
		return 0, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return 0, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	d, err := daemonStart(ctx, []string{"WANTED=" + strconv.Itoa(len(m.cables)), "FOUND=" + out, "SWITCHES=" + strconv.Itoa(len(m.ports))},
		"osken-manager", "--observe-links", "--ofp-listen-host=127.0.0.1", "--ofp-tcp-listen-port="+strconv.Itoa(port), "os_ken.topology.switches", app)
	if err != nil {
		return 0, err
	}
	defer d.stop()
	defer func() { _, _ = os.Remove(out), os.Remove(out+".ready") }() // there is another turn
	if err := await(ctx, "os-ken listens", func() bool {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close() // it was there
		}
		return err == nil
	}); err != nil {
		return 0, err
	}
	begin := time.Now()
	stop := m.call(ctx, address)
	defer stop()
	begin, err = m.start(ctx, begin, func() bool { _, err := os.Stat(out + ".ready"); return err == nil })
	if err != nil {
		return 0, err
	}
	for range 10 { // each wait ends after 30 s
		if err = d.awaitFile(ctx, out); err == nil {
			break
		}
	}
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return 0, err
	}
	found := strings.Split(string(text), "\n")
	slices.Sort(found)
	return took, m.compare(found)
}
