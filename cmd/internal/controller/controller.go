// Package controller wires what sco and sdnc have in common: a store, a gRPC
// server for callers and agents, an OpenFlow server for switches, and the door
// for operators. It decides nothing.
//
//	err := options.Run(ctx, os.Stderr, func(p controller.Parts) (controller.Actor, error) { ... })
package controller

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/web"
)

// Options are what both commands are told.
type Options struct {
	Name            string // sco or sdnc
	Owner           string // whose state it is: the same for all replicas
	Version         string // of the program
	Listen, Unix    string
	OpenFlow        string
	Advertise       string
	Replicas        []string
	Store           string
	Cert, Key, CA   string
	Admin, LogLevel string
	Guests          string // HOST:PORT for switches without an agent
	FirstNumber     uint32
	LastNumber      uint32
	Rest            time.Duration // of numbers and labels that were given back; 0: none
	Budget          int           // flows of a switch
	BFD             time.Duration // between frames by which switches watch tunnels; 0: none
	Probes          time.Duration // between probes of a link
}

// Parts are what an actor is built from.
type Parts struct {
	Store       *store.Store
	Controllers []string // OVS targets of all replicas of this controller
	BFD         time.Duration
	Logger      *slog.Logger
}

// An Actor is what sets a command apart.
type Actor struct {
	Bridge string // of the switches that it commands
	Fabric *fabric.Fabric
	Ready  func() error
	// Run is the actor's own loop; nil if it has none.
	Run func(context.Context)
	// Doors are what the actor serves besides, with the TLS of the process.
	Doors []Door
	// Refused is told of switches that were not let in; it may be nil.
	Refused func(slice.DPID, error)
	// Serve registers the actor's service.
	Serve func(*grpc.Server)
	// Authorize decides whether a caller may use a method.
	Authorize func(caller, method string) error
	// Admit finds out what a caller may do, who need not have a certificate then;
	// nil: callers have certificates, and Authorize is all there is.
	Admit func(ctx context.Context, name, authorization string) (context.Context, error)
}

// Flags binds the options to flags.
func (o *Options) Flags(f *pflag.FlagSet) {
	f.StringVar(&o.Listen, "listen", "", "HOST:PORT for gRPC (required)")
	f.StringVar(&o.Unix, "unix", "", "socket for gRPC on this machine as well; none if empty")
	f.StringVar(&o.OpenFlow, "openflow", "", "HOST:PORT for switches (required)")
	f.StringVar(&o.Advertise, "openflow-advertise", "", "HOST:PORT that switches are told to call; empty: the same")
	f.StringSliceVar(&o.Replicas, "replicas", nil, "HOST:PORT for switches of the other replicas, comma-separated")
	f.StringVar(&o.Store, "store", "", "file of the durable state, or etcd://HOST:PORT[,HOST:PORT...]/PREFIX that replicas share (required)")
	f.StringVar(&o.Cert, "tls-cert", "", "certificate, PEM (required)")
	f.StringVar(&o.Key, "tls-key", "", "key of the certificate, PEM (required)")
	f.StringVar(&o.CA, "tls-ca", "", "authority that both sides trust, PEM (required)")
	f.StringVar(&o.Admin, "admin", "", "HOST:PORT or unix:PATH for health and metrics; none if empty")
	f.StringVar(&o.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.Uint32Var(&o.FirstNumber, "vni-first", 1, "lowest VNI that networks get")
	f.DurationVar(&o.Rest, "quarantine", 30*time.Second, "time for which a VNI or a label that was given back is kept from a new owner, until a quarter of all were given; 0: none")
	f.IntVar(&o.Budget, "flows", 0, "flows that a switch may have; 0: any number")
	f.Uint32Var(&o.LastNumber, "vni-last", uint32(slice.LastNetwork), "highest VNI that networks get")
	f.DurationVar(&o.BFD, "bfd", 300*time.Millisecond, "time between frames by which switches watch their tunnels, at least 100ms; 0: they do not")
	f.DurationVar(&o.Probes, "probe-interval", time.Second, "time between probes of a link, at least 50ms; a link that loses frames is found within three")
}

// Run builds the actor and serves it until ctx ends or a server fails.
func (o Options) Run(ctx context.Context, stderr io.Writer, build func(Parts) (Actor, error)) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := program.Log(stderr, o.Name, o.LogLevel)
	if err != nil {
		return err
	}
	config, err := pki.ServerTLS(o.Cert, o.Key, o.CA)
	if err != nil {
		return err
	}
	seat, err := o.take()
	if err != nil {
		return err
	}
	defer func() { _ = seat.Close() }() // every write was durable when it was made
	r := &replica{options: o, seat: seat, tls: config, log: log, build: build}
	group, ctx := errgroup.WithContext(ctx)
	if o.Admin != "" {
		conf := nbi.Config{Ready: r.ready, Logger: log, Version: o.Version, Metrics: r.samples}
		group.Go(func() error { return nbi.Serve(ctx, o.Admin, conf) })
	}
	group.Go(func() error { return r.run(ctx) })
	return group.Wait()
}

