// Command sco is the Slice Connectivity Orchestrator.
package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

var version = "dev"

func main() {
	options := controller.Options{Name: "sco", Version: version, Owner: string(pki.SCO)}
	var domains []string
	cmd := &cobra.Command{
		Use:     "sco",
		Short:   "Keep slices over several domains",
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			drivers, err := direct(options, domains)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), func(p controller.Parts) (controller.Actor, error) {
				return build(sco.Config{
					Domains: drivers, Controllers: p.Controllers, BFD: p.BFD, Store: p.Store, Logger: p.Logger,
					Budget:  options.Budget,
					Numbers: ipam.Ring{First: options.FirstNumber, Last: options.LastNumber},
				})
			})
		},
	}
	options.Flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&domains, "domain", nil, "NAME=HOST:PORT[,HOST:PORT...] of a domain's SDN controller and its replicas, once for each domain")
	os.Exit(program.Execute(cmd, os.Stderr))
}

// direct returns a driver for each domain: its SDN controller, called
// directly.
func direct(o controller.Options, domains []string) (map[slice.Domain]sco.Domain, error) {
	drivers := map[slice.Domain]sco.Domain{}
	for _, text := range domains {
		name, address, ok := strings.Cut(text, "=")
		d := slice.Domain(name)
		switch {
		case !ok || name == "" || address == "":
			return nil, slice.Errorf(slice.Invalid, "--domain %q is not NAME=HOST:PORT", text)
		case drivers[d] != nil:
			return nil, slice.Errorf(slice.Invalid, "--domain %s is given twice", d)
		}
		config, err := pki.ClientTLS(o.Cert, o.Key, o.CA, pki.SDNC(d))
		if err != nil {
			return nil, err
		}
		conn, err := api.Dial(address, config)
		if err != nil {
			return nil, err
		}
		drivers[d] = api.NewDomainClient(conn)
	}
	return drivers, nil
}

func build(cfg sco.Config) (controller.Actor, error) {
	s, err := sco.New(cfg)
	if err != nil {
		return controller.Actor{}, err
	}
	return controller.Actor{
		Bridge: bridge.NED, Fabric: s.Fabric(), Ready: s.Ready, Run: s.Run,
		Serve:     func(g *grpc.Server) { api.ServeSlices(g, s) },
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
	case strings.HasPrefix(method, "/l2sces.v1.NodeService/"):
		_, _, ok = caller.Node()
	}
	if !ok {
		return slice.Errorf(slice.Denied, "%s may not call %s", caller, method)
	}
	return nil
}
