package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// domainCommand keeps the domains that slices can use, and brings them into
// slices that run.
func domainCommand(d Door) *cobra.Command {
	one := func(use, short string, call func(context.Context, *SCO, slice.Domain) (intent.Registration, error)) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return d.with(cmd, func(ctx context.Context, s *SCO) error {
					r, err := call(ctx, s, slice.Domain(args[0]))
					if err != nil {
						return err
					}
					return Show(cmd, r, func(w *strings.Builder) { registrationTable(w, r) })
				})
			},
		}
	}
	return noun("domain", "Register domains, look after them, and bring them into running slices", &d,
		registerCommand(&d), domainListCommand(&d),
		one("get NAME", "Show a domain", func(ctx context.Context, s *SCO, n slice.Domain) (intent.Registration, error) {
			return s.Registry.Registration(ctx, n)
		}),
		one("verify NAME", "Look at a domain now: whether it answers, its version, clock and abilities", func(ctx context.Context, s *SCO, n slice.Domain) (intent.Registration, error) {
			return s.Registry.VerifyDomain(ctx, n)
		}),
		drainCommand(&d), domainRemoveCommand(&d), domainAddCommand(&d), domainDetachCommand(&d))
}

func registerCommand(d *Door) *cobra.Command {
	r := intent.Registration{Driver: "direct"}
	var o intent.Order
	c := &cobra.Command{
		Use: "register NAME --address HOST:PORT[,HOST:PORT...]", Short: "Register a domain, or change it, after it was verified", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(r.Addresses) == 0 {
				return slice.Errorf(slice.Invalid, "--address is required")
			}
			r.Name = slice.Domain(args[0])
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				got, err := s.Registry.PutDomain(ctx, r, o)
				if err != nil {
					return err
				}
				return Show(cmd, got, func(w *strings.Builder) { registrationTable(w, got) })
			})
		},
	}
	f := c.Flags()
	f.StringVar(&r.Driver, "driver", r.Driver, "how the SCO reaches it: direct")
	f.StringSliceVar(&r.Addresses, "address", nil, "HOST:PORT of its SDN controller and the replicas of that (required)")
	f.StringVar(&r.Credentials.File, "credentials-file", "", "folder with tls.crt, tls.key and ca.crt on the SCO's machine; empty: the SCO's own certificate")
	f.StringVar(&r.Credentials.Secret, "credentials-secret", "", "NAMESPACE/NAME of a Kubernetes Secret with the same keys")
	f.StringVar(&r.Credentials.Command, "credentials-command", "", "name of a command of the SCO that prints them")
	f.StringToStringVar(&r.Labels, "label", nil, "KEY=VALUE, comma-separated")
	f.Uint32Var(&r.Capacity.Slices, "slices", 0, "how many may use it; 0: any number")
	f.Uint32Var(&r.Capacity.Networks, "networks", 0, "how many it may carry; 0: any number")
	f.Uint32Var(&r.Capacity.Ports, "ports", 0, "how many it may carry; 0: any number")
	f.Uint32Var(&r.Capacity.BandwidthKbps, "bandwidth", 0, "kbit/s of all ports; 0: any")
	f.Uint32Var(&o.Generation, "generation", 0, "that the registration must have; 0: any")
	f.BoolVar(&o.Force, "force", false, "register it although it does not verify")
	return c
}

func domainListCommand(d *Door) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all domains", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				all, err := s.Registry.Registrations(ctx)
				if err != nil {
					return err
				}
				v := map[string][]intent.Registration{"domains": all}
				return Show(cmd, v, func(w *strings.Builder) { registrationTable(w, all...) })
			})
		},
	}
}

func drainCommand(d *Door) *cobra.Command {
	var undo bool
	c := &cobra.Command{
		Use: "drain NAME", Short: "Let no new slice into a domain, or let them in again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				r, err := s.Registry.DrainDomain(ctx, slice.Domain(args[0]), !undo)
				if err != nil {
					return err
				}
				return Show(cmd, r, func(w *strings.Builder) { registrationTable(w, r) })
			})
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "let slices in again")
	return c
}

func domainRemoveCommand(d *Door) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a domain that no slice uses; one that is not there is success", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				existed, err := s.Registry.RemoveDomain(ctx, slice.Domain(args[0]))
				if err != nil {
					return err
				}
				v := map[string]any{"removed": args[0], "existed": existed}
				return Show(cmd, v, func(w *strings.Builder) { fmt.Fprintf(w, "domain %s is removed\n", args[0]) })
			})
		},
	}
}

func registrationTable(w *strings.Builder, all ...intent.Registration) {
	fmt.Fprintln(w, "DOMAIN\tDRIVER\tADDRESSES\tVERSION\tMTU\tSLICES\tCONDITIONS\tMESSAGE")
	for i := range all {
		r := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Name, r.Driver, strings.Join(r.Addresses, ","),
			OrDash(r.Info.Version != "", r.Info.Version), OrDash(r.Info.MTU > 0, r.Info.MTU), r.Slices,
			OrDash(len(r.Conditions) > 0, summary(r.Conditions)), OneLine(complaint(r.Conditions)))
	}
}

// domainAddCommand brings a domain into a slice.
func domainAddCommand(d *Door) *cobra.Command {
	var e intent.DomainEdit
	var networks, links, members []string
	c := editing(d, "add SLICE DOMAIN", "Bring a domain into a running slice", 1,
		func(f *pflag.FlagSet) {
			f.StringVar((*string)(&e.Domain.Gateway), "gateway", "", "its node with the NED; empty: the domain's choice")
			f.StringSliceVar(&networks, "network", nil, "networks that reach it, comma-separated; none: all but vlinks")
			f.StringSliceVar(&links, "link", nil, "domains to which it gets a link, where the overlay is explicit")
			f.StringArrayVar(&members, "member", nil, "NETWORK:WORKLOAD[=ADDRESS[/MAC]]; repeatable")
		},
		func(args []string) (intent.Edit, error) {
			one := intent.DomainEdit{Domain: e.Domain}
			one.Domain.Name = slice.Domain(args[0])
			for _, n := range networks {
				one.Networks = append(one.Networks, slice.NetworkName(n))
			}
			for _, l := range links {
				one.Links = append(one.Links, intent.Link{From: one.Domain.Name, To: slice.Domain(l)})
			}
			for _, text := range members {
				network, rest, _ := strings.Cut(text, ":")
				who, where, given := strings.Cut(rest, "=")
				if given {
					where = "=" + where
				}
				m, err := parseMember(who + "@" + args[0] + where)
				if err != nil || who == "" {
					return intent.Edit{}, slice.Errorf(slice.Invalid, "--member %q is not NETWORK:WORKLOAD[=ADDRESS[/MAC]]", text)
				}
				one.Members = append(one.Members, intent.MemberEdit{Network: slice.NetworkName(network), Member: m})
			}
			return intent.Edit{AddDomain: &one}, nil
		})
	c.Example = "  l2sces domain add fire-emergency hospital --network voice --member voice:sip-hospital --wait"
	return c
}

func domainDetachCommand(d *Door) *cobra.Command {
	return editing(d, "detach SLICE DOMAIN", "Take a domain out of a running slice, with its members and links", 1, nil, func(args []string) (intent.Edit, error) {
		return intent.Edit{RemoveDomain: slice.Domain(args[0])}, nil
	})
}
