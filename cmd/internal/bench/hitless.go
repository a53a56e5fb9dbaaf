package bench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/hands"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

var hitless = Benchmark{
	Name:  "hitless",
	Short: "frames lost at 1 kHz while the controller is killed and returns: sdnc against ovs-testcontroller",
	Needs: append([]string{"ovs-testcontroller", "ip"}, ovsNeeds...),
	Root:  true,
	Run:   runHitless,
}

// site is a domain of three nodes under the real sdnc, which a benchmark can
// kill: a and b are in network red, c and d in blue, e and f in green.
type site struct {
	traffic
	plan   lab.Plan
	keeper lab.Keeper
	total  tally
	again  int // flows that were deleted and added again
}

const (
	siteDomain slice.Domain = "field"
	siteSDNC                = "sdnc-" + string(siteDomain)
	siteSlice  slice.ID     = "bench"
)

var siteNetworks = map[slice.NetworkName][]slice.Workload{"red": {"a", "b"}, "blue": {"c", "d"}, "green": {"e", "f"}}

// newSite starts a site.
func newSite(ctx context.Context, r *Runner) (*site, error) {
	l := lab.Lab{Name: "s", Prefix: fmt.Sprintf("b%05x", rand.Uint32N(1<<20)), Domains: []lab.Domain{{
		Name: siteDomain, Gateway: "n1", Nodes: []lab.Node{
			{Name: "n1", Workloads: []slice.Workload{"a", "c"}},
			{Name: "n2", Workloads: []slice.Workload{"b", "d", "e"}},
			{Name: "n3", Workloads: []slice.Workload{"f"}},
		},
	}}}
	plan, err := lab.NewPlan(l, lab.Places{Run: r.Dir, Bin: r.Programs})
	if err != nil {
		return nil, err
	}
	plan.Processes = slices.DeleteFunc(plan.Processes, func(p lab.Process) bool {
		return p.Name == "sco" || p.Name == "osm-plugin" || strings.HasPrefix(p.Name, "ned-")
	})
	for i, p := range plan.Processes {
		if p.Name == siteSDNC {
			plan.Processes[i].Command.Args = append(p.Command.Args, "--unix", plan.Dir+"/sdnc.sock")
		}
	}
	s := &site{plan: plan, keeper: hands.Keeper(func(string, ...any) {})}
	return s, s.keeper.Up(ctx, plan)
}

func (s *site) stop(ctx context.Context) error {
	s.close()
	return s.keeper.Down(context.WithoutCancel(ctx), s.plan)
}

// apply asks the sdnc for all networks and waits until they are ready.
func (s *site) apply(ctx context.Context) error {
	pem := s.plan.Dir + "/pki/"
	config, err := pki.ClientTLS(pem+"sco.crt", pem+"sco.key", pem+"ca.crt", pki.SDNC(siteDomain))
	if err != nil {
		return err
	}
	line, err := api.Dial("unix:"+s.plan.Dir+"/sdnc.sock", config)
	if err != nil {
		return err
	}
	defer func() { _ = line.Close() }() // the answer is here
	var all []intent.Segment
	for name, workloads := range siteNetworks {
		seg := intent.Segment{ID: slice.NetworkID{Slice: siteSlice, Network: name}, Type: slice.VNet, MTU: 1400}
		for i, w := range workloads {
			// The same addresses in every network: only networks keep them apart.
			seg.Ports = append(seg.Ports, intent.SegmentPort{
				Workload: w, Interface: "l2s0", MAC: macOf(byte(i)),
				Address: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)}), 24),
			})
		}
		all = append(all, seg)
	}
	status, err := api.NewDomainClient(line).Apply(ctx, all)
	if err != nil {
		return err
	}
	for _, st := range status {
		if !st.Ready {
			return fmt.Errorf("network %s is not ready: %s", st.ID, st.Message)
		}
	}
	return nil
}

