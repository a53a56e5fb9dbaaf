package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin"
	"github.com/l2sces/l2sces/plugin/ee"
)

// readyTimeout is how long the SCO may take to say that it lives.
const readyTimeout = 2 * time.Second

type options struct {
	listen, sco     string
	cert, key, ca   string
	admin, logLevel string
	ee              environment
	connectors      connectors
	watch           watching
}

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "listen", "", "HOST:PORT or unix:PATH for orders; none if empty")
	f.StringVar(&o.sco, "sco", "", "HOST:PORT or unix:PATH of the SCO, or of its replicas, comma-separated (required unless --ee stands alone)")
	f.StringVar(&o.cert, "tls-cert", "", "certificate, PEM (required with --sco)")
	f.StringVar(&o.key, "tls-key", "", "key of the certificate, PEM (required with --sco)")
	f.StringVar(&o.ca, "tls-ca", "", "authority that all sides trust, PEM (required with --sco)")
	f.StringVar(&o.admin, "admin", "", "HOST:PORT or unix:PATH for health and metrics; none if empty")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	o.ee.flags(f)
	o.connectors.flags(f)
	o.watch.flags(f)
}

func (o options) check() error {
	if err := errors.Join(o.ee.check(), o.connectors.check(o)); err != nil {
		return err
	}
	switch {
	case o.listen != "":
	case o.ee.listen == "" && o.connectors.listen == "" && !o.watch.wanted():
		return slice.Errorf(slice.Invalid, "nothing is to be served: give --listen, --osm-listen, --nbi or --ee")
	default:
		return nil
	}
	for _, required := range []struct{ flag, value string }{
		{"sco", o.sco},
		{"tls-cert", o.cert},
		{"tls-key", o.key},
		{"tls-ca", o.ca},
	} {
		if required.value == "" {
			return slice.Errorf(slice.Invalid, "--%s is required by --listen", required.flag)
		}
	}
	return nil
}

// run introduces the door to the SCO and serves until ctx ends.
func (o options) run(ctx context.Context, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	log, err := program.Log(stderr, "plugin", o.logLevel)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	shown := nbi.Config{Logger: log, Version: version}
	end, err := o.orders(ctx, group, &shown, log)
	if err != nil {
		return err
	}
	defer end()
	close, err := o.book(ctx, group, &shown, log)
	if err != nil {
		return err
	}
	defer close()
	if o.ee.listen != "" {
		x := o.executor(log)
		shown.Metrics = both(shown.Metrics, runs(x))
		group.Go(func() error { return o.ee.serve(ctx, x, log) })
	}
	if o.admin != "" {
		group.Go(func() error { return nbi.Serve(ctx, o.admin, shown) })
	}
	return group.Wait()
}

// orders opens the door for orders, if it is wanted, and returns what ends the
// line to the SCO.
func (o options) orders(ctx context.Context, group *errgroup.Group, shown *nbi.Config, log *slog.Logger) (func(), error) {
	if o.listen == "" {
		return func() {}, nil
	}
	client, err := pki.ClientTLS(o.cert, o.key, o.ca, pki.SCO)
	if err != nil {
		return nil, err
	}
	server, err := pki.ServerTLS(o.cert, o.key, o.ca)
	if err != nil {
		return nil, err
	}
	line, err := api.Dial(o.sco, client)
	if err != nil {
		return nil, err
	}
	end := func() { _ = line.Close() } // the process ends anyway
	l, err := web.Listen(ctx, o.listen)
	if err != nil {
		end()
		return nil, err
	}
	door := plugin.New(api.NewSliceClient(line), user, plugin.Config{Logger: log})
	shown.Ready = func() error { return scoServes(ctx, healthv1.NewHealthClient(line)) }
	shown.Metrics = samples(door)
	group.Go(func() error { return plugin.Serve(ctx, tls.NewListener(l, server), door) })
	return end, nil
}

// user lets people order slices, and nobody else: a node or a controller has
// no business at this door.
func user(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(string(id), string(pki.User(""))) {
		return "", slice.Errorf(slice.Denied, "%s may not order slices: only %sNAME may", id, pki.User(""))
	}
	return string(id), nil
}

// scoServes asks the SCO whether it lives.
func scoServes(ctx context.Context, client healthv1.HealthClient) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	answer, err := client.Check(ctx, &healthv1.HealthCheckRequest{})
	if err != nil {
		return slice.Errorf(slice.Unavailable, "the SCO does not answer: %w", err)
	}
	if answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		return slice.Errorf(slice.Unavailable, "the SCO is %s", strings.ToLower(answer.GetStatus().String()))
	}
	return nil
}

func samples(door *plugin.Door) func() []nbi.Sample {
	return func() []nbi.Sample {
		taken, refused := door.Orders()
		return []nbi.Sample{
			count("l2sces_plugin_orders_total", "Orders for slices, by what became of them.", "applied", taken),
			count("l2sces_plugin_orders_total", "Orders for slices, by what became of them.", "refused", refused),
		}
	}
}

func runs(x *ee.Executor) func() []nbi.Sample {
	return func() []nbi.Sample {
		done, failed := x.Runs()
		return []nbi.Sample{
			count("l2sces_plugin_primitives_total", "Primitives of OSM, by what became of them.", "done", done),
			count("l2sces_plugin_primitives_total", "Primitives of OSM, by what became of them.", "failed", failed),
		}
	}
}

func count(name, help, result string, n uint64) nbi.Sample {
	return nbi.Sample{Name: name, Help: help, Type: nbi.Counter, Labels: map[string]string{"result": result}, Value: float64(n)}
}

// both joins samples; the first may be nil.
func both(a, b func() []nbi.Sample) func() []nbi.Sample {
	if a == nil {
		return b
	}
	return func() []nbi.Sample { return append(a(), b()...) }
}
