package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// explainCommand shows what a template comes to, down to the last flow.
func explainCommand() *cobra.Command {
	var f translate.Files
	var labFile string
	c := &cobra.Command{
		Use:   "explain FILE|FOLDER",
		Short: "Show every station of a slice, from its template to the last flow",
		Long: "Explain translates a template and lets the real controllers make the slice on switches in memory. It prints\n" +
			"the intents, the plan, the segment of each domain, the bridge of each node and the rules of each switch in\n" +
			"the syntax of ovs-ofctl, with table names. Nothing is touched. Without --lab each domain is thought to have\n" +
			"two nodes: one with all the workloads, and the gateway.",
		Example: "  l2sces explain descriptors/nst/fire-emergency",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Template = args[0]
			e, err := explain(cmd.Context(), cmd.ErrOrStderr(), f, labFile)
			if err != nil {
				return err
			}
			return show(cmd, e, e.text)
		},
	}
	templateFlags(c.Flags(), &f)
	c.Flags().StringVar(&labFile, "lab", "", "file of the lab whose nodes to take; empty: two nodes for each domain")
	return c
}

// An explanation is every station of a slice.
type explanation struct {
	Template string          `json:"template"`
	Intents  intent.Intents  `json:"intents"`
	Status   intent.Status   `json:"status"`
	Segments []domainStation `json:"segments"`
	Switches []switchStation `json:"switches"`
}

// A domainStation is what the SCO asks of one domain.
type domainStation struct {
	Domain   slice.Domain           `json:"domain"`
	Segments []intent.SegmentStatus `json:"segments"`
}

// A switchStation is what one bridge is made to be.
type switchStation struct {
	Domain slice.Domain  `json:"domain"`
	Node   slice.Node    `json:"node"`
	Bridge bridge.Bridge `json:"bridge"`
	Flows  []string      `json:"flows"`
	Groups []string      `json:"groups,omitempty"`
	Meters []string      `json:"meters,omitempty"`
}

