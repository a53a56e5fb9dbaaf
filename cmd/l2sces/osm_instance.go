package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
)

// instanceTime is how long OSM may take for an instance.
const instanceTime = 30 * time.Minute

// instantiateCommand makes an instance.
func instantiateCommand() *cobra.Command {
	var d deskFlags
	var o onboard.Order
	var params string
	c := &cobra.Command{
		Use:   "instantiate TEMPLATE --name NAME",
		Short: "Make a slice instance of a template in OSM, or with --ns a network service",
		Long: "Instantiate orders an instance of an onboarded template, which it names by its id, and follows it until OSM has finished.\n" +
			"The parameters are those of `osm nsi-create --config_file`; accounts stand in them by name, at every place: vimAccountId,\n" +
			"wimAccountId, and the keys of vim-network-name. An instance of the same name, template and parameters is as good.",
		Example: "  l2sces osm instantiate fire-emergency --name fire-emergency --params descriptors/params/fire-emergency.yaml\n" +
			"  l2sces osm instantiate l2sces-domain-ns --ns --name field --vim field --params nsd/l2sces_domain_ns/examples/field.yaml",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Template = args[0]
			if params != "" {
				text, err := readSmall(params)
				if err != nil {
					return err
				}
				if o.Params, err = onboard.ReadParams(params, text, o.Service); err != nil {
					return err
				}
			}
			return d.at(cmd, func(ctx context.Context, desk onboard.Desk) error {
				r, err := desk.Instantiate(ctx, o)
				return showOne(cmd, r, err)
			})
		},
		ValidArgsFunction: d.nbi.complete(templateNames(&o.Service)),
	}
	f := c.Flags()
	d.flags(f, instanceTime)
	f.StringVar(&o.Name, "name", "", "name of the instance")
	f.StringVar(&params, "params", "", "parameters, as for osm nsi-create --config_file")
	f.StringVar(&o.VIM, "vim", "", "name of the VIM account where the parameters name none; empty: that of the first subnet")
	f.StringVar(&o.Description, "description", "", "what it is for")
	f.BoolVar(&o.Service, "ns", false, "TEMPLATE is the descriptor of a network service")
	if err := c.MarkFlagRequired("name"); err != nil {
		panic(err) // only when there is no such flag
	}
	return c
}

// showOne shows what became of one thing.
func showOne(cmd *cobra.Command, r onboard.Result, failed error) error {
	if r.ID == "" && failed != nil {
		return failed
	}
	return showResults(cmd, []onboard.Result{r}, failed)
}

// terminateCommand ends an instance.
func terminateCommand() *cobra.Command {
	var d deskFlags
	var service, force bool
	c := &cobra.Command{
		Use:   "terminate NAME",
		Short: "End a slice instance of OSM, or with --ns a network service, and remove its record",
		Long: "Terminate ends the instance, follows that until OSM has finished, and removes its record. One that is not there is success.\n" +
			"With --timeout 0s the record goes when the command is given again. Where the plugin follows OSM, our slice ends too.",
		Example:           "  l2sces osm terminate fire-emergency",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: d.nbi.complete(instanceNames(&service)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.at(cmd, func(ctx context.Context, desk onboard.Desk) error {
				r, err := desk.Terminate(ctx, args[0], service, force)
				return showOne(cmd, r, err)
			})
		},
	}
	f := c.Flags()
	d.flags(f, instanceTime)
	f.BoolVar(&service, "ns", false, "NAME is a network service")
	f.BoolVar(&force, "force", false, "end also what OSM is still busy with")
	return c
}

// osmStatusCommand shows instances.
func osmStatusCommand() *cobra.Command {
	var d nbiDoor
	sco := cli.Door{Find: findSCO}
	c := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show slice instances of OSM, their network services and, with --sco, our slices beside them",
		Long: "Status shows the slice instance of a name, or all, with what OSM says of each and of its network services. With --sco it\n" +
			"shows what the SCO has for each: OSM says running when its services run, and does not look whether frames cross.",
		Example: "  l2sces osm status\n" +
			"  l2sces osm status fire-emergency --sco 192.0.2.1:7001 --tls-ca ca.crt --tls-cert ann.crt --tls-key ann.key",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: d.complete(instanceNames(nil)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return osmStatus(cmd, &d, &sco, strings.Join(args, ""))
		},
	}
	d.flags(c.Flags())
	sco.Flags(c.Flags())
	return c
}

func osmStatus(cmd *cobra.Command, d *nbiDoor, sco *cli.Door, name string) (err error) {
	client, err := d.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	var slices onboard.Slices
	if sco.Address != "" {
		open, err := sco.Open()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, open.Close()) }()
		slices = open.Slices
	}
	views, err := onboard.Desk{NBI: client}.Look(cmd.Context(), name, slices)
	if err != nil {
		return err
	}
	return show(cmd, views, func(w *strings.Builder) { viewsTable(w, views, slices != nil) })
}

// viewsTable writes instances, their services, and our networks.
func viewsTable(w *strings.Builder, views []onboard.View, beside bool) {
	fmt.Fprintln(w, "INSTANCE\tTEMPLATE\tOSM\tCONFIG\tSLICE\tPHASE\tMESSAGE")
	for _, v := range views {
		phase, message := "-", cmp.Or(v.Message, v.Detail)
		if v.Slice != nil {
			phase, message = string(v.Slice.Phase), cmp.Or(v.Slice.Message, v.Detail)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", cli.OneLine(v.Name), v.Template, dashed(v.Operational), dashed(v.Config),
			cli.OrDash(beside, v.SliceID), phase, cli.OneLine(message))
	}
	fmt.Fprintln(w, "\nINSTANCE\tSERVICE\tDESCRIPTOR\tVIM\tOSM\tCONFIG\tMESSAGE")
	for _, v := range views {
		for _, s := range v.Services {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", cli.OneLine(v.Name), cli.OneLine(s.Name), dashed(s.Template), dashed(s.VIM),
				dashed(s.Operational), dashed(s.Config), cli.OneLine(s.Detail))
		}
	}
	if !beside {
		return
	}
	fmt.Fprintln(w, "\nINSTANCE\tNETWORK\tTYPE\tREADY\tMEMBERS\tMESSAGE")
	for _, v := range views {
		if v.Slice == nil {
			continue
		}
		for _, n := range v.Slice.Networks {
			fmt.Fprintf(w, "%s\t%s\t%s\t%t\t%d\t%s\n", cli.OneLine(v.Name), n.Name, n.Type, n.Ready, len(n.Members), cli.OneLine(n.Message))
		}
	}
}

func dashed(text string) string { return cli.OrDash(text != "", cli.OneLine(text)) }
