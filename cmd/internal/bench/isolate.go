package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

var isolate = Benchmark{
	Name:  "isolate",
	Short: "hostile frames between slices with equal addresses: what leaks, against a flat bridge",
	Needs: append([]string{"ip"}, ovsNeeds...),
	Root:  true,
	Run:   runIsolate,
}

const (
	isolateFrames = 1_000_000 // with the controller alive, and as many with it dead
	isolatePairs  = 6
	flatFrames    = 30_000                // that a flat bridge gets in each pair
	modest        = 10 * time.Millisecond // between frames of those who belong together
)

// siege is a site, one of whose workloads attacks.
type siege struct {
	*site
	flood  *flooder
	talk   overhearer
	rounds int
	found  breach
}

// breach is what came of hostile frames.
type breach struct {
	sent     int // by the attacker
	examined int // by the switch: what the kernel dropped before does not count
	leaked   int // heard in another network
	forged   int // heard in the same one, and not to be heard at all
	tunnels  int // sent to tunnel ends
}

func (b *breach) add(o breach) {
	b.sent, b.examined, b.leaked, b.forged, b.tunnels = b.sent+o.sent, b.examined+o.examined, b.leaked+o.leaked, b.forged+o.forged, b.tunnels+o.tunnels
}

func runIsolate(ctx context.Context, r *Runner) error {
	return onSite(ctx, r, func(s *site) error { return s.isolate(ctx, r) })
}

func (s *site) isolate(ctx context.Context, r *Runner) error {
	flat, err := newFlat(ctx, filepath.Join(r.Dir, "ovs"))
	defer flat.stop()
	if err != nil {
		return err
	}
	if err := s.apply(ctx); err != nil {
		return err
	}
	if err := s.gather(); err != nil {
		return err
	}
	g := &siege{site: s}
	if g.flood, err = openFlood(s.plan.Lab.Namespace("a"), "l2s0", g.seen); err != nil {
		return err
	}
	defer g.flood.close()
	defer g.talk.close()
	for _, workloads := range siteNetworks {
		for _, w := range workloads {
			if err := g.talk.listen(s.plan.Lab.Namespace(string(w))); err != nil {
				return err
			}
		}
	}
	if err := g.both(ctx, r, flat); err != nil {
		return err
	}
	r.Count("frames", g.found.examined+g.found.tunnels)
	r.Count("leaked", g.found.leaked)
	r.Count("control_leaked", flat.leaked)
	r.Count("control_frames", flat.sent)
	r.Count("forged_heard", g.found.forged)
	r.Count("switch_talk_heard", g.talk.heard())
	r.Count("sent", g.found.sent+g.found.tunnels)
	return nil
}

// both attacks while the controller is alive, and again when it is dead.
// Before, between and after, whoever belongs together must hear one another.
func (g *siege) both(ctx context.Context, r *Runner, flat *flat) error {
	pairs := (cmp.Or(r.Pairs, isolatePairs) + 1) / 2
	frames := cmp.Or(r.Size, isolateFrames) / pairs
	for _, state := range []string{"alive", "dead"} {
		if state == "dead" {
			if err := g.keeper.Kill(ctx, g.plan, siteSDNC); err != nil {
				return err
			}
		}
		if err := g.quiet(ctx, modest); err != nil {
			return fmt.Errorf("before the attack, with the controller %s: %w", state, err)
		}
		for range pairs {
			got, err := g.assault(ctx, frames)
			if err != nil {
				return err
			}
			theirs, err := flat.assault(ctx, min(frames, flatFrames))
			if err != nil {
				return err
			}
			r.Say("controller %s: of %d frames, %d seen by the switch and %d at tunnels: %d leaked, %d forged ones heard",
				state, got.sent, got.examined, got.tunnels, got.leaked, got.forged)
			r.Pair("leaked of a million", 1e6*float64(got.leaked)/float64(max(1, got.examined+got.tunnels)), theirs)
		}
	}
	if err := g.quiet(ctx, modest); err != nil {
		return fmt.Errorf("after the attacks: %w", err)
	}
	return nil
}

