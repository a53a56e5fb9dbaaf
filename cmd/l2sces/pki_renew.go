package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/pki"
)

// renewCommand gives certificates a new life.
func renewCommand() *cobra.Command {
	var sameKey, all bool
	c := &cobra.Command{
		Use: "renew FOLDER [NAME...]", Short: "Renew certificates that are due, or those that are named", Args: cobra.MinimumNArgs(1),
		Long: "A certificate keeps its identity and its hosts. It is due when less than a third of its life is left. Programs read their\n" +
			"files again: none has to be restarted, and no call is dropped. The authority, called ca, keeps its key and is renewed only by name;\n" +
			"then it has to be copied to every machine.",
		Example: "  l2sces pki renew /etc/l2sces/pki\n  l2sces pki renew /etc/l2sces/pki north-1 --same-key",
		RunE: func(cmd *cobra.Command, args []string) error {
			a := pki.Authority{Dir: args[0]}
			names := args[1:]
			if len(names) == 0 {
				holders, err := a.Holders()
				if err != nil {
					return wrongFile(err)
				}
				names = due(holders, all)
			}
			for _, name := range names {
				if err := a.Renew(name, sameKey); err != nil {
					return wrongFile(err)
				}
			}
			return showHolders(cmd, a)
		},
	}
	c.Flags().BoolVar(&sameKey, "same-key", false, "keep the keys: only the certificates are written")
	c.Flags().BoolVar(&all, "all", false, "renew also what is not due, but for the authority")
	return c
}

func due(holders []pki.Holder, all bool) []string {
	var names []string
	for _, h := range holders {
		if h.Identity != "" && (h.State == pki.Due || h.State == pki.Expired || all && h.State == pki.Good) {
			names = append(names, h.Name)
		}
	}
	return names
}

// statusCommand tells how long certificates last.
func statusCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use: "status FOLDER", Short: "Show how many days certificates have left", Args: cobra.ExactArgs(1),
		Long: "States are good, due (renew it), expired, and alien (the authority beside it has not signed it).",
		RunE: func(cmd *cobra.Command, args []string) error {
			a := pki.Authority{Dir: args[0]}
			if err := showHolders(cmd, a); err != nil || !check {
				return err
			}
			holders, err := a.Holders()
			for _, h := range holders {
				if h.State != pki.Good {
					err = errors.Join(err, fmt.Errorf("certificate %s is %s", h.Name, h.State))
				}
			}
			return err
		},
	}
	c.Flags().BoolVar(&check, "check", false, "exit with status 1 unless all are good")
	return c
}

// showHolders shows what the folder of an authority has, and warns of what does
// not last.
func showHolders(cmd *cobra.Command, a pki.Authority) error {
	all, err := a.Holders()
	if err != nil {
		return wrongFile(err)
	}
	for _, h := range all {
		if h.State != pki.Good {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "warning: certificate %s is %s, it lasts until %s\n", h.Name, h.State, h.Until.Format(time.RFC3339)) // nobody is there to read: go on
		}
	}
	return show(cmd, map[string][]pki.Holder{"certificates": all}, func(w *strings.Builder) {
		fmt.Fprintln(w, "NAME\tIDENTITY\tHOSTS\tDAYS\tSTATE\tUNTIL")
		for _, h := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", h.Name, cli.OrDash(h.Identity != "", h.Identity),
				cli.OrDash(len(h.Hosts) > 0, strings.Join(h.Hosts, ",")), h.Days, h.State, h.Until.Format(time.RFC3339))
		}
	})
}
