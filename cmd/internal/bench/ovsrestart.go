package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

var ovsrestart = Benchmark{
	Name:  "ovsrestart",
	Short: "a switch of 10,000 addresses is killed: time until it has all its flows again, against ovs-ofctl --bundle",
	Needs: ovsNeeds,
	Root:  true,
	Run:   runRestart,
}

// holding is what a switch has, as counts.
type holding struct{ flows, groups, meters int }

// fallen is a fabric of which n1 is killed again and again. Pairs talk on n2
// and n3, and must not lose a frame; those of n1 are counted from the moment on
// at which it has everything again.
type fallen struct {
	*triangle
	before holding
	total  tally
}

// holds asks the switch of n1 what it has.
func (f *fallen) holds(ctx context.Context) (holding, error) {
	var h holding
	for what, n := range map[string]*int{"dump-flows": &h.flows, "dump-groups": &h.groups, "dump-meters": &h.meters} {
		text, err := f.ask(ctx, what)
		if err != nil {
			return h, err
		}
		*n = strings.Count(text, "actions=")
		switch what {
		case "dump-groups":
			*n = strings.Count(text, "group_id=")
		case "dump-meters":
			*n = strings.Count(text, "meter=")
		}
	}
	return h, nil
}

func (f *fallen) ask(ctx context.Context, what ...string) (string, error) {
	n := f.world.Node("n1")
	args := append([]string{"ovs-ofctl", "-O", "OpenFlow13"}, what...)
	return n.Run(ctx, append(args, "unix:"+n.Dir()+"/"+bridge.SPS+".mgmt")...)
}

// restore kills the switch of n1 under the traffic of others, starts it and
// returns how long it takes until everything is there again.
func (f *fallen) restore(ctx context.Context) (float64, error) {
	n := f.world.Node("n1")
	var took time.Duration
	others := f.ways()
	for i := len(others) - 1; i >= 0; i-- {
		if others[i].from.network == "red" {
			others = append(others[:i], others[i+1:]...)
		}
	}
	got, err := f.over(ctx, others, time.Millisecond, func(ctx context.Context) error {
		syncs := f.fabric.Engine().Stats().Syncs
		if err := n.KillSwitch(ctx); err != nil {
			return err
		}
		begin := time.Now()
		if err := n.StartSwitch(ctx); err != nil {
			return err
		}
		err := await(ctx, "the switch is read", func() bool { return f.fabric.Engine().Stats().Syncs > syncs })
		if err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		for f.fabric.Engine().Unsettled() != "" {
			changed := f.fabric.Engine().Changed()
			if f.fabric.Engine().Unsettled() == "" {
				break
			}
			select {
			case <-soon.Done():
				return soon.Err()
			case <-changed:
			}
		}
		took = time.Since(begin)
		return nil
	})
	if err != nil {
		return 0, err
	}
	f.total.add(got)
	return took.Seconds(), f.after(ctx)
}

// after checks that nothing is missing, and that the pair on n1 loses no frame
// any more.
func (f *fallen) after(ctx context.Context) error {
	now, err := f.holds(ctx)
	if err != nil {
		return err
	}
	if now != f.before {
		return fmt.Errorf("the switch has %+v, and had %+v", now, f.before)
	}
	// Its ports are made anew, and the ends of its tunnels have to find each
	// other.
	soon, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := f.fabric.Settle(soon); err != nil {
		return err
	}
	if err := f.put(ctx, f.red()); err != nil {
		return err
	}
	idle := func(ctx context.Context) error { return pause(ctx, 50*time.Millisecond) }
	for range 10 {
		if got, err := f.during(ctx, time.Millisecond, idle); err != nil || got.lost == 0 {
			break
		}
	}
	got, err := f.during(ctx, time.Millisecond, func(ctx context.Context) error { return pause(ctx, 500*time.Millisecond) })
	f.total.add(got)
	return err
}

// red is the network of n1, with a cap on what its ports send.
func (f *fallen) red() (n network) {
	n = f.network("red", "n1w0", "n2w0")
	n.BandwidthKbps = 1_000_000
	return n
}

