// Package cli is what a person types to look after slices and domains: the
// commands of l2sces that speak gRPC with an SCO. It decides nothing, and knows
// neither templates nor labs; whoever builds the program hands in how the SCO
// of a lab is found.
//
//	for _, c := range cli.Commands(door) { root.AddCommand(c) }
package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
)

// Commands returns the commands for what is not a slice alone.
func Commands(d Door) []*cobra.Command {
	all := []*cobra.Command{
		domainCommand(d), linkCommand(d), networkCommand(d), pathCommand(d), portCommand(d),
		eventsCommand(d), auditCommand(d), quotaCommand(d), whoamiCommand(d),
	}
	return all
}

// SliceCommands returns the commands for slices that only an SCO answers.
func SliceCommands(d *Door) []*cobra.Command {
	return []*cobra.Command{describeCommand(d), watchCommand(d), historyCommand(d), pauseCommand(d, true), pauseCommand(d, false)}
}

// callTime bounds a call that is no watch.
const callTime = 2 * time.Minute

// with opens the door for one call.
func (d *Door) with(cmd *cobra.Command, f func(ctx context.Context, s *SCO) error) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), callTime)
	defer cancel()
	return d.while(ctx, f)
}

// while opens the door for as long as f takes.
func (d *Door) while(ctx context.Context, f func(ctx context.Context, s *SCO) error) error {
	s, err := d.Open()
	if err != nil {
		return err
	}
	err = f(ctx, s)
	return errors.Join(err, s.Close())
}

// noun returns a command that only holds others, all behind one door.
func noun(use, short string, d *Door, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	d.Flags(c.PersistentFlags())
	c.AddCommand(below...)
	return c
}
