package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/slice"
)

var scale = Benchmark{
	Name:  "scale",
	Short: "1,000 switches, 10,000 networks and 40,000 ports in one process: what the last network costs, and what one of the first did",
	Run: func(ctx context.Context, r *Runner) error {
		s := &scaling{}
		defer s.close()
		return s.run(ctx, r)
	},
}

// scaling is our engine with a fleet of switches that forward nothing.
type scaling struct {
	rig     *rig
	nodes   []slice.Node
	stop    context.CancelFunc
	running sync.WaitGroup
	next    int
}

func (s *scaling) close() {
	if s.stop != nil {
		s.stop()
		s.running.Wait()
	}
	if s.rig != nil {
		s.rig.stop()
	}
}

func (s *scaling) run(ctx context.Context, r *Runner) error {
	size := r.sizeOf(10000)
	if err := s.start(ctx, r.Dir, max(size/10, 4)); err != nil {
		return err
	}
	r.Count("switches", len(s.nodes))
	few := max(r.Pairs, 5) + 2
	early, err := s.several(ctx, few)
	if err != nil {
		return err
	}
	first, before := s.next, heap()
	if err := s.grow(ctx, r, size); err != nil {
		return err
	}
	perNetwork := (heap() - before) / float64(s.next-first)
	late, err := s.several(ctx, few)
	if err != nil {
		return err
	}
	for i := 2; i < few; i++ { // the first ones warm up
		r.Pair("ms", late[i], early[i])
	}
	r.Count("networks", s.next)
	r.Count("ports", 4*s.next)
	r.Count("heap_per_network_with_4_ports", int(perNetwork))
	rss, err := usage(os.Getpid())
	if err != nil {
		return err
	}
	r.Count("rss_mb", rss/1e6)
	cpu, err := busy(ctx, 20*time.Second, os.Getpid())
	if err != nil {
		return err
	}
	r.Count("steady_cpu_of_a_core", cpu)
	runtime.KeepAlive(s)
	return nil
}

// start connects so many switches.
func (s *scaling) start(ctx context.Context, dir string, switches int) error {
	for i := range switches {
		s.nodes = append(s.nodes, slice.Node(fmt.Sprintf("n%d", i)))
	}
	var err error
	if s.rig, err = newRig(ctx, dir, s.nodes...); err != nil {
		return err
	}
	address := strings.TrimPrefix(s.rig.target, "tcp:")
	ctx, s.stop = context.WithCancel(ctx)
	for _, n := range s.nodes {
		sw := fleet.New(fleet.Config{DPID: uint64(rigDPID(n))})
		s.running.Go(func() { _ = sw.Run(ctx, address) }) // a switch that is lost is missed below
	}
	return await(ctx, "all switches have called", func() bool {
		e := s.rig.fabric.Engine()
		return e.Stats().Switches == switches && e.Unsettled() == ""
	})
}

// network is network number i, with four ports on two nodes.
func (s *scaling) network(i int) fabric.Network {
	a, b := s.nodes[i%len(s.nodes)], s.nodes[(i+1)%len(s.nodes)]
	n := pairNetwork(a, 2*i)
	far := pairNetwork(b, 2*i+1)
	n.Attachments = append(n.Attachments, far.Attachments...)
	n.Links = []fabric.Link{{Name: string(a + "-" + b), A: a, B: b}}
	return n
}

// several adds networks one by one and returns what each took.
func (s *scaling) several(ctx context.Context, n int) ([]float64, error) {
	var all []float64
	for range n {
		s.next++
		network := s.network(s.next)
		begin := time.Now()
		if err := s.rig.put(ctx, network); err != nil {
			return nil, err
		}
		all = append(all, ms(time.Since(begin)))
	}
	return all, nil
}

func (s *scaling) grow(ctx context.Context, r *Runner, to int) error {
	begin := time.Now()
	for s.next < to {
		var some []fabric.Network
		for range min(1000, to-s.next) {
			s.next++
			some = append(some, s.network(s.next))
		}
		if err := s.rig.put(ctx, some...); err != nil {
			return err
		}
		r.Say("%d networks after %.1f s", s.next, time.Since(begin).Seconds())
	}
	return nil
}
