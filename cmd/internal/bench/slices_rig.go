package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// A work is what one slice has made the SCO do.
type work struct {
	writes  []map[string]map[string][]byte
	calls   map[slice.Domain][]intent.Segment
	changes map[slice.DPID][]flow.Change
}

// notebook takes down what is done for the slice that is being made.
type notebook struct {
	mu  sync.Mutex
	now work
}

func (n *notebook) take() work {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.now
	n.now = work{calls: map[slice.Domain][]intent.Segment{}, changes: map[slice.DPID][]flow.Change{}}
	return w
}

func (n *notebook) note(f func(*work)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(&n.now)
}

// sliceRig is our SCO in this process, with its state on disk, domains that
// answer at once, and NEDs that call it over loopback.
type sliceRig struct {
	sco   *sco.SCO
	notes *notebook
	stop  func()
}

// notedStore takes writes down.
type notedStore struct {
	*store.Store
	notes *notebook
}

func (s notedStore) Put(bucket, key string, value []byte) error {
	return s.WriteAll(map[string]map[string][]byte{bucket: {key: value}})
}

func (s notedStore) WriteAll(values map[string]map[string][]byte) error {
	s.notes.note(func(w *work) { w.writes = append(w.writes, values) })
	return s.Store.WriteAll(values)
}

// fakeDomain has every workload on its gateway, and is ready at once.
type fakeDomain struct {
	name  slice.Domain
	notes *notebook

	mu       sync.Mutex
	next     slice.VLAN
	segments map[slice.NetworkID]intent.SegmentStatus
}

func newFakeDomain(d slice.Domain, notes *notebook) *fakeDomain {
	return &fakeDomain{name: d, notes: notes, segments: map[slice.NetworkID]intent.SegmentStatus{}}
}

func (d *fakeDomain) gateway() slice.Node { return slice.Node(d.name + "-gw") }

// Apply takes segments in.
func (d *fakeDomain) Apply(_ context.Context, all []intent.Segment) ([]intent.SegmentStatus, error) {
	d.notes.note(func(w *work) { w.calls[d.name] = all })
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []intent.SegmentStatus
	for _, s := range all {
		status := intent.SegmentStatus{ID: s.ID, Label: d.segments[s.ID].Label, Gateway: s.Gateway, Ready: true, Digest: s.Digest()}
		if status.Label == 0 {
			d.next++
			status.Label = d.next
		}
		for _, p := range s.Ports {
			status.Ports = append(status.Ports, intent.SegmentPortStatus{Workload: p.Workload, Node: d.gateway(), Ready: true})
		}
		d.segments[s.ID] = status
		out = append(out, status)
	}
	return out, nil
}

// Delete drops segments.
func (d *fakeDomain) Delete(_ context.Context, ids []slice.NetworkID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		delete(d.segments, id)
	}
	return nil
}

// List returns the segments.
func (d *fakeDomain) List(context.Context) ([]intent.SegmentStatus, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]intent.SegmentStatus, 0, len(d.segments))
	for _, s := range d.segments {
		all = append(all, s)
	}
	return all, nil
}

// Info tells what the domain is.
func (d *fakeDomain) Info(context.Context) (intent.DomainInfo, error) {
	return intent.DomainInfo{Name: d.name, Gateway: d.gateway(), MTU: 1450}, nil
}

// notedSwitch takes changes down.
type notedSwitch struct {
	*openflow.Session
	notes *notebook
}

func (s notedSwitch) Apply(ctx context.Context, c flow.Change) error {
	s.notes.note(func(w *work) { w.changes[s.DPID()] = append(w.changes[s.DPID()], c) })
	return s.Session.Apply(ctx, c)
}

func nedDPID(i int) slice.DPID {
	d := sliceDomain(i)
	return slice.DPIDOf(d, slice.Node(d+"-gw"), bridge.NED)
}

