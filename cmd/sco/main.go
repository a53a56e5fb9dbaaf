// Command sco is the Slice Connectivity Orchestrator.
package main

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/cmd/internal/program"
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
			if err != nil {
				return err
			}
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), func(p controller.Parts) (controller.Actor, error) {
				return build(dialer{keeper}, given, sco.Config{
					Controllers: p.Controllers, BFD: p.BFD, Store: p.Store, Logger: p.Logger,
					Budget:  options.Budget,
					Rest:    options.Rest,
					Numbers: ipam.Ring{First: options.FirstNumber, Last: options.LastNumber},
				})
			})
		},
	}
	options.Flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&domains, "domain", nil, "NAME=HOST:PORT[,HOST:PORT...] of a domain's SDN controller and its replicas, once for each domain")
	cmd.Flags().StringArrayVar(&commands, "credential-command", nil, "NAME=PATH of a command that registrations may name for their credentials, once for each; it prints a JSON object with tls.crt, tls.key and ca.crt")
	os.Exit(program.Execute(cmd, os.Stderr))
}

func build(d dialer, given []intent.Registration, cfg sco.Config) (controller.Actor, error) {
	var s *sco.SCO
	domains, err := registry.New(registry.Config{
		Store: cfg.Store, Allow: d.allow, Open: d.open, Mark: d.mark, Static: given, Logger: cfg.Logger,
		Use: func(d slice.Domain) intent.Use { return s.Use(d) },
	})
	if err != nil {
		return controller.Actor{}, err
	}
	cfg.Domains = domains
	if s, err = sco.New(cfg); err != nil {
		return controller.Actor{}, err
	}
	return controller.Actor{
		Bridge: bridge.NED, Fabric: s.Fabric(), Ready: s.Ready,
		Run: func(ctx context.Context) {
			var both sync.WaitGroup
			both.Go(func() { domains.Run(ctx) })
			both.Go(func() { s.Run(ctx) })
			both.Wait()
		},
		Serve:     func(g *grpc.Server) { api.ServeSlices(g, s); api.ServeRegistry(g, domains) },
		Authorize: func(caller, method string) error { return authorize(pki.Identity(caller), method) },
	}, nil
}

// authorize lets the plugin and people keep slices, nodes report, and everybody
// look at health and reflection.
func authorize(caller pki.Identity, method string) error {
	ok := true
	switch {
	case strings.HasPrefix(method, "/l2sces.v1.SliceService/"):
		ok = caller == pki.Plugin || strings.HasPrefix(string(caller), string(pki.User("")))
	case strings.HasPrefix(method, "/l2sces.v1.RegistryService/"):
		ok = strings.HasPrefix(string(caller), string(pki.User("")))
	case strings.HasPrefix(method, "/l2sces.v1.NodeService/"):
		_, _, ok = caller.Node()
	}
	if !ok {
		return slice.Errorf(slice.Denied, "%s may not call %s", caller, method)
	}
	return nil
}
