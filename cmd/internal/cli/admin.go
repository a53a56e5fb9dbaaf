package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A caller is who somebody is to an SCO.
type caller struct {
	Name   string       `json:"name"`
	Tenant slice.Tenant `json:"tenant,omitempty"` // the only one that it sees
	Role   string       `json:"role"`
}

// auditCommand shows who changed what.
func auditCommand(d Door) *cobra.Command {
	var q intent.AuditQuery
	c := &cobra.Command{
		Use: "audit", Short: "Show calls that could change something, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				all, err := s.Admin.Audit(ctx, q)
				if err != nil {
					return err
				}
				v := map[string][]intent.AuditEntry{"entries": all}
				return Show(cmd, v, func(w *strings.Builder) { auditTable(w, all) })
			})
		},
	}
	d.Flags(c.Flags())
	f := c.Flags()
	f.StringVar((*string)(&q.Tenant), "tenant", "", "of this tenant")
	f.StringVar(&q.Caller, "caller", "", "of this caller")
	f.Uint32Var(&q.After, "after", 0, "only those with a greater number")
	f.Uint32Var(&q.Limit, "limit", 0, "the newest so many; 0: 500")
	return c
}

func auditTable(w *strings.Builder, all []intent.AuditEntry) {
	fmt.Fprintln(w, "NUMBER\tTIME\tCALLER\tTENANT\tROLE\tMETHOD\tOBJECT\tRESULT\tDETAIL")
	for i := range all {
		e := &all[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Number, e.Time.UTC().Format(time.RFC3339), e.Caller, OrDash(e.Tenant != "", e.Tenant),
			OrDash(e.Role != "", e.Role), e.Method, OrDash(e.Object != "", e.Object), e.Result, OneLine(strings.TrimSpace(e.Error+" "+e.Detail)))
	}
}

// quotaCommand limits tenants.
func quotaCommand(d Door) *cobra.Command {
	var q intent.Quota
	set := &cobra.Command{
		Use: "set TENANT", Short: "Limit what a tenant may have; what is not given has no limit", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Tenant = slice.Tenant(args[0])
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				got, err := s.Admin.PutQuota(ctx, q)
				if err != nil {
					return err
				}
				return Show(cmd, got, func(w *strings.Builder) { quotaTable(w, got) })
			})
		},
	}
	f := set.Flags()
	f.Uint32Var(&q.Slices, "slices", 0, "how many; 0: any number")
	f.Uint32Var(&q.Networks, "networks", 0, "how many; 0: any number")
	f.Uint32Var(&q.Ports, "ports", 0, "how many; 0: any number")
	f.Uint32Var(&q.BandwidthKbps, "bandwidth", 0, "kbit/s of all ports; 0: any")
	list := &cobra.Command{
		Use: "list", Short: "Show the limits and the use of every tenant", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				all, err := s.Admin.Quotas(ctx)
				if err != nil {
					return err
				}
				v := map[string][]intent.Quota{"quotas": all}
				return Show(cmd, v, func(w *strings.Builder) { quotaTable(w, all...) })
			})
		},
	}
	return noun("quota", "Limit what tenants may have", &d, set, list)
}

func quotaTable(w *strings.Builder, all ...intent.Quota) {
	fmt.Fprintln(w, "TENANT\tSLICES\tNETWORKS\tPORTS\tKBIT/S")
	for _, q := range all {
		var u intent.Usage
		if q.Used != nil {
			u = *q.Used
		}
		of := func(used, limit uint32) string {
			return fmt.Sprintf("%d/%s", used, OrDash(limit > 0, limit))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", q.Tenant, of(u.Slices, q.Slices), of(u.Networks, q.Networks), of(u.Ports, q.Ports), of(u.BandwidthKbps, q.BandwidthKbps))
	}
}

// whoamiCommand asks who the caller is.
func whoamiCommand(d Door) *cobra.Command {
	c := &cobra.Command{
		Use: "whoami", Short: "Show who you are to the SCO, and what you may", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				told, err := s.Admin.WhoAmI(ctx)
				if err != nil {
					return err
				}
				who := caller{told.Name, told.Tenant, told.Role.String()}
				return Show(cmd, who, func(w *strings.Builder) {
					fmt.Fprintf(w, "NAME\tTENANT\tROLE\n%s\t%s\t%s\n", who.Name, OrDash(who.Tenant != "", who.Tenant), who.Role)
				})
			})
		},
	}
	d.Flags(c.Flags())
	return c
}
