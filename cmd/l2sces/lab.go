package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
)

// labCommand builds domains on this machine.
func labCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "lab",
		Short: "Build domains on this machine out of network namespaces",
		Long: "A lab is a file (see deploy/lab). Each of its nodes is two network namespaces, with a private Open vSwitch\n" +
			"in the second; the programs are the real ones. A lab needs root and touches nothing outside its namespaces\n" +
			"and its folder below /run.",
	}
	var bin string
	c.PersistentFlags().StringVar(&bin, "bin", "", "folder of the programs; empty: where this one lies")
	plan := func(file string) (lab.Plan, error) { return readPlan(file, bin) }
	c.AddCommand(
		&cobra.Command{
			Use: "up FILE", Short: "Make the lab, or what is missing of it", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return labUp(cmd, args[0], plan) },
		},
		&cobra.Command{
			Use: "status FILE", Short: "Show what runs and whether it is ready", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return labStatus(cmd, args[0], plan) },
		},
		&cobra.Command{
			Use: "exec FILE WORKLOAD -- COMMAND...", Short: "Run a command in the namespace of a workload or a node", Args: cobra.MinimumNArgs(3),
			RunE: func(cmd *cobra.Command, args []string) error { return labExec(cmd, args, plan) },
		},
		&cobra.Command{
			Use: "kill FILE PROCESS...", Short: "End processes without warning", Args: cobra.MinimumNArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withPlan(args[0], plan, func(p lab.Plan) error {
					return newKeeper(cmd.ErrOrStderr()).Kill(cmd.Context(), p, args[1:]...)
				})
			},
		},
		&cobra.Command{
			Use: "restart FILE PROCESS...", Short: "Start processes again as they were", Args: cobra.MinimumNArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withPlan(args[0], plan, func(p lab.Plan) error {
					return newKeeper(cmd.ErrOrStderr()).Restart(cmd.Context(), p, args[1:]...)
				})
			},
		},
		&cobra.Command{
			Use: "down FILE", Short: "Take the lab away and leave nothing", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return withPlan(args[0], plan, func(p lab.Plan) error {
					return newKeeper(cmd.ErrOrStderr()).Down(cmd.Context(), p)
				})
			},
		},
	)
	return c
}

type planner func(file string) (lab.Plan, error)

// withPlan reads a lab file and calls f as root.
func withPlan(file string, plan planner, f func(lab.Plan) error) error {
	p, err := plan(file)
	if err != nil {
		return err
	}
	if err := needRoot(); err != nil {
		return err
	}
	return f(p)
}

func labUp(cmd *cobra.Command, file string, plan planner) error {
	return withPlan(file, plan, func(p lab.Plan) error {
		if err := needPrograms(p); err != nil {
			return err
		}
		return newKeeper(cmd.ErrOrStderr()).Up(cmd.Context(), p)
	})
}

func labStatus(cmd *cobra.Command, file string, plan planner) error {
	return withPlan(file, plan, func(p lab.Plan) error {
		s, err := newKeeper(cmd.ErrOrStderr()).Status(cmd.Context(), p)
		if err != nil {
			return err
		}
		return show(cmd, s, func(w *strings.Builder) {
			state := "down"
			if s.Up {
				state = "up"
			} else if len(s.Processes) > 0 {
				state = "incomplete"
			}
			fmt.Fprintf(w, "lab %s: %s\n", s.Name, state)
			if len(s.Processes) > 0 {
				fmt.Fprintln(w, "PROCESS\tNAMESPACE\tPID\tREADY\tMESSAGE")
			}
			for _, q := range s.Processes {
				fmt.Fprintf(w, "%s\t%s\t%d\t%t\t%s\n", q.Name, q.Namespace, q.PID, q.Ready, q.Message)
			}
		})
	})
}

func labExec(cmd *cobra.Command, args []string, plan planner) error {
	return withPlan(args[0], plan, func(p lab.Plan) error {
		c := exec.CommandContext(cmd.Context(), args[2], args[3:]...)
		c.Stdin, c.Stdout, c.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
		if err := netns.Start(p.Lab.Namespace(args[1]), c); err != nil {
			return fmt.Errorf("run %s in %s: %w", args[2], args[1], err)
		}
		return c.Wait()
	})
}

// readPlan reads a lab file and computes what the lab consists of.
func readPlan(file, bin string) (lab.Plan, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return lab.Plan{}, slice.Errorf(slice.Invalid, "read lab: %w", err)
	}
	var l lab.Lab
	if err := descriptor.FromYAML(file, text, &l); err != nil {
		return lab.Plan{}, err
	}
	if bin == "" {
		self, err := os.Executable()
		if err != nil {
			return lab.Plan{}, err
		}
		bin = filepath.Dir(self)
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return lab.Plan{}, err
	}
	p, err := lab.NewPlan(l, lab.Places{Bin: bin})
	if err != nil {
		return lab.Plan{}, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

func needRoot() error {
	if os.Geteuid() == 0 {
		return nil
	}
	return slice.Errorf(slice.Denied, "a lab makes network namespaces, which only root may: run this again with sudo")
}

// needPrograms looks for everything that a lab starts before it starts any of
// it.
func needPrograms(p lab.Plan) error {
	seen := map[string]bool{}
	for _, q := range p.Processes {
		for _, c := range append(q.Prepare, q.Command) {
			program := c.Args[0]
			if seen[program] {
				continue
			}
			seen[program] = true
			if _, err := exec.LookPath(program); err != nil {
				remedy := "make build"
				if !filepath.IsAbs(program) {
					remedy = "apt-get install openvswitch-switch openvswitch-common"
				}
				return slice.Errorf(slice.Invalid, "program %s is missing: run `%s` first: %w", program, remedy, err)
			}
		}
	}
	return nil
}

// show writes a value in the format that --output asks for.
func show(cmd *cobra.Command, v any, table func(w *strings.Builder)) error {
	return cli.Show(cmd, v, table)
}

// progress returns a function that writes lines for people to w.
func progress(w io.Writer, begin string) func(format string, args ...any) {
	return func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, begin+format+"\n", args...) // nobody is there to read: go on
	}
}

// findSCO finds the SCO of a lab, as the administrator of which its root goes.
func findSCO(file string) (cli.Place, error) {
	plan, err := readPlan(file, "")
	if err != nil {
		return cli.Place{}, err
	}
	p := labSCO(plan.Dir)
	if _, err := os.Stat(p.Key); err != nil {
		return p, slice.Errorf(slice.Unavailable, "find the lab in %s, which may not be up: %w", plan.Dir, err)
	}
	return p, nil
}

// labSCO is where a running lab has its SCO.
func labSCO(dir string) cli.Place {
	pem := func(file string) string { return filepath.Join(dir, "pki", file) }
	return cli.Place{Address: "unix:" + filepath.Join(dir, "sco.sock"), Cert: pem("admin.crt"), Key: pem("admin.key"), CA: pem("ca.crt")}
}