// gather has everybody speak.
func (s *site) gather() error {
	s.close()
	for name, workloads := range siteNetworks {
		for _, w := range workloads {
			if err := s.join(string(name), s.plan.Lab.Namespace(string(w)), "l2s0"); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	flowAge   = regexp.MustCompile(`cookie=([^,]+), duration=([0-9.]+)s`)
	flowNoise = regexp.MustCompile(`(cookie|duration|n_packets|n_bytes|idle_age|hard_age)=[^ ,]*,? ?`)
)

// rule is a flow in a switch.
type rule struct {
	age    float64 // seconds
	cookie string
}

// rules returns the flows in the switch of each node.
func (s *site) rules(ctx context.Context) (map[string]rule, error) {
	all := map[string]rule{}
	for _, n := range s.plan.Lab.Domains[0].Nodes {
		out, err := process.Run(ctx, process.Command{Args: []string{"ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "unix:" + s.plan.NodeDir(n.Name) + "/" + bridge.SPS + ".mgmt"}})
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(out)) {
			m := flowAge.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			age, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, err
			}
			all[string(n.Name)+" "+strings.TrimSpace(flowNoise.ReplaceAllString(line, ""))] = rule{age, m[1]}
		}
	}
	return all, nil
}

// cut kills the sdnc under traffic and starts it again. Green is forgotten
// meanwhile, and must be gone afterwards.
func (s *site) cut(ctx context.Context) (float64, error) {
	if err := s.apply(ctx); err != nil {
		return 0, err
	}
	if err := s.gather(); err != nil {
		return 0, err
	}
	if err := s.quiet(ctx, time.Millisecond); err != nil {
		return 0, err
	}
	before, err := s.rules(ctx)
	if err != nil {
		return 0, err
	}
	ways := slices.DeleteFunc(s.ways(), func(w *way) bool { return w.from.network == "green" })
	got, err := s.over(ctx, ways, time.Millisecond, s.killed)
	if err != nil {
		return 0, err
	}
	after, err := s.rules(ctx)
	if err != nil {
		return 0, err
	}
	s.total.add(got)
	return float64(got.lost), s.compare(before, after)
}

// killed is what happens under traffic.
func (s *site) killed(ctx context.Context) error {
	if err := pause(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	if err := s.keeper.Kill(ctx, s.plan, siteSDNC); err != nil {
		return err
	}
	db, err := store.Open(filepath.Join(s.plan.Dir, siteSDNC+".db"))
	if err != nil {
		return err
	}
	if err := db.Delete("segments", string(siteSlice)+"/green"); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	if err := s.keeper.Restart(ctx, s.plan, siteSDNC); err != nil {
		return err
	}
	if err := s.keeper.Await(ctx, s.plan); err != nil {
		return err
	}
	return pause(ctx, 200*time.Millisecond)
}

// compare counts the flows that were deleted and added again, and those that
// went although their network stays. Those of green must have gone.
func (s *site) compare(before, after map[string]rule) error {
	green := "" // its cookie; of the three it alone is on n3
	for f, r := range before {
		if strings.HasPrefix(f, "n3 ") && strings.Contains(f, "dl_dst="+macOf(0).String()) {
			green = r.cookie
		}
	}
	if green == "" {
		return fmt.Errorf("no flow of network green among %d", len(before))
	}
	for f, was := range before {
		now, there := after[f]
		switch {
		case there && was.cookie == green:
			return fmt.Errorf("a flow of a network that is gone is still there: %s", f)
		case there && now.age < was.age:
			s.again++
		case !there && was.cookie != green:
			return fmt.Errorf("a flow has gone whose network stays: %s", f)
		}
	}
	return nil
}

// bed is a private switch with two ports under a controller that can be
// killed.
type bed struct {
	traffic
	ovs   *ovs
	names []string // of namespaces
	ctl   *daemon
	args  []string // that start the controller
}

// newBed makes a bed of three namespaces: one for the switch, two for ports.
func newBed(ctx context.Context, dir string) (*bed, error) {
	prefix := fmt.Sprintf("b%05x-", rand.Uint32N(1<<20))
	b := &bed{names: []string{prefix + "sw", prefix + "x", prefix + "y"}}
	for _, n := range b.names {
		if err := netns.Make(n); err != nil {
			return b, err
		}
	}
	b.args = []string{"ip", "netns", "exec", b.names[0]}
	var err error
	if b.ovs, err = startOVS(ctx, dir, b.args); err != nil {
		return b, err
	}
	if err := b.ovs.addBridge(ctx, "br0", 0x11, "tcp:127.0.0.1:6653"); err != nil {
		return b, err
	}
	for i, n := range b.names[1:] {
		port := "p" + strconv.Itoa(i+1)
		near, far := netns.End{Namespace: b.names[0], Name: port}, netns.End{Namespace: n, Name: "l2s0", MAC: macOf(byte(i))}
		if err := netns.Connect(near, far); err != nil {
			return b, err
		}
		if err := b.join("red", n, "l2s0"); err != nil {
			return b, err
		}
	}
	return b, b.ovs.addPorts(ctx, "br0", "", 1, "p1", "p2")
}

func (b *bed) stop() {
	b.close()
	if b.ctl != nil {
		b.ctl.kill()
	}
	if b.ovs != nil {
		b.ovs.stop()
	}
	for _, n := range b.names {
		_ = netns.Delete(n) // nothing of it is used again
	}
}

func (b *bed) control(ctx context.Context) error {
	var err error
	b.ctl, err = daemonStart(ctx, b.ovs.env(), b.args[0], append(slices.Clone(b.args[1:]), "ovs-testcontroller", "-O", "OpenFlow13", "ptcp:6653:127.0.0.1", "-vconsole:off")...)
	if err != nil {
		return err
	}
	return await(ctx, "the switch is connected", func() bool {
		out, err := b.ovs.run(ctx, "ovs-vsctl", "--db=unix:"+b.ovs.file("db.sock"), "get", "controller", "br0", "is_connected")
		return err == nil && strings.TrimSpace(out) == "true"
	})
}

// cut kills the controller under traffic and starts it again.
func (b *bed) cut(ctx context.Context) (float64, error) {
	if err := b.quiet(ctx, time.Millisecond); err != nil {
		return 0, err
	}
	got, err := b.during(ctx, time.Millisecond, func(ctx context.Context) error {
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
		b.ctl.kill()
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		if err := b.control(ctx); err != nil {
			return err
		}
		return pause(ctx, 200*time.Millisecond)
	})
	return float64(got.lost), err
}

// onSite runs something with a site of its own.
func onSite(ctx context.Context, r *Runner, run func(*site) error) error {
	r.Programs = cmp.Or(r.Programs, ".")
	if _, err := os.Stat(filepath.Join(r.Programs, "sdnc")); err != nil {
		return slice.Errorf(slice.NotFound, "the programs of the house are not in %s: make build", r.Programs)
	}
	s, err := newSite(ctx, r)
	if s != nil {
		defer func() { _ = s.stop(ctx) }() // the folder goes in any case
	}
	if err != nil {
		return err
	}
	return run(s)
}

func runHitless(ctx context.Context, r *Runner) error {
	return onSite(ctx, r, func(s *site) error { return s.hitless(ctx, r) })
}

func (s *site) hitless(ctx context.Context, r *Runner) error {
	b, err := newBed(ctx, filepath.Join(r.Dir, "ovs"))
	defer b.stop()
	if err == nil {
		err = b.control(ctx)
	}
	if err != nil {
		return err
	}
	if err := r.Compare(ctx, cmp.Or(r.Size, 5), "lost frames", s.cut, b.cut); err != nil {
		return err
	}
	r.tally(s.total)
	r.Count("readded", s.again)
	return nil
}
