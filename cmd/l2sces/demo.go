package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	demoTime  = 4 * time.Minute
	downTime  = 30 * time.Second
	readyTime = 30 * time.Second
)

// errDemo says that the demo ran and that not everything was as it should be.
var errDemo = errors.New("demo: not everything was as it should be")

// demoCommand runs the fire-emergency scenario in a lab of its own.
func demoCommand() *cobra.Command {
	var file, bin, descriptors string
	var keep bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run the fire-emergency slice through a lab, and check what crosses it",
		Long: "The demo makes the lab anew, hands two slice templates to the plugin, sends probes between all workloads,\n" +
			"changes a slice while it runs, deletes the slices, looks for leftovers and takes the lab away. It needs root.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := readPlan(file, bin)
			if err != nil {
				return err
			}
			if err := errors.Join(needRoot(), needPrograms(plan)); err != nil {
				return err
			}
			d := &demo{
				plan: plan, keeper: newKeeper(cmd.ErrOrStderr()), descriptors: descriptors, keep: keep,
				report: demoReport{PhasesMs: map[string]uint32{}},
				say:    progress(cmd.ErrOrStderr(), "demo: "),
			}
			d.run(cmd.Context())
			if err := show(cmd, d.report, d.report.table); err != nil {
				return err
			}
			if d.report.Result != "PASS" {
				return errDemo
			}
			return nil
		},
	}
	c.Flags().StringVar(&file, "lab", "deploy/lab/three-domains.yaml", "lab file")
	c.Flags().StringVar(&bin, "bin", "", "folder of the programs; empty: where this one lies")
	c.Flags().StringVar(&descriptors, "descriptors", "descriptors", "folder of the slice templates and their parameters")
	c.Flags().BoolVar(&keep, "keep", false, "leave the lab and its slices")
	return c
}

// A demoReport is what the demo found.
type demoReport struct {
	Result   string            `json:"result"` // PASS or FAIL
	PhasesMs map[string]uint32 `json:"phases_ms"`
	Checks   []demoCheck       `json:"checks"`
}

// A demoCheck is one thing that must hold.
type demoCheck struct {
	Name string `json:"name"`
	Want string `json:"want"`
	Got  string `json:"got"`
	Pass bool   `json:"pass"`
}

// table writes the report for people. Its last line is the result.
func (r demoReport) table(w *strings.Builder) {
	fmt.Fprintln(w, "CHECK\tWANT\tGOT\t")
	for _, c := range r.Checks {
		mark := "ok"
		if !c.Pass {
			mark = "FAIL"
		}
		got := strings.ReplaceAll(c.Got, "\n", " / ") // a row is one line
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, c.Want, got, mark)
	}
	fmt.Fprintln(w, "\nPHASE\tMS")
	for _, p := range r.phases() {
		fmt.Fprintf(w, "%s\t%d\n", p, r.PhasesMs[p])
	}
	fmt.Fprintf(w, "\ndemo: %s\n", r.Result)
}

// phases returns the names in the order of their happening; domains, whose
// names we do not know, stand in the middle.
func (r demoReport) phases() []string {
	order := []string{"lab_up", "parse", "translate", "plan", "", "first_frame", "total"}
	rank := func(p string) int {
		if i := slices.Index(order, p); i >= 0 {
			return i
		}
		return slices.Index(order, "")
	}
	var names []string
	for p := range r.PhasesMs {
		names = append(names, p)
	}
	slices.SortFunc(names, func(a, b string) int {
		if rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		return strings.Compare(a, b)
	})
	return names
}

// A demo is one run.
type demo struct {
	plan        lab.Plan
	keeper      lab.Keeper
	descriptors string
	keep        bool
	say         func(format string, args ...any)
	report      demoReport
	streams     streams
}

// check notes one check.
func (d *demo) check(name, want, got string) {
	c := demoCheck{Name: name, Want: want, Got: got, Pass: want == got}
	d.report.Checks = append(d.report.Checks, c)
	if c.Pass {
		d.say("ok    %s: %s", name, got)
	} else {
		d.say("FAIL  %s: got %s, want %s", name, got, want)
	}
}

