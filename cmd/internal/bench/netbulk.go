package bench

import (
	"context"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
)

var netbulk = Benchmark{
	Name:  "netbulk",
	Short: "500 networks with two ports each in one request: our engine, disk to barrier, and OVN",
	Needs: ovnNeeds,
	Run:   onAdding((*adding).bulk),
}

// bulk makes all networks at once, again and again. On both sides they are gone
// before the next turn, and the ports stay.
func (b *adding) bulk(ctx context.Context, r *Runner) error {
	size := r.sizeOf(500)
	if err := b.plug(ctx, 1, size); err != nil {
		return err
	}
	if err := b.rig.settled(ctx); err != nil {
		return err
	}
	base, err := b.ovs.flows(ctx, "br-sps")
	if err != nil {
		return err
	}
	var all []fabric.Network
	for i := 1; i <= size; i++ {
		all = append(all, pairNetwork(addNode, i))
	}
	flows := 0
	err = r.Compare(ctx, 5, "ms", func(ctx context.Context) (float64, error) {
		begin := time.Now()
		if err := b.rig.put(ctx, all...); err != nil {
			return 0, err
		}
		took := ms(time.Since(begin))
		if flows, err = b.ovs.flows(ctx, "br-sps"); err != nil {
			return 0, err
		}
		if err := b.check(ctx, size); err != nil {
			return 0, err
		}
		for _, n := range all {
			if err := b.rig.fabric.Remove(n.ID); err != nil {
				return 0, err
			}
		}
		return took, b.rig.settled(ctx)
	}, func(ctx context.Context) (float64, error) {
		begin := time.Now()
		if err := b.ovn.put(ctx, 1, size); err != nil {
			return 0, err
		}
		took := ms(time.Since(begin))
		return took, b.ovn.remove(ctx, 1, size)
	})
	if err != nil {
		return err
	}
	r.Count("flows_per_network", float64(flows-base)/float64(size))
	return nil
}
