//go:build lab

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/chaos"
	"github.com/l2sces/l2sces/cmd/internal/world"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

// stage is a world of real switches on which a seed is played.
type stage struct {
	t      *testing.T
	world  *world.World
	rand   *rand.Rand
	scene  *chaos.Scene
	store  *store
	fabric *fabric.Fabric
	life   context.CancelFunc
	crowd  *crowd
	began  time.Time

	mu      sync.Mutex
	history []string
}

// TestF30ChaosOnSwitches lets faults happen to a fabric of real switches. After
// each of them those hear each other who should, and at no time anybody hears
// another network.
func TestF30ChaosOnSwitches(t *testing.T) {
	n := *seeds
	if n == 0 {
		n = 6
	}
	seed := first(t)
	worlds := map[bool]*world.World{}
	for _, mesh := range []bool{false, true} {
		var err error
		worlds[mesh], err = world.New(t.Context(), world.Config{Dir: t.TempDir(), Workloads: 3, Mesh: mesh, Nodes: []slice.Node{"n1", "n2", "n3", "n4", "n5"}})
		must(t, err)
		t.Cleanup(func() { must(t, worlds[mesh].Close(context.WithoutCancel(t.Context()))) })
	}
	for i := range n {
		t.Run(fmt.Sprint("seed ", seed+uint64(i)), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed+uint64(i), 0))
			scene := chaos.NewScene(r)
			s := &stage{t: t, world: worlds[scene.Mesh], rand: r, scene: scene, began: time.Now()}
			s.store = &store{values: map[string]map[string][]byte{}, left: -1}
			s.crowd = newCrowd(t, s.world)
			s.play(seed + uint64(i))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, fmt.Sprintf("%6.2fs ", time.Since(s.began).Seconds())+fmt.Sprintf(format, args...))
}

// An act brings something about on real switches.
type act struct {
	name   string
	weight int
	do     func(s *stage)
}

var acts = []act{
	{"put", 6, func(s *stage) { s.change(1) }},
	{"many at once", 3, (*stage).burst},
	{"controller restarts", 2, (*stage).restarts},
	{"crash at a write", 2, (*stage).crashes},
	{"switch dies", 2, (*stage).dies},
	{"database restarts", 1, (*stage).database},
	{"half is away", 3, (*stage).parts},
	{"line is slow", 1, (*stage).slow},
	{"silent loss", 2, (*stage).loses},
	{"link flaps", 1, (*stage).flaps},
}

func (s *stage) draw() act {
	sum := 0
	for _, a := range acts {
		sum += a.weight
	}
	at := s.rand.IntN(sum)
	for _, a := range acts {
		if at -= a.weight; at < 0 {
			return a
		}
	}
	panic("no act")
}

// actsOf is how many acts a seed has.
const actsOf = 6

func (s *stage) play(seed uint64) {
	defer func() {
		s.crowd.dismissAll()
		s.world.Kill()
		if s.t.Failed() {
			s.t.Logf("seed %d, %d nodes, mesh %t:\n%s", seed, len(s.scene.Nodes), s.scene.Mesh, strings.Join(s.history, "\n"))
		}
	}()
	for _, n := range s.world.Nodes() {
		n.Away(true)
		n.Line(world.Cut)
	}
	s.command()
	s.heal()
	s.change(2)
	s.settle()
	for range actsOf {
		a := s.draw()
		s.note("--- %s", a.name)
		a.do(s)
		s.heal()
		s.settle()
		s.crowd.judgeAll()
		if s.t.Failed() {
			return
		}
	}
}

// command starts the controller over what the last one left.
func (s *stage) command() {
	s.t.Helper()
	var life context.Context
	life, s.life = context.WithCancel(context.Background())
	f, err := s.world.Command(handle{s.store, life})
	must(s.t, err)
	s.fabric = f
}

func (s *stage) kill() {
	s.life()
	s.world.Kill()
}

// heal mends every line of the nodes of the scene.
func (s *stage) heal() {
	for _, name := range s.scene.Nodes {
		n := s.world.Node(name)
		n.Away(false)
		n.Line(world.None)
	}
}

// settle waits until the fabric says that all is well, and measures whether it
// is.
func (s *stage) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for _, name := range s.scene.Names() {
		status, err := s.fabric.Wait(ctx, s.scene.Networks[name].ID)
		if err != nil || !status.Ready {
			s.t.Fatalf("network %s is not ready: %v, %s", name, err, status.Message)
		}
	}
	if err := s.fabric.Settle(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.note("settled")
	if err := s.crowd.measure(s.scene); err != nil {
		s.t.Fatal(err)
	}
	s.note("measured")
}

func (s *stage) pause(most int) {
	select {
	case <-time.After(time.Duration(s.rand.IntN(most)) * time.Millisecond):
	case <-s.t.Context().Done():
	}
}

