// Command sco is the Slice Connectivity Orchestrator.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

var version = "dev"

func main() {
	options := controller.Options{Name: "sco", Version: version, Owner: string(pki.SCO)}
	var domains, commands []string
	var who rights
	var ways doors
	cmd := &cobra.Command{
		Use:     "sco",
		Short:   "Keep slices over several domains",
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given, err := static(domains)
			if err != nil {
				return err
			}
			keeper, err := keeper(options, commands)
			if err := errors.Join(err, who.check(), ways.check()); err != nil {
				return err
			}
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), func(p controller.Parts) (controller.Actor, error) {
				house := builder{dialer{keeper}, given, &who, &ways, export(p.Store)}
				return house.build(sco.Config{
					Controllers: p.Controllers, BFD: p.BFD, Store: p.Store, Logger: p.Logger,
					Budget:  options.Budget,
					Rest:    options.Rest,
					Numbers: ipam.Ring{First: options.FirstNumber, Last: options.LastNumber},
				})
			})
		},
	}
	options.Flags(cmd.Flags())
	who.flags(cmd.Flags())
	ways.flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&domains, "domain", nil, "NAME=HOST:PORT[,HOST:PORT...] of a domain's SDN controller and its replicas, once for each domain")
	cmd.Flags().StringArrayVar(&commands, "credential-command", nil, "NAME=PATH of a command that registrations may name for their credentials, once for each; it prints a JSON object with tls.crt, tls.key and ca.crt")
	os.Exit(program.Execute(cmd, os.Stderr))
}

// builder has what an SCO is built from, beside its own settings.
type builder struct {
	dialer dialer
	given  []intent.Registration
	who    *rights
	ways   *doors
	export func(context.Context, io.Writer) error
}

func (b builder) build(cfg sco.Config) (controller.Actor, error) {
	var s *sco.SCO
	domains, err := registry.New(registry.Config{
		Store: cfg.Store, Allow: b.dialer.allow, Open: b.dialer.open, Mark: b.dialer.mark, Static: b.given, Logger: cfg.Logger,
		Use:  func(d slice.Domain) intent.Use { return s.Use(d) },
		Tell: func(e intent.Event) { s.Tell(e) },
	})
	if err != nil {
		return controller.Actor{}, err
	}
	cfg.Domains = domains
	cfg.Caller = func(ctx context.Context) string { return access.From(ctx).Name }
	if s, err = sco.New(cfg); err != nil {
		return controller.Actor{}, err
	}
	gate, err := b.who.gate(cfg, s)
	if err != nil {
		return controller.Actor{}, err
	}
	open := services{
		slices: gate.Slices(s), registry: gate.Registry(domains), events: gate.Events(s), admin: gate.Admin(b.export),
		admit: gate.Admit, log: cfg.Logger,
	}
	actor := controller.Actor{
		Bridge: bridge.NED, Fabric: s.Fabric(), Ready: s.Ready,
		Run: func(ctx context.Context) {
			var all sync.WaitGroup
			all.Go(func() { domains.Run(ctx) })
			all.Go(func() { s.Run(ctx) })
			all.Go(func() { gate.Run(ctx) })
			all.Wait()
		},
		Serve: func(g *grpc.Server) {
			api.ServeSlices(g, open.slices)
			api.ServeRegistry(g, open.registry)
			api.ServeEvents(g, open.events)
			api.ServeAdmin(g, open.admin)
			b.ways.original(open)(g)
		},
		Authorize: authorize, Admit: gate.Admit,
	}
	b.ways.open(&actor, open)
	return actor, nil
}
