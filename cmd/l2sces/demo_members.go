package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// streams hands out numbers of streams that nobody else uses.
type streams struct{ last atomic.Uint32 }

func (s *streams) next() probe.Stream { return probe.Stream(s.last.Add(1)) }

// A member is one port of a network, found in the namespace of its workload.
type member struct {
	intent.MemberStatus
	network slice.NetworkID
	mtu     uint32
	port    probe.Port
	seen    *probe.Receiver // all marks that reach the port
}

func (m *member) String() string { return m.network.String() + "/" + string(m.Name) }

// members are all ports of some slices, with a capture on each.
type members []*member

// openMembers finds the ports of slices and starts to watch them.
func openMembers(l lab.Lab, all ...intent.Status) (members, error) {
	var ms members
	for _, s := range all {
		for _, n := range s.Networks {
			for _, one := range n.Members {
				m := &member{MemberStatus: one, network: slice.NetworkID{Slice: s.ID, Network: n.Name}, mtu: n.MTU}
				if err := m.open(l); err != nil {
					return nil, errors.Join(fmt.Errorf("member %s: %w", m, err), ms.close())
				}
				ms = append(ms, m)
			}
		}
	}
	return ms, nil
}

func (m *member) open(l lab.Lab) error {
	name := l.Namespace(string(m.Name))
	ports, err := probe.Ports(func(f func() error) error { return netns.Do(name, f) })
	if err != nil {
		return err
	}
	for _, p := range ports {
		if p.MAC != m.MAC {
			continue
		}
		m.port = p
		m.seen, err = p.Capture()
		return err
	}
	return slice.Errorf(slice.NotFound, "no interface with address %s in namespace %s", m.MAC, name)
}

func (ms members) close() error {
	var errs []error
	for _, m := range ms {
		errs = append(errs, m.seen.Close())
	}
	return errors.Join(errs...)
}

// networks groups members by their network, in the order of the slices.
func (ms members) networks() []members {
	var groups []members
	for _, m := range ms {
		if n := len(groups); n > 0 && groups[n-1][0].network == m.network {
			groups[n-1] = append(groups[n-1], m)
			continue
		}
		groups = append(groups, members{m})
	}
	return groups
}

// of returns the members of one network.
func (ms members) of(n slice.NetworkID) members {
	var some members
	for _, m := range ms {
		if m.network == n {
			some = append(some, m)
		}
	}
	return some
}

// but returns the members without one.
func (ms members) but(one *member) members {
	var some members
	for _, m := range ms {
		if m != one {
			some = append(some, m)
		}
	}
	return some
}

// addressed returns the members that have an address.
func (ms members) addressed() members {
	var some members
	for _, m := range ms {
		if m.Address.IsValid() {
			some = append(some, m)
		}
	}
	return some
}

// withMAC returns the members that have a hardware address.
func (ms members) withMAC(mac slice.MAC) members {
	var some members
	for _, m := range ms {
		if m.MAC == mac {
			some = append(some, m)
		}
	}
	return some
}

// firstFrames sends frames in every network until each member has got one.
func (d *demo) firstFrames(ctx context.Context, s intent.Status) error {
	ms, err := openMembers(d.plan.Lab, s)
	if err != nil {
		return err
	}
	defer func() { _ = ms.close() }() // only read from
	for _, network := range ms.networks() {
		if err := d.firstFrame(ctx, network); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) firstFrame(ctx context.Context, network members) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	stream, from := d.streams.next(), network[0]
	sent := make(chan error, 1)
	sending, enough := context.WithCancel(ctx)
	go func() {
		sent <- from.port.Send(sending, probe.Frames{To: slice.Broadcast, Stream: stream, Every: 2 * time.Millisecond})
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	missing := func(m *member) bool { return m.seen.Count(stream).Once == 0 }
	err := error(nil)
	for err == nil && anyOf(network.but(from), missing) {
		select {
		case <-ctx.Done():
			err = slice.Errorf(slice.Unavailable, "no frame from %s reached every member within %s", from, readyTime)
		case <-tick.C:
		}
	}
	enough()
	return errors.Join(err, <-sent)
}

func anyOf(ms members, f func(*member) bool) bool {
	for _, m := range ms {
		if f(m) {
			return true
		}
	}
	return false
}
