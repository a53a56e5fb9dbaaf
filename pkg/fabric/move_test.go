package fabric_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// squared is a fabric of four NEDs in a ring with one link across.
var squared = []fabric.Link{
	{Name: "n1-n2", A: "n1", B: "n2"},
	{Name: "n2-n3", A: "n2", B: "n3"},
	{Name: "n3-n4", A: "n3", B: "n4"},
	{Name: "n1-n4", A: "n1", B: "n4"},
	{Name: "n1-n3", A: "n1", B: "n3"},
}

// watched is a fabric whose frames are looked at after every step of every
// switch. Switches are slow, each in its own way.
type watched struct {
	*world
	mu    sync.Mutex
	rand  *rand.Rand
	on    bool
	steps int
	fault string
}

func watch(w *world, seed uint64) *watched {
	x := &watched{world: w, rand: rand.New(rand.NewPCG(seed, 1))}
	for _, n := range []slice.Node{"n1", "n2", "n3", "n4"} {
		w.mem[n] = flowtest.NewMemory(w.dpid(n))
		w.serve(&slow{Memory: w.mem[n], x: x})
		w.join(n)
	}
	return x
}

// slow is a switch that takes its time before a change.
type slow struct {
	*flowtest.Memory
	x *watched
}

func (s *slow) Apply(ctx context.Context, c flow.Change) error {
	select {
	case <-time.After(s.x.pause(80)):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	err := s.Memory.Apply(ctx, c)
	s.x.look()
	return err
}

// pause draws a time below so many milliseconds.
func (x *watched) pause(most int) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	return time.Duration(x.rand.IntN(most)) * time.Millisecond
}

// begin looks at every step from now on; end no longer, and returns how many
// there were and what was wrong.
func (x *watched) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.on = true
}

func (x *watched) end() (steps int, fault string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.on = false
	return x.steps, x.fault
}

// look sends a frame from everybody to everybody, and to all.
func (x *watched) look() {
	if !x.on || x.fault != "" {
		return
	}
	x.steps++
	net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}, Wires: x.tunnels()}
	for _, m := range x.mem {
		net.Switches[m.DPID()] = m.Switch()
	}
	for from := byte(1); from <= 4; from++ {
		x.send(net, from, slice.Broadcast, 3)
		for to := byte(1); to <= 4; to++ {
			if to != from {
				x.send(net, from, mac(to), 1)
			}
		}
	}
}

func (x *watched) send(net flowtest.Net, from byte, to slice.MAC, want int) {
	n := slice.Node(fmt.Sprintf("n%d", from))
	f := flowtest.Frame{Port: x.number(n, patch), Tags: []slice.VLAN{slice.VLAN(from)}, From: mac(from), To: to}
	trace := net.Send(x.dpid(n), f)
	for link, times := range trace.Crossed {
		if times > 1 {
			x.fault = fmt.Sprintf("step %d: a frame from n%d to %s crosses %s %d times", x.steps, from, to, link, times)
		}
	}
	if len(trace.Delivered) != want || trace.Loop {
		x.fault = fmt.Sprintf("step %d: a frame from n%d to %s arrives %d times, want %d", x.steps, from, to, len(trace.Delivered), want)
	}
}

// steered is a network of all four that keeps to a path.
func steered(path ...slice.Node) fabric.Network {
	n := fabric.Network{ID: id("net"), Type: slice.VNet, Links: squared}
	for i := byte(1); i <= 4; i++ {
		n.Attachments = append(n.Attachments, handOff(slice.Node(fmt.Sprintf("n%d", i)), slice.VLAN(i), i))
	}
	if len(path) > 0 {
		n.Paths = []fabric.Path{fabric.Explicit(path...)}
	}
	return n
}

// A network changes its ways, again and again, while switches follow in any
// order. After every step of every switch every frame arrives once, and none
// crosses a link twice.
func TestWaysChangeWithoutLossOrLoop(t *testing.T) {
	ways := [][]slice.Node{{"n1", "n2", "n3", "n4"}, {"n2", "n1", "n4", "n3"}, nil, {"n2", "n3", "n1", "n4"}}
	steps := 0
	for seed := range uint64(30) {
		in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
			x := watch(w, seed)
			before := w.put(steered(ways[3]...))
			x.begin()
			for i := range 8 {
				number := w.put(steered(ways[(i+int(seed))%4]...)) //nolint:gosec // a small number
				if i > 0 && number == before {
					t.Errorf("seed %d, change %d: the number stays %d", seed, i, number)
				}
				before = number
			}
			n, fault := x.end()
			if fault != "" {
				t.Errorf("seed %d: %s", seed, fault)
			}
			steps += n
			w.remove(id("net"))
			for n, m := range w.mem {
				for _, f := range m.Held().Flows {
					if f.Owner != 0 {
						t.Fatalf("seed %d: %s keeps %s", seed, n, f)
					}
				}
			}
		})
	}
	if steps < 30*8 {
		t.Errorf("only %d steps were looked at", steps)
	}
}

// Changes that come while a network is moving, and switches that come and go,
// leave it where the last change wants it.
func TestChangesDuringAMove(t *testing.T) {
	for seed := range uint64(20) {
		in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
			x := watch(w, seed)
			w.put(steered("n1", "n2", "n3", "n4"))
			x.begin()
			for _, path := range [][]slice.Node{{"n2", "n1", "n4", "n3"}, {"n2", "n3", "n1", "n4"}, {"n1", "n2", "n3", "n4"}, {"n2", "n1", "n4", "n3"}} {
				if _, err := w.Put(steered(path...)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(x.pause(300))
			}
			if s := w.wait(id("net")); !s.Ready || fmt.Sprint(s.Links) != "[n1-n2 n1-n4 n3-n4]" {
				t.Errorf("seed %d: %+v", seed, s)
			}
			if _, fault := x.end(); fault != "" {
				t.Errorf("seed %d: %s", seed, fault)
			}
			synctest.Wait()
			w.restart()
			if len(w.Networks()) != 1 {
				t.Errorf("seed %d: after a restart there are %d networks", seed, len(w.Networks()))
			}
		})
	}
}
