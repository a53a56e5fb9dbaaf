package fabric_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// wired is a switch whose Apply a test can look into.
type wired struct {
	*flowtest.Memory
	mu    sync.Mutex
	apply func(context.Context, flow.Change) error
}

func (s *wired) Apply(ctx context.Context, c flow.Change) error {
	s.mu.Lock()
	apply := s.apply
	s.mu.Unlock()
	if apply != nil {
		if err := apply(ctx, c); err != nil {
			return err
		}
	}
	return s.Memory.Apply(ctx, c)
}

func (s *wired) set(apply func(context.Context, flow.Change) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply = apply
}

// bench is an engine on its own, and how to serve a switch.
type bench struct {
	*testing.T
	e     *fabric.Engine
	serve func(fabric.Switch) chan error
}

// engine runs a test with an engine in a bubble.
func engine(t *testing.T, base flow.Rules, test func(bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := fabric.NewEngine(base, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer func() { cancel(); synctest.Wait() }()
		test(bench{t, e, func(sw fabric.Switch) chan error {
			ended := make(chan error, 1)
			go func() { ended <- e.Serve(ctx, sw) }()
			synctest.Wait()
			return ended
		}})
	})
}

// rule gives the frames of a port to a network.
func rule(n slice.Network, p slice.Port) flow.Flow {
	return flow.Flow{Table: pipeline.Classify, Priority: flow.Known, Owner: n, Match: []flow.Match{flow.InPort(p)}, Actions: []flow.Action{flow.Mark(n)}}
}

// rulesOf are the rules of a network that has some ports, each with a meter.
func rulesOf(n slice.Network, ports ...slice.Port) map[slice.DPID]flow.Rules {
	var r flow.Rules
	for _, p := range ports {
		r.Flows = append(r.Flows, rule(n, p), flow.Flow{
			Table: pipeline.Limit, Priority: flow.Known, Owner: n, Match: []flow.Match{flow.InPort(p)}, Actions: []flow.Action{flow.Limit(uint32(p))},
		})
		r.Meters = append(r.Meters, flow.Meter{ID: uint32(p), Kbps: 100, Burst: 10, Owner: n})
	}
	return map[slice.DPID]flow.Rules{1: r}
}

// holds fails unless a switch has exactly the rules of these networks.
func holds(t *testing.T, m *flowtest.Memory, all ...map[slice.DPID]flow.Rules) {
	t.Helper()
	var want flow.Rules
	for _, r := range all {
		want.Flows = append(want.Flows, r[m.DPID()].Flows...)
		want.Meters = append(want.Meters, r[m.DPID()].Meters...)
	}
	if c := flow.Diff(m.Held(), want); !c.Empty() {
		t.Errorf("the switch still needs %+v", c)
	}
}

// forbid refuses every change with a rule of a network.
func forbid(n slice.Network) func(context.Context, flow.Change) error {
	return func(_ context.Context, c flow.Change) error {
		for _, f := range append(c.PutFlows, c.TakeFlows...) {
			if f.Owner == n {
				return slice.Errorf(slice.Invalid, "network %d is bad", n)
			}
		}
		return nil
	}
}

func TestMetersWithoutOwners(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		m := flowtest.NewMemory(1)
		r := rulesOf(5, 3)[1]
		r.Meters[0].Owner = 0
		r.Meters = append(r.Meters, flow.Meter{ID: 77, Kbps: 1, Burst: 1}) // a stranger's
		m.Set(r)
		e.Set(5, rulesOf(5, 3))
		serve(m)
		holds(t, m, rulesOf(5, 3))
		if m.Mods() != 1 {
			t.Errorf("%d mods instead of one, which takes the stranger's meter", m.Mods())
		}
		next := m.Reconnect()
		synctest.Wait()
		serve(next)
		if next.Mods() != 0 {
			t.Errorf("%d mods for a switch that is right", next.Mods())
		}
	})
}

