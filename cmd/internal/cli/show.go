package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Formats are the forms of what is shown.
var Formats = []string{"table", "json", "yaml"}

// Show writes a value in the format that --output asks for.
func Show(cmd *cobra.Command, v any, table func(w *strings.Builder)) error {
	w := cmd.OutOrStdout()
	switch format := formatOf(cmd); format {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	case "yaml":
		text, err := descriptor.YAML(v)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	case "table":
		var text strings.Builder
		table(&text)
		return align(w, text.String())
	default:
		return slice.Errorf(slice.Invalid, "output %q is not table, json or yaml", format)
	}
}

func formatOf(cmd *cobra.Command) string {
	if f := cmd.Flag("output"); f != nil && f.Value.String() != "" {
		return f.Value.String()
	}
	return "table"
}

// align writes text whose cells end in tabs in columns.
func align(w io.Writer, text string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(t, text); err != nil {
		return err
	}
	return t.Flush()
}

// OrDash keeps the columns of a table apart where there is nothing to say.
func OrDash(there bool, v any) string {
	if !there {
		return "-"
	}
	return fmt.Sprint(v)
}

// OneLine keeps a row of a table one line.
func OneLine(s string) string { return strings.NewReplacer("\n", " / ", "\t", " ").Replace(s) }

// age says how long ago something was, in the two units that matter.
func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	d := max(now.Sub(since), 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 3*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
