package controller

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/topology"
)

// links introduces the prober of links to switches, agents and the fabric.
type links struct {
	prober  *discovery.Prober
	learner *learn.Learner
	fabric  *fabric.Fabric
	log     *slog.Logger

	mu     sync.Mutex
	guests map[slice.DPID][]slice.Port // ports of switches without an agent that are connected
}

// newLinks returns what watches the links of a fabric. The key of its probes
// lies in the store, so that replicas know each other's probes.
func newLinks(f *fabric.Fabric, s *store.Store, interval time.Duration, log *slog.Logger) (*links, error) {
	key, err := probeKey(s)
	if err != nil {
		return nil, err
	}
	l := &links{fabric: f, log: log, guests: map[slice.DPID][]slice.Port{}, learner: learn.New(learn.Config{Logger: log})}
	f.LearnWith(l.learner)
	l.prober, err = discovery.New(l, discovery.Config{Key: key, Interval: interval, Link: l.found, Alarm: l.alarm, Logger: log})
	return l, err
}

// probeKey returns the key of the store, which is made if there is none.
func probeKey(s *store.Store) ([]byte, error) {
	const bucket, name = "discovery", "key"
	all, err := s.List(bucket)
	if err != nil {
		return nil, fmt.Errorf("read the key of probes: %w", err)
	}
	if key := all[name]; len(key) > 0 {
		return key, nil
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key for probes: %w", err)
	}
	return key, s.Put(bucket, name, key)
}

// Ports implements discovery.Places: the tunnels of a switch that an agent
// keeps, and every port of another that is in no network.
func (l *links) Ports(d slice.DPID) []discovery.Port {
	var all []discovery.Port
	if l.fabric.Hosts(d) {
		l.mu.Lock()
		ports := slices.Clone(l.guests[d])
		l.mu.Unlock()
		for _, p := range ports {
			if l.fabric.Free(d, p) {
				all = append(all, discovery.Port{Number: p, Role: discovery.Open})
			}
		}
		return all
	}
	for p, peer := range l.fabric.Tunnels(d) {
		all = append(all, discovery.Port{Number: p, Role: discovery.Overlay, Peer: peer})
	}
	return all
}

// look gives a switch the rules by which probes come up, and has its ports
// looked at again.
func (l *links) look(d slice.DPID) {
	var r flow.Rules
	if l.fabric.Hosts(d) {
		r.Flows = []flow.Flow{pipeline.Neighbours()}
	} else {
		for _, p := range l.Ports(d) {
			r.Flows = append(r.Flows, pipeline.Discovery(p.Number))
		}
	}
	l.fabric.Engine().Own(d, r)
	l.prober.Changed(d)
}

// serve keeps the rules and the links of a switch until its connection is lost.
func (l *links) serve(ctx context.Context, s *openflow.Session) error {
	ports, err := s.Ports(ctx)
	if err != nil {
		return err
	}
	var numbers []slice.Port
	for _, p := range ports {
		numbers = append(numbers, p.Port)
	}
	d := s.DPID()
	l.setGuest(d, numbers)
	defer l.setGuest(d, nil)
	l.look(d)
	for _, p := range ports {
		l.prober.PortChanged(topology.End{Switch: d, Port: p.Port}, discovery.BySwitch, p.Up)
	}
	ctx, cancel := context.WithCancel(ctx)
	var probing sync.WaitGroup
	defer probing.Wait()
	defer cancel()
	probing.Go(func() {
		if err := l.prober.Serve(ctx, l.probed(s)); err != nil && ctx.Err() == nil {
			l.log.Warn("links of the switch are not watched", "dpid", d.String(), "reason", err.Error())
		}
	})
	return l.keep(ctx, s)
}

func (l *links) setGuest(d slice.DPID, ports []slice.Port) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ports == nil {
		delete(l.guests, d)
		return
	}
	l.guests[d] = ports
}

