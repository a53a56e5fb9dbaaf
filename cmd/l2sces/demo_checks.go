package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	frames    = 10 // of each stream of frames
	datagrams = 40 // of each stream of datagrams
	settle    = 500 * time.Millisecond
	arrival   = 3 * time.Second
	gap       = 2 * time.Millisecond
)

var (
	group    = netip.MustParseAddrPort("239.94.1.1:5004") // the scenario's; both slices use it
	everyone = netip.MustParseAddrPort("255.255.255.255:5005")
)

// checkAll sends probes between all members of two slices.
func (d *demo) checkAll(ctx context.Context, fire, press intent.Status) error {
	ms, err := openMembers(d.plan.Lab, fire, press)
	if err != nil {
		return err
	}
	defer func() { _ = ms.close() }() // only read from
	for _, f := range []func(context.Context, members) error{
		d.checkPings, d.checkForeignPings, d.checkFrames, d.checkCasts, d.checkSizes,
	} {
		if err := f(ctx, ms); err != nil {
			return err
		}
	}
	return d.checkPath(ctx, ms, fire, usualVideo)
}

// checkPings lets every pair inside each network ping.
func (d *demo) checkPings(ctx context.Context, ms members) error {
	for _, network := range ms.addressed().networks() {
		var pings []ping
		for _, from := range network {
			for _, to := range network.but(from) {
				pings = append(pings, ping{from: from, to: to.Address, count: 3, patience: 2 * time.Second})
			}
		}
		answered, err := d.pingAll(ctx, pings)
		if err != nil {
			return err
		}
		d.check("pings inside "+network[0].network.String(),
			fmt.Sprintf("%d pairs answer", len(pings)), fmt.Sprintf("%d pairs answer", answered.whole))
	}
	return nil
}

// checkForeignPings pings from every member all addresses of other networks
// and slices. The control is checkPings: the same probe, inside. An address
// that both slices use answers in the own one; then the other must not hear of
// it.
func (d *demo) checkForeignPings(ctx context.Context, ms members) error {
	var foreign, shared []ping
	for _, from := range ms.addressed() {
		own := map[netip.Addr]bool{}
		for _, m := range ms {
			if m.network == from.network || m.Name == from.Name {
				own[m.Address] = true
			}
		}
		for _, to := range ms.addressed() {
			p := ping{from: from, to: to.Address, count: 2, patience: settle, victim: to}
			switch {
			case to.network == from.network || to.Address == from.Address:
			case own[to.Address]:
				shared = append(shared, p)
			default:
				foreign = append(foreign, p)
			}
		}
	}
	answered, err := d.pingAll(ctx, foreign)
	if err != nil {
		return err
	}
	d.check("pings across networks and slices",
		fmt.Sprintf("0 of %d answer, 0 are heard", len(foreign)),
		fmt.Sprintf("%d of %d answer, %d are heard", answered.some, len(foreign), answered.leaked))
	answered, err = d.pingAll(ctx, shared)
	if err != nil {
		return err
	}
	d.check("pings to an address that both slices use",
		fmt.Sprintf("%d answer inside, 0 heard outside", len(shared)),
		fmt.Sprintf("%d answer inside, %d heard outside", answered.whole, answered.leaked))
	return nil
}

// A ping is one series of echo requests.
type ping struct {
	from     *member
	to       netip.Addr
	count    int
	patience time.Duration
	victim   *member // has the address in another network, and must not hear it
}

// pinged sums up series of echo requests.
type pinged struct {
	whole  int // all answered, each once
	some   int // at least one answered
	leaked int // heard by the victim
}

func (d *demo) pingAll(ctx context.Context, pings []ping) (pinged, error) {
	var wait sync.WaitGroup
	answers, errs := make([]probe.Answers, len(pings)), make([]error, len(pings))
	numbers := make([]probe.Stream, len(pings))
	for i, p := range pings {
		numbers[i] = d.streams.next()
		wait.Go(func() {
			answers[i], errs[i] = p.from.port.Echo(ctx, probe.Echo{To: p.to, Stream: numbers[i], Count: p.count, Patience: p.patience})
		})
	}
	wait.Wait()
	var sum pinged
	for i, p := range pings {
		if answers[i].Answered > 0 {
			sum.some++
		}
		if answers[i].Answered == p.count && answers[i].Again == 0 {
			sum.whole++
		}
		if p.victim != nil && p.victim.seen.Count(numbers[i]).Once > 0 {
			sum.leaked++
		}
	}
	return sum, errors.Join(errs...)
}

