package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	burst  = 25                   // frames under one number of a stream
	pace   = 5 * time.Millisecond // between two frames of a stream
	around = 300 * time.Millisecond
)

// A route is what one stream of frames goes.
type route struct {
	from *member
	to   slice.MAC
	must members
}

// routes returns a stream from every member to every other one of its network,
// and one to all of them.
func (ms members) routes() []route {
	var all []route
	for _, network := range ms.networks() {
		for _, from := range network {
			all = append(all, route{from, slice.Broadcast, network.but(from)})
			for _, to := range network.but(from) {
				all = append(all, route{from, to.MAC, members{to}})
			}
		}
	}
	return all
}

// A traffic is streams that go on while something else happens.
type traffic struct {
	demo *demo
	ms   members
	stop context.CancelFunc
	wait sync.WaitGroup

	mu   sync.Mutex
	sent []sending
	err  error
}

// start lets streams flow until finish.
func (d *demo) start(ctx context.Context, ms members, routes []route) *traffic {
	t := &traffic{demo: d, ms: ms}
	until, stop := context.WithCancel(ctx)
	t.stop = stop
	for _, r := range routes {
		t.wait.Go(func() {
			for until.Err() == nil {
				t.burst(ctx, r)
			}
		})
	}
	return t
}

// burst sends some frames to their end, so that it is known how many there are.
func (t *traffic) burst(ctx context.Context, r route) {
	s := sending{from: r.from, stream: t.demo.streams.next(), count: burst, must: r.must}
	err := r.from.port.Send(ctx, probe.Frames{To: r.to, Stream: s.stream, Count: burst, Every: pace})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, s)
	t.err = errors.Join(t.err, err)
	if err != nil {
		t.stop()
	}
}

// finish ends the streams and checks that every frame came once, by the numbers
// that the frames carry.
func (t *traffic) finish(ctx context.Context, name string) error {
	select { // what comes right after the change is a part of it
	case <-ctx.Done():
	case <-time.After(around):
	}
	t.stop()
	t.wait.Wait()
	if t.err != nil {
		return t.err
	}
	wanted := 0
	for _, s := range t.sent {
		wanted += len(s.must) * s.count
	}
	arrived := func() (bool, error) { return t.demo.count(t.ms, t.sent).once >= wanted, nil }
	if err := poll(ctx, arrival, arrived); err != nil {
		return err
	}
	c := t.demo.count(t.ms, t.sent)
	enough := "some"
	if wanted == 0 {
		enough = "no"
	}
	t.demo.check(name, lossOf("some", 0, counted{}), lossOf(enough, wanted-c.once, c))
	t.demo.say("      of %d frames", wanted)
	return nil
}

// lossOf says what became of frames.
func lossOf(sent string, lost int, c counted) string {
	return fmt.Sprintf("%s frames: %d lost, %d duplicated, %d elsewhere", sent, lost, c.again, c.elsewhere)
}