// event takes what a switch said unasked.
func (l *links) event(e openflow.Event) {
	d := e.Session.DPID()
	switch {
	case e.Frame != nil && discovery.Discovers(e.Frame.Data):
		l.prober.Frame(topology.End{Switch: d, Port: e.Frame.Port}, e.Frame.Data)
	case e.Gone != nil:
		l.learner.Gone(d, *e.Gone)
	case e.Port != nil:
		p := e.Port.Port.Port
		l.mu.Lock()
		ports, known := l.guests[d]
		if known && !slices.Contains(ports, p) {
			l.guests[d] = append(slices.Clone(ports), p)
		}
		l.mu.Unlock()
		if l.fabric.Hosts(d) {
			l.look(d)
		}
		l.prober.PortChanged(topology.End{Switch: d, Port: p}, discovery.BySwitch, e.Port.Up && !e.Port.Gone)
	}
}

// Keep implements api.Nodes. It listens to what an agent reports of tunnels on
// the way to the fabric.
func (l *links) Keep(ctx context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error {
	ctx, cancel := context.WithCancel(ctx)
	onward := make(chan bridge.Report)
	var listening sync.WaitGroup
	defer listening.Wait()
	defer cancel()
	listening.Go(func() {
		defer close(onward)
		var last bridge.Report
		for {
			select {
			case <-ctx.Done():
				l.release(last)
				return
			case r, ok := <-reports:
				if !ok {
					l.release(last)
					return
				}
				last = r
			}
			select {
			case onward <- last:
				l.report(last)
			case <-ctx.Done():
			}
		}
	})
	return l.fabric.Keep(ctx, onward, send)
}

func dpidOf(r bridge.Report) slice.DPID { return slice.DPIDOf(r.Domain, r.Node, r.Bridge) }

// report takes the state of tunnels.
func (l *links) report(r bridge.Report) {
	d := dpidOf(r)
	l.look(d)
	for _, s := range r.Ports {
		if s.Number == 0 {
			continue
		}
		at := topology.End{Switch: d, Port: s.Number}
		l.prober.PortChanged(at, discovery.ByAgent, s.Up)
		m := discovery.Measure{
			Latency: time.Duration(s.LatencyMicros) * time.Microsecond, Loss: float64(s.LossPPM) / 1e6, Bandwidth: uint64(s.BandwidthKbps) * 1000,
		}
		if m != (discovery.Measure{}) {
			l.prober.Measured(at, m)
		}
	}
}

// release forgets what an agent said that is away: from then on probes alone
// tell whether a tunnel works.
func (l *links) release(r bridge.Report) {
	for _, s := range r.Ports {
		l.prober.PortChanged(topology.End{Switch: dpidOf(r), Port: s.Number}, discovery.ByAgent, true)
	}
}

func (l *links) found(a, b topology.End, s discovery.State) {
	l.fabric.SetLink(a, b, fabric.LinkState{Up: s.Up, Reason: s.Reason, Latency: s.Latency, Loss: s.Loss, BandwidthKbps: s.Bandwidth / 1000})
}

func (l *links) alarm(a discovery.Alarm) {
	l.log.Warn("discovery frame refused", "kind", a.Kind.String(), "dpid", a.At.Switch.String(), "port", uint32(a.At.Port))
}

// samples are the counters of the prober.
func (l *links) samples(name string) []nbi.Sample {
	st := l.prober.Stats()
	prefix := "l2sces_" + name + "_"
	counter := func(thing, help string, v uint64) nbi.Sample {
		return nbi.Sample{Name: prefix + thing, Help: help, Type: nbi.Counter, Value: float64(v)}
	}
	all := []nbi.Sample{
		{Name: prefix + "links_up", Help: "Links through which probes pass both ways.", Type: nbi.Gauge, Value: float64(st.Links)},
		counter("probes_total", "Probes of links that were sent.", st.Probes),
		counter("probes_lost_total", "Probes that did not come up in time on a link that was up.", st.Lost),
		counter("link_changes_total", "Times that a link was told to be up or down.", st.Changes),
		counter("link_recoveries_damped_total", "Recoveries of links that were held back because they flap.", st.Damped),
	}
	for k, n := range st.Alarms {
		all = append(all, nbi.Sample{
			Name: prefix + "probes_refused_total", Help: "Discovery frames that should not have come.", Type: nbi.Counter,
			Labels: map[string]string{"kind": discovery.Kind(k).String()}, Value: float64(n), //nolint:gosec // few
		})
	}
	return all
}
