package node

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Database is the file of a switch's own database, before a server opens it.
type Database struct {
	File, Schema string
	Node         string // what the switch calls itself

	run func(ctx context.Context, args ...string) ([]byte, error)
}

// DatabaseCommand returns the command that prepares the database of a switch
// where no start script does: in a pod.
func DatabaseCommand() *cobra.Command {
	d := Database{run: func(ctx context.Context, args ...string) ([]byte, error) {
		return process.Run(ctx, process.Command{Args: args})
	}}
	cmd := &cobra.Command{
		Use:   "ovs-init",
		Short: "Prepare the database of the node's Open vSwitch",
		Long: "Makes the database of Open vSwitch if it is not there, brings one of an older version to the schema of\n" +
			"this one, and sees to the row that a switch begins with. Run it before ovsdb-server opens the file; a\n" +
			"second run changes nothing. It needs ovsdb-tool, and no rights but to write the file.",
		RunE: func(cmd *cobra.Command, _ []string) error { return d.Prepare(cmd.Context()) },
	}
	cmd.Flags().StringVar(&d.File, "database", "/etc/openvswitch/conf.db", "file of the database")
	cmd.Flags().StringVar(&d.Schema, "schema", "/usr/share/openvswitch/vswitch.ovsschema", "schema of this version of Open vSwitch")
	cmd.Flags().StringVar(&d.Node, "node", "", "name of the node (required)")
	return cmd
}

// Prepare makes the database what ovsdb-server needs. It appears under its
// name when it is whole.
func (d Database) Prepare(ctx context.Context) error {
	if d.Node == "" {
		return slice.Errorf(slice.Invalid, "--node is required")
	}
	_, err := os.Stat(d.File)
	if errors.Is(err, fs.ErrNotExist) {
		return d.create(ctx)
	}
	if err != nil {
		return err
	}
	answer, err := d.run(ctx, "ovsdb-tool", "needs-conversion", d.File, d.Schema)
	if err != nil {
		return slice.Errorf(slice.Invalid, "database %s cannot be read; without it the switch begins anew and is filled by its controllers: %w", d.File, err)
	}
	if strings.TrimSpace(string(answer)) == "yes" {
		if _, err := d.run(ctx, "ovsdb-tool", "convert", d.File, d.Schema); err != nil {
			return err
		}
	}
	return d.begin(ctx, d.File)
}

func (d Database) create(ctx context.Context) error {
	fresh := d.File + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := d.run(ctx, "ovsdb-tool", "create", fresh, d.Schema); err != nil {
		return err
	}
	if err := d.begin(ctx, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, d.File)
}

// begin sees to the one row of the switch itself.
func (d Database) begin(ctx context.Context, file string) error {
	const table = "Open_vSwitch"
	names := []any{"map", [][]string{{"hostname", d.Node}, {"system-id", d.Node}}}
	query, err := json.Marshal([]any{table, map[string]any{"op": "select", "table": table, "where": []any{}, "columns": []string{"_uuid"}}})
	if err != nil {
		return err
	}
	answer, err := d.run(ctx, "ovsdb-tool", "query", file, string(query))
	if err != nil {
		return err
	}
	var found []struct {
		Rows []any `json:"rows"`
	}
	if err := json.Unmarshal(answer, &found); err != nil || len(found) != 1 {
		return slice.Errorf(slice.Unavailable, "ovsdb-tool answers %q", answer)
	}
	if len(found[0].Rows) > 0 {
		return nil
	}
	insert, err := json.Marshal([]any{table, map[string]any{"op": "insert", "table": table, "row": map[string]any{"external_ids": names}}})
	if err != nil {
		return err
	}
	_, err = d.run(ctx, "ovsdb-tool", "transact", file, string(insert))
	return err
}
