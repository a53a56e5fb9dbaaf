package bench

import (
	"context"
	"os"
	"runtime"

	"github.com/l2sces/l2sces/pkg/fabric"
)

var mem = Benchmark{
	Name:  "mem",
	Short: "memory of 500 idle networks: this whole process, and the control plane of OVN; and heap for each of 10,000",
	Needs: ovnNeeds,
	Run:   onAdding((*adding).weigh),
}

// heap returns what is in use after everything else was swept up.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools let go the first time
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// weigh compares both sides at 500 networks, and then brings ours to 10,000
// of two ports, and to one of many, to tell a network from a port.
func (b *adding) weigh(ctx context.Context, r *Runner) error {
	const compared = 500
	if err := b.plug(ctx, 1, compared); err != nil {
		return err
	}
	if err := b.grow(ctx, compared); err != nil {
		return err
	}
	if err := b.ovn.put(ctx, 1, compared); err != nil {
		return err
	}
	for range max(r.Pairs, 5) {
		runtime.GC()
		ours, err := usage(os.Getpid())
		if err != nil {
			return err
		}
		theirs, err := b.ovn.memory()
		if err != nil {
			return err
		}
		r.Pair("MB", float64(ours)/1e6, float64(theirs)/1e6)
	}
	return b.perNetwork(ctx, r)
}

// grow brings our networks to a number.
func (b *adding) grow(ctx context.Context, to int) error {
	for b.next < to {
		var some []fabric.Network
		for range min(1000, to-b.next) {
			b.next++
			some = append(some, pairNetwork(addNode, b.next))
		}
		if err := b.rig.put(ctx, some...); err != nil {
			return err
		}
	}
	return nil
}

func (b *adding) perNetwork(ctx context.Context, r *Runner) error {
	size := r.sizeOf(10000)
	first, before := b.next, heap()
	if err := b.grow(ctx, size); err != nil {
		return err
	}
	added := float64(b.next - first)
	both := (heap() - before) / added
	// Two more ports in each of some networks tell what a port takes.
	const wider = 500
	before = heap()
	for i := 1; i <= wider; i++ {
		n, more := pairNetwork(addNode, i), pairNetwork(addNode, size+i)
		n.Attachments = append(n.Attachments, more.Attachments...)
		if err := b.rig.put(ctx, n); err != nil {
			return err
		}
	}
	port := (heap() - before) / (2 * wider)
	r.Count("networks", b.next)
	r.Count("heap_per_port", int(port))
	r.Count("heap_per_network", int(both-2*port))
	r.Count("heap_per_network_and_its_ports", int(both))
	runtime.KeepAlive(b)
	return nil
}
