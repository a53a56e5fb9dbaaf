//go:build lab

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/hands"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

const root = "../.."

// startDemo brings a lab of its own up and both slices of the demo into it.
func startDemo(t *testing.T) (*demo, members) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "bin", "sco")); err != nil {
		t.Skip("the programs are not in bin: run `make build` first")
	}
	p, err := readPlan(filepath.Join(root, "deploy/lab/three-domains.yaml"), filepath.Join(root, "bin"))
	must(t, err)
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	must(t, err)
	p.Lab.Prefix, p.Lab.Name = fmt.Sprintf("t%06x", rand.Uint32N(1<<24)), "test"
	p, err = lab.NewPlan(p.Lab, lab.Places{Bin: bin})
	must(t, err)
	must(t, needPrograms(p))
	d := &demo{
		plan: p, keeper: newKeeper(t.Output()), say: t.Logf,
		descriptors: filepath.Join(root, "descriptors"), report: demoReport{PhasesMs: map[string]uint32{}},
	}
	t.Cleanup(func() { must(t, d.keeper.Down(context.WithoutCancel(t.Context()), p)) })
	must(t, d.keeper.Up(t.Context(), p))
	var both []intent.Status
	for _, name := range []string{"fire-emergency", "press"} {
		s, err := d.apply(t.Context(), name)
		must(t, err)
		both = append(both, s)
	}
	ms, err := openMembers(p.Lab, both...)
	must(t, err)
	t.Cleanup(func() { must(t, ms.close()) })
	must(t, d.checkPings(t.Context(), ms))
	d.wantAll(t)
	return d, ms
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantAll fails the test for every check that did not hold.
func (d *demo) wantAll(t *testing.T) {
	t.Helper()
	for _, c := range d.report.Checks {
		if !c.Pass {
			t.Errorf("%s: got %s, want %s", c.Name, c.Got, c.Want)
		}
	}
	d.report.Checks = nil
}

// A watch is traffic between all members that goes on until it is stopped.
type watch struct {
	stop  context.CancelFunc
	done  sync.WaitGroup
	mu    sync.Mutex
	lost  []string
	sent  int
	casts []sending
	ms    members
}

// startWatch lets every pair inside each network ping 20 times a second, and
// every member shout as often.
func (d *demo) startWatch(t *testing.T, ms members) *watch {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watch{stop: stop, ms: ms}
	const every = 50 * time.Millisecond
	for _, network := range ms.addressed().networks() {
		for _, from := range network {
			for _, to := range network.but(from) {
				echo := probe.Echo{To: to.Address, Stream: d.streams.next(), Every: every, Patience: 2 * time.Second}
				w.done.Go(func() {
					a, err := from.port.Echo(ctx, echo)
					if err != nil {
						t.Error(err)
					}
					w.mu.Lock()
					defer w.mu.Unlock()
					w.sent += a.Sent
					if len(a.Lost)+a.Again > 0 {
						w.lost = append(w.lost, fmt.Sprintf("%s to %s: %d lost of %d, %d again", from, to, len(a.Lost), a.Sent, a.Again))
					}
				})
			}
		}
	}
	for _, from := range ms {
		s := sending{from: from, stream: d.streams.next(), must: ms.of(from.network).but(from)}
		w.casts = append(w.casts, s)
		w.done.Go(func() {
			if err := from.port.Send(ctx, probe.Frames{To: slice.Broadcast, Stream: s.stream, Every: every}); err != nil {
				t.Error(err)
			}
		})
	}
	return w
}

// end stops the traffic and returns what got lost and what crossed.
func (w *watch) end(t *testing.T) (lost []string, crossed int) {
	t.Helper()
	w.stop()
	w.done.Wait()
	for _, s := range w.casts {
		for _, m := range s.must {
			if m.seen.Count(s.stream).Once == 0 {
				t.Errorf("%s hears nothing of %s: the watch is blind", m, s.from)
			}
		}
	}
	c := (&demo{}).count(w.ms, w.casts)
	if c.elsewhere+c.again > 0 {
		t.Errorf("crossed, or came twice: %s", c)
	}
	t.Logf("watched %d echo requests and %d frames", w.sent, c.once)
	return w.lost, c.elsewhere
}

func await(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	case <-time.After(d):
	}
}

// controllers returns the names of everything that decides, and of those the
// ones that speak OpenFlow.
func controllers(p lab.Plan) (all, openflow []string) {
	openflow = []string{"sco"}
	for _, d := range p.Lab.Domains {
		openflow = append(openflow, "sdnc-"+string(d.Name))
	}
	return append([]string{"osm-plugin"}, openflow...), openflow
}

var mods = regexp.MustCompile(`(?m)^l2sces_openflow_mods_total(?:\{[^}]*\})? ([0-9.e+]+)$`)

// flowMods sums up how many changes some controllers have sent to switches.
func flowMods(t *testing.T, p lab.Plan, names []string) float64 {
	t.Helper()
	var sum float64
	for _, name := range names {
		q, err := p.Process(name)
		must(t, err)
		text, err := hands.Ask(t.Context(), q.Admin, "/metrics")
		must(t, err)
		for _, m := range mods.FindAllStringSubmatch(text, -1) {
			n, err := strconv.ParseFloat(m[1], 64)
			must(t, err)
			sum += n
		}
	}
	return sum
}