func newSliceRig(ctx context.Context, dir string) (*sliceRig, error) {
	ctx, cancel := context.WithCancel(ctx)
	disk, err := openDisk(dir)
	if err != nil {
		cancel()
		return nil, err
	}
	g := &sliceRig{notes: &notebook{}}
	g.notes.take()
	domains := sco.Fixed{}
	for i := range sliceDomains {
		d := sliceDomain(i)
		domains[d] = newFakeDomain(d, g.notes)
	}
	if g.sco, err = sco.New(sco.Config{Domains: domains, Store: notedStore{disk, g.notes}}); err != nil {
		cancel()
		_ = disk.Close() // the first fault counts
		return nil, err
	}
	engine := g.sco.Fabric().Engine()
	end, err := callSwitches(ctx, func(ctx context.Context, s *openflow.Session) {
		_ = engine.Serve(ctx, notedSwitch{s, g.notes}) // what goes wrong shows in the status
	})
	if err != nil {
		cancel()
		_ = disk.Close() // the first fault counts
		return nil, err
	}
	var running sync.WaitGroup
	for i := range sliceDomains {
		running.Go(func() { g.agent(ctx, i) })
	}
	running.Go(func() { g.sco.Run(ctx) })
	g.stop = func() { cancel(); end(); running.Wait(); _ = disk.Close() } // nothing is written any more
	err = await(ctx, "all NEDs have joined", func() bool { return g.sco.Ready() == nil })
	if err != nil {
		g.stop()
	}
	return g, err
}

func openDisk(dir string) (*store.Store, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return store.Open(filepath.Join(dir, "state.db"))
}

// callSwitches connects switches to a server, which hands each to a handler.
func callSwitches(ctx context.Context, handle func(context.Context, *openflow.Session)) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	target, end, err := serveOpenFlow(ctx, &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables, PerAddress: 1 << 20, Handler: handle,
		Allow: func(slice.DPID, *tls.ConnectionState) error { return nil },
	}})
	if err != nil {
		cancel()
		return nil, err
	}
	var running sync.WaitGroup
	for i := range sliceDomains {
		sw := fleet.New(fleet.Config{DPID: uint64(nedDPID(i)), Buffer: 64 << 10})
		running.Go(func() { _ = sw.Run(ctx, target[len("tcp:"):]) }) // ends with ctx
	}
	return func() { cancel(); running.Wait(); end() }, nil
}

// agent answers for a NED: every port that is wanted is there at once.
func (g *sliceRig) agent(ctx context.Context, i int) {
	d := sliceDomain(i)
	r := bridge.Report{
		Domain: d, Node: slice.Node(d + "-gw"), Bridge: bridge.NED, MTU: 1450, Tunnel: netip.AddrFrom4([4]byte{198, 18, 0, byte(i + 1)}),
	}
	reports := make(chan bridge.Report, 1)
	reports <- r
	_ = g.sco.Fabric().Keep(ctx, reports, func(w bridge.Wanted) error {
		r.Applied, r.Ports = w.Revision, nil
		for _, p := range w.Bridge.Ports {
			r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
		}
		select {
		case <-reports: // an older one
		default:
		}
		reports <- r
		return nil
	}) // ends with ctx
}

// make makes a slice and returns what that came to.
func (g *sliceRig) make(ctx context.Context, in intent.Intents) (work, error) {
	g.notes.take()
	s, err := g.sco.Apply(ctx, in, intent.Order{New: true})
	if err != nil {
		return work{}, err
	}
	if s.Phase != intent.Ready {
		return work{}, fmt.Errorf("slice %s is %s: %s", s.ID, s.Phase, s.Message)
	}
	return g.notes.take(), nil
}

// idle returns how busy one processor is, in percent, while nothing happens.
func (g *sliceRig) idle(ctx context.Context) (float64, error) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		return 0, err
	}
	const span = 10 * time.Second
	if err := pause(ctx, span); err != nil {
		return 0, err
	}
	after, err := cpuTime(os.Getpid())
	return 100 * float64(after-before) / float64(span), err
}

// check fails unless all slices are ready.
func (g *sliceRig) check(ctx context.Context, size int) error {
	ready := 0
	for q := (intent.Query{Phase: intent.Ready}); ; {
		page, err := g.sco.List(ctx, q)
		if err != nil {
			return err
		}
		ready += len(page.Slices)
		if q.PageToken = page.Next; q.PageToken == "" {
			break
		}
	}
	if ready != size {
		return fmt.Errorf("%d of %d slices are ready", ready, size)
	}
	return nil
}
