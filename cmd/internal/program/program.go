// Package program runs the commands of the house: signals, exit status, how an
// error is said, and the log. What a command does is the business of its main
// package.
//
//	os.Exit(program.Execute(cmd, os.Stderr))
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Execute runs a command until it is done or told to end, and returns its exit
// status: 0 after success and an orderly stop, 1 on a fault of the environment,
// 2 on a wrong option, argument or file.
func Execute(cmd *cobra.Command, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return slice.Errorf(slice.Invalid, "%w", err) })
	cmd.InitDefaultHelpCmd()
	cmd.InitDefaultCompletionCmd()
	strict(cmd)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	say(stderr, cmd.Name(), err)
	if slice.KindOf(err) == slice.Invalid {
		return 2
	}
	return 1
}

// say writes an error. Complaints stand alone on their lines, as editors
// follow them.
func say(stderr io.Writer, name string, err error) {
	text := name + ": " + err.Error()
	var problems descriptor.Problems
	if errors.As(err, &problems) {
		text = problems.Error()
	}
	_, _ = fmt.Fprintln(stderr, text) // nowhere left to say it
}

// strict makes wrong arguments of a command, and of those below it, errors of
// kind Invalid. A command that only holds others shows its help.
func strict(cmd *cobra.Command) {
	check := cmd.Args
	switch {
	case !cmd.Runnable() && cmd.HasSubCommands():
		check = known
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	case check == nil:
		check = nothing
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil { // also what cobra would say later, and as a fault of the environment
			err = errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups())
		}
		if err != nil {
			return slice.Errorf(slice.Invalid, "%w: see %s --help", err, cmd.CommandPath())
		}
		return nil
	}
	for _, below := range cmd.Commands() {
		if below.Name() != "help" { // takes the names of commands
			strict(below)
		}
	}
}

func nothing(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected argument %q", args[0])
}

// known refuses a command that is not there, and guesses what was meant.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		meant = ", but " + strings.Join(near, ", ")
	}
	return fmt.Errorf("there is no command %q%s", args[0], meant)
}

// Log returns the log of a daemon, whose level is named as its flag has it.
func Log(stderr io.Writer, function, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, slice.Errorf(slice.Invalid, "--log-level: %w", err)
	}
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: l})).With("function", function), nil
}