func TestRuleChangesHands(t *testing.T) {
	steps := map[string]func(e *fabric.Engine, sw *wired){
		"in one change": func(e *fabric.Engine, _ *wired) {
			e.Set(1, rulesOf(1, 4))
			e.Set(2, rulesOf(2, 3))
		},
		"the new owner first": func(e *fabric.Engine, _ *wired) {
			e.Set(2, rulesOf(2, 3))
			synctest.Wait()
			e.Set(1, rulesOf(1, 4))
		},
		"the old owner first": func(e *fabric.Engine, _ *wired) {
			e.Set(1, rulesOf(1, 4))
			synctest.Wait()
			e.Set(2, rulesOf(2, 3))
		},
		"the old owner is refused for a while": func(e *fabric.Engine, sw *wired) {
			sw.set(func(_ context.Context, c flow.Change) error {
				for _, m := range c.PutMeters {
					if m.ID == 4 {
						return errors.New("no")
					}
				}
				return nil
			})
			e.Set(1, rulesOf(1, 4))
			e.Set(2, rulesOf(2, 3))
			synctest.Wait()
			sw.set(nil)
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			engine(t, flow.Rules{}, func(b bench) {
				t, e, serve := b.T, b.e, b.serve
				sw := &wired{Memory: flowtest.NewMemory(1)}
				e.Set(1, rulesOf(1, 3))
				serve(sw)
				holds(t, sw.Memory, rulesOf(1, 3))
				step(e, sw)
				<-time.After(time.Minute)
				holds(t, sw.Memory, rulesOf(1, 4), rulesOf(2, 3))
				for n := slice.Network(1); n <= 2; n++ {
					if why := e.Pending(n); why != "" {
						t.Errorf("network %d: %s", n, why)
					}
				}
			})
		})
	}
}

func TestOneNetworkRefused(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		sw := &wired{Memory: flowtest.NewMemory(1)}
		e.Set(1, rulesOf(1, 1))
		serve(sw)
		sw.set(forbid(2))
		for n := slice.Network(2); n <= 4; n++ {
			e.Set(n, rulesOf(n, slice.Port(n)))
		}
		synctest.Wait() // no time passes
		holds(t, sw.Memory, rulesOf(1, 1), rulesOf(3, 3), rulesOf(4, 4))
		if why := e.Pending(2); why != "switch 0000000000000001: network 2 is bad" {
			t.Errorf("pending: %q", why)
		}
		if e.Pending(3) != "" || !strings.Contains(e.Unsettled(), "network 2 is bad") {
			t.Errorf("pending %q, unsettled %q", e.Pending(3), e.Unsettled())
		}
		// While it waits, others are served at once and without it.
		applied := sw.Applied()
		e.Set(5, rulesOf(5, 5))
		synctest.Wait()
		if e.Pending(5) != "" || sw.Applied() != applied+1 {
			t.Errorf("network 5: %q after %d changes", e.Pending(5), sw.Applied()-applied)
		}
		before := e.Stats().Faults
		<-time.After(5 * time.Minute)
		if n := e.Stats().Faults - before; n < 5 || n > 20 {
			t.Errorf("it was tried %d times in five minutes", n)
		}
		// Other rules are tried at once.
		sw.set(nil)
		e.Set(2, rulesOf(2, 12))
		synctest.Wait()
		holds(t, sw.Memory, rulesOf(1, 1), rulesOf(2, 12), rulesOf(3, 3), rulesOf(4, 4), rulesOf(5, 5))
		if e.Unsettled() != "" {
			t.Error(e.Unsettled())
		}
	})
}

// Meters are no part of the bundle: after a refusal they may be there.
func TestRefusalLeavesMeters(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		sw := &wired{Memory: flowtest.NewMemory(1)}
		serve(sw)
		refuse := true
		sw.set(func(ctx context.Context, c flow.Change) error {
			if !refuse || len(c.PutMeters) == 0 {
				return nil
			}
			refuse = false
			return errors.Join(sw.Memory.Apply(ctx, flow.Change{PutMeters: c.PutMeters, HeldMeters: c.HeldMeters}), errors.New("the bundle is refused"))
		})
		e.Set(1, rulesOf(1, 1))
		<-time.After(2 * time.Second)
		holds(t, sw.Memory, rulesOf(1, 1))
		if why := e.Pending(1); why != "" {
			t.Error(why)
		}
		// The other way round: the bundle is done and a meter stays.
		sw.set(func(ctx context.Context, c flow.Change) error {
			sw.set(nil)
			c.TakeMeters = nil
			return errors.Join(sw.Memory.Apply(ctx, c), errors.New("the meter is in use"))
		})
		e.Set(1, nil)
		<-time.After(2 * time.Second)
		holds(t, sw.Memory)
	})
}

