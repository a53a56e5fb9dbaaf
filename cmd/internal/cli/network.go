package cli

import (
	"net/netip"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// networkCommand changes the networks of a running slice.
func networkCommand(d Door) *cobra.Command {
	var n intent.Network
	var cidr string
	var domains, members []string
	add := editing(&d, "add SLICE NETWORK", "Add a network to a slice", 1,
		func(f *pflag.FlagSet) {
			f.StringVar((*string)(&n.Type), "type", "", "vnet, vlink or ext-vnet; empty: vnet")
			f.StringVar(&cidr, "cidr", "", "addresses of its members; empty: none, raw Ethernet")
			f.Uint32Var(&n.MTU, "mtu", 0, "bytes of an IP packet; 0: the largest that fits")
			f.Uint32Var(&n.BandwidthKbps, "bandwidth", 0, "kbit/s that a port may send; 0: any")
			f.StringSliceVar(&domains, "domain", nil, "where it exists, comma-separated; none: where its members are")
			f.StringArrayVar(&members, "member", nil, "WORKLOAD@DOMAIN[=ADDRESS[/MAC]]; an empty address is planned; repeatable")
		},
		func(args []string) (intent.Edit, error) {
			one := n
			one.Name, one.Domains, one.Members = slice.NetworkName(args[0]), domainNames(domains), nil
			if cidr != "" {
				var err error
				if one.CIDR, err = netip.ParsePrefix(cidr); err != nil {
					return intent.Edit{}, slice.Errorf(slice.Invalid, "--cidr: %w", err)
				}
			}
			for _, text := range members {
				m, err := parseMember(text)
				if err != nil {
					return intent.Edit{}, err
				}
				one.Members = append(one.Members, m)
			}
			return intent.Edit{AddNetwork: &one}, nil
		})
	add.Example = "  l2sces network add fire-emergency chat --cidr 192.0.2.0/24 --member cam@field --member tablet@fire=192.0.2.9"
	remove := editing(&d, "remove SLICE NETWORK", "Remove a network with its members and paths", 1, nil, func(args []string) (intent.Edit, error) {
		return intent.Edit{RemoveNetwork: slice.NetworkName(args[0])}, nil
	})
	return noun("network", "Add and remove networks of a running slice", &d, add, remove)
}

// parseMember reads WORKLOAD@DOMAIN[=ADDRESS[/MAC]].
func parseMember(text string) (intent.Member, error) {
	who, where, ok := strings.Cut(text, "@")
	domain, rest, _ := strings.Cut(where, "=")
	if !ok || who == "" || domain == "" {
		return intent.Member{}, slice.Errorf(slice.Invalid, "--member %q is not WORKLOAD@DOMAIN[=ADDRESS[/MAC]]", text)
	}
	m := intent.Member{Name: slice.Workload(who), Domain: slice.Domain(domain)}
	address, mac, _ := strings.Cut(rest, "/")
	if err := addresses(&m, address, mac); err != nil {
		return m, slice.Errorf(slice.Invalid, "--member %q: %w", text, err)
	}
	return m, nil
}