func (o Options) check() error {
	for _, required := range []struct{ flag, value string }{
		{"listen", o.Listen},
		{"openflow", o.OpenFlow},
		{"store", o.Store},
		{"tls-cert", o.Cert},
		{"tls-key", o.Key},
		{"tls-ca", o.CA},
	} {
		if required.value == "" {
			return slice.Errorf(slice.Invalid, "--%s is required", required.flag)
		}
	}
	if o.Budget < 0 {
		return slice.Errorf(slice.Invalid, "--flows: %d is less than nothing", o.Budget)
	}
	if o.Rest < 0 {
		return slice.Errorf(slice.Invalid, "--quarantine: %s is less than nothing", o.Rest)
	}
	if o.FirstNumber == 0 || o.LastNumber < o.FirstNumber || o.LastNumber > uint32(slice.LastNetwork) {
		return slice.Errorf(slice.Invalid, "--vni-first and --vni-last: %d to %d is no range within 1 to %d", o.FirstNumber, o.LastNumber, slice.LastNetwork)
	}
	if o.BFD != 0 && (o.BFD < 100*time.Millisecond || o.BFD > time.Minute) {
		return slice.Errorf(slice.Invalid, "--bfd is %s, neither 0 nor 100ms to 1m", o.BFD)
	}
	if o.Probes < 50*time.Millisecond || o.Probes > time.Minute {
		return slice.Errorf(slice.Invalid, "--probe-interval is %s, not 50ms to 1m", o.Probes)
	}
	return nil
}

// serve opens every door before it serves any, so that a taken port is told
// before a switch is touched.
func (o Options) serve(ctx context.Context, l *leader, config *tls.Config, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	listeners, err := o.calls(ctx)
	if err != nil {
		return err
	}
	switches, err := web.Listen(ctx, o.OpenFlow)
	if err != nil {
		return err
	}
	calls := grpcServer(l.actor, l.links, config, log)
	for _, door := range listeners {
		group.Go(func() error { return calls.Serve(door) })
	}
	group.Go(func() error { return l.flows.Serve(ctx, tls.NewListener(switches, switchTLS(config))) })
	if err := o.more(ctx, group, l, config, log); err != nil {
		return err
	}
	group.Go(func() error { l.watch(ctx); return nil })
	group.Go(func() error { l.links.prober.Run(ctx); return nil })
	if l.actor.Run != nil {
		group.Go(func() error { l.actor.Run(ctx); return nil })
	}
	group.Go(func() error {
		<-ctx.Done()
		stop(calls)
		return nil
	})
	log.Info("serving", "grpc", o.Listen, "openflow", o.OpenFlow)
	return group.Wait()
}

// stop lets calls end, but not for ever: agents hold their streams.
func stop(s *grpc.Server) {
	timer := time.AfterFunc(time.Second, s.Stop)
	defer timer.Stop()
	s.GracefulStop()
}

func grpcServer(actor Actor, nodes api.Nodes, config *tls.Config, log *slog.Logger) *grpc.Server {
	if actor.Admit != nil {
		config = pki.WithTokens(config)
	}
	s := api.NewServer(api.ServerConfig{
		TLS: config, Logger: log, Authorize: actor.Authorize,
		Identify: identify, Admit: actor.Admit,
	})
	api.ServeNodes(s, nodes, speaksFor(actor.Bridge))
	actor.Serve(s)
	return s
}

