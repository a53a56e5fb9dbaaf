// Command sdnc is the SDN controller of one domain.
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
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

var version = "dev"

func main() {
	options := controller.Options{Name: "sdnc", Version: version}
	var domain, gateway string
	var lastLabel uint16
	var more doors
	cmd := &cobra.Command{
		Use:     "sdnc",
		Short:   "Keep the networks of one domain on its slice packet switches",
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if domain == "" {
				return slice.Errorf(slice.Invalid, "--domain is required")
			}
			options.Owner = string(pki.SDNC(slice.Domain(domain)))
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), func(p controller.Parts) (controller.Actor, error) {
				return build(more, sdnc.Config{
					Domain: slice.Domain(domain), Gateway: slice.Node(gateway), Controllers: p.Controllers, BFD: p.BFD,
					Budget:  options.Budget,
					Numbers: ipam.Ring{First: options.FirstNumber, Last: options.LastNumber},
					Rest:    options.Rest,
					Labels:  ipam.Ring{First: 1, Last: uint32(lastLabel)},
					Store:   p.Store, Logger: p.Logger,
				})
			})
		},
	}
	options.Flags(cmd.Flags())
	more.flags(cmd.Flags())
	cmd.Flags().StringVar(&options.Guests, "openflow-guests", "", "HOST:PORT for switches without an agent, without TLS; none if empty")
	cmd.Flags().StringVar(&domain, "domain", "", "domain that is controlled (required)")
	cmd.Flags().StringVar(&gateway, "gateway", "", "node that hands networks to other domains; none if empty")
	cmd.Flags().Uint16Var(&lastLabel, "label-last", uint16(slice.MaxVLAN), "highest VLAN that hand-offs get")
	os.Exit(program.Execute(cmd, os.Stderr))
}

func build(more doors, cfg sdnc.Config) (controller.Actor, error) {
	c, err := sdnc.New(cfg)
	if err != nil {
		return controller.Actor{}, err
	}
	actor := controller.Actor{
		Bridge: bridge.SPS, Fabric: c.Fabric(), Ready: c.Ready,
		Serve:     func(s *grpc.Server) { api.ServeDomain(s, c) },
		Authorize: func(caller, method string) error { return authorize(cfg.Domain, pki.Identity(caller), method) },
	}
	return actor, more.open(&actor, c, cfg.Logger)
}

// authorize lets the SCO ask for segments, the nodes of the domain report, and
// people and functions look at health and reflection.
func authorize(d slice.Domain, caller pki.Identity, method string) error {
	ok := true
	switch {
	case strings.HasPrefix(method, "/l2sces.v1.DomainService/"):
		ok = caller == pki.SCO
	case strings.HasPrefix(method, "/l2sces.v1.NodeService/"):
		domain, _, isNode := caller.Node()
		ok = isNode && domain == d
	}
	if !ok {
		return slice.Errorf(slice.Denied, "%s may not call %s of domain %s", caller, method, d)
	}
	return nil
}