func (s *stage) enact(name slice.NetworkName, n *fabric.Network) error {
	if n == nil {
		err := s.fabric.Remove(slice.NetworkID{Slice: "s", Network: name})
		s.note("remove %s: %v", name, err)
		return err
	}
	number, err := s.fabric.Put(*n)
	s.note("put %s: number %d, %v", chaos.Text(n), number, err)
	return err
}

func (s *stage) know(name slice.NetworkName, n *fabric.Network) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == nil {
		delete(s.scene.Networks, name)
		return
	}
	s.scene.Networks[name] = *n
}

func (s *stage) drawn() (slice.NetworkName, *fabric.Network) {
	name := s.scene.Name(s.rand)
	if s.rand.IntN(4) == 0 {
		return name, nil
	}
	n := s.scene.Network(s.rand, name)
	return name, &n
}

// change changes so many networks, one after the other.
func (s *stage) change(n int) {
	for range n {
		name, n := s.drawn()
		must(s.t, s.enact(name, n))
		s.know(name, n)
	}
}

func (s *stage) burst() {
	var group sync.WaitGroup
	for _, name := range []slice.NetworkName{"v1", "v2", "v3", "v4", "v5"} {
		var n *fabric.Network
		if s.rand.IntN(4) > 0 {
			drawn := s.scene.Network(s.rand, name)
			n = &drawn
		}
		group.Go(func() {
			if err := s.enact(name, n); err != nil {
				s.t.Error(err)
			}
			s.know(name, n)
		})
	}
	group.Wait()
}

func (s *stage) restarts() {
	s.kill()
	s.pause(400)
	s.command()
}

// crashes ends the controller at a write of a change. What it knows then is
// the network of before or the one of after.
func (s *stage) crashes() {
	name, n := s.drawn()
	before, had := s.scene.Networks[name]
	s.store.breaksAfter(s.rand.IntN(5))
	_ = s.enact(name, n)
	s.pause(400)
	s.kill()
	s.store.breaksAfter(-1)
	s.command()
	var now *fabric.Network
	for _, o := range s.fabric.Networks() {
		if o.ID.Network == name {
			now = &o
		}
	}
	s.note("after the crash: %s", chaos.Text(now))
	switch {
	case same(now, n):
		s.know(name, n)
	case had && same(now, &before), !had && now == nil:
	default:
		s.t.Fatalf("after the crash network %s is %+v, neither of before nor of after", name, now)
	}
}

func (s *stage) some() *world.Node {
	return s.world.Node(s.scene.Nodes[s.rand.IntN(len(s.scene.Nodes))])
}

// dies kills a switch and starts it again.
func (s *stage) dies() {
	n := s.some()
	s.note("ovs-vswitchd of %s dies", n.Name)
	must(s.t, n.KillSwitch(s.t.Context()))
	if s.rand.IntN(2) == 0 {
		s.change(1)
	}
	s.pause(200)
	must(s.t, n.StartSwitch(s.t.Context()))
}

func (s *stage) database() {
	n := s.some()
	s.note("ovsdb-server of %s dies", n.Name)
	must(s.t, n.KillDatabase(s.t.Context()))
	if s.rand.IntN(2) == 0 {
		s.change(1)
	}
	s.pause(200)
	must(s.t, n.StartDatabase(s.t.Context()))
}

// parts cuts the lines of half of the nodes, some of them without a word, and
// lets networks come and go meanwhile.
func (s *stage) parts() {
	for _, name := range s.scene.Nodes {
		if s.rand.IntN(2) == 0 {
			continue
		}
		n, what := s.world.Node(name), s.rand.IntN(4)
		s.note("away: %s %d", name, what)
		if what != 1 {
			n.Line([]world.Fault{world.Cut, world.HalfOpen}[s.rand.IntN(2)])
		}
		if what != 2 {
			n.Away(true)
		}
	}
	s.change(1 + s.rand.IntN(4))
	s.pause(700)
	if s.rand.IntN(3) == 0 {
		s.note("and the controller restarts")
		s.restarts()
	}
}

func (s *stage) slow() {
	n := s.some()
	s.note("line to %s is slow", n.Name)
	n.Line(world.Slow)
	s.change(1)
	s.pause(700)
}

// pairOf draws two nodes.
func (s *stage) pairOf() (a, b slice.Node) {
	order := s.rand.Perm(len(s.scene.Nodes))
	return s.scene.Nodes[order[0]], s.scene.Nodes[order[1]]
}

// loses drops what one node sends to another for a while.
func (s *stage) loses() {
	a, b := s.pairOf()
	s.note("%s loses what it sends to %s", a, b)
	must(s.t, s.world.Lose(s.t.Context(), a, b, true))
	s.change(1)
	s.pause(600)
	must(s.t, s.world.Lose(s.t.Context(), a, b, false))
}

func (s *stage) flaps() {
	a, b := s.pairOf()
	s.note("link %s-%s flaps", a, b)
	for range 4 {
		must(s.t, s.world.Lose(s.t.Context(), a, b, true))
		s.pause(100)
		must(s.t, s.world.Lose(s.t.Context(), a, b, false))
		s.pause(100)
	}
}
