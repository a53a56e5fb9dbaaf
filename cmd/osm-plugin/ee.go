package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/ee"
	"github.com/l2sces/l2sces/plugin/primitive"
)

// environment is the door for OSM's primitives.
type environment struct {
	listen        string
	cert, key, ca string
	plain         bool
	credentials   string
	state         string
}

func (e *environment) flags(f *pflag.FlagSet) {
	f.StringVar(&e.listen, "ee", "", "HOST:PORT for the primitives of OSM, as a Helm execution environment; none if empty")
	f.StringVar(&e.cert, "ee-tls-cert", "", "certificate of --ee, PEM")
	f.StringVar(&e.key, "ee-tls-key", "", "key of that certificate, PEM")
	f.StringVar(&e.ca, "ee-tls-ca", "", "authority of OSM's own certificate, PEM")
	f.BoolVar(&e.plain, "ee-plain", false, "serve --ee without TLS: whoever reaches it commands the SCO")
	f.StringVar(&e.credentials, "ee-credentials", "", "folder with a folder for each name that the primitive config may give as credentials, with tls.crt, tls.key and ca.crt")
	f.StringVar(&e.state, "ee-state", "", "file for what the primitive config has said; empty: it is forgotten with the process")
}

func (e environment) check() error {
	files := e.cert != "" && e.key != "" && e.ca != ""
	switch {
	case e.listen == "":
		return nil
	case e.plain && (e.cert != "" || e.key != "" || e.ca != ""):
		return slice.Errorf(slice.Invalid, "--ee-plain: leave it out, or the --ee-tls files")
	case !e.plain && !files:
		return slice.Errorf(slice.Invalid, "--ee needs --ee-tls-cert, --ee-tls-key and --ee-tls-ca, or --ee-plain")
	}
	return nil
}

// executor returns what answers OSM.
func (o options) executor(log *slog.Logger) *ee.Executor {
	runner := primitive.Runner[primitive.SCO]{
		Primitives: primitive.OfSCO(), Keep: &ee.Memory{File: o.ee.state}, Usual: primitive.Settings{Address: o.sco},
		Dial: o.dial, Check: primitive.CheckSCO,
	}
	return ee.New(runner, ee.Config{Logger: log})
}

// dial reaches the SCO of some settings, for one primitive.
func (o options) dial(_ context.Context, s primitive.Settings) (primitive.SCO, func(), error) {
	cert, key, ca := o.cert, o.key, o.ca
	if s.Credentials != "" {
		if !slice.IsLabel(s.Credentials) || o.ee.credentials == "" {
			return primitive.SCO{}, nil, slice.Errorf(slice.Invalid, "credentials: there is no folder of this name here: --ee-credentials says which there are")
		}
		dir := filepath.Join(o.ee.credentials, s.Credentials)
		cert, key, ca = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
	}
	if cert == "" {
		return primitive.SCO{}, nil, slice.Errorf(slice.Unavailable, "credentials: none are configured")
	}
	config, err := pki.ClientTLS(cert, key, ca, pki.SCO)
	if err != nil {
		return primitive.SCO{}, nil, slice.Errorf(slice.Unavailable, "credentials: %w", err)
	}
	line, err := api.Dial(s.Address, config)
	if err != nil {
		return primitive.SCO{}, nil, err
	}
	sco := primitive.SCO{
		Slices: api.NewSliceClient(line), Domains: api.NewRegistryClient(line), Events: api.NewEventClient(line),
		Audit: api.NewAdminClient(line), Now: time.Now,
	}
	return sco, func() { _ = line.Close() }, nil // it was of use
}

// serve answers OSM until ctx ends.
func (e environment) serve(ctx context.Context, x *ee.Executor, log *slog.Logger) error {
	config := api.ServerConfig{Logger: log, Identify: holder}
	if e.plain {
		config.Anyone = "osm"
		log.Warn("serving primitives in the clear: whoever reaches this address commands the SCO", "ee", e.listen)
	} else {
		var err error
		if config.TLS, err = pki.ServerTLS(e.cert, e.key, e.ca); err != nil {
			return err
		}
	}
	l, err := web.Listen(ctx, e.listen)
	if err != nil {
		return err
	}
	g := api.NewServer(config)
	ee.Register(g, x)
	return until(ctx, g, func() error { return g.Serve(l) })
}

// until serves until ctx ends.
func until(ctx context.Context, g *grpc.Server, serve func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var stopping sync.WaitGroup
	defer stopping.Wait()
	defer cancel()
	stopping.Go(func() { <-ctx.Done(); g.Stop() })
	if err := serve(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// holder names the holder of a certificate of OSM's own authority. There is one
// who holds such a certificate: OSM.
func holder(state tls.ConnectionState) (string, error) {
	if len(state.VerifiedChains) == 0 {
		return "", slice.Errorf(slice.Denied, "the caller has shown no certificate of OSM's authority")
	}
	return cmp.Or(state.VerifiedChains[0][0].Subject.CommonName, "osm"), nil
}
