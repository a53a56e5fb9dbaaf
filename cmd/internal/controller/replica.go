package controller

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/web"
)

// replica is this process among those that share a store. It leads, or it is a
// standby that touches no switch. One with a file leads at once.
type replica struct {
	options Options
	seat    *store.Seat
	tls     *tls.Config
	log     *slog.Logger
	build   func(Parts) (Actor, error)
	leads   atomic.Pointer[leader] // nil in a standby
}

// leader is what a replica consists of while it leads. It is built anew from
// the store for each term.
type leader struct {
	actor Actor
	links *links
	flows *openflow.Server
	term  *store.Term

	doubts chan struct{} // a switch says that it obeys another
}

// doubt has the leader ask its store whether it is still that. A switch alone
// does not depose it: one that lies would be all it takes.
func (l *leader) doubt() {
	select {
	case l.doubts <- struct{}{}:
	default: // it will ask anyway
	}
}

func (l *leader) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.doubts:
			l.term.Check(ctx)
		}
	}
}

// take takes this process's seat at the store.
func (o Options) take() (*store.Seat, error) {
	conf := store.SeatConfig{Owner: o.Owner, Self: o.Listen}
	if store.Shared(o.Store) {
		var err error
		if conf.TLS, err = pki.HostTLS(o.Cert, o.Key, o.CA); err != nil {
			return nil, err
		}
	}
	return store.Take(o.Store, conf)
}

// targets are the OVS targets of all replicas, the same at each of them.
func (o Options) targets() []string {
	own := o.OpenFlow
	if o.Advertise != "" {
		own = o.Advertise
	}
	all := []string{"ssl:" + own}
	for _, other := range o.Replicas {
		all = append(all, "ssl:"+other)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// run leads for as many terms as it gets, until ctx ends.
func (r *replica) run(ctx context.Context) error {
	for ctx.Err() == nil {
		term, err := r.await(ctx)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				term.End()
			}
			return nil
		case err != nil:
			return err
		}
		err = r.lead(ctx, term)
		term.End()
		if err != nil {
			return err
		}
	}
	return nil
}

// await is a standby until this process leads.
func (r *replica) await(ctx context.Context) (*store.Term, error) {
	if r.seat.Alone() {
		return r.seat.Lead(ctx)
	}
	listeners, err := r.options.doors(ctx)
	if err != nil {
		return nil, err
	}
	calls := api.NewServer(api.ServerConfig{TLS: r.tls, Logger: r.log, Identify: identify, Standby: r.seat.Waits})
	var serving sync.WaitGroup
	defer serving.Wait()
	defer calls.Stop()
	for _, l := range listeners {
		serving.Go(func() { _ = calls.Serve(l) }) // ends with the wait, and then the leader tells a fault of the door
	}
	r.log.Info("standby", "grpc", r.options.Listen)
	return r.seat.Lead(ctx)
}

// lead serves as the leader until the term is lost or ctx ends.
func (r *replica) lead(ctx context.Context, term *store.Term) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-ctx.Done():
		case <-term.Lost():
			r.log.Warn("this process leads no more", "reason", term.Cause().Error())
			cancel()
		}
	})
	actor, err := r.build(Parts{Store: term.Store, Controllers: r.options.targets(), BFD: r.options.BFD, Logger: r.log})
	if err != nil {
		if !r.seat.Alone() && slice.KindOf(err) == slice.Unavailable {
			r.log.Warn("cannot lead", "reason", err.Error())
			pause(ctx)
			return nil
		}
		return err
	}
	watched, err := newLinks(actor.Fabric, term.Store, r.options.Probes, r.log)
	if err != nil {
		return err
	}
	now := &leader{actor: actor, links: watched, term: term, doubts: make(chan struct{}, 1)}
	now.flows = openFlowServer(actor, now.links, term.Generation, now.doubt, r.log)
	r.leads.Store(now)
	defer r.leads.Store(nil)
	return r.options.serve(ctx, now, r.tls, r.log)
}

func pause(ctx context.Context) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// ready says why this process does not serve. A standby never does.
func (r *replica) ready() error {
	if l := r.leads.Load(); l != nil {
		return l.actor.Ready()
	}
	return r.seat.Waits()
}

// samples are the counters of the process, and those of the leader while it is
// that.
func (r *replica) samples() []nbi.Sample {
	leads := nbi.Sample{Name: "l2sces_" + r.options.Name + "_leader", Help: "1 while this process leads, 0 in a standby.", Type: nbi.Gauge}
	l := r.leads.Load()
	if l == nil {
		return []nbi.Sample{leads}
	}
	leads.Value = 1
	return append(append(samples(r.options.Name, l.actor.Fabric, l.flows.Stats()), l.links.samples(r.options.Name)...), leads)
}

// doors opens the doors for gRPC. In a standby the one for switches is only
// tried, so that a taken port is told before it matters: a switch that finds it
// closed tries the next controller.
func (o Options) doors(ctx context.Context) ([]net.Listener, error) {
	switches, err := web.Listen(ctx, o.OpenFlow)
	if err != nil {
		return nil, err
	}
	if err := switches.Close(); err != nil {
		return nil, err
	}
	return o.calls(ctx)
}

// calls opens the doors for gRPC.
func (o Options) calls(ctx context.Context) ([]net.Listener, error) {
	addresses := []string{o.Listen}
	if o.Unix != "" {
		addresses = append(addresses, "unix:"+o.Unix)
	}
	var all []net.Listener
	for _, a := range addresses {
		l, err := web.Listen(ctx, a)
		if err != nil {
			for _, open := range all {
				_ = open.Close() // the other error counts
			}
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// identify reads the name of a caller from its certificate.
func identify(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	return string(id), err
}
