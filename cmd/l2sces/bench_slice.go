package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/bench"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
)

// sliceBench measures the way of a template to its first frame. It stands here
// and not with the others because it orders as a person does.
var sliceBench = bench.Benchmark{
	Name: "slice",
	Short: "from a template to the first frame between domains, for the fire-emergency slice in a lab that is up; " +
		"phases_ms are of the turn with the median total",
	Needs: []string{"ovs-vswitchd", "ovsdb-server", "ovs-vsctl"},
	Root:  true,
	Run:   runSlice,
}

const (
	sliceTurns = 30
	labFile    = "deploy/lab/three-domains.yaml"
)

// inTurn are the phases that plugin and SCO tell one after another. What else the SCO tells, the
// part of each domain, lies inside "domains".
var inTurn = []string{"parse", "translate", "plan", "domains", "overlay"}

func runSlice(ctx context.Context, r *bench.Runner) error {
	plan, err := readPlan(labFile, r.Programs)
	if err != nil {
		return err
	}
	if plan, err = apart(plan.Lab, r.Programs); err != nil {
		return err
	}
	d := &demo{plan: plan, keeper: newKeeper(io.Discard), descriptors: "descriptors", say: func(string, ...any) {}}
	r.Say("a lab comes up")
	err = d.keeper.Up(ctx, plan)
	if err == nil {
		err = d.turns(ctx, r, cmp.Or(r.Pairs, sliceTurns))
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTime)
	defer cancel()
	return errors.Join(err, d.keeper.Down(down, plan))
}

// apart returns the plan of a lab beside the one of the file, which may be up.
func apart(l lab.Lab, bin string) (lab.Plan, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return lab.Plan{}, err
	}
	l.Prefix = "lb" + strconv.Itoa(os.Getpid())
	return lab.NewPlan(l, lab.Places{Bin: bin})
}

// turns orders the slice and takes it away, again and again. The first turn does
// not count. The phases are those of the turn that took the median time.
func (d *demo) turns(ctx context.Context, r *bench.Runner, n int) error {
	var all []turn
	for i := range n + 1 {
		one, err := d.turn(ctx)
		if err != nil {
			return fmt.Errorf("turn %d: %w", i, err)
		}
		if i == 0 {
			continue
		}
		all = append(all, one)
		r.Say("turn %d: %.0f ms", i, one.total)
	}
	slices.SortFunc(all, func(a, b turn) int { return cmp.Compare(a.total, b.total) })
	r.Count("n", n)
	r.Count("phases_ms", all[rank(n, 50)].phases)
	r.Count("domains_ms", all[rank(n, 50)].domains)
	r.Count("total_ms", map[string]float64{
		"median": all[rank(n, 50)].total, "p90": all[rank(n, 90)].total, "p99": all[rank(n, 99)].total, "max": all[n-1].total,
	})
	return nil
}

// rank returns the place, of n ordered values, of that which so many of a
// hundred do not exceed.
func rank(n, p int) int { return max(0, (n*p+99)/100-1) }

// A turn is what one order took, in milliseconds.
type turn struct {
	total   float64
	phases  map[string]float64 // one after the other
	domains map[string]float64 // side by side, inside the phase "domains"
}

// turn takes the time of one slice, in milliseconds by phase. The clock runs
// from before the template is read until a frame of every network that lies in
// several domains has crossed from one to another.
func (d *demo) turn(ctx context.Context) (turn, error) {
	const name = "fire-emergency"
	began := time.Now()
	s, err := applyPackage(ctx, d.plan.Dir, d.nst(name), d.params(name))
	if err != nil {
		return turn{}, err
	}
	answered := time.Since(began)
	if s.Phase != intent.Ready {
		return turn{}, slice.Errorf(slice.Unavailable, "slice %s is %s: %s", s.ID, s.Phase, s.Message)
	}
	if err := d.firstFrames(ctx, s); err != nil {
		return turn{}, err
	}
	total := time.Since(began)
	t := turn{total: ms(total), phases: map[string]float64{"first_frame": ms(total - answered)}, domains: map[string]float64{}}
	left := ms(answered)
	for phase, took := range s.PhasesMs {
		if !slices.Contains(inTurn, phase) {
			t.domains[phase] = float64(took)
			continue
		}
		t.phases[phase] = float64(took)
		left -= float64(took)
	}
	t.phases["calls"] = math.Round(100*left) / 100 // the ways to the plugin and to the SCO
	return t, d.forgetSlice(ctx, s.ID)
}

// forgetSlice deletes a slice and waits until it is gone.
func (d *demo) forgetSlice(ctx context.Context, id slice.ID) error {
	if err := deleteSlice(ctx, d.plan.Dir, id); err != nil {
		return err
	}
	var err error
	perr := poll(ctx, readyTime, func() (bool, error) {
		_, err = sliceStatus(ctx, d.plan.Dir, id)
		return slice.KindOf(err) == slice.NotFound, nil
	})
	if perr == nil && slice.KindOf(err) != slice.NotFound {
		perr = slice.Errorf(slice.Unavailable, "slice %s is not gone after %s", id, readyTime)
	}
	return perr
}

func ms(d time.Duration) float64 { return math.Round(float64(d.Microseconds())/10) / 100 }
