//go:build lab

package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/chaos"
	"github.com/l2sces/l2sces/cmd/internal/world"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// voice is one port that sends and listens all the time.
type voice struct {
	chaos.Port
	port  probe.Port
	index int // of its interface
	seen  *probe.Receiver
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// crowd is everybody who is plugged. Nobody may hear another network, whatever
// happens.
type crowd struct {
	t      *testing.T
	world  *world.World
	voices map[string]*voice
	next   probe.Stream
	owner  map[probe.Stream]chaos.Port
	heard  map[probe.Stream]int // of those that have left
}

func newCrowd(t *testing.T, w *world.World) *crowd {
	t.Helper()
	return &crowd{t: t, world: w, voices: map[string]*voice{}, owner: map[probe.Stream]chaos.Port{}, heard: map[probe.Stream]int{}}
}

func (c *crowd) stream(p chaos.Port) probe.Stream {
	c.next++
	c.owner[c.next] = p
	return c.next
}

// gather has every port of a scene speak and listen whose interface is there,
// and lets those go whose interface is another now or gone.
func (c *crowd) gather(s *chaos.Scene) {
	wanted := map[string]chaos.Port{}
	for _, p := range s.Ports() {
		if p.Workload != "" {
			wanted[p.String()] = p
		}
	}
	for name, v := range c.voices {
		if p, ok := wanted[name]; !ok || p != v.Port || c.index(p) != v.index {
			c.dismiss(name)
		}
	}
	for name, p := range wanted {
		if c.voices[name] == nil {
			c.admit(name, p)
		}
	}
}

func (c *crowd) in(p chaos.Port) probe.Namespace {
	return func(f func() error) error { return netns.Do(c.world.Workload(p.Workload), f) }
}

// index returns the index of the interface of a port, or zero.
func (c *crowd) index(p chaos.Port) int {
	var index int
	err := c.in(p)(func() error {
		ifi, err := net.InterfaceByName(string(p.Network))
		if err == nil {
			index = ifi.Index
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
	return index
}

func (c *crowd) admit(name string, p chaos.Port) {
	v := &voice{Port: p, index: c.index(p), port: probe.Port{In: c.in(p), Interface: string(p.Network), MAC: p.MAC}}
	if v.index == 0 {
		return
	}
	var err error
	if v.seen, err = v.port.Capture(); err != nil {
		return // it has just gone
	}
	c.voices[name] = v
	var ctx context.Context
	ctx, v.stop = context.WithCancel(c.t.Context())
	for i, to := range []slice.MAC{slice.Broadcast, {2, 0, 0, 0, 0, 1 + p.MAC[5]%8}} {
		f := probe.Frames{To: to, Stream: c.stream(p), Every: time.Duration(20+9*i) * time.Millisecond}
		v.done.Go(func() { _ = v.port.Send(ctx, f) }) // an interface that goes ends it
	}
}

// dismiss lets a voice go, and notes what it has heard.
func (c *crowd) dismiss(name string) {
	v := c.voices[name]
	delete(c.voices, name)
	v.stop()
	v.done.Wait()
	c.judge(v)
	if err := v.seen.Close(); err != nil {
		c.t.Error(err)
	}
}

// judge reports what a voice should not have heard.
func (c *crowd) judge(v *voice) {
	for s, n := range v.seen.All() {
		if from := c.owner[s]; from.Network != v.Network {
			c.t.Errorf("leak: %s has heard %d frames of %s", v, n.Once, from)
		}
		if n.Again > 0 {
			c.t.Errorf("twice: %s has heard %d frames of %s again", v, n.Again, c.owner[s])
		}
	}
}

func (c *crowd) judgeAll() {
	for _, v := range c.voices {
		c.judge(v)
	}
}

func (c *crowd) dismissAll() {
	for _, name := range slices.Collect(maps.Keys(c.voices)) {
		c.dismiss(name)
	}
}

// A question is a frame from one port, and who should hear it.
type question struct {
	from    *voice
	to      slice.MAC
	streams []probe.Stream // one for each time it was asked
	want    []string
}

// heard reports whether a voice has heard a question.
func (q *question) heard(v *voice) bool {
	return slices.ContainsFunc(q.streams, func(s probe.Stream) bool { return v.seen.Count(s).Once > 0 })
}

// measure sends frames from every port to everybody and compares who hears
// them with who should. What is missing is asked again for a while: the ends
// of tunnels have to find each other.
func (c *crowd) measure(s *chaos.Scene) error {
	c.gather(s)
	var todo []*question
	for _, v := range c.voices {
		targets := []slice.MAC{slice.Broadcast}
		for i := range byte(9) {
			if mac := (slice.MAC{2, 0, 0, 0, 0, i + 1}); mac != v.MAC {
				targets = append(targets, mac)
			}
		}
		for _, to := range targets {
			q := &question{from: v, to: to}
			for _, p := range s.Hears(v.Port, to) {
				if p.Workload != "" {
					q.want = append(q.want, p.String())
				}
			}
			todo = append(todo, q)
		}
	}
	for _, p := range s.Ports() {
		if p.Workload != "" && c.voices[p.String()] == nil {
			return fmt.Errorf("port %s is not there", p)
		}
	}
	late := time.Now().Add(10 * time.Second)
	for round := 1; ; round++ { // a busy machine takes long for each
		missing := c.ask(todo)
		if missing == nil {
			return c.extra(todo)
		}
		if round > 10 && time.Now().After(late) {
			return missing
		}
	}
}

// ask sends a frame for each question that was not heard yet by all who should,
// and returns the first that still is not.
func (c *crowd) ask(all []*question) error {
	for _, q := range all {
		if len(q.streams) > 0 && c.missing([]*question{q}) == nil {
			continue
		}
		q.streams = append(q.streams, c.stream(q.from.Port))
		f := probe.Frames{To: q.to, Stream: c.next, Count: 1}
		if err := q.from.port.Send(c.t.Context(), f); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 500*time.Millisecond)
	defer cancel()
	var missing error
	_ = world.Await(ctx, func() bool { // else it is missing
		missing = c.missing(all)
		return missing == nil
	})
	return missing
}

func (c *crowd) missing(all []*question) error {
	for _, q := range all {
		for _, name := range q.want {
			if !q.heard(c.voices[name]) {
				return fmt.Errorf("%s does not hear %s, who sends to %s", name, q.from, q.to)
			}
		}
	}
	return nil
}

// extra returns who has heard what was not for him.
func (c *crowd) extra(all []*question) error {
	for _, q := range all {
		for name, v := range c.voices {
			if q.heard(v) && !slices.Contains(q.want, name) {
				return fmt.Errorf("%s hears %s, who sends to %s", name, q.from, q.to)
			}
		}
	}
	return nil
}