// bulk returns a network of many addresses behind two ports.
func (f *fallen) bulk(size int) network {
	n := f.network("bulk", "n1w1", "n3w1")
	for i := range size {
		at := &n.Attachments[i%2]
		at.Behind = append(at.Behind, slice.MAC{2, 1, 0, byte(i >> 16), byte(i >> 8), byte(i)})
	}
	return n
}

// bundle is a private switch that gets the same flows by hand.
type bundle struct {
	ovs    *ovs
	flows  string // file
	groups string // file
	meters []string
	want   int
}

// bundle copies what the switch of n1 has.
func (f *fallen) bundle(ctx context.Context, dir string) (*bundle, error) {
	b := &bundle{flows: filepath.Join(dir, "flows"), groups: filepath.Join(dir, "groups"), want: f.before.flows}
	var err error
	if b.ovs, err = startOVS(ctx, dir, nil, ovsDummy); err != nil {
		return nil, err
	}
	for file, what := range map[string][]string{b.flows: {"--no-stats", "dump-flows"}, b.groups: {"dump-groups"}} {
		text, err := f.ask(ctx, what...)
		if err != nil {
			return b, err
		}
		if head, rest, _ := strings.Cut(text, "\n"); strings.Contains(head, "reply") { // not with every option
			text = rest
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return b, err
		}
	}
	text, err := f.ask(ctx, "dump-meters")
	if err != nil {
		return b, err
	}
	_, text, _ = strings.Cut(text, "meter=") // the head of the answer
	for m := range strings.SplitSeq(text, "meter=") {
		if id, rest, ok := strings.Cut(strings.TrimSpace(m), " "); ok {
			b.meters = append(b.meters, "meter="+id+","+strings.Join(strings.Fields(rest), ","))
		}
	}
	return b, b.ovs.addBridge(ctx, bridge.SPS, 0x11, "")
}

// restore kills the switch, starts it, and gives it the same.
func (b *bundle) restore(ctx context.Context) (float64, error) {
	b.ovs.switchd.kill()
	begin := time.Now()
	if err := b.ovs.startSwitchd(ctx); err != nil {
		return 0, err
	}
	for _, m := range b.meters {
		if _, err := b.ovs.run(ctx, "ovs-ofctl", "-O", "OpenFlow13", "add-meter", bridge.SPS, strings.ReplaceAll(m, "bands=,", "bands=")); err != nil {
			return 0, err
		}
	}
	for _, what := range [][]string{{"add-groups", bridge.SPS, b.groups}, {"--bundle", "add-flows", bridge.SPS, b.flows}} {
		if _, err := b.ovs.run(ctx, "ovs-ofctl", append([]string{"-O", "OpenFlow13"}, what...)...); err != nil {
			return 0, err
		}
	}
	took := time.Since(begin).Seconds()
	n, err := b.ovs.flows(ctx, bridge.SPS)
	if err == nil && n != b.want {
		err = fmt.Errorf("the switch has %d flows, not %d", n, b.want)
	}
	return took, err
}

func runRestart(ctx context.Context, r *Runner) error {
	t, err := newTriangle(ctx, r, 3)
	if err != nil {
		return err
	}
	defer t.stop(ctx)
	f := &fallen{triangle: t}
	for _, n := range []network{f.red(), f.bulk(cmp.Or(r.Size, 10_000)), f.network("blue", "n2w1", "n3w0"), f.network("green", "n2w2", "n3w2")} {
		if err := t.put(ctx, n); err != nil {
			return err
		}
		for _, a := range n.Attachments {
			if n.ID.Network == "bulk" {
				continue
			}
			if err := t.speak(n.ID.Network, a.Workload); err != nil {
				return err
			}
		}
	}
	if err := t.quiet(ctx, time.Millisecond); err != nil {
		return err
	}
	if f.before, err = f.holds(ctx); err != nil {
		return err
	}
	b, err := f.bundle(ctx, filepath.Join(r.Dir, "ovs"))
	if b != nil && b.ovs != nil {
		defer b.ovs.stop()
	}
	if err != nil {
		return err
	}
	if err := r.Compare(ctx, 5, "s", f.restore, b.restore); err != nil {
		return err
	}
	r.tally(f.total)
	r.Count("flows", f.before.flows)
	r.Count("groups", f.before.groups)
	r.Count("meters", f.before.meters)
	return nil
}
