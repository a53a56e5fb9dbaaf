package controller

import (
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// A Door serves until its context ends.
type Door func(context.Context, *tls.Config) error

// more opens the doors that not every controller has.
func (o Options) more(ctx context.Context, group *errgroup.Group, l *leader, config *tls.Config, log *slog.Logger) error {
	for _, door := range l.actor.Doors {
		group.Go(func() error { return door(ctx, config) })
	}
	if o.Guests == "" {
		return nil
	}
	guests, err := web.Listen(ctx, o.Guests)
	if err != nil {
		return err
	}
	server := guestServer(l, log)
	group.Go(func() error { return server.Serve(ctx, guests) })
	group.Go(func() error { l.links.watchGuests(ctx); return nil })
	log.Warn("switches without an agent may connect, without TLS: keep this address to their network", "openflow", o.Guests)
	return nil
}

// guestServer takes switches that no agent keeps. They have no certificate, so
// that any identifier is believed that is not one of ours.
func guestServer(l *leader, log *slog.Logger) *openflow.Server {
	s := openFlowServer(l.actor, l.links, l.term.Generation, l.doubt, log)
	s.Config.Allow = func(dpid slice.DPID, _ *tls.ConnectionState) error {
		return l.actor.refused(dpid, l.actor.Fabric.Guest(dpid))
	}
	return s
}

// watchGuests has the ports of switches without an agent looked at again when
// networks change: a port that a network takes is a tenant's from then on, and
// gets no probe.
func (l *links) watchGuests(ctx context.Context) {
	for {
		changed, _ := l.fabric.Changes()
		l.mu.Lock()
		guests := slices.Collect(maps.Keys(l.guests))
		l.mu.Unlock()
		for _, d := range guests {
			if l.fabric.Hosts(d) {
				l.prober.Changed(d)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// probed returns a switch as the prober sees it.
func (l *links) probed(s *openflow.Session) discovery.Switch {
	if l.fabric.Hosts(s.DPID()) {
		return marked{s}
	}
	return s
}

// marked is a switch without an agent. Its probes have a VNI, so that they find
// tunnels that carry one, and no other port.
type marked struct{ *openflow.Session }

// Send implements discovery.Switch.
func (m marked) Send(ctx context.Context, out slice.Port, frame []byte) error {
	return m.SendTunnel(ctx, out, discovery.VNI, frame)
}

// refused tells of a switch that is not let in.
func (a Actor) refused(d slice.DPID, err error) error {
	if err != nil && a.Refused != nil {
		a.Refused(d, err)
	}
	return err
}
