package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
)

// osmStatusCommand shows what OSM and the SCO say of slices.
func osmStatusCommand() *cobra.Command {
	var d osmDoor
	sco := cli.Door{Find: findSCO}
	c := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show slice instances with their network services, and beside them the slices of the SCO",
		Long: "Status shows what OSM says of slice instances and of the network services in them. With --sco the SCO is asked for the\n" +
			"slice of each, which is called as additionalParamsForNsi.l2sces.slice says, else like the instance.",
		Example: "  l2sces osm status fire-emergency --sco 192.0.2.1:7001 --tls-ca ca.crt --tls-cert ann.crt --tls-key ann.key",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var slices onboard.Slices
			if sco.Address != "" {
				s, failed := sco.Open()
				if failed != nil {
					return failed
				}
				defer func() { err = errors.Join(err, s.Close()) }()
				slices = s.Slices
			}
			return d.with(cmd, func(c *osm.Client) error {
				views, err := onboard.Desk{NBI: c}.Look(cmd.Context(), strings.Join(args, ""), slices)
				if err != nil {
					return err
				}
				v := map[string][]onboard.View{"instances": views}
				return show(cmd, v, func(w *strings.Builder) { viewTable(w, views) })
			})
		},
		ValidArgsFunction: d.complete(func(ctx context.Context, c *osm.Client) ([]string, error) {
			return instanceNames(ctx, c, osm.Slices())
		}),
	}
	d.flags(c.Flags())
	sco.Flags(c.Flags())
	return c
}

// viewTable shows instances, each with what belongs to it below.
func viewTable(w *strings.Builder, views []onboard.View) {
	fmt.Fprintln(w, "WHAT\tNAME\tOF\tAT\tSTATE\tDETAIL")
	row := func(what, name, of, at, state, detail string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", what, name, cli.OrDash(of != "", of), cli.OrDash(at != "", at), state, cli.OneLine(cli.OrDash(detail != "", detail)))
	}
	for _, v := range views {
		row("instance", v.Name, v.Template, v.VIM, v.Operational, v.Detail)
		for _, s := range v.Services {
			row("service", s.Name, s.Template, s.VIM, s.Operational, s.Detail)
		}
		if v.Slice == nil {
			if v.Message != "" {
				row("slice", string(v.SliceID), "", "sco", "-", v.Message)
			}
			continue
		}
		row("slice", string(v.SliceID), "", "sco", string(v.Slice.Phase), v.Slice.Message)
		for _, n := range v.Slice.Networks {
			ready := 0
			for _, m := range n.Members {
				if m.Ready {
					ready++
				}
			}
			row("network", string(n.Name), string(v.SliceID), "sco", fmt.Sprintf("%d of %d members", ready, len(n.Members)), n.Message)
		}
	}
}
