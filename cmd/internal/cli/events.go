package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
)

// eventsCommand shows what happened.
func eventsCommand(d Door) *cobra.Command {
	var q intent.EventQuery
	var watch bool
	c := &cobra.Command{
		Use: "events", Short: "Show what happened to slices and domains, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if watch {
				tell := eventTeller(cmd)
				return d.while(cmd.Context(), func(ctx context.Context, s *SCO) error { return ended(ctx, s.Events.WatchEvents(ctx, q, tell)) })
			}
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				all, err := s.Events.Events(ctx, q)
				if err != nil {
					return err
				}
				v := map[string][]intent.Event{"events": all}
				return Show(cmd, v, func(w *strings.Builder) { eventsTable(w, "", all, time.Now()) })
			})
		},
	}
	d.Flags(c.Flags())
	f := c.Flags()
	f.BoolVarP(&watch, "watch", "w", false, "go on with every new one, until SIGINT")
	f.StringVar((*string)(&q.Slice), "slice", "", "of this slice")
	f.StringVar((*string)(&q.Tenant), "tenant", "", "of this tenant's slices")
	f.StringVar((*string)(&q.Domain), "domain", "", "of this domain")
	f.Uint32Var(&q.After, "after", 0, "only those with a greater number")
	f.Uint32Var(&q.Limit, "limit", 0, "the newest so many; 0: 500")
	return c
}

// eventTeller returns what writes each event as it comes.
func eventTeller(cmd *cobra.Command) func(intent.Event) error {
	w, format := cmd.OutOrStdout(), formatOf(cmd)
	return func(e intent.Event) error {
		if format != "table" {
			text, err := json.Marshal(e)
			if err == nil {
				_, err = fmt.Fprintf(w, "%s\n", text)
			}
			return err
		}
		_, err := fmt.Fprintf(w, "%s %-7s %s %s: %s\n", e.Time.UTC().Format(time.RFC3339), level(e), objectOf(e), e.Reason, OneLine(e.Message))
		return err
	}
}

func eventsTable(w *strings.Builder, indent string, all []intent.Event, now time.Time) {
	fmt.Fprintf(w, "%sNUMBER\tAGE\tTYPE\tOBJECT\tREASON\tCOUNT\tMESSAGE\n", indent)
	for _, e := range all {
		fmt.Fprintf(w, "%s%d\t%s\t%s\t%s\t%s\t%d\t%s\n", indent, e.Number, age(e.Time, now), level(e), objectOf(e), e.Reason, max(e.Count, 1), OneLine(e.Message))
	}
}

func level(e intent.Event) string {
	if e.Warning {
		return "Warning"
	}
	return "Normal"
}

// objectOf names what an event happened to.
func objectOf(e intent.Event) string {
	parts := []string{string(e.Slice), e.Object}
	if e.Slice == "" {
		parts[0] = string(e.Domain)
	}
	return strings.Trim(strings.Join(parts, " "), " ")
}