// speaksFor lets an agent report for its own node and this bridge only.
func speaksFor(name string) func(string, bridge.Report) error {
	return func(caller string, r bridge.Report) error {
		if want := pki.Node(r.Domain, r.Node); pki.Identity(caller) != want {
			return slice.Errorf(slice.Denied, "%s may not speak for node %s of domain %s", caller, r.Node, r.Domain)
		}
		if r.Bridge != name {
			return slice.Errorf(slice.Invalid, "bridge %s is not kept here, %s is", r.Bridge, name)
		}
		return nil
	}
}

// switchTLS is the configuration for switches: the same certificates, and the
// version of TLS that older Open vSwitch builds speak.
func switchTLS(config *tls.Config) *tls.Config {
	c := config.Clone()
	c.MinVersion = tls.VersionTLS12
	return c
}

func openFlowServer(actor Actor, l *links, generation uint64, superseded func(), log *slog.Logger) *openflow.Server {
	return &openflow.Server{Config: openflow.Config{
		Logger: log, Tables: pipeline.Tables, Generation: generation, Superseded: superseded, Round: actor.Fabric.Round(),
		Refused: actor.Fabric.Engine().Refuse,
		Events:  l.event,
		Allow: func(dpid slice.DPID, peer *tls.ConnectionState) error {
			return actor.refused(dpid, allow(actor.Bridge, dpid, peer))
		},
		Handler: func(ctx context.Context, s *openflow.Session) {
			if err := l.serve(ctx, s); err != nil && ctx.Err() == nil {
				log.Warn("switch let go", "dpid", s.DPID().String(), "reason", err.Error())
			}
		},
	}}
}

// allow pins the identifier of a switch to its certificate: only the node that
// a bridge is on can connect as that bridge.
func allow(name string, dpid slice.DPID, peer *tls.ConnectionState) error {
	if peer == nil {
		return slice.Errorf(slice.Denied, "switch %s came without TLS", dpid)
	}
	id, err := pki.PeerIdentity(*peer)
	if err != nil {
		return err
	}
	domain, node, ok := id.Node()
	if !ok || slice.DPIDOf(domain, node, name) != dpid {
		return slice.Errorf(slice.Denied, "%s may not connect as switch %s", id, dpid)
	}
	return nil
}

// samples are the counters of a controller.
func samples(name string, f *fabric.Fabric, of openflow.Stats) []nbi.Sample {
	st, refused := f.Engine().Stats(), f.Engine().Refused()
	nodes := f.Nodes()
	online := 0
	for _, n := range nodes {
		if n.Online {
			online++
		}
	}
	prefix := "l2sces_" + name + "_"
	gauge := func(name, help string, v int) nbi.Sample {
		return nbi.Sample{Name: prefix + name, Help: help, Type: nbi.Gauge, Value: float64(v)}
	}
	counter := func(name, help string, v uint64) nbi.Sample {
		return nbi.Sample{Name: name, Help: help, Type: nbi.Counter, Value: float64(v)}
	}
	return []nbi.Sample{
		gauge("networks", "Networks that are wanted on the fabric.", len(f.Networks())),
		gauge("nodes", "Nodes that ever joined.", len(nodes)),
		gauge("nodes_online", "Nodes whose agent is there.", online),
		gauge("switches_connected", "Switches that are connected.", st.Switches),
		counter(prefix+"resyncs_total", "Full comparisons with a switch, one for each connection.", st.Syncs),
		counter(prefix+"refused_changes_total", "Changes that a switch refused.", st.Faults),
		counter(prefix+"refused_duplicates_total", "Switches refused because a connected one has their identifier.", refused["duplicate"]),
		counter(prefix+"refused_strangers_total", "Switches refused because of their certificate.", refused["denied"]),
		counter(prefix+"refused_others_total", "Switches refused for another reason.", refused["other"]),
		counter("l2sces_openflow_mods_total", "Flow-, group- and meter-mods sent to switches.", of.Mods()),
	}
}