func explain(ctx context.Context, stderr io.Writer, f translate.Files, labFile string) (explanation, error) {
	in, err := translateFiles(stderr, f)
	if err != nil {
		return explanation{}, err
	}
	l := thought(in)
	if labFile != "" {
		if l, err = readLab(labFile); err != nil {
			return explanation{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	world, err := model.New(ctx, l, model.Config{Logger: log})
	if err != nil {
		return explanation{}, err
	}
	defer func() { cancel(); world.Wait() }()
	e := explanation{Template: f.Template, Intents: in.Canonical()}
	if e.Status, err = world.SCO.Apply(ctx, in, intent.Order{}); err != nil {
		return e, err
	}
	return e, e.collect(ctx, world, l)
}

// thought is a lab with two nodes for each domain of the slice.
func thought(in intent.Intents) lab.Lab {
	l := lab.Lab{Name: "thought"}
	for _, d := range in.Slice.Domains {
		first := lab.Node{Name: slice.Node(d.Name + "-1")}
		for _, n := range in.Slice.Networks {
			for _, m := range n.Members {
				if m.Domain == d.Name && !slices.Contains(first.Workloads, m.Name) {
					first.Workloads = append(first.Workloads, m.Name)
				}
			}
		}
		gateway := lab.Node{Name: slice.Node(d.Name + "-2")}
		if gateway.Name = cmp.Or(d.Gateway, gateway.Name); gateway.Name == first.Name {
			first.Name = slice.Node(d.Name + "-2")
		}
		l.Domains = append(l.Domains, lab.Domain{Name: d.Name, Gateway: gateway.Name, Nodes: []lab.Node{first, gateway}})
	}
	return l
}

func readLab(file string) (lab.Lab, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return lab.Lab{}, wrongFile(err)
	}
	var l lab.Lab
	if err := descriptor.FromYAML(file, text, &l); err != nil {
		return l, err
	}
	l = l.WithDefaults()
	return l, l.Validate()
}

// collect reads what the controllers made.
func (e *explanation) collect(ctx context.Context, world *model.World, l lab.Lab) error {
	e.Status.Since, e.Status.PhasesMs = time.Time{}, nil // they differ from run to run
	for _, d := range l.Domains {
		all, err := world.Domains[d.Name].List(ctx)
		if err != nil {
			return err
		}
		e.Segments = append(e.Segments, domainStation{d.Name, all})
	}
	for _, s := range world.Switches {
		station := switchStation{Domain: s.Domain, Node: s.Node, Bridge: s.Wanted()}
		rules := s.Memory.Held()
		// As a frame goes: table by table, and what wins first.
		slices.SortFunc(rules.Flows, func(x, y flow.Flow) int {
			return cmp.Or(cmp.Compare(x.Table.ID, y.Table.ID), cmp.Compare(y.Priority, x.Priority), cmp.Compare(x.Owner, y.Owner), strings.Compare(x.Rule(), y.Rule()))
		})
		slices.SortFunc(rules.Groups, func(x, y flow.Group) int { return cmp.Compare(x.ID, y.ID) })
		slices.SortFunc(rules.Meters, func(x, y flow.Meter) int { return cmp.Compare(x.ID, y.ID) })
		for _, f := range rules.Flows {
			station.Flows = append(station.Flows, f.String())
		}
		for _, g := range rules.Groups {
			station.Groups = append(station.Groups, g.String())
		}
		for _, m := range rules.Meters {
			station.Meters = append(station.Meters, m.String())
		}
		e.Switches = append(e.Switches, station)
	}
	return nil
}

// text writes the stations one below the other.
func (e *explanation) text(w *strings.Builder) {
	intents, err := e.Intents.YAML()
	if err != nil {
		fmt.Fprintf(w, "the intents cannot be written: %v\n", err)
	}
	fmt.Fprintf(w, "# 1. Template: %s\n\n# 2. Intents\n\n%s\n# 3. Plan of the SCO\n\n", e.Template, intents)
	for _, n := range e.Status.Networks {
		planned(w, n)
	}
	if e.Status.Message != "" {
		fmt.Fprintf(w, "%s: %s\n", e.Status.Phase, e.Status.Message)
	}
	w.WriteString("\n# 4. Segments of the domains\n\n")
	for _, d := range e.Segments {
		for _, s := range d.Segments {
			fmt.Fprintf(w, "%s: %s", d.Domain, s.ID.Network)
			if s.Label != 0 {
				fmt.Fprintf(w, ", handed off on %s with label %d", s.Gateway, s.Label)
			}
			w.WriteString("\n")
		}
	}
	w.WriteString("\n# 5. Bridges and their rules\n")
	for _, s := range e.Switches {
		s.text(w)
	}
}

// planned writes what the SCO decided for a network. One that stays inside a
// domain has no number between domains.
func planned(w *strings.Builder, n intent.NetworkStatus) {
	fmt.Fprintf(w, "%s: %s, MTU %d", n.Name, n.Type, n.MTU)
	if n.CIDR.IsValid() {
		fmt.Fprintf(w, ", %s", n.CIDR)
	}
	if n.Number != 0 {
		fmt.Fprintf(w, ", VNI %d over %s", n.Number, strings.Join(n.Links, " "))
	}
	w.WriteString("\n")
	for _, m := range n.Members {
		fmt.Fprintf(w, "  %s in %s on %s: %s", m.Name, m.Domain, cmp.Or(m.Node, "no node"), m.MAC)
		if m.Address.IsValid() {
			fmt.Fprintf(w, " %s", m.Address)
		}
		w.WriteString("\n")
	}
}

func (s switchStation) text(w *strings.Builder) {
	fmt.Fprintf(w, "\n## %s on %s: switch %s, obeys %s\n\n", s.Bridge.Name, s.Node, s.Bridge.DPID, strings.Join(s.Bridge.Controllers, " "))
	for _, p := range s.Bridge.Ports {
		fmt.Fprintf(w, "port %d: %s %s", p.Number, p.Kind, p.Name)
		switch p.Kind {
		case bridge.Tunnel:
			fmt.Fprintf(w, " to %s", p.Remote)
		case bridge.Patch:
			fmt.Fprintf(w, " to %s", p.Peer)
		case bridge.Workload:
			fmt.Fprintf(w, " to %s, interface %s, %s", p.Workload, p.Interface, p.MAC)
		}
		w.WriteString("\n")
	}
	for _, lines := range [][]string{s.Groups, s.Meters, s.Flows} {
		if len(lines) > 0 {
			w.WriteString("\n" + strings.Join(lines, "\n") + "\n")
		}
	}
}
