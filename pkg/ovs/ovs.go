// Package ovs drives one Open vSwitch through its database: it reads a bridge
// as a value, carries changes out, and tells when something changed. It
// decides nothing, sends no flows, and starts no daemon.
//
//	db, err := ovs.Open(ctx, ovs.Config{Socket: "/run/openvswitch/db.sock"})
package ovs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Config says where the database is. Zero fields have good defaults.
type Config struct {
	Socket string        // path of the UNIX socket; default /run/openvswitch/db.sock
	Local  netip.Addr    // source address of tunnels; default: the switch chooses
	Wait   time.Duration // how long the switch may take for a change; default 5 s
	Log    *slog.Logger  // default: nowhere
}

// retry is the pause between two attempts to reach the database.
const retry = 200 * time.Millisecond

// A Database is a connection to the database of a switch. It reconnects by
// itself; while the database is away every call fails with Unavailable.
type Database struct {
	cfg     Config
	changed chan struct{}
	cancel  context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	session client.Client // nil while there is no connection
}

// Open connects to the database, and waits for it as long as ctx allows. The
// connection lives until Close, whatever becomes of ctx.
func Open(ctx context.Context, cfg Config) (*Database, error) {
	cfg.Socket = cmp.Or(cfg.Socket, "/run/openvswitch/db.sock")
	cfg.Wait = cmp.Or(cfg.Wait, 5*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	d := &Database{cfg: cfg, changed: make(chan struct{}, 1), done: make(chan struct{})}
	first, err := d.reach(ctx)
	if err != nil {
		return nil, err
	}
	d.use(first)
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.cancel = cancel
	go d.keep(life, first)
	return d, nil
}

// Close ends the connection and waits until nothing of it runs any more.
func (d *Database) Close() {
	d.cancel()
	<-d.done
}

// Changed delivers a value after something changed in the database. Many
// changes in a row may be one value.
func (d *Database) Changed() <-chan struct{} { return d.changed }

// keep replaces a lost connection by a new one, until ctx ends.
func (d *Database) keep(ctx context.Context, c client.Client) {
	defer close(d.done)
	for {
		lost(ctx, c)
		d.use(nil)
		c.Close()
		if ctx.Err() != nil {
			return
		}
		d.cfg.Log.Warn("database lost", "socket", d.cfg.Socket)
		next, err := d.reach(ctx)
		if err != nil {
			return // ctx ended
		}
		c = next
		d.use(c)
		d.cfg.Log.Info("database back", "socket", d.cfg.Socket)
	}
}

// lost returns when a connection is lost or ctx ends. The client drops the
// notice when nobody listens at that moment, so its state is looked at too.
func lost(ctx context.Context, c client.Client) {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for c.Connected() {
		select {
		case <-ctx.Done():
			return
		case <-c.DisconnectNotify():
			return
		case <-tick.C:
		}
	}
}

// reach connects, and tries again until ctx ends.
func (d *Database) reach(ctx context.Context) (client.Client, error) {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for {
		c, err := d.dial(ctx)
		if err == nil {
			return c, nil
		}
		d.cfg.Log.Debug("database does not answer", "socket", d.cfg.Socket, "error", err)
		select {
		case <-ctx.Done():
			return nil, slice.Errorf(slice.Unavailable, "open database %s: %w", d.cfg.Socket, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// dial makes one connection with a filled cache.
func (d *Database) dial(ctx context.Context) (client.Client, error) {
	rows, err := tables()
	if err != nil {
		return nil, err
	}
	log := logr.FromSlogHandler(d.cfg.Log.Handler())
	c, err := client.NewOVSDBClient(rows, client.WithEndpoint("unix:"+d.cfg.Socket), client.WithLogger(&log))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Wait)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		c.Close()
		return nil, err
	}
	c.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(string, model.Model) { d.notify() },
		UpdateFunc: func(string, model.Model, model.Model) { d.notify() },
		DeleteFunc: func(string, model.Model) { d.notify() },
	})
	if err := monitor(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// monitor asks for the columns of the rows.
func monitor(ctx context.Context, c client.Client) error {
	var (
		o rootRow
		b bridgeRow
		k controllerRow
		p portRow
		i interfaceRow
		s sslRow
	)
	_, err := c.Monitor(ctx, c.NewMonitor(
		client.WithTable(&o, &o.Bridges, &o.NextCfg, &o.CurCfg, &o.SSL),
		client.WithTable(&b, &b.Name, &b.DatapathType, &b.FailMode, &b.Protocols, &b.OtherConfig, &b.Controller, &b.Ports),
		client.WithTable(&k, &k.Target, &k.InactivityProbe, &k.MaxBackoff),
		client.WithTable(&p, &p.Name, &p.Interfaces),
		client.WithTable(&i, &i.Name, &i.Type, &i.Options, &i.OfportRequest, &i.Ofport, &i.LinkState, &i.Error,
			&i.MTURequest, &i.BFD, &i.BFDStatus, &i.ExternalIDs),
		client.WithTable(&s, &s.PrivateKey, &s.Certificate, &s.CACert),
	))
	if err != nil {
		return fmt.Errorf("monitor: %w", err)
	}
	return nil
}

// use makes a connection the current one.
func (d *Database) use(c client.Client) {
	d.mu.Lock()
	d.session = c
	d.mu.Unlock()
	d.notify()
}

// current returns the connection, if there is one.
func (d *Database) current() (client.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil || !d.session.Connected() {
		return nil, slice.Errorf(slice.Unavailable, "database %s is away", d.cfg.Socket)
	}
	return d.session, nil
}

func (d *Database) notify() {
	select {
	case d.changed <- struct{}{}:
	default: // one is waiting already
	}
}
