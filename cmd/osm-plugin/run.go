package main

import (
	"context"
	"crypto/tls"
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
)

// readyTimeout is how long the SCO may take to say that it lives.
const readyTimeout = 2 * time.Second

type options struct {
	listen, sco     string
	cert, key, ca   string
	admin, logLevel string
}

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "listen", "", "HOST:PORT or unix:PATH for orders (required)")
	f.StringVar(&o.sco, "sco", "", "HOST:PORT or unix:PATH of the SCO, or of its replicas, comma-separated (required)")
	f.StringVar(&o.cert, "tls-cert", "", "certificate, PEM (required)")
	f.StringVar(&o.key, "tls-key", "", "key of the certificate, PEM (required)")
	f.StringVar(&o.ca, "tls-ca", "", "authority that all sides trust, PEM (required)")
	f.StringVar(&o.admin, "admin", "", "HOST:PORT or unix:PATH for health and metrics; none if empty")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
}

func (o options) check() error {
	for _, required := range []struct{ flag, value string }{
		{"listen", o.listen},
		{"sco", o.sco},
		{"tls-cert", o.cert},
		{"tls-key", o.key},
		{"tls-ca", o.ca},
	} {
		if required.value == "" {
			return slice.Errorf(slice.Invalid, "--%s is required", required.flag)
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
	client, err := pki.ClientTLS(o.cert, o.key, o.ca, pki.SCO)
	if err != nil {
		return err
	}
	server, err := pki.ServerTLS(o.cert, o.key, o.ca)
	if err != nil {
		return err
	}
	line, err := api.Dial(o.sco, client)
	if err != nil {
		return err
	}
	defer func() { _ = line.Close() }() // the process ends anyway
	ready := func() error { return scoServes(ctx, healthv1.NewHealthClient(line)) }
	return o.serve(ctx, server, plugin.New(api.NewSliceClient(line), user, plugin.Config{Logger: log}), ready, log)
}

// serve opens both doors and waits until ctx ends or one of them fails.
func (o options) serve(ctx context.Context, config *tls.Config, door *plugin.Door, ready func() error, log *slog.Logger) error {
	l, err := web.Listen(ctx, o.listen)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return plugin.Serve(ctx, tls.NewListener(l, config), door) })
	if o.admin != "" {
		group.Go(func() error {
			return nbi.Serve(ctx, o.admin, nbi.Config{Ready: ready, Metrics: samples(door), Logger: log, Version: version})
		})
	}
	return group.Wait()
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
		sample := func(result string, n uint64) nbi.Sample {
			return nbi.Sample{
				Name: "l2sces_plugin_orders_total", Help: "Orders for slices, by what became of them.",
				Type: nbi.Counter, Labels: map[string]string{"result": result}, Value: float64(n),
			}
		}
		return []nbi.Sample{sample("applied", taken), sample("refused", refused)}
	}
}
