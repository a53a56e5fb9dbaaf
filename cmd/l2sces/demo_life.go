package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// What the scenario changes while the slice runs.
const (
	fourth slice.Domain      = "hospital"
	nurse  slice.Workload    = "sip-hospital"
	video  slice.NetworkName = "video"
	voice  slice.NetworkName = "voice"
	simOut slice.NetworkName = "sim-out"
)

var nurseAddress = netip.MustParseAddr("10.1.1.41")

// A change is edits of the running slice under the eyes of its traffic.
type change struct {
	demo *demo
	sco  *cli.SCO
	id   slice.ID
}

// checkLife changes the slice while frames flow through it.
func (d *demo) checkLife(ctx context.Context, fire, press intent.Status) error {
	place := labSCO(d.plan.Dir)
	sco, err := (&cli.Door{Place: place}).Open()
	if err != nil {
		return err
	}
	c := change{demo: d, sco: sco, id: fire.ID}
	err = func() error {
		ms, err := openMembers(d.plan.Lab, without(fire, simOut), press)
		if err != nil {
			return err
		}
		defer func() { _ = ms.close() }() // only read from
		for _, f := range []func(context.Context, members, intent.Status) error{c.fourthDomain, c.moveVideo, c.simulation} {
			if err := f(ctx, ms, fire); err != nil {
				return err
			}
		}
		return nil
	}()
	return errors.Join(err, sco.Close())
}

// without returns a slice as it would be without one of its networks.
func without(s intent.Status, n slice.NetworkName) intent.Status {
	s.Networks = slices.DeleteFunc(slices.Clone(s.Networks), func(one intent.NetworkStatus) bool { return one.Name == n })
	return s
}

// edit changes the slice, waits until it is ready, and returns it.
func (c change) edit(ctx context.Context, what string, edits ...intent.Edit) (intent.Status, error) {
	c.demo.say("changing %s: %s", c.id, what)
	s, err := c.sco.Slices.Edit(ctx, c.id, edits, intent.Order{})
	if err == nil && s.Phase != intent.Ready {
		err = poll(ctx, readyTime, func() (bool, error) {
			s, err = c.sco.Slices.Status(ctx, c.id)
			return err == nil && s.Phase == intent.Ready, err
		})
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", what, err)
	}
	c.demo.check(what, string(intent.Ready), string(s.Phase)+s.Message)
	return s, nil
}

// fourthDomain adds a domain that the slice did not have, and takes it out
// again.
func (c change) fourthDomain(ctx context.Context, ms members, _ intent.Status) error {
	t := c.demo.start(ctx, ms, ms.routes())
	err := c.visit(ctx)
	return errors.Join(err, t.finish(ctx, "frames of the other domains meanwhile"))
}

func (c change) visit(ctx context.Context) error {
	s, err := c.edit(ctx, "a fourth domain is added", intent.Edit{AddDomain: &intent.DomainEdit{
		Domain: intent.Domain{Name: fourth}, Networks: []slice.NetworkName{voice},
		Members: []intent.MemberEdit{{Network: voice, Member: intent.Member{Name: nurse, Domain: fourth, Address: nurseAddress}}},
	}})
	if err != nil {
		return err
	}
	if err := c.nurseIsHeard(ctx, s); err != nil {
		return err
	}
	s, err = c.edit(ctx, "the fourth domain is removed", intent.Edit{RemoveDomain: fourth})
	if err != nil {
		return err
	}
	left, err := interfaces(c.demo, nurse)
	if err != nil {
		return err
	}
	c.demo.check("what the fourth domain keeps", "0 members, 0 interfaces", fmt.Sprintf("%d members, %d interfaces", membersIn(s, fourth), left))
	return nil
}

// nurseIsHeard lets the new member and all others of its network ping each
// other.
func (c change) nurseIsHeard(ctx context.Context, s intent.Status) error {
	ms, err := openMembers(c.demo.plan.Lab, only(s, voice))
	if err != nil {
		return err
	}
	defer func() { _ = ms.close() }() // only read from
	return c.demo.checkPings(ctx, ms)
}