func TestSlowSwitch(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		slow := &wired{Memory: flowtest.NewMemory(1)}
		tries := 0
		slow.set(func(ctx context.Context, _ flow.Change) error {
			tries++
			<-ctx.Done()
			return ctx.Err()
		})
		quick := flowtest.NewMemory(2)
		both := map[slice.DPID]flow.Rules{1: {Flows: []flow.Flow{rule(1, 1)}}, 2: {Flows: []flow.Flow{rule(1, 1)}}}
		other := map[slice.DPID]flow.Rules{1: {Flows: []flow.Flow{rule(2, 2)}}}
		e.Set(1, both)
		e.Set(2, other)
		serve(slow)
		serve(quick)
		holds(t, quick, both)
		if why := e.Pending(1); why != "switch 0000000000000001 has not confirmed the rules yet" {
			t.Error(why)
		}
		if why := e.Unsettled(); why != "switch 0000000000000001 is being changed" {
			t.Error(why)
		}
		<-time.After(15*time.Second + time.Millisecond)
		synctest.Wait()
		if tries != 1 || !strings.Contains(e.Pending(2), "deadline exceeded") {
			t.Errorf("silence is no refusal: %d tries, then %s", tries, e.Pending(2))
		}
		slow.set(nil)
		<-time.After(time.Minute)
		holds(t, slow.Memory, both, other)
	})
}

func TestF09SameIdentifier(t *testing.T) {
	engine(t, pipeline.Base(), func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		first, second := flowtest.NewMemory(1), flowtest.NewMemory(1)
		ended := serve(first)
		if err := <-serve(second); slice.KindOf(err) != slice.Conflict {
			t.Errorf("the second switch: %v", err)
		}
		if n := e.Refused()["duplicate"]; n != 1 {
			t.Errorf("%d duplicates were counted", n)
		}
		if e.Stats().Switches != 1 || len(second.Held().Flows) != 0 {
			t.Error("the second switch was served")
		}
		first.Close()
		if err := <-ended; err != nil {
			t.Errorf("the first switch: %v", err)
		}
		serve(second)
		if s := strange(second); s != "" || e.Stats().Switches != 1 {
			t.Errorf("after the first has gone: %s", s)
		}
	})
}

func TestConnectionLostInAChange(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		sw := &wired{Memory: flowtest.NewMemory(1)}
		sw.set(func(context.Context, flow.Change) error {
			sw.Close()
			return slice.Errorf(slice.Unavailable, "lost: %w", io.ErrUnexpectedEOF)
		})
		for n := slice.Network(1); n < 9; n++ {
			e.Set(n, rulesOf(n, slice.Port(n)))
		}
		if err := <-serve(sw); err != nil {
			t.Error(err)
		}
		if s := e.Stats(); s.Faults != 0 || s.Switches != 0 {
			t.Errorf("stats %+v: a lost connection is no refusal", s)
		}
		if why := e.Pending(3); why != "switch 0000000000000001 is not connected" {
			t.Error(why)
		}
		again := sw.Reconnect()
		serve(again)
		if why := e.Pending(3); why != "" || again.Mods() == 0 {
			t.Errorf("after the reconnect: %s", why)
		}
	})
}

func TestSwitchThatCannotBeRead(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		m := flowtest.NewMemory(1)
		m.Fail(io.ErrUnexpectedEOF)
		if err := <-serve(m); !errors.Is(err, io.ErrUnexpectedEOF) || e.Stats().Switches != 0 {
			t.Errorf("error %v, %d switches", err, e.Stats().Switches)
		}
	})
}

// Rules of others go, and what is ours by its form but not by its mark is
// made ours.
func TestForeignRules(t *testing.T) {
	engine(t, pipeline.Base(), func(b bench) {
		t, e, serve := b.T, b.e, b.serve
		m := flowtest.NewMemory(1)
		stolen := rule(1, 1)
		stolen.Owner, stolen.Foreign = 0, true
		m.Set(flow.Rules{Flows: []flow.Flow{stolen, {Table: pipeline.Classify, Priority: 9, Foreign: true, Raw: "\x01"}}})
		want := map[slice.DPID]flow.Rules{1: {Flows: []flow.Flow{rule(1, 1)}}}
		e.Set(1, want)
		serve(m)
		holds(t, m, want, map[slice.DPID]flow.Rules{1: pipeline.Base()})
	})
}

// Every number of switches and networks, and no switch waits for another.
func TestManySwitches(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.SPS, Mesh: true}, func(w *world) {
		t := w.T
		var all []fabric.Attachment
		for i := byte(1); i <= 9; i++ {
			n := slice.Node(fmt.Sprintf("n%d", i))
			w.plug(n)
			w.join(n)
			all = append(all, at(n, slice.Workload(fmt.Sprintf("w%d", i)), i))
		}
		for i := range 5 {
			w.put(vnet(slice.NetworkName(fmt.Sprintf("v%d", i)), all...))
		}
		for i := range 5 {
			w.remove(id(slice.NetworkName(fmt.Sprintf("v%d", i))))
		}
		for n, m := range w.mem {
			if s := strange(m); s != "" {
				t.Errorf("switch of %s keeps %s", n, s)
			}
		}
	})
}
