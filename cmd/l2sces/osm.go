package main

import (
	"cmp"
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

// osmCommand brings into OSM what slices need there.
func osmCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "osm",
		Short: "Onboard packages, register accounts and make slices in OSM",
		Long: "These commands speak with the northbound interface of OSM, as its own client does. Log in once, or give\n" +
			"--osm, --user and --password-file with each. What is there already as it should be stays as it is, so that a command\n" +
			"can be repeated; --dry-run says what would be done.",
	}
	c.AddCommand(loginCommand(), logoutCommand(), onboardCommand(), registerCommand(), instantiateCommand(), osmStatusCommand(), terminateCommand(), replayCommand())
	return c
}

// osmDoor says where OSM is, and who knocks.
type osmDoor struct {
	url, user, passwordFile, project, ca string
	stdin, insecure                      bool
}

func (d *osmDoor) flags(f *pflag.FlagSet) {
	f.StringVar(&d.url, "osm", "", "https://HOST:PORT of OSM's northbound interface; empty: where you are logged in")
	f.StringVar(&d.user, "user", "", "user of OSM; empty: who has logged in")
	f.StringVar(&d.passwordFile, "password-file", "", "file with the password of --user")
	f.BoolVar(&d.stdin, "password-stdin", false, "read the password from standard input")
	f.StringVar(&d.project, "project", "", "project of OSM; empty: the user's own")
	f.StringVar(&d.ca, "ca", "", "authority of OSM's certificate, PEM; empty: those that the machine trusts")
	f.BoolVar(&d.insecure, "insecure", false, "trust anybody who answers at --osm: for a trial only")
}

// open returns a client: of the user whose password is given, else of who has logged
// in.
func (d osmDoor) open(stdin io.Reader) (*osm.Client, error) {
	if d.user != "" || d.passwordFile != "" || d.stdin {
		return d.fresh(stdin)
	}
	s, err := readSession()
	if err != nil {
		return nil, err
	}
	if d.url != "" && d.url != s.URL {
		return nil, slice.Errorf(slice.Invalid, "you are logged in at %s, and not at %s: log in there, or give --user and --password-file", s.URL, d.url)
	}
	config, err := osm.Files{CA: cmp.Or(d.ca, s.CA), Insecure: s.Insecure || d.insecure}.TLS()
	if err != nil {
		return nil, wrongFile(err)
	}
	return osm.New(osm.Config{URL: s.URL, Token: osm.Token{ID: s.Token, Until: s.Until}, TLS: config})
}

// with calls f with a client. A token that was got for this one command is given back.
func (d osmDoor) with(cmd *cobra.Command, f func(*osm.Client) error) error {
	client, err := d.open(cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer client.Close()
	err = f(client)
	if d.user != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), completeTime)
		defer cancel()
		_ = client.Logout(ctx) // else it ends by itself
	}
	return err
}

// fresh returns a client that logs in by itself.
func (d osmDoor) fresh(stdin io.Reader) (*osm.Client, error) {
	switch {
	case d.url == "":
		return nil, slice.Errorf(slice.Invalid, "--osm is required: where is OSM?")
	case d.user == "":
		return nil, slice.Errorf(slice.Invalid, "--user is required: who are you?")
	case (d.passwordFile == "") == !d.stdin:
		return nil, slice.Errorf(slice.Invalid, "give the password by --password-file, or by --password-stdin")
	}
	password, err := d.password(stdin)
	if err != nil {
		return nil, err
	}
	config, err := osm.Files{CA: d.ca, Insecure: d.insecure}.TLS()
	if err != nil {
		return nil, wrongFile(err)
	}
	return osm.New(osm.Config{URL: d.url, User: d.user, Password: password, Project: d.project, TLS: config})
}

// maxPassword is what is read of one, in bytes.
const maxPassword = 4096

// password reads the first line of a file, or of what is typed.
func (d osmDoor) password(stdin io.Reader) (string, error) {
	from := "standard input"
	if !d.stdin {
		from = d.passwordFile
		f, err := os.Open(d.passwordFile)
		if err != nil {
			return "", wrongFile(err)
		}
		defer func() { _ = f.Close() }() // only read from
		stdin = f
	}
	text, err := io.ReadAll(io.LimitReader(stdin, maxPassword+1))
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || len(password) > maxPassword || strings.ContainsAny(password, "\r\n") {
		return "", slice.Errorf(slice.Invalid, "%s does not hold one line with a password", from)
	}
	return password, nil
}

// osmRun is what commands have that change something in OSM.
type osmRun struct {
	osmDoor

	dryRun  bool
	timeout time.Duration
}

func (o *osmRun) flags(f *pflag.FlagSet, timeout time.Duration, what string) {
	o.osmDoor.flags(f)
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, change nothing")
	if timeout > 0 {
		f.DurationVar(&o.timeout, "timeout", timeout, "how long to wait "+what+"; 0: do not wait")
	}
}

// at calls f with a desk that tells its progress on standard error.
func (o osmRun) at(cmd *cobra.Command, f func(ctx context.Context, d onboard.Desk) error) error {
	if o.timeout < 0 {
		return slice.Errorf(slice.Invalid, "--timeout %s is less than nothing", o.timeout)
	}
	tell := progress(cmd.ErrOrStderr(), "")
	say := func(r onboard.Result) {
		tell("%s %s: %s, %s%s", r.Kind, r.Name, r.Act, r.State, behind(r.Detail))
	}
	return o.with(cmd, func(c *osm.Client) error {
		return f(cmd.Context(), onboard.Desk{NBI: c, Say: say, DryRun: o.dryRun, Timeout: o.timeout})
	})
}

func behind(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + cli.OneLine(detail)
}

// showResults shows what became of things; what was wrong comes behind it.
func showResults(cmd *cobra.Command, all []onboard.Result, failed error) error {
	if len(all) == 0 && failed != nil {
		return failed
	}
	v := map[string][]onboard.Result{"results": all}
	err := show(cmd, v, func(w *strings.Builder) {
		fmt.Fprintln(w, "KIND\tNAME\tACT\tSTATE\tID\tDETAIL")
		for _, r := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Kind, r.Name, r.Act, r.State, cli.OrDash(r.ID != "", r.ID), cli.OneLine(cli.OrDash(r.Detail != "", r.Detail)))
		}
	})
	if failed != nil {
		return failed
	}
	return err
}
