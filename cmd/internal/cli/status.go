package cli

import (
	"fmt"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
)

// ListTable writes slices, one a line.
func ListTable(w *strings.Builder, all []intent.Status) {
	fmt.Fprintln(w, "SLICE\tTENANT\tPHASE\tGENERATION\tNETWORKS\tMESSAGE")
	for i := range all {
		s := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", s.ID, s.Tenant, phase(s), s.Generation, len(s.Networks), OneLine(s.Message))
	}
}

// phase is that of a slice, and whether somebody has stopped its changes.
func phase(s *intent.Status) string {
	if s.Paused {
		return string(s.Phase) + ",Paused"
	}
	return string(s.Phase)
}

// StatusTable writes one slice with its networks and their members.
func StatusTable(w *strings.Builder, s intent.Status) {
	ListTable(w, []intent.Status{s})
	if len(s.Networks) > 0 {
		fmt.Fprintln(w, "\nNETWORK\tTYPE\tNUMBER\tCIDR\tMTU\tREADY\tLINKS\tMESSAGE")
	}
	for _, n := range s.Networks {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%t\t%s\t%s\n", n.Name, n.Type, n.Number, OrDash(n.CIDR.IsValid(), n.CIDR), n.MTU,
			n.Ready, OrDash(len(n.Links) > 0, strings.Join(n.Links, " ")), OneLine(n.Message))
	}
	fmt.Fprintln(w, "\nNETWORK\tMEMBER\tDOMAIN\tNODE\tADDRESS\tMAC\tREADY\tMESSAGE")
	for _, n := range s.Networks {
		for _, m := range n.Members {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%t\t%s\n", n.Name, m.Name, m.Domain, OrDash(m.Node != "", m.Node),
				OrDash(m.Address.IsValid(), m.Address), m.MAC, m.Ready, OneLine(m.Message))
		}
	}
}

// DifferenceTable writes what an order would change, by domain.
func DifferenceTable(w *strings.Builder, d intent.Difference) {
	if len(d.Changes) == 0 {
		fmt.Fprintf(w, "slice %s of generation %d: nothing would change\n", d.ID, d.Generation)
		return
	}
	counts := map[intent.Action]int{}
	fmt.Fprintln(w, "DOMAIN\tCHANGE\tKIND\tNAME\tDETAIL")
	for _, c := range d.Changes {
		counts[c.Action]++
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", OrDash(c.Domain != "", c.Domain), c.Action, c.Kind, c.Name, OneLine(c.Detail))
	}
	fmt.Fprintf(w, "\nslice %s of generation %d: %d to add, %d to change, %d to remove\n", d.ID, d.Generation,
		counts[intent.Add], counts[intent.Alter], counts[intent.Remove])
}
