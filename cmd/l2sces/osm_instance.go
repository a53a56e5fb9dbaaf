package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/slice"
)

// instantiateCommand makes an instance in OSM.
func instantiateCommand() *cobra.Command {
	var o osmRun
	var order onboard.Order
	var file string
	c := &cobra.Command{
		Use:   "instantiate TEMPLATE --name NAME",
		Short: "Make a slice instance of a template, or with --ns a network service, and follow it",
		Long: "Instantiate takes the same file of parameters as `osm nsi-create --config_file`, in which VIM and WIM accounts are called by\n" +
			"their names everywhere. It tells what OSM does until OSM has finished. An instance of the same name, template and\n" +
			"parameters is as good as a new one.",
		Example: "  l2sces osm instantiate fire-emergency --name fire-emergency --params descriptors/params/fire-emergency.yaml\n" +
			"  l2sces osm instantiate l2sces-control-ns --ns --name control --vim control --params nsd/l2sces_control_ns/examples/control.yaml",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if order.Name == "" {
				return slice.Errorf(slice.Invalid, "--name is required")
			}
			order.Template = args[0]
			if file != "" {
				text, err := os.ReadFile(file)
				if err != nil {
					return wrongFile(err)
				}
				if order.Params, err = onboard.ReadParams(file, text, order.Service); err != nil {
					return err
				}
			}
			return o.at(cmd, func(ctx context.Context, d onboard.Desk) error {
				r, err := d.Instantiate(ctx, order)
				return showResult(cmd, r, err)
			})
		},
		ValidArgsFunction: o.complete(func(ctx context.Context, c *osm.Client) (names []string, err error) {
			kind := osm.NST
			if order.Service {
				kind = osm.NSD
			}
			all, err := c.Packages(ctx, kind)
			for _, p := range all {
				names = append(names, p.Descriptor)
			}
			return names, err
		}),
	}
	f := c.Flags()
	o.flags(f, 30*time.Minute, "until OSM has finished")
	f.StringVar(&order.Name, "name", "", "what the instance is called (required)")
	f.StringVar(&file, "params", "", "parameters, YAML")
	f.StringVar(&order.VIM, "vim", "", "VIM account where the parameters name none; empty: that of the first subnet")
	f.StringVar(&order.Description, "description", "", "a text for people")
	f.BoolVar(&order.Service, "ns", false, "TEMPLATE is the descriptor of a network service")
	return c
}

// terminateCommand ends an instance in OSM.
func terminateCommand() *cobra.Command {
	var o osmRun
	var service, force bool
	c := &cobra.Command{
		Use:     "terminate NAME",
		Short:   "End a slice instance, or with --ns a network service, and remove its record; one that is not there is success",
		Example: "  l2sces osm terminate fire-emergency",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.at(cmd, func(ctx context.Context, d onboard.Desk) error {
				r, err := d.Terminate(ctx, args[0], service, force)
				return showResult(cmd, r, err)
			})
		},
		ValidArgsFunction: o.complete(func(ctx context.Context, c *osm.Client) ([]string, error) {
			if service {
				return instanceNames(ctx, c, osm.Services())
			}
			return instanceNames(ctx, c, osm.Slices())
		}),
	}
	f := c.Flags()
	o.flags(f, 30*time.Minute, "until OSM has finished")
	f.BoolVar(&service, "ns", false, "NAME is a network service")
	f.BoolVar(&force, "force", false, "also while OSM is busy with it")
	return c
}

// showResult shows what became of one thing.
func showResult(cmd *cobra.Command, r onboard.Result, err error) error {
	if err != nil && r.State != onboard.Failed {
		return err // nothing was begun
	}
	return showResults(cmd, []onboard.Result{r}, err)
}

func instanceNames(ctx context.Context, c *osm.Client, l osm.Life) (names []string, err error) {
	all, err := c.Instances(ctx, l)
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names, err
}

// completeTime is how long a shell waits for names, and a command for a farewell.
const completeTime = 3 * time.Second

// complete offers names that OSM knows to the shell, for the first argument. Without
// a login there are none.
func (d *osmDoor) complete(names func(context.Context, *osm.Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || d.stdin {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		client, err := d.open(nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		all, err := names(ctx, client)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}