// A sending is one stream, whom it must reach with every frame once, and who
// may hear it besides. Nobody else may hear any of it, and nobody twice.
type sending struct {
	from      *member
	stream    probe.Stream
	count     int
	must, may members
}

// checkFrames sends raw frames from every member to everybody and to every
// hardware address that there is. It covers networks without addresses too.
func (d *demo) checkFrames(ctx context.Context, ms members) error {
	for _, network := range ms.networks() {
		var sent []sending
		for _, from := range network {
			for _, to := range targets(ms, from) {
				s := sending{from: from, stream: d.streams.next(), count: frames, must: network.withMAC(to)}
				switch {
				case to == slice.Broadcast:
					s.must = network.but(from)
				case len(s.must) == 0: // a stranger's address: sought everywhere, but inside
					s.may = network
				}
				if err := from.port.Send(ctx, probe.Frames{To: to, Stream: s.stream, Count: frames, Every: time.Millisecond}); err != nil {
					return err
				}
				sent = append(sent, s)
			}
		}
		if err := d.checkSent(ctx, "frames of "+network[0].network.String(), ms, sent); err != nil {
			return err
		}
	}
	return nil
}

// targets returns everybody's address and that of every other member.
func targets(ms members, from *member) []slice.MAC {
	macs := []slice.MAC{slice.Broadcast}
	seen := map[slice.MAC]bool{from.MAC: true}
	for _, m := range ms {
		if !seen[m.MAC] {
			macs = append(macs, m.MAC)
		}
		seen[m.MAC] = true
	}
	return macs
}

// checkCasts sends datagrams to the group and to everybody, from the first
// member of each network; the others listen as programs would.
func (d *demo) checkCasts(ctx context.Context, ms members) error {
	for _, network := range ms.addressed().networks() {
		for _, to := range []netip.AddrPort{group, everyone} {
			name := "broadcast in "
			if to == group {
				name = "multicast in "
			}
			if err := d.checkCast(ctx, name+network[0].network.String(), ms, network, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *demo) checkCast(ctx context.Context, name string, ms, network members, to netip.AddrPort) error {
	from := network[0]
	s := sending{from: from, stream: d.streams.next(), count: datagrams, must: network.but(from)}
	var heard []*probe.Receiver
	defer func() {
		for _, r := range heard {
			_ = r.Close() // only read from
		}
	}()
	for _, m := range s.must {
		r, err := m.port.Listen(ctx, to)
		if err != nil {
			return err
		}
		heard = append(heard, r)
	}
	if _, err := from.port.Datagrams(ctx, probe.Datagrams{To: to, Stream: s.stream, Count: s.count, Every: gap}); err != nil {
		return err
	}
	if err := d.checkSent(ctx, name, ms, []sending{s}); err != nil {
		return err
	}
	got := 0
	for _, r := range heard {
		if r.Count(s.stream) == (probe.Count{Once: s.count}) {
			got++
		}
	}
	d.check(name+", at the sockets", fmt.Sprintf("%d of %[1]d programs", len(heard)), fmt.Sprintf("%d of %d programs", got, len(heard)))
	return nil
}

// checkSent waits until what was sent has arrived and whatever else might
// arrive has had its time, and then counts.
func (d *demo) checkSent(ctx context.Context, name string, ms members, sent []sending) error {
	wanted := 0
	for _, s := range sent {
		wanted += len(s.must) * s.count
	}
	arrived := func() (bool, error) { return d.count(ms, sent).once >= wanted, nil }
	if err := poll(ctx, arrival, arrived); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(settle):
	}
	want, got := counted{once: wanted}, d.count(ms, sent)
	d.check(name, want.String(), got.String())
	return nil
}

// counted is what arrived of some sendings.
type counted struct {
	once, again, elsewhere int
	where                  []string
}

// String tells the numbers, and of those that hear what they must not the
// first.
func (c counted) String() string {
	s := fmt.Sprintf("%d once, %d again, %d elsewhere", c.once, c.again, c.elsewhere)
	if len(c.where) > 0 {
		s += " (" + strings.Join(c.where[:min(3, len(c.where))], ", ") + ")"
	}
	return s
}

func (d *demo) count(ms members, sent []sending) counted {
	var c counted
	for _, s := range sent {
		for _, m := range ms {
			n := m.seen.Count(s.stream)
			c.again += n.Again
			switch {
			case slices.Contains(s.must, m):
				c.once += n.Once
			case n.Once > 0 && !slices.Contains(s.may, m):
				c.elsewhere += n.Once
				c.where = append(c.where, m.String())
			}
		}
	}
	return c
}
