package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// watchCommand shows slices as they change.
func watchCommand(d *Door) *cobra.Command {
	var q intent.Query
	c := &cobra.Command{
		Use: "watch [ID...]", Short: "Show slices as they change: a live table on a terminal, a line for each change elsewhere", Args: cobra.ArbitraryArgs,
		Long: "With --output json each change is a document on a line of its own. Watch ends with SIGINT.",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, a := range args {
				q.IDs = append(q.IDs, slice.ID(a))
			}
			v := newViewer(cmd)
			return d.while(cmd.Context(), func(ctx context.Context, s *SCO) error { return ended(ctx, s.Slices.Watch(ctx, q, v.tell)) })
		},
	}
	f := c.Flags()
	f.StringVar((*string)(&q.Tenant), "tenant", "", "whose slices; empty: all that you may see")
	f.StringVar((*string)(&q.Domain), "domain", "", "that they reach")
	f.StringVar((*string)(&q.Phase), "phase", "", "that they are in")
	return c
}

// ended makes the end that a person asked for a good one.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// A viewer shows moments as they come.
type viewer struct {
	w      io.Writer
	format string
	live   bool // the table is drawn anew each time
	synced bool
	have   map[slice.ID]intent.Status
}

func newViewer(cmd *cobra.Command) *viewer {
	w, format := cmd.OutOrStdout(), formatOf(cmd)
	return &viewer{w: w, format: format, live: format == "table" && terminal(w), have: map[slice.ID]intent.Status{}}
}

// terminal reports whether a person looks at what is written.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (v *viewer) tell(m intent.Moment) error {
	switch m.Kind {
	case intent.Sync:
		v.synced = true
	case intent.Gone:
		delete(v.have, m.Slice.ID)
	default:
		v.have[m.Slice.ID] = m.Slice
	}
	switch {
	case v.live && v.synced:
		return v.draw()
	case v.live || m.Kind == intent.Sync && v.format == "table":
		return nil
	case v.format == "table":
		return v.line(m)
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(v.w, "%s\n", text)
	}
	return err
}

// line tells one change.
func (v *viewer) line(m intent.Moment) error {
	what := phase(&m.Slice)
	if m.Kind == intent.Gone {
		what = "Gone"
	}
	_, err := fmt.Fprintln(v.w, strings.TrimSpace(fmt.Sprintf("%s generation %d %s %s", m.Slice.ID, m.Slice.Generation, what, OneLine(m.Slice.Message))))
	return err
}

// clear moves to the upper left corner and empties the screen (ECMA-48, CUP
// and ED).
const clear = "\x1b[H\x1b[2J"

func (v *viewer) draw() error {
	var text strings.Builder
	all := make([]intent.Status, 0, len(v.have))
	for _, id := range slices.Sorted(maps.Keys(v.have)) {
		all = append(all, v.have[id])
	}
	liveTable(&text, all)
	if _, err := io.WriteString(v.w, clear); err != nil {
		return err
	}
	return align(v.w, text.String())
}

// liveTable writes slices with how much of each is ready.
func liveTable(w *strings.Builder, all []intent.Status) {
	fmt.Fprintln(w, "SLICE\tTENANT\tPHASE\tGENERATION\tNETWORKS\tMEMBERS\tMESSAGE")
	for i := range all {
		s := &all[i]
		networks, members, ready := 0, 0, 0
		for _, n := range s.Networks {
			if n.Ready {
				networks++
			}
			for _, m := range n.Members {
				members++
				if m.Ready {
					ready++
				}
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d/%d\t%d/%d\t%s\n", s.ID, s.Tenant, phase(s), s.Generation, networks, len(s.Networks), ready, members, OneLine(s.Message))
	}
}
