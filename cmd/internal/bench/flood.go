package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/slice"
)

var flood = Benchmark{
	Name: "flood",
	Short: "p99 of a setup while another port sends 100,000 new addresses a second, in multiples of the quiet p99, against " +
		"ovs-testcontroller; addresses of the attacker as attacker_addresses",
	Needs: []string{"ovs-testcontroller"},
	Run:   runFlood,
}

// attackerDPID is the switch of the attacker.
const attackerDPID = 99

// A newcomer is a switch with one port that has ever new addresses.
type newcomer struct {
	*asker
	perSecond int
	sent      int
}

// flood sends until the context ends.
func (f *newcomer) flood(ctx context.Context) {
	const perTick = time.Millisecond
	tick := time.NewTicker(perTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			n := int(now.Sub(last).Seconds() * float64(f.perSecond))
			last = now
			if f.burst(min(n, f.perSecond/10)) != nil {
				return // the connection is lost, and with it the attack
			}
		}
	}
}

func (f *newcomer) burst(n int) error {
	var b []byte
	for range n {
		f.sent++
		i := f.sent
		from := slice.MAC{6, byte(i >> 32), byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)} //nolint:gosec // it is cut on purpose
		b = f.packetIn(b, 1, slice.Broadcast, from)
	}
	return f.send(b)
}

// attacked runs a demand while a newcomer is at work, and returns how many
// frames it sent.
func attacked(ctx context.Context, d *demand, address string, perSecond int, window time.Duration) (answered, int, error) {
	f := &newcomer{asker: newAsker(d, attackerDPID), perSecond: perSecond}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		f.sw.Keep(ctx, address, func(ctx context.Context) { wait(ctx, 100*time.Millisecond) })
	}()
	defer func() { cancel(); <-over }()
	err := await(ctx, "the attacker is asked who it is", func() bool { return f.conn.Load() != nil })
	if err != nil {
		return answered{}, 0, err
	}
	done := make(chan struct{})
	go func() { defer close(done); f.flood(ctx) }()
	a, err := d.run(ctx, address, window)
	cancel()
	<-done
	return a, f.sent, err
}

func runFlood(ctx context.Context, r *Runner) error {
	victim := &demand{switches: 1, open: 1, macs: 50, cookie: learnedCookie}
	ours, err := startLearner(ctx, 1, learn.Config{Rate: 1 << 30})
	if err != nil {
		return err
	}
	defer ours.stop()
	plan, err := learnedPlan(attackerDPID)
	if err != nil {
		return err
	}
	ours.SetNetwork(attackerDPID, &plan)
	theirs, tc, err := startTestController(ctx, r.Dir)
	if err != nil {
		return err
	}
	defer tc.stop()
	perSecond := cmp.Or(r.Size, 100_000)
	sent := 0
	var quiets, floods []float64
	worse := func(address string) Measure {
		return func(ctx context.Context) (float64, error) {
			quiet, err := victim.run(ctx, address, time.Second)
			if err != nil {
				return 0, fmt.Errorf("quiet: %w", err)
			}
			flooded, n, err := attacked(ctx, victim, address, perSecond, time.Second)
			if err != nil {
				return 0, fmt.Errorf("flooded: %w", err)
			}
			if address == ours.address {
				sent += n
				quiets, floods = append(quiets, quiet.percentile(99)), append(floods, flooded.percentile(99))
			}
			return flooded.percentile(99) / quiet.percentile(99), nil
		}
	}
	if err := r.Compare(ctx, 5, "times the quiet p99", worse(ours.address), worse(theirs)); err != nil {
		return err
	}
	slices.Sort(quiets)
	slices.Sort(floods)
	r.Count("quiet_p99_us", rounded(quiets[len(quiets)/2]))
	r.Count("flooded_p99_us", rounded(floods[len(floods)/2]))
	r.Count("attacker_frames", sent)
	most := ours.Stats().Addresses - int64(2*victim.macs)
	r.Count("attacker_addresses", most)
	if most > 64 {
		return fmt.Errorf("the attacker has %d addresses, 64 are allowed", most)
	}
	return nil
}
