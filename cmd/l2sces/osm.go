package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/slice"
)

// osmCommand works with OSM.
func osmCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "osm",
		Short: "Bring packages, accounts and slices into OSM, and look at them",
		Long: "The commands speak with OSM's northbound interface: with the one that you have logged in to, or with the one that --osm,\n" +
			"--user and --password-file name. Each of them looks first what is there, and does what is missing: twice is the same as\n" +
			"once, and one that broke off goes on when it is given again. With --dry-run they tell what they would do.",
	}
	c.AddCommand(loginCommand(), logoutCommand(), onboardCommand(), registerCommand(), instantiateCommand(), osmStatusCommand(), terminateCommand(), replayCommand())
	return c
}

// nbiDoor says where OSM is, and who calls it.
type nbiDoor struct {
	url, user, passwordFile, project, ca string
	passwordStdin, insecure              bool
}

func (d *nbiDoor) flags(f *pflag.FlagSet) {
	f.StringVar(&d.url, "osm", "", "https://HOST:PORT of OSM's northbound interface; empty: the one that you have logged in to")
	f.StringVar(&d.user, "user", "", "your name in OSM; empty: as you have logged in")
	f.StringVar(&d.passwordFile, "password-file", "", "file with the password of --user")
	f.BoolVar(&d.passwordStdin, "password-stdin", false, "read the password of --user from standard input")
	f.StringVar(&d.project, "project", "", "project of OSM; empty: the user's own")
	f.StringVar(&d.ca, "ca", "", "authority of OSM's certificate, PEM; empty: those that this machine trusts")
	f.BoolVar(&d.insecure, "insecure", false, "take any certificate of OSM: for a trial only, as anybody on the way can read the password")
}

// open returns a client of OSM: with a password where --user is given, else with
// the token of the login.
func (d *nbiDoor) open(cmd *cobra.Command) (*osm.Client, error) {
	if d.user == "" {
		if d.passwordFile != "" || d.passwordStdin {
			return nil, slice.Errorf(slice.Invalid, "a password without --user: whose is it?")
		}
		s, err := readSession(d.url)
		if err != nil {
			return nil, err
		}
		return s.open()
	}
	if d.url == "" {
		return nil, slice.Errorf(slice.Invalid, "--user needs --osm: where is OSM?")
	}
	password, err := d.password(cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	config, err := osm.Files{CA: d.ca, Insecure: d.insecure}.TLS()
	if err != nil {
		return nil, wrongFile(err)
	}
	return osm.New(osm.Config{URL: d.url, User: d.user, Password: password, Project: d.project, TLS: config})
}

// maxPassword is what a file with a password may have, in bytes.
const maxPassword = 4096

// password reads the password, which is one line.
func (d *nbiDoor) password(stdin io.Reader) (string, error) {
	from, in := "standard input", stdin
	switch {
	case d.passwordStdin == (d.passwordFile != ""):
		return "", slice.Errorf(slice.Invalid, "--user needs either --password-file or --password-stdin")
	case !d.passwordStdin:
		f, err := os.Open(d.passwordFile)
		if err != nil {
			return "", slice.Errorf(slice.Invalid, "%w", err)
		}
		defer func() { _ = f.Close() }() // only read from
		from, in = d.passwordFile, f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPassword+1))
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "read the password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || len(text) > maxPassword || strings.ContainsAny(password, "\r\n") {
		return "", slice.Errorf(slice.Invalid, "%s does not hold one line", from)
	}
	return password, nil
}

// deskFlags are the flags of what changes OSM.
type deskFlags struct {
	nbi     nbiDoor
	dryRun  bool
	timeout time.Duration
}

// flags binds them; wait 0 is for what OSM does at once.
func (d *deskFlags) flags(f *pflag.FlagSet, wait time.Duration) {
	d.nbi.flags(f)
	f.BoolVar(&d.dryRun, "dry-run", false, "tell what would be done, and do nothing")
	if wait > 0 {
		f.DurationVar(&d.timeout, "timeout", wait, "time to wait until OSM has finished; 0s: do not wait")
	}
}

// at calls f with a desk before OSM. Steps are told on stderr.
func (d *deskFlags) at(cmd *cobra.Command, f func(ctx context.Context, desk onboard.Desk) error) error {
	if d.timeout < 0 {
		return slice.Errorf(slice.Invalid, "--timeout %s is less than nothing", d.timeout)
	}
	client, err := d.nbi.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	say := func(r onboard.Result) {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), stepLine(r)) // nobody is there to read: go on
	}
	return f(cmd.Context(), onboard.Desk{NBI: client, Say: say, DryRun: d.dryRun, Timeout: d.timeout})
}

// stepLine says in a line how far something is.
func stepLine(r onboard.Result) string {
	line := fmt.Sprintf("%s %s: %s, %s", r.Kind, cli.OneLine(r.Name), r.Act, r.State)
	if r.Detail != "" {
		line += ": " + cli.OneLine(r.Detail)
	}
	return line
}

// showResults shows what became of everything, and what went wrong after it.
func showResults(cmd *cobra.Command, results []onboard.Result, failed error) error {
	if len(results) == 0 && failed != nil {
		return failed
	}
	if results == nil {
		results = []onboard.Result{}
	}
	err := show(cmd, results, func(w *strings.Builder) {
		fmt.Fprintln(w, "KIND\tNAME\tACT\tSTATE\tID\tDETAIL")
		for _, r := range results {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Kind, cli.OneLine(r.Name), r.Act, r.State, cli.OrDash(r.ID != "", r.ID), cli.OneLine(r.Detail))
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// completeTime is how long a shell waits for OSM's names.
const completeTime = 2 * time.Second

// complete offers names of OSM for the first argument. Where OSM does not answer in
// time there are none.
func (d *nbiDoor) complete(names func(ctx context.Context, c *osm.Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || d.passwordStdin {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		client, err := d.open(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
		defer cancel()
		all, err := names(ctx, client)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// instanceNames returns the names of instances.
func instanceNames(service *bool) func(ctx context.Context, c *osm.Client) ([]string, error) {
	return func(ctx context.Context, c *osm.Client) ([]string, error) {
		life := osm.Slices()
		if service != nil && *service {
			life = osm.Services()
		}
		all, err := c.Instances(ctx, life)
		var names []string
		for _, i := range all {
			names = append(names, i.Name)
		}
		return names, err
	}
}

// templateNames returns the ids of templates, or of the descriptors of services.
func templateNames(service *bool) func(ctx context.Context, c *osm.Client) ([]string, error) {
	return func(ctx context.Context, c *osm.Client) ([]string, error) {
		kind := osm.NST
		if *service {
			kind = osm.NSD
		}
		all, err := c.Packages(ctx, kind)
		var names []string
		for _, p := range all {
			names = append(names, p.Descriptor)
		}
		return names, err
	}
}
