package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The streams of frames. Those of all members are slow: a switch in the
// userspace datapath takes no frames while it gets a port, and what waits for it
// then has room for some hundreds.
const (
	burst  = 10 // frames under one number of a stream
	slow   = 40 * time.Millisecond
	quick  = 10 * time.Millisecond
	around = 300 * time.Millisecond // after a change
)

// A route is what one stream of frames goes.
type route struct {
	from *member
	to   slice.MAC
	must members
	pace time.Duration
}

// routes returns a stream from every member to all others of its network, and
// one to the next of them.
func (ms members) routes() []route {
	var all []route
	for _, network := range ms.networks() {
		for i, from := range network {
			to := network[(i+1)%len(network)]
			all = append(all, route{from, slice.Broadcast, network.but(from), slow}, route{from, to.MAC, members{to}, slow})
		}
	}
	return all
}

// flows returns a stream from one member to each other of its network, and one
// to all.
func (ms members) flows(from *member) []route {
	all := []route{{from, slice.Broadcast, ms.but(from), quick}}
	for _, to := range ms.but(from) {
		all = append(all, route{from, to.MAC, members{to}, quick})
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
	err := r.from.port.Send(ctx, probe.Frames{To: r.to, Stream: s.stream, Count: burst, Every: r.pace})
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
	got := t.loss()
	if wanted == 0 {
		got = "nothing was sent"
	}
	t.demo.check(name, "0 lost, 0 duplicated, 0 elsewhere", got)
	t.demo.say("      of %d frames", wanted)
	return nil
}

// loss says what became of the frames, and of which networks those are that are
// missing.
func (t *traffic) loss() string {
	c, lost := t.demo.count(t.ms, t.sent), map[string]int{}
	sum := 0
	for _, s := range t.sent {
		n := len(s.must)*s.count - t.demo.count(t.ms, []sending{s}).once
		sum += n
		if n > 0 {
			lost[s.from.network.String()] += n
		}
	}
	text := fmt.Sprintf("%d lost, %d duplicated, %d elsewhere", sum, c.again, c.elsewhere)
	for _, network := range slices.Sorted(maps.Keys(lost)) {
		text += fmt.Sprintf("; %s: %d lost", network, lost[network])
	}
	return text
}
