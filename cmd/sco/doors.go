package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/compat"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/rest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// doors are the ways to the SCO beside its own gRPC.
type doors struct {
	rest     string
	legacy   string
	tenant   string // of callers of the original's service that have none
	anywhere bool
	secrets  bool
}

func (d *doors) flags(f *pflag.FlagSet) {
	f.StringVar(&d.rest, "rest", "", "HOST:PORT for the REST interface, with TLS; none if empty")
	f.StringVar(&d.legacy, "legacy", "", "HOST:PORT for clients of the original, in the clear and without any proof of who calls; none if empty")
	f.StringVar(&d.tenant, "legacy-tenant", "", "tenant that owns what clients of the original make (required by --legacy)")
	f.BoolVar(&d.anywhere, "legacy-anywhere", false, "let --legacy be an address that other machines reach: whoever reaches it can make and delete all slices of the tenant")
	f.BoolVar(&d.secrets, "legacy-secrets", false, "take requests of the original that hold secrets of clusters, and throw the secrets away; without it they are refused")
}

// check refuses a door that would be open by mistake.
func (d *doors) check() error {
	if d.tenant != "" && !slice.IsLabel(d.tenant) {
		return slice.Errorf(slice.Invalid, "--legacy-tenant: %q is not a DNS label", d.tenant)
	}
	if d.legacy == "" {
		return nil
	}
	if d.tenant == "" {
		return slice.Errorf(slice.Invalid, "--legacy needs --legacy-tenant: its callers cannot say who they are")
	}
	host, _, err := net.SplitHostPort(d.legacy)
	if err != nil {
		return slice.Errorf(slice.Invalid, "--legacy: %q is not HOST:PORT", d.legacy)
	}
	addr, err := netip.ParseAddr(host)
	if inside := host == "localhost" || err == nil && addr.IsLoopback(); !inside && !d.anywhere {
		return slice.Errorf(slice.Invalid, "--legacy %s can be reached from other machines, by anybody and in the clear: use a loopback address, or add --legacy-anywhere", d.legacy)
	}
	return nil
}

// services are what the doors lead to, with access decided.
type services struct {
	slices   rest.Slices
	registry rest.Registry
	events   rest.Events
	admin    rest.Admin
	admit    func(ctx context.Context, name, authorization string) (context.Context, error)
	log      *slog.Logger
}

// original is the original's service on the SCO's own gRPC port.
func (d *doors) original(s services) func(*grpc.Server) {
	return func(g *grpc.Server) { compat.Register(g, d.compat(s)) }
}

func (d *doors) compat(s services) compat.Config {
	return compat.Config{Slices: s.slices, Tenant: slice.Tenant(d.tenant), DropSecrets: d.secrets}
}

// open adds the doors that were asked for to an actor.
func (d *doors) open(a *controller.Actor, s services) {
	if d.rest != "" {
		a.Doors = append(a.Doors, func(ctx context.Context, config *tls.Config) error {
			return rest.Serve(ctx, d.rest, pki.WithTokens(config), s.rest())
		})
	}
	if d.legacy != "" {
		a.Doors = append(a.Doors, func(ctx context.Context, _ *tls.Config) error { return d.serveLegacy(ctx, s) })
	}
}

func (s services) rest() rest.Config {
	return rest.Config{
		Slices: s.slices, Registry: s.registry, Events: s.events, Admin: s.admin, Logger: s.log,
		Admit: func(r *http.Request) (context.Context, error) {
			name := ""
			if len(r.TLS.PeerCertificates) > 0 {
				id, err := pki.PeerIdentity(*r.TLS)
				if err != nil {
					return nil, err
				}
				name = string(id)
			}
			return s.admit(r.Context(), name, r.Header.Get("Authorization"))
		},
	}
}

// legacyCaller is who everybody is that comes without TLS.
const legacyCaller = "legacy"

// serveLegacy serves the original's service in the clear until ctx ends.
func (d *doors) serveLegacy(ctx context.Context, s services) error {
	l, err := web.Listen(ctx, d.legacy)
	if err != nil {
		return err
	}
	g := api.NewServer(api.ServerConfig{
		Anyone: legacyCaller, Logger: s.log, Authorize: onlyOriginal,
		Admit: func(ctx context.Context, name, _ string) (context.Context, error) {
			return access.With(ctx, access.Caller{Name: name, Tenant: slice.Tenant(d.tenant), Role: access.Tenant}), nil
		},
	})
	compat.Register(g, d.compat(s))
	s.log.Warn("serving the original's interface in the clear: whoever reaches it has all slices of the tenant", "legacy", d.legacy, "tenant", d.tenant)
	ctx, cancel := context.WithCancel(ctx)
	var stopping sync.WaitGroup
	defer stopping.Wait()
	defer cancel()
	stopping.Go(func() { <-ctx.Done(); g.Stop() })
	if err := g.Serve(l); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// onlyOriginal keeps callers without proof to the original's calls and to health.
func onlyOriginal(_, method string) error {
	if strings.HasPrefix(method, "/l2sces.L2SMMultiDomainService/") || strings.HasPrefix(method, "/grpc.health.v1.Health/") {
		return nil
	}
	return slice.Errorf(slice.Denied, "this address serves the original's calls only: use the one of --listen")
}
