// Package node wires what the agents of a node have in common: the switch's
// database, the underlay, the line to the controller, and the door for
// operators. It decides nothing; sps and ned add what is theirs.
//
//	err := options.Run(ctx, os.Stderr, node.Actor{Name: "ned", Server: pki.SCO, New: ned.New})
package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/ovs"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// underlay is the bridge that carries tunnels in the userspace datapath.
const underlay = "br-phy"

// Options are what both commands are told.
type Options struct {
	Domain, Node    string
	Controller      string
	OVSDB, Datapath string
	Uplink          string
	Tunnel          netip.Prefix
	Gateway         netip.Addr
	Cert, Key, CA   string
	Admin, LogLevel string
}

// An Actor is what sets a command apart.
type Actor struct {
	Name    string       // sps or ned
	Version string       // of the program
	Server  pki.Identity // whom it obeys
	New     func(agent.Switch, agent.Controller, agent.Config) *agent.Agent
}

// Flags binds the options to flags.
func (o *Options) Flags(f *pflag.FlagSet) {
	f.StringVar(&o.Domain, "domain", "", "domain of the node (required)")
	f.StringVar(&o.Node, "node", "", "name of the node (required)")
	f.StringVar(&o.Controller, "controller", "", "HOST:PORT of the controller, or of its replicas, comma-separated (required)")
	f.StringVar(&o.OVSDB, "ovsdb", "/run/openvswitch/db.sock", "socket of the switch's database")
	f.StringVar(&o.Datapath, "datapath", "netdev", "netdev (user space) or system (kernel)")
	f.StringVar(&o.Uplink, "uplink", "", "interface by which tunnels leave")
	f.TextVar(&o.Tunnel, "tunnel-address", netip.Prefix{}, "address of the tunnel end, with its prefix length (required)")
	f.TextVar(&o.Gateway, "gateway", netip.Addr{}, "gateway to other tunnel ends")
	f.StringVar(&o.Cert, "tls-cert", "", "certificate, PEM (required)")
	f.StringVar(&o.Key, "tls-key", "", "key of the certificate, PEM (required)")
	f.StringVar(&o.CA, "tls-ca", "", "authority that both sides trust, PEM (required)")
	f.StringVar(&o.Admin, "admin", "", "HOST:PORT or unix:PATH for health and metrics; none if empty")
	f.StringVar(&o.LogLevel, "log-level", "info", "debug, info, warn or error")
}

// Run wires the agent and runs it until ctx ends.
func (o Options) Run(ctx context.Context, stderr io.Writer, actor Actor) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := program.Log(stderr, actor.Name, o.LogLevel)
	if err != nil {
		return err
	}
	config, err := pki.ClientTLS(o.Cert, o.Key, o.CA, actor.Server)
	if err != nil {
		return err
	}
	line, err := api.Dial(o.Controller, config)
	if err != nil {
		return err
	}
	defer func() { _ = line.Close() }() // the process ends anyway
	db, err := ovs.Open(ctx, ovs.Config{Socket: o.OVSDB, Local: o.Tunnel.Addr(), Log: log})
	if err != nil {
		return err
	}
	defer db.Close()
	a := actor.New(db, api.NewNodeClient(line), o.agent(log))
	return o.serve(ctx, log, actor, db, a)
}

// serve runs the parts side by side until ctx ends or the door fails.
func (o Options) serve(ctx context.Context, log *slog.Logger, actor Actor, db *ovs.Database, a *agent.Agent) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var fault error // of the door; read when all parts have ended
	var group sync.WaitGroup
	group.Go(func() { a.Run(ctx) })
	group.Go(func() { o.keys(ctx, db, log) })
	if o.Datapath == "netdev" && o.Uplink != "" {
		group.Go(func() { o.road().Keep(ctx, db, roads{}, log) })
	}
	if o.Admin != "" {
		group.Go(func() {
			conf := nbi.Config{Ready: a.Ready, Logger: log, Version: actor.Version, Metrics: func() []nbi.Sample { return samples(actor.Name, a) }}
			if err := nbi.Serve(ctx, o.Admin, conf); err != nil {
				fault = fmt.Errorf("serve %s: %w", o.Admin, err)
				cancel()
			}
		})
	}
	group.Wait()
	return fault
}

// check names the options that are missing.
func (o Options) check() error {
	for _, required := range []struct {
		flag string
		ok   bool
	}{
		{"domain", o.Domain != ""},
		{"node", o.Node != ""},
		{"controller", o.Controller != ""},
		{"tunnel-address", o.Tunnel.IsValid()},
		{"tls-cert", o.Cert != ""},
		{"tls-key", o.Key != ""},
		{"tls-ca", o.CA != ""},
	} {
		if !required.ok {
			return slice.Errorf(slice.Invalid, "--%s is required", required.flag)
		}
	}
	if o.Datapath != "netdev" && o.Datapath != "system" {
		return slice.Errorf(slice.Invalid, "--datapath is %q, not netdev or system", o.Datapath)
	}
	return nil
}

func (o Options) agent(log *slog.Logger) agent.Config {
	cfg := agent.Config{
		Domain: slice.Domain(o.Domain), Node: slice.Node(o.Node),
		Datapath: o.Datapath, Tunnel: o.Tunnel.Addr(), Log: log,
	}
	if o.Uplink != "" {
		cfg.MTU = func() (int, error) { return netns.MTU("", o.Uplink) }
	}
	return cfg
}

func (o Options) road() agent.Underlay {
	return agent.Underlay{Bridge: underlay, Uplink: o.Uplink, Address: o.Tunnel, Gateway: o.Gateway}
}

// again is how often the switch is told its key files. It reads the files
// itself when they change.
const again = 10 * time.Second

// keys tells the switch which key and certificate it has for its controllers.
func (o Options) keys(ctx context.Context, db *ovs.Database, log *slog.Logger) {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		if err := db.TLS(ctx, o.Key, o.Cert, o.CA); err != nil && ctx.Err() == nil {
			log.Warn("switch not told its keys", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// roads introduces the underlay to the kernel.
type roads struct{}

func (roads) Bare(ifname string) (slice.MAC, int, error) { return netns.Bare("", ifname) }

func (roads) Carry(ifname string, address netip.Prefix, gateway netip.Addr) error {
	return netns.Carry("", ifname, address, gateway)
}

// samples are the counters of an agent.
func samples(name string, a *agent.Agent) []nbi.Sample {
	gauge := func(thing, help string, on bool) nbi.Sample {
		s := nbi.Sample{Name: "l2sces_" + name + "_" + thing, Help: help, Type: nbi.Gauge}
		if on {
			s.Value = 1
		}
		return s
	}
	return []nbi.Sample{
		gauge("controller_connected", "1 while the controller is there.", a.Connected()),
		gauge("bridge_as_wanted", "1 while the bridge is as its controller wants it.", a.Ready() == nil),
	}
}
