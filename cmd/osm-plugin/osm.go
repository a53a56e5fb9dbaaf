package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/doors"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// connectors is what serves OSM's accounts.
type connectors struct {
	listen              string
	plain               bool
	accounts, endpoints string
	store               string
}

func (c *connectors) flags(f *pflag.FlagSet) {
	f.StringVar(&c.listen, "osm-listen", "", "HOST:PORT for the connectors of OSM's WIM, SDN and VIM accounts; none if empty")
	f.BoolVar(&c.plain, "osm-plain", false, "serve --osm-listen without TLS: passwords go in the clear")
	f.StringVar(&c.accounts, "accounts", "", "file of the accounts that may call --osm-listen, YAML (required by it)")
	f.StringVar(&c.endpoints, "endpoints", "", "file of further endpoints, YAML; empty: domains and their workloads alone")
	f.StringVar(&c.store, "store", "", "file of what OSM has asked for (required by --osm-listen and --nbi)")
}

func (c connectors) check(o options) error {
	if c.listen == "" && !o.watch.wanted() {
		return nil
	}
	for _, required := range []struct{ flag, value string }{
		{"sco", o.sco}, {"tls-cert", o.cert}, {"tls-key", o.key}, {"tls-ca", o.ca}, {"store", c.store},
	} {
		if required.value == "" {
			return slice.Errorf(slice.Invalid, "--%s is required by --osm-listen and by --nbi", required.flag)
		}
	}
	if c.listen != "" && c.accounts == "" {
		return slice.Errorf(slice.Invalid, "--osm-listen needs --accounts: there is no account by default")
	}
	return o.watch.check(c)
}

// book opens the book of what OSM has asked for, and what is served and followed
// with it. It returns what ends it all.
func (o options) book(ctx context.Context, group *errgroup.Group, shown *nbi.Config, log *slog.Logger) (func(), error) {
	if o.connectors.listen == "" && !o.watch.wanted() {
		return func() {}, nil
	}
	config, err := pki.ClientTLS(o.cert, o.key, o.ca, pki.SCO)
	if err != nil {
		return nil, err
	}
	line, err := api.Dial(o.sco, config)
	if err != nil {
		return nil, err
	}
	disk, err := store.Open(o.connectors.store)
	if err != nil {
		return nil, errors.Join(err, line.Close())
	}
	end := func() { _, _ = disk.Close(), line.Close() } // the process ends anyway
	if err := o.serveBook(ctx, group, shown, disk, line, log); err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// serveBook starts everything that needs the book.
func (o options) serveBook(ctx context.Context, group *errgroup.Group, shown *nbi.Config, disk service.Store, line grpc.ClientConnInterface, log *slog.Logger) error {
	slices, domains := api.NewSliceClient(line), api.NewRegistryClient(line)
	book, err := service.New(service.Config{Store: disk, Slices: slices, Logger: log})
	if err != nil {
		return err
	}
	catalog, err := o.connectors.catalog(domains, log)
	if err != nil {
		return err
	}
	watcher, err := o.watch.open(ctx, group, shown, book, domains, catalog, log)
	if err != nil {
		return err
	}
	shown.Metrics = both(shown.Metrics, kept(book))
	group.Go(func() error { return book.Run(ctx) })
	return o.connectors.open(ctx, group, o, book, catalog, doors.Config{
		Logger: log, Watcher: watcher,
		Check: func(ctx context.Context, in intent.Intents) error {
			_, err := slices.Apply(ctx, in, intent.Order{DryRun: true})
			return err
		},
	}, log)
}

// open serves OSM's connectors.
func (c connectors) open(ctx context.Context, group *errgroup.Group, o options, book *service.Book, catalog *endpoint.Catalog, cfg doors.Config, log *slog.Logger) error {
	if c.listen == "" {
		return nil
	}
	accounts, err := account.Read(c.accounts, account.Config{Caller: user, Logger: log})
	if err != nil {
		return err
	}
	l, err := c.socket(ctx, o)
	if err != nil {
		return err
	}
	if c.plain {
		log.Warn("serving OSM's connectors in the clear: passwords can be read on the way", "osm", c.listen)
	}
	d := doors.New(book, catalog, accounts, cfg)
	group.Go(func() error { return plugin.Serve(ctx, l, d) })
	group.Go(func() error { return d.Run(ctx) })
	return nil
}

// catalog returns the endpoints of the domains and of the file.
func (c connectors) catalog(domains endpoint.Domains, log *slog.Logger) (*endpoint.Catalog, error) {
	var text []byte
	if c.endpoints != "" {
		var err error
		if text, err = os.ReadFile(c.endpoints); err != nil {
			return nil, slice.Errorf(slice.Invalid, "--endpoints: %w", err)
		}
	}
	return endpoint.New(domains, c.endpoints, text, endpoint.Config{Logger: log})
}

// socket opens the address. Connectors show a password or a token; a certificate
// is asked for and not insisted on.
func (c connectors) socket(ctx context.Context, o options) (net.Listener, error) {
	l, err := web.Listen(ctx, c.listen)
	if err != nil || c.plain {
		return l, err
	}
	config, err := pki.ServerTLS(o.cert, o.key, o.ca)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, pki.WithTokens(config)), nil
}

// kept tells how many services there are.
func kept(book *service.Book) func() []nbi.Sample {
	return func() []nbi.Sample {
		counts := book.Counts()
		var all []nbi.Sample
		for door, n := range counts.Services {
			all = append(all, gauge("l2sces_plugin_services", "Services in the book, by door.", map[string]string{"door": door}, n))
		}
		return append(all,
			gauge("l2sces_plugin_slices", "Slices that the book keeps in the SCO.", nil, counts.Slices),
			gauge("l2sces_plugin_slices_pending", "Slices that the SCO has not taken yet.", nil, counts.Pending),
			gauge("l2sces_plugin_slices_failed", "Slices that the SCO has refused.", nil, counts.Failed),
		)
	}
}

func gauge(name, help string, labels map[string]string, n int) nbi.Sample {
	return nbi.Sample{Name: name, Help: help, Type: nbi.Gauge, Labels: labels, Value: float64(n)}
}
