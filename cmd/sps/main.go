// Command sps keeps the bridge br-sps of one node as its SDN controller wants
// it, and plugs the node's workloads into it.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/node"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/sps"
)

// version is set by the linker.
var version = "dev"

func main() {
	var options node.Options
	var workloads []string
	cmd := &cobra.Command{
		Use:     "sps",
		Short:   "Keep the bridge br-sps of one node as its SDN controller wants it",
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plug, err := plugger(workloads)
			if err != nil {
				return err
			}
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), node.Actor{
				Name: "sps", Version: version,
				Server: pki.SDNC(slice.Domain(options.Domain)),
				New: func(sw agent.Switch, ctl agent.Controller, cfg agent.Config) *agent.Agent {
					return sps.New(sw, ctl, plug, cfg)
				},
			})
		},
	}
	options.Flags(cmd.Flags())
	cmd.AddCommand(node.DatabaseCommand())
	cmd.Flags().StringArrayVar(&workloads, "workload", nil,
		"NAME=netns:NAMESPACE or NAME=if:INTERFACE, once for each workload of the node")
	os.Exit(program.Execute(cmd, os.Stderr))
}

// plugger introduces workloads to the kernel.
func plugger(workloads []string) (sps.Plugger, error) {
	plug := sps.Plugger{Workloads: map[slice.Workload]sps.Place{}, Links: links{}, Interfaces: interfaces{}}
	for _, text := range workloads {
		name, place, err := sps.ParseWorkload(text)
		if err != nil {
			return plug, err
		}
		if _, twice := plug.Workloads[name]; twice {
			return plug, slice.Errorf(slice.Invalid, "workload %s is given twice", name)
		}
		plug.Workloads[name] = place
	}
	return plug, nil
}

// links joins ports with namespaces; the ports are where this process runs.
type links struct{}

func (links) Plug(port string, in sps.Inside) (bool, error) {
	return netns.Plug(
		netns.End{Name: port, MTU: in.MTU},
		netns.End{Namespace: in.Namespace, Name: in.Interface, MAC: in.MAC, MTU: in.MTU},
		in.Addresses...,
	)
}

func (links) Unplug(port string) error { return netns.Unplug("", port) }

func (links) Present(namespace string) bool { return netns.Present(namespace) }

type interfaces struct{}

func (interfaces) Borrow(ifname, port string) (bool, error) { return netns.Borrow("", ifname, port) }

func (interfaces) GiveBack(ifname, port string) error { return netns.GiveBack("", ifname, port) }
