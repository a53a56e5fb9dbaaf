package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

var failover = Benchmark{
	Name:  "failover",
	Short: "frames lost at 1 kHz when a link is cut: with protection against repair by a controller that is 20 ms away",
	Needs: append([]string{"ip"}, ovsNeeds...),
	Root:  true,
	Run:   runFailover,
}

// Two networks lie side by side over the same ring and are cut together. One
// is protected, the other waits for the controller.
const (
	protectedNet = "red"
	repairedNet  = "blue"
)

// The time that frames are sent before and after a cut. The latter is longer
// than any repair.
const (
	beforeCut = 250 * time.Millisecond
	afterCut  = 750 * time.Millisecond
)

func runFailover(ctx context.Context, r *Runner) error {
	w, err := newWheel(ctx, r.Dir)
	defer w.stop()
	if err != nil {
		return err
	}
	if err := w.order(ctx); err != nil {
		return err
	}
	if err := w.quiet(ctx, time.Millisecond); err != nil {
		return err
	}
	var total tally
	var ours, theirs []int
	for i := range 1 + cmp.Or(r.Size, 20) {
		red, blue, err := w.cut(ctx, [...]string{"l12", "l21"}[i%2])
		if err != nil {
			return fmt.Errorf("cut %d: %w", i, err)
		}
		if i == 0 {
			continue // the first one warms up
		}
		total.add(red)
		total.leaked += blue.leaked
		ours, theirs = append(ours, red.lost), append(theirs, blue.lost)
		r.Pair("lost frames", float64(red.lost), float64(blue.lost))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	r.tally(total)
	r.Count("median_lost", ours[len(ours)/2])
	r.Count("max_lost", ours[len(ours)-1])
	r.Count("median_lost_repaired", theirs[len(theirs)/2])
	return nil
}

// order asks for both networks, and looks that they lie as they should.
func (w *wheel) order(ctx context.Context) error {
	for i, name := range []slice.NetworkName{protectedNet, repairedNet} {
		n := fabric.Network{ID: slice.NetworkID{Slice: "bench", Network: name}, Type: slice.VNet, MTU: 1400, Links: w.links}
		for j, node := range []slice.Node{"n1", "n2"} {
			n.Attachments = append(n.Attachments, fabric.Attachment{
				Node: node, Workload: slice.Workload(fmt.Sprintf("%s%d", name, j+1)), Interface: "l2s0",
				Behind: []slice.MAC{macOf(byte(10*i + j))}, //nolint:gosec // a small number
			})
		}
		if name == protectedNet {
			n.Paths = []fabric.Path{{From: "n1", To: "n2", Protected: true}}
		}
		if _, err := w.fabric.Put(n); err != nil {
			return err
		}
	}
	return w.whole(ctx)
}

// whole waits until both networks take the direct link again.
func (w *wheel) whole(ctx context.Context) error {
	return w.settled(ctx, func(links []string) bool { return slices.Equal(links, []string{"n1-n2"}) })
}

// settled waits until both networks are ready on links that will do.
func (w *wheel) settled(ctx context.Context, do func(links []string) bool) error {
	for _, name := range []slice.NetworkName{protectedNet, repairedNet} {
		var s fabric.Status
		err := await(ctx, "network "+string(name)+" is ready", func() bool {
			var err error
			s, err = w.fabric.Status(slice.NetworkID{Slice: "bench", Network: name})
			return err == nil && s.Ready && do(s.Links)
		})
		if err != nil {
			return fmt.Errorf("%w: %+v", err, s)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return w.fabric.Settle(ctx)
}

// cut takes the link down at one end under traffic, and returns what each
// network lost.
func (w *wheel) cut(ctx context.Context, device string) (red, blue tally, err error) {
	ways := slices.DeleteFunc(w.ways(), func(y *way) bool { return !strings.HasSuffix(y.from.name, "1") })
	if err := w.strike(ctx, ways, device); err != nil {
		return red, blue, err
	}
	if err := w.settled(ctx, func(links []string) bool { return !slices.Contains(links, "n1-n2") }); err != nil {
		return red, blue, err
	}
	for _, y := range ways {
		got := w.judge([]*way{y})
		if y.from.network == protectedNet {
			red.add(got)
		} else {
			blue.add(got)
		}
	}
	if err := w.set(ctx, device, "up"); err != nil {
		return red, blue, err
	}
	return red, blue, w.whole(ctx)
}

// strike sends over some ways, and takes a link down meanwhile.
func (w *wheel) strike(ctx context.Context, ways []*way, device string) error {
	sending, enough := context.WithCancel(ctx)
	defer enough()
	var senders errgroup.Group
	for _, y := range ways {
		senders.Go(func() (err error) {
			y.sent, err = y.from.port.Sent(sending, probe.Frames{To: y.to.port.MAC, Stream: y.stream, Every: time.Millisecond})
			return err
		})
	}
	err := pause(ctx, beforeCut)
	if err == nil {
		err = w.set(ctx, device, "down")
	}
	if err == nil {
		err = pause(ctx, afterCut)
	}
	enough()
	return errors.Join(err, senders.Wait(), ctx.Err())
}
