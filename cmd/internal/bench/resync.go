package bench

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var resync = Benchmark{
	Name: "resync",
	Short: "reconnect to a switch that holds 100,000 flows and find that nothing is to do, against ovs-ofctl --bundle replace-flows; " +
		"flow-mods that were sent as flow_mods",
	Needs: ovsNeeds,
	Run:   runResync,
}

// A returning is our side of resync: an engine that wants the flows, and the
// switch that comes back to it.
type returning struct {
	*bulk
	engine *fabric.Engine
	last   *openflow.Session
}

func runResync(ctx context.Context, r *Runner) error {
	back := &returning{engine: fabric.NewEngine(flow.Rules{}, nil)}
	var err error
	back.bulk, err = startBulk(ctx, r, func(ctx context.Context, s *openflow.Session) {
		back.sessions <- s // the clock runs from here: what the switch waits before it calls again is its own affair
		_ = back.engine.Serve(ctx, s)
	})
	if err != nil {
		return err
	}
	defer back.stop()
	back.want()
	if err := back.settled(ctx, <-back.sessions); err != nil {
		return err
	}
	if err := back.check(ctx); err != nil {
		return err
	}
	start := time.Now()
	changed := uint64(0)
	err = r.Compare(ctx, 5, "s",
		func(ctx context.Context) (float64, error) {
			before := back.server.Stats().Mods()
			took, err := back.again(ctx)
			changed += back.server.Stats().Mods() - before
			return took, err
		},
		func(ctx context.Context) (float64, error) {
			start := time.Now()
			_, err := back.ovs.ofctl(ctx, "--bundle", "replace-flows", bulkBridge, back.file)
			return time.Since(start).Seconds(), err
		},
	)
	if err != nil {
		return err
	}
	since := time.Since(start).Seconds()
	age, err := back.youngest(ctx)
	if err != nil {
		return err
	}
	if age < since {
		return fmt.Errorf("a flow is %.1f s old, and nothing was to be put for %.1f s", age, since)
	}
	r.Count("flows", len(back.rules.Flows))
	r.Count("flow_mods", changed)
	r.Count("youngest_flow_s", age)
	return back.check(ctx)
}

// want hands the flows to the engine, by network.
func (b *returning) want() {
	all := map[slice.Network]map[slice.DPID]flow.Rules{}
	for i := range b.rules.Flows {
		f := &b.rules.Flows[i]
		r := all[f.Owner][1]
		r.Flows = append(r.Flows, *f)
		all[f.Owner] = map[slice.DPID]flow.Rules{1: r}
	}
	b.engine.SetAll(all)
}

// again ends the connection, and returns the seconds from when the switch is
// there again until the engine knows that it is as it should be.
func (b *returning) again(ctx context.Context) (float64, error) {
	b.last.Close()
	select {
	case s := <-b.sessions:
		start := time.Now()
		err := b.settled(ctx, s)
		return time.Since(start).Seconds(), err
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("the bridge does not call again")
	}
}

// settled waits until the engine has compared what the switch holds.
func (b *returning) settled(ctx context.Context, s *openflow.Session) error {
	b.last = s
	for {
		changed := b.engine.Changed()
		if b.engine.Stats().Switches == 1 && b.engine.Unsettled() == "" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return fmt.Errorf("not settled: %s", cmp.Or(b.engine.Unsettled(), "no switch"))
		}
	}
}

var durations = regexp.MustCompile(`duration=([0-9.]+)s`)

// youngest returns the age of the youngest flow in seconds.
func (b *returning) youngest(ctx context.Context) (float64, error) {
	text, err := b.ovs.ofctl(ctx, "dump-flows", bulkBridge)
	if err != nil {
		return 0, err
	}
	least := -1.0
	for _, m := range durations.FindAllStringSubmatch(text, -1) {
		age, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, err
		}
		if least < 0 || age < least {
			least = age
		}
	}
	return least, nil
}