// TestControllersAway kills everything that decides. Traffic goes on, nothing
// crosses, and those that return change nothing and serve again.
func TestControllersAway(t *testing.T) {
	away := time.Minute
	if testing.Short() {
		away = 10 * time.Second
	}
	d, ms := startDemo(t)
	all, openflow := controllers(d.plan)
	if flowMods(t, d.plan, openflow) == 0 {
		t.Fatal("no controller counts what it sent: l2sces_openflow_mods_total is missing or zero")
	}

	w := d.startWatch(t, ms)
	await(t, time.Second)
	must(t, d.keeper.Kill(t.Context(), d.plan, all...))
	await(t, away)
	lost, crossed := w.end(t)
	if diff := cmp.Diff([]string(nil), lost); diff != "" || crossed != 0 {
		t.Errorf("while the controllers were away %d frames crossed, and (-want +got):\n%s", crossed, diff)
	}

	w = d.startWatch(t, ms)
	await(t, time.Second)
	must(t, d.keeper.Restart(t.Context(), d.plan, all...))
	must(t, d.keeper.Await(t.Context(), d.plan))
	await(t, 5*time.Second) // for a change that should not be made
	lost, crossed = w.end(t)
	if diff := cmp.Diff([]string(nil), lost); diff != "" || crossed != 0 {
		t.Errorf("while the controllers returned %d frames crossed, and (-want +got):\n%s", crossed, diff)
	}
	if n := flowMods(t, d.plan, openflow); n != 0 {
		t.Errorf("the controllers sent %v changes after their return, want 0", n)
	}

	must(t, deleteSlice(t.Context(), d.plan.Dir, ms[len(ms)-1].network.Slice))
	_, err := d.apply(t.Context(), "press")
	must(t, err)
	d.wantAll(t)
}

// TestSwitchKilled kills the switch of a node and starts it again. What it
// held comes back without a person, and nothing crosses meanwhile.
func TestSwitchKilled(t *testing.T) {
	d, ms := startDemo(t)
	before, err := settledHoldings(t.Context(), d.plan)
	must(t, err)
	const node = "fire-1"
	if !strings.Contains(strings.Join(before, "\n"), "\n"+node+" br-sps ") {
		t.Fatalf("no rule of %s among %d lines: the comparison is blind", node, len(before))
	}

	w := d.startWatch(t, ms)
	await(t, time.Second)
	must(t, d.keeper.Kill(t.Context(), d.plan, "ovs-vswitchd-"+node))
	await(t, 2*time.Second)
	must(t, d.keeper.Restart(t.Context(), d.plan, "ovs-vswitchd-"+node))
	var more, less []string
	must(t, poll(t.Context(), time.Minute, func() (bool, error) {
		after, err := readHoldings(t.Context(), d.plan)
		more, less = after.without(before), before.without(after)
		return err == nil && len(more)+len(less) == 0, nil // an error: the switch is not there yet
	}))
	if got, want := remains(more, less), remains(nil, nil); got != want {
		t.Errorf("after the switch came back: %s, want %s", got, want)
	}
	lost, crossed := w.end(t)
	if crossed != 0 {
		t.Errorf("%d frames crossed while the switch was away", crossed)
	}
	if len(lost) == 0 {
		t.Error("nothing was lost: the switch was never away")
	}
	must(t, d.checkPings(t.Context(), ms))
	must(t, d.checkFrames(t.Context(), ms))
	d.wantAll(t)
}

// TestPathMovesUnderTraffic takes video to another path and back, while
// everybody talks to everybody. Nothing is lost, nothing comes twice and
// nothing crosses.
func TestPathMovesUnderTraffic(t *testing.T) {
	d, ms := startDemo(t)
	other := filepath.Join(t.TempDir(), "params.yaml")
	must(t, os.WriteFile(other, []byte(`additionalParamsForNsi:
  l2sces:
    tenant: emergency
    paths:
    - {network: video, from: field, to: private, mode: explicit, hops: [field, fire, private]}
    networks:
    - name: sim-out
      members:
      - {name: sim, mac: '02:00:0a:01:04:1f'}
      - {name: video-wall, mac: '02:00:0a:01:04:15'}
`), 0o600))
	w := d.startWatch(t, ms)
	await(t, time.Second)
	for i := range 6 {
		params, want := other, "[field-fire fire-private]"
		if i%2 == 1 {
			params, want = d.params("fire-emergency"), "[field-fire field-private]"
		}
		s, err := applyPackage(t.Context(), d.plan.Dir, d.nst("fire-emergency"), params)
		must(t, err)
		j := slices.IndexFunc(s.Networks, func(n intent.NetworkStatus) bool { return n.Name == "video" })
		if got := fmt.Sprint(s.Networks[j].Links); s.Phase != intent.Ready || got != want {
			t.Fatalf("change %d: video is %s on %s, want %s", i, s.Phase, got, want)
		}
		t.Logf("change %d took %d ms between domains", i, s.PhasesMs["overlay"])
	}
	await(t, time.Second)
	lost, crossed := w.end(t)
	if diff := cmp.Diff([]string(nil), lost); diff != "" || crossed != 0 {
		t.Errorf("while video moved %d frames crossed, and (-want +got):\n%s", crossed, diff)
	}
}
