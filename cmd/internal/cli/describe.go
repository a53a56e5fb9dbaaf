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

// lastEvents is how many events a description ends with.
const lastEvents = 20

// A description is everything that is to be known of a slice.
type description struct {
	intent.Status
	Events []intent.Event `json:"events,omitempty"`
}

// describeCommand shows everything of one slice.
func describeCommand(d *Door) *cobra.Command {
	return &cobra.Command{
		Use: "describe ID", Short: "Show everything of a slice: conditions, domains, networks, members, links, paths, events", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				status, err := s.Slices.Status(ctx, slice.ID(args[0]))
				if err != nil {
					return err
				}
				v := description{Status: status}
				v.Events, err = s.Events.Events(ctx, intent.EventQuery{Slice: status.ID, Limit: lastEvents})
				if err != nil && slice.KindOf(err) != slice.Denied { // a viewer may see slices and no events
					return err
				}
				return Show(cmd, v, func(w *strings.Builder) { v.table(w, time.Now()) })
			})
		},
	}
}

// table writes the description in sections, in the manner of kubectl.
func (v description) table(w *strings.Builder, now time.Time) {
	v.head(w, now)
	fmt.Fprintln(w, "Conditions:")
	conditionsTable(w, "  ", v.Conditions, now)
	v.domains(w)
	v.links(w)
	for i := range v.Networks {
		network(w, &v.Networks[i], now)
	}
	v.paths(w)
	fmt.Fprintln(w, "Events:")
	if len(v.Events) == 0 {
		fmt.Fprintln(w, "  none")
		return
	}
	eventsTable(w, "  ", v.Events, now)
}

func (v description) head(w *strings.Builder, now time.Time) {
	fact := func(name string, value any) { fmt.Fprintf(w, "%s:\t%v\n", name, value) }
	fact("Name", v.ID)
	fact("Tenant", v.Tenant)
	fact("Phase", phase(&v.Status))
	fact("Message", OrDash(v.Message != "", OneLine(v.Message)))
	fact("Generation", v.Generation)
	fact("Age", age(v.Since, now))
	if in := v.Intents; in != nil {
		fact("S-NSSAI", strings.TrimSuffix(in.Slice.SNSSAI.SST+"/"+in.Slice.SNSSAI.SD, "/"))
		fact("QoS", in.Slice.QoS.ID)
		fact("Overlay", fmt.Sprintf("%s, encryption %s", in.Overlay.Shape, in.Overlay.Encryption))
	}
}

func (v description) domains(w *strings.Builder) {
	if len(v.Domains) == 0 {
		return
	}
	fmt.Fprintln(w, "Domains:\n  NAME\tGATEWAY\tCONDITIONS\tMESSAGE")
	for _, d := range v.Domains {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", d.Name, OrDash(d.Gateway != "", d.Gateway), OrDash(len(d.Conditions) > 0, summary(d.Conditions)), OneLine(complaint(d.Conditions)))
	}
}

func (v description) links(w *strings.Builder) {
	if len(v.Links) == 0 {
		return
	}
	fmt.Fprintln(w, "Links:\n  NAME\tCOST\tCONDITIONS\tMESSAGE")
	for _, l := range v.Links {
		fmt.Fprintf(w, "  %s\t%d\t%s\t%s\n", l.Name, max(l.Cost, 1), OrDash(len(l.Conditions) > 0, summary(l.Conditions)), OneLine(complaint(l.Conditions)))
	}
}

func network(w *strings.Builder, n *intent.NetworkStatus, now time.Time) {
	fmt.Fprintf(w, "Network %s:\n", n.Name)
	fmt.Fprintf(w, "  Type:\t%s\n  Number:\t%d\n  Addresses:\t%s\n  MTU:\t%d\n  Links:\t%s\n  Ready:\t%t\n", n.Type, n.Number,
		OrDash(n.CIDR.IsValid(), n.CIDR), n.MTU, OrDash(len(n.Links) > 0, strings.Join(n.Links, " ")), n.Ready)
	if n.Message != "" {
		fmt.Fprintf(w, "  Message:\t%s\n", OneLine(n.Message))
	}
	if len(n.Conditions) > 0 {
		fmt.Fprintln(w, "  Conditions:")
		conditionsTable(w, "    ", n.Conditions, now)
	}
	if len(n.Members) == 0 {
		return
	}
	fmt.Fprintln(w, "  Members:\n    NAME\tDOMAIN\tNODE\tADDRESS\tMAC\tREADY\tMESSAGE")
	for _, m := range n.Members {
		fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s\t%t\t%s\n", m.Name, m.Domain, OrDash(m.Node != "", m.Node), OrDash(m.Address.IsValid(), m.Address), m.MAC, m.Ready, OneLine(m.Message))
	}
}

func (v description) paths(w *strings.Builder) {
	if v.Intents == nil || len(v.Intents.Paths) == 0 {
		return
	}
	fmt.Fprintln(w, "Paths:\n  NETWORK\tFROM\tTO\tMODE\tHOPS\tPROTECTION")
	for _, p := range v.Intents.Paths {
		hops := make([]string, len(p.Hops))
		for i, h := range p.Hops {
			hops[i] = string(h)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", p.Network, p.From, p.To, p.Mode, OrDash(len(hops) > 0, strings.Join(hops, ",")), p.Protection)
	}
}
