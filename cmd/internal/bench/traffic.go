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
	name    string // of the workload; empty where nobody asks
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

// tally enters what became of the frames.
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
	sent     int // read when the sender has ended
}

// ways returns a stream for each pair of parties of a network.
func (t *traffic) ways() []*way {
	var all []*way
	for _, a := range t.parties {
		for _, b := range t.parties {
			if a != b && a.network == b.network {
				t.streams++
				all = append(all, &way{from: a, to: b, stream: t.streams})
			}
		}
	}
	return all
}

// during has each send to each of its network while something happens, and
// counts what became of the frames.
func (t *traffic) during(ctx context.Context, every time.Duration, happens func(context.Context) error) (tally, error) {
	return t.over(ctx, t.ways(), every, happens)
}

// over sends frames over some ways while something happens.
func (t *traffic) over(ctx context.Context, ways []*way, every time.Duration, happens func(context.Context) error) (tally, error) {
	sending, enough := context.WithCancel(ctx)
	defer enough()
	var senders errgroup.Group
	for _, w := range ways {
		senders.Go(func() (err error) {
			w.sent, err = w.from.port.Sent(sending, probe.Frames{To: w.to.port.MAC, Stream: w.stream, Every: every})
			return err
		})
	}
	fault := happens(ctx)
	enough()
	if err := errors.Join(fault, senders.Wait(), ctx.Err()); err != nil {
		return tally{}, err
	}
	late, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got := t.judge(ways)
		if got.lost == 0 {
			return got, nil
		}
		select {
		case <-late.Done():
			return got, ctx.Err()
		case <-tick.C:
		}
	}
}

// judge counts what became of the frames of some ways up to now.
func (t *traffic) judge(ways []*way) tally {
	var got tally
	for _, w := range ways {
		got.sent += w.sent
		for _, p := range t.parties {
			heard := p.seen.Count(w.stream)
			switch {
			case p == w.to:
				got.lost += w.sent - heard.Once
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
	lasts := func(d time.Duration) func(context.Context) error {
		return func(ctx context.Context) error { return pause(ctx, d) }
	}
	for range 10 { // the ends of tunnels have to find each other
		got, err := t.during(ctx, time.Millisecond, lasts(50*time.Millisecond))
		if err != nil {
			return err
		}
		if got.lost == 0 {
			break
		}
	}
	var got tally
	for range 3 { // what else runs may take a moment of its own
		var err error
		if got, err = t.during(ctx, every, lasts(500*time.Millisecond)); err != nil {
			return err
		}
		if got.lost+got.duplicated+got.leaked == 0 {
			return nil
		}
	}
	return fmt.Errorf("while nothing happens, of %d frames %d are lost, %d come twice, %d leak", got.sent, got.lost, got.duplicated, got.leaked)
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
