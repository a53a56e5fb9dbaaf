package cli

import (
	"net/netip"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// portCommand changes the members of networks.
func portCommand(d Door) *cobra.Command {
	var m intent.Member
	var address, mac string
	add := editing(&d, "add SLICE NETWORK WORKLOAD", "Attach a workload to a network", 2,
		func(f *pflag.FlagSet) {
			f.StringVar((*string)(&m.Domain), "domain", "", "where the workload is (required)")
			f.StringVar(&m.Interface, "interface", "", "name inside the workload; empty: that of the network")
			f.StringVar(&address, "address", "", "IP address; empty: planned")
			f.StringVar(&mac, "mac", "", "hardware address; empty: planned")
		},
		func(args []string) (intent.Edit, error) {
			if m.Domain == "" {
				return intent.Edit{}, slice.Errorf(slice.Invalid, "--domain is required")
			}
			one := m
			one.Name = slice.Workload(args[1])
			if err := addresses(&one, address, mac); err != nil {
				return intent.Edit{}, err
			}
			return intent.Edit{AddMember: &intent.MemberEdit{Network: slice.NetworkName(args[0]), Member: one}}, nil
		})
	remove := editing(&d, "remove SLICE NETWORK WORKLOAD", "Detach a workload from a network", 2, nil, func(args []string) (intent.Edit, error) {
		m := intent.Member{Name: slice.Workload(args[1])}
		return intent.Edit{RemoveMember: &intent.MemberEdit{Network: slice.NetworkName(args[0]), Member: m}}, nil
	})
	return noun("port", "Attach and detach workloads of a running slice", &d, add, remove)
}

// addresses reads those that a member is given.
func addresses(m *intent.Member, address, mac string) error {
	var err error
	if address != "" {
		if m.Address, err = netip.ParseAddr(address); err != nil {
			return slice.Errorf(slice.Invalid, "--address: %w", err)
		}
	}
	if mac != "" {
		if m.MAC, err = slice.ParseMAC(mac); err != nil {
			return slice.Errorf(slice.Invalid, "--mac: %w", err)
		}
	}
	return nil
}
