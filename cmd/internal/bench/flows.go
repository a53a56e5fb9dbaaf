package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var flows = Benchmark{
	Name:  "flows",
	Short: "100,000 flows into Open vSwitch in one bundle, against ovs-ofctl --bundle add-flows; plain add-flows as plain_ratio",
	Needs: ovsNeeds,
	Run:   runFlows,
}

// bulk is a private Open vSwitch with a bridge that obeys us, and many flows
// for it, as values and as the text that ovs-ofctl reads.
type bulk struct {
	ovs      *ovs
	rules    flow.Rules
	file     string
	sessions chan *openflow.Session
	server   *openflow.Server
	stop     func()
}

// bulkBridge is the name of the bridge.
const bulkBridge = "br0"

// bulkTable is where the flows stand.
var bulkTable = &flow.Table{ID: 1, Name: "1"}

func startBulk(ctx context.Context, r *Runner, handler func(context.Context, *openflow.Session)) (*bulk, error) {
	b := &bulk{sessions: make(chan *openflow.Session, 1)}
	b.rules = bulkRules(cmp.Or(r.Size, 100_000))
	b.file = filepath.Join(r.Dir, "flows")
	if err := writeFlows(b.file, b.rules.Flows); err != nil {
		return nil, err
	}
	if handler == nil {
		handler = func(ctx context.Context, s *openflow.Session) {
			b.sessions <- s
			<-ctx.Done()
		}
	}
	b.server = &openflow.Server{Config: openflow.Config{Tables: []*flow.Table{bulkTable}, Handler: handler, Request: 2 * time.Minute}}
	target, stop, err := serveOpenFlow(ctx, b.server)
	if err != nil {
		return nil, err
	}
	b.stop = stop
	if b.ovs, err = startOVS(ctx, filepath.Join(r.Dir, "o"), nil, ovsDummy); err != nil {
		stop()
		return nil, err
	}
	b.stop = func() { b.ovs.stop(); stop() }
	if err := b.ovs.addBridge(ctx, bulkBridge, 1, target); err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

// bulkRules are flows that forward, as a network of many addresses has them.
func bulkRules(n int) flow.Rules {
	r := flow.Rules{Flows: make([]flow.Flow, n)}
	for i := range r.Flows {
		network := slice.Network(i%1000 + 1) //nolint:gosec // at most 1000
		r.Flows[i] = flow.Flow{
			Table: bulkTable, Priority: flow.Known, Owner: network,
			Match:   []flow.Match{flow.InNetwork(network), flow.To(slice.MAC{2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})},
			Actions: []flow.Action{flow.Output(1)},
		}
	}
	return r
}

// writeFlows writes flows as ovs-ofctl reads them, with the cookies that we
// give.
func writeFlows(name string, list []flow.Flow) error {
	f, err := os.Create(name) //nolint:gosec // in a folder of our own
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range list {
		cookie := uint64(openflow.DefaultProduct)<<48 | uint64(list[i].Owner)
		m := list[i].Match
		if _, err := fmt.Fprintf(w, "cookie=%#x,table=1,priority=%d,%s,%s,actions=%s\n", cookie, list[i].Priority, m[0], m[1], list[i].Actions[0]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// timed runs something on an empty bridge and returns the seconds that it
// took, once the bridge holds all flows.
func (b *bulk) timed(ctx context.Context, do func() error) (float64, error) {
	if _, err := b.ovs.ofctl(ctx, "del-flows", bulkBridge); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := do(); err != nil {
		return 0, err
	}
	took := time.Since(start).Seconds()
	return took, b.check(ctx)
}

func (b *bulk) check(ctx context.Context) error {
	n, err := b.ovs.flows(ctx, bulkBridge)
	if err == nil && n != len(b.rules.Flows) {
		err = fmt.Errorf("the bridge holds %d flows, not %d", n, len(b.rules.Flows))
	}
	return err
}

func (b *bulk) ofctl(ctx context.Context, args ...string) func() error {
	return func() error {
		_, err := b.ovs.ofctl(ctx, append(args, bulkBridge, b.file)...)
		return err
	}
}

func runFlows(ctx context.Context, r *Runner) error {
	b, err := startBulk(ctx, r, nil)
	if err != nil {
		return err
	}
	defer b.stop()
	var session *openflow.Session
	select {
	case session = <-b.sessions:
	case <-time.After(time.Minute):
		return fmt.Errorf("the bridge does not connect")
	}
	change := flow.Diff(flow.Rules{}, b.rules)
	var plain []float64
	for i := range 1 + cmp.Or(r.Pairs, 5) {
		ours, err := b.timed(ctx, func() error { return session.Apply(ctx, change) })
		if err != nil {
			return fmt.Errorf("ours: %w", err)
		}
		bundle, err := b.timed(ctx, b.ofctl(ctx, "--bundle", "add-flows"))
		if err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		one, err := b.timed(ctx, b.ofctl(ctx, "add-flows"))
		if err != nil {
			return fmt.Errorf("plain: %w", err)
		}
		if i > 0 {
			r.Pair("s", ours, bundle)
			plain = append(plain, one/ours)
		}
	}
	slices.Sort(plain)
	r.Count("flows", len(b.rules.Flows))
	r.Count("plain_ratio", plain[len(plain)/2])
	return nil
}
