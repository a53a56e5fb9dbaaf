package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// party is one port that sends and hears.
type party struct {
	network string
	port    probe.Port
	seen    *probe.Receiver
}

// traffic is parties of several networks, all of whom send to all others of
// their network, each frame with a number.
type traffic struct {
	parties []*party
	streams probe.Stream // that were given out
}

// join adds the interface of a namespace to a network.
func (t *traffic) join(network, namespace, ifname string) error {
	mac, err := netns.MAC(namespace, ifname)
	if err != nil {
		return err
	}
	p := &party{network: network, port: probe.Port{
		In:        func(f func() error) error { return netns.Do(namespace, f) },
		Interface: ifname, MAC: mac,
	}}
	if p.seen, err = p.port.Capture(); err != nil {
		return err
	}
	t.parties = append(t.parties, p)
	return nil
}

func (t *traffic) close() {
	for _, p := range t.parties {
		_ = p.seen.Close() // its counts have been read
	}
	t.parties = nil
}

// A tally is what became of frames. Lost are those that one for whom they were
// did not hear, duplicated those that he heard again, leaked those that
// somebody in another network heard.
type tally struct{ sent, lost, duplicated, leaked int }

func (t *tally) add(o tally) {
	t.sent, t.lost, t.duplicated, t.leaked = t.sent+o.sent, t.lost+o.lost, t.duplicated+o.duplicated, t.leaked+o.leaked
}

// count enters a tally.
func (r *Runner) tally(t tally) {
	r.Count("sent", t.sent)
	r.Count("lost", t.lost)
	r.Count("duplicated", t.duplicated)
	r.Count("leaked", t.leaked)
}

// way is a stream from one party to another.
type way struct {
	from, to *party
	stream   probe.Stream
}

// ways returns a stream for each pair of parties of a network.
func (t *traffic) ways() []way {
	var all []way
	for _, a := range t.parties {
		for _, b := range t.parties {
			if a != b && a.network == b.network {
				t.streams++
				all = append(all, way{a, b, t.streams})
			}
		}
	}
	return all
}

// errShort is of traffic that was over before what was to happen under it.
var errShort = errors.New("the traffic ended before what happens under it did")

// during sends so many frames from each to each of its network while something
// happens, and counts what became of them.
func (t *traffic) during(ctx context.Context, count int, every time.Duration, happens func(context.Context) error) (tally, error) {
	return t.over(ctx, t.ways(), count, every, happens)
}

// over sends frames over some ways.
func (t *traffic) over(ctx context.Context, ways []way, count int, every time.Duration, happens func(context.Context) error) (tally, error) {
	senders, sending := errgroup.WithContext(ctx)
	for _, w := range ways {
		senders.Go(func() error {
			return w.from.port.Send(sending, probe.Frames{To: w.to.port.MAC, Stream: w.stream, Count: count, Every: every})
		})
	}
	sent := make(chan error, 1)
	go func() { sent <- senders.Wait() }()
	fault := happens(ctx)
	select {
	case err := <-sent:
		return tally{}, errors.Join(fault, err, errShort)
	default:
	}
	if err := errors.Join(fault, <-sent, ctx.Err()); err != nil {
		return tally{}, err
	}
	late, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var got tally
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if got = t.judge(ways, count); got.lost == 0 {
			break
		}
		select {
		case <-late.Done():
			return got, ctx.Err()
		case <-tick.C:
		}
	}
	return got, nil
}

// judge counts what became of the frames of some ways up to now.
func (t *traffic) judge(ways []way, count int) tally {
	var got tally
	for _, w := range ways {
		got.sent += count
		for _, p := range t.parties {
			heard := p.seen.Count(w.stream)
			switch {
			case p == w.to:
				got.lost += count - heard.Once
				got.duplicated += heard.Again
			case p.network != w.from.network:
				got.leaked += heard.Once
			}
		}
	}
	return got
}

// quiet sends frames while nothing happens: all must arrive, or the machine is
// too busy for the figures to mean anything. The first few are not counted.
func (t *traffic) quiet(ctx context.Context, every time.Duration) error {
	idle := func(context.Context) error { return nil }
	if _, err := t.during(ctx, 50, time.Millisecond, idle); err != nil {
		return err
	}
	got, err := t.during(ctx, 500, every, idle)
	if err == nil && (got.lost > 0 || got.duplicated > 0 || got.leaked > 0) {
		err = fmt.Errorf("while nothing happens, of %d frames %d are lost, %d come twice, %d leak", got.sent, got.lost, got.duplicated, got.leaked)
	}
	return err
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// macOf is the address of the n-th workload of a benchmark.
func macOf(n byte) slice.MAC { return slice.MAC{2, 0, 0, 0, 9, n} }