// run does everything and always takes the lab away again, also after a
// failure or a signal.
func (d *demo) run(ctx context.Context) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	if err := d.play(ctx); err != nil {
		d.check("demo runs to its end", "yes", err.Error())
	}
	if !d.keep {
		d.takeDown(ctx)
	}
	d.report.Result = "PASS"
	if slices.ContainsFunc(d.report.Checks, func(c demoCheck) bool { return !c.Pass }) {
		d.report.Result = "FAIL"
	}
}

// takeDown removes the lab. It has its own time: that of the demo may be over.
func (d *demo) takeDown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTime)
	defer cancel()
	err := d.keeper.Down(ctx, d.plan)
	left := func(namespaces, processes int) string {
		return fmt.Sprintf("%d namespaces, %d processes left", namespaces, processes)
	}
	namespaces, processes, lookErr := d.keeper.Leftovers(d.plan)
	got := left(namespaces, processes)
	if err = errors.Join(err, lookErr); err != nil {
		got = err.Error()
	}
	d.check("the lab is taken away", left(0, 0), got)
}

// play is the scenario. A step that fails ends it: what follows needs it.
func (d *demo) play(ctx context.Context) error {
	began := time.Now()
	if err := d.keeper.Down(ctx, d.plan); err != nil { // slices of an earlier run must not count
		return err
	}
	if err := d.keeper.Up(ctx, d.plan); err != nil {
		return err
	}
	d.phase("lab_up", began)
	before, err := settledHoldings(ctx, d.plan)
	if err != nil {
		return err
	}
	fire, err := d.first(ctx, "fire-emergency")
	if err != nil {
		return err
	}
	press, err := d.apply(ctx, "press")
	if err != nil {
		return err
	}
	if err := d.checkAll(ctx, fire, press); err != nil {
		return err
	}
	if err := d.checkLife(ctx, fire, press); err != nil {
		return err
	}
	if d.keep {
		return nil
	}
	return d.checkDelete(ctx, before, press.ID, fire.ID)
}

// first applies a slice and measures how long it takes until every member of
// every network has got a frame. Nothing is subtracted.
func (d *demo) first(ctx context.Context, name string) (intent.Status, error) {
	began := time.Now()
	s, err := d.apply(ctx, name)
	if err != nil {
		return s, err
	}
	for p, ms := range s.PhasesMs {
		d.report.PhasesMs[p] = ms
	}
	if err := d.firstFrames(ctx, s); err != nil {
		return s, err
	}
	d.phase("first_frame", began)
	d.phase("total", began)
	again, err := applyPackage(ctx, d.plan.Dir, d.nst(name), d.params(name))
	if err != nil {
		return s, fmt.Errorf("apply %s again: %w", name, err)
	}
	d.check("the same slice again changes nothing", "changed: false", fmt.Sprintf("changed: %t", again.Changed))
	return s, nil
}

// apply hands a package to the plugin and waits until the slice is ready.
func (d *demo) apply(ctx context.Context, name string) (intent.Status, error) {
	d.say("applying %s", name)
	s, err := applyPackage(ctx, d.plan.Dir, d.nst(name), d.params(name))
	if err != nil {
		return s, fmt.Errorf("apply %s: %w", name, err)
	}
	phases, id := s.PhasesMs, s.ID
	err = poll(ctx, readyTime, func() (bool, error) {
		s, err = sliceStatus(ctx, d.plan.Dir, id)
		return err == nil && s.Phase == intent.Ready, err
	})
	s.PhasesMs = phases
	d.check(name+" is ready", string(intent.Ready), string(s.Phase)+s.Message)
	if err == nil && s.Phase != intent.Ready {
		err = slice.Errorf(slice.Unavailable, "slice %s is not ready", id)
	}
	return s, err
}

func (d *demo) nst(name string) string { return filepath.Join(d.descriptors, "nst", name) }

func (d *demo) params(name string) string {
	return filepath.Join(d.descriptors, "params", name+".yaml")
}

func (d *demo) phase(name string, began time.Time) {
	d.report.PhasesMs[name] = uint32(time.Since(began).Milliseconds())
}

// poll calls f until it says yes, fails, or the time is over; the last is no
// error.
func poll(ctx context.Context, limit time.Duration, f func() (bool, error)) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return nil
		case <-tick.C:
		}
	}
}