// assault sends frames of all kinds until the switch has seen so many, and
// some to the ends of tunnels, and counts where they are heard.
func (g *siege) assault(ctx context.Context, frames int) (breach, error) {
	g.rounds++
	deck := newDeck(g.rounds, func(attack) bool { return true })
	var got breach
	var err error
	if got.sent, got.examined, err = g.flood.until(ctx, deck, newAttacker(g.flood.mtu+14), frames); err != nil {
		return got, err
	}
	if got.tunnels, err = g.tunnels(ctx, deck, frames/50); err != nil {
		return got, err
	}
	if err := pause(ctx, 200*time.Millisecond); err != nil { // for what is on its way
		return got, err
	}
	if err := g.judge(deck, &got); err != nil {
		return got, err
	}
	g.found.add(got)
	return got, nil
}

// judge counts where frames were heard. What is not forged has to be heard by
// the peer, or the attack proves nothing.
func (g *siege) judge(deck *deck, got *breach) error {
	for i, a := range attacks {
		peers := 0
		for _, p := range g.parties {
			heard := p.seen.Count(deck.stream(i))
			if n := heard.Once + heard.Again; p.network != "red" {
				got.leaked += n
			} else {
				peers += n
			}
		}
		switch {
		case a.forged:
			got.forged += peers
		case peers == 0:
			return fmt.Errorf("of %d frames of the kind %q the peer has heard none", deck.count[i], a.name)
		}
	}
	members := 0
	for _, p := range g.parties {
		heard := p.seen.Count(deck.stream(byTunnel))
		got.leaked += heard.Once + heard.Again
		members += p.seen.Count(deck.stream(byMember)).Once
	}
	if members == 0 {
		return errors.New("nobody hears a frame of a member's tunnel end: the attack on tunnels is blind")
	}
	return nil
}

// classify returns what the switch of a node has in Classify, a flow a line.
func (g *siege) classify(ctx context.Context, node slice.Node) (string, error) {
	dir := g.plan.NodeDir(node)
	// Until it looks again, a switch has not counted what passed by its cache.
	if _, err := process.Run(ctx, process.Command{Args: []string{"ovs-appctl", "-t", dir + "/vswitchd.ctl", "revalidator/purge"}}); err != nil {
		return "", err
	}
	out, err := process.Run(ctx, process.Command{Args: []string{
		"ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "unix:" + dir + "/" + bridge.SPS + ".mgmt", "table=0",
	}})
	return string(out), err
}

// seen returns how many frames of tenants the switch of the attacker has looked
// at: those that Classify sent to Guard.
func (g *siege) seen(ctx context.Context) (int, error) {
	flows, err := g.classify(ctx, "n1")
	return packets(flows, "goto_table:1"), err
}

var flowVNI = regexp.MustCompile(`tun_id=(0x[0-9a-f]+)`)

// numbers returns the VNIs that the switch of a node accepts.
func (g *siege) numbers(ctx context.Context, node slice.Node) ([]uint32, error) {
	flows, err := g.classify(ctx, node)
	var all []uint32
	for _, m := range flowVNI.FindAllStringSubmatch(flows, -1) {
		n, _ := strconv.ParseUint(m[1], 0, 32) // digits
		all = append(all, uint32(n))
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// tunnels sends frames to the tunnel end of the attacker's node: from one that
// nobody knows, and from a known one under numbers that it has no part in.
func (g *siege) tunnels(ctx context.Context, d *deck, count int) (int, error) {
	known, err := g.numbers(ctx, "n1")
	if err != nil {
		return 0, err
	}
	if len(known) == 0 {
		return 0, errors.New("the switch of n1 has no network on a tunnel: the attack is blind")
	}
	to, err := g.plan.Lab.TunnelAddress("n1")
	if err != nil {
		return 0, err
	}
	theirs, err := g.numbers(ctx, "n3")
	if err != nil {
		return 0, err
	}
	strange := append([]uint32{0, 1 << 23, 1<<24 - 2, 1<<24 - 1}, known...)
	member := slices.DeleteFunc(slices.Clone(strange), func(n uint32) bool { return slices.Contains(theirs, n) })
	sent := 0
	for _, from := range []struct {
		namespace string
		numbers   []uint32
	}{
		{g.plan.Lab.Namespace("n3"), strange},      // a host beside the switch of n3
		{g.plan.Lab.SwitchNamespace("n3"), member}, // that switch itself
	} {
		n, err := sendTunnel(ctx, from.namespace, to, d, byTunnel, from.numbers, count/2)
		if sent += n; err != nil {
			return sent, err
		}
	}
	_, err = sendTunnel(ctx, g.plan.Lab.SwitchNamespace("n2"), to, d, byMember, known, 100)
	return sent, err
}