// only returns a slice with one network.
func only(s intent.Status, n slice.NetworkName) intent.Status {
	s.Networks = slices.DeleteFunc(slices.Clone(s.Networks), func(one intent.NetworkStatus) bool { return one.Name != n })
	return s
}

func membersIn(s intent.Status, d slice.Domain) int {
	count := 0
	for _, n := range s.Networks {
		for _, m := range n.Members {
			if m.Domain == d {
				count++
			}
		}
	}
	return count
}

// interfaces counts those of a workload.
func interfaces(d *demo, w slice.Workload) (int, error) {
	name := d.plan.Lab.Namespace(string(w))
	ports, err := probe.Ports(func(f func() error) error { return netns.Do(name, f) })
	return len(ports), err
}

// moveVideo moves one way of the video to another domain while it streams, and
// back again.
func (c change) moveVideo(ctx context.Context, ms members, fire intent.Status) error {
	network := ms.of(slice.NetworkID{Slice: fire.ID, Network: video})
	cam := network[slices.IndexFunc(network, func(m *member) bool { return m.Domain == "field" })]
	moves := []struct {
		name string
		hops []slice.Domain
		ways ways
	}{
		{"the path of video moves", []slice.Domain{"field", "fire", "private"}, movedVideo},
		{"the path of video moves back", []slice.Domain{"field", "private"}, usualVideo},
	}
	for _, m := range moves {
		t := c.demo.start(ctx, ms, network.flows(cam))
		s, err := c.edit(ctx, m.name, intent.Edit{SetPath: &intent.Path{
			Network: video, From: "field", To: "private", Mode: intent.PathExplicit, Hops: m.hops, Protection: intent.NoProtection,
		}})
		if err = errors.Join(err, t.finish(ctx, "video while it moves to "+hopsText(m.hops))); err != nil {
			return err
		}
		if err := c.demo.checkPath(ctx, ms, s, m.ways); err != nil {
			return err
		}
	}
	return nil
}

func hopsText(hops []slice.Domain) string {
	words := make([]string, len(hops))
	for i, h := range hops {
		words[i] = string(h)
	}
	return strings.Join(words, "-")
}

// simulation takes the simulator's line away and makes it again.
func (c change) simulation(ctx context.Context, ms members, fire intent.Status) error {
	now, err := c.sco.Slices.Status(ctx, fire.ID)
	if err != nil {
		return err
	}
	if now.Intents == nil {
		return slice.Errorf(slice.NotFound, "slice %s comes without its intents", fire.ID)
	}
	edits := lineOf(now.Intents)
	t := c.demo.start(ctx, ms, ms.routes())
	err = c.line(ctx, edits)
	return errors.Join(err, t.finish(ctx, "frames of the other networks meanwhile"))
}

// lineOf returns what makes the network again, as it was ordered.
func lineOf(in *intent.Intents) []intent.Edit {
	var edits []intent.Edit
	for _, n := range in.Slice.Networks {
		if n.Name == simOut {
			edits = append(edits, intent.Edit{AddNetwork: &n})
		}
	}
	for _, p := range in.Paths {
		if p.Network == simOut {
			edits = append(edits, intent.Edit{SetPath: &p})
		}
	}
	return edits
}

func (c change) line(ctx context.Context, edits []intent.Edit) error {
	before, err := interfaces(c.demo, "sim")
	if err != nil {
		return err
	}
	s, err := c.edit(ctx, "sim-out is removed", intent.Edit{RemoveNetwork: simOut})
	if err != nil {
		return err
	}
	after, err := interfaces(c.demo, "sim")
	if err != nil {
		return err
	}
	c.demo.check("what is left of sim-out", "0 networks, 1 interface gone",
		fmt.Sprintf("%d networks, %d interface gone", len(only(s, simOut).Networks), before-after))
	s, err = c.edit(ctx, "sim-out is created", edits...)
	if err != nil {
		return err
	}
	ms, err := openMembers(c.demo.plan.Lab, only(s, simOut))
	if err != nil {
		return err
	}
	defer func() { _ = ms.close() }() // only read from
	return c.demo.checkFrames(ctx, ms)
}
