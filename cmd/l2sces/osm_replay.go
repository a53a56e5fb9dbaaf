package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm/transcript"
	"github.com/l2sces/l2sces/pkg/slice"
)

// replayed is what came of a transcript.
type replayed struct {
	File      string              `json:"file"`
	OK        int                 `json:"ok"`
	Differs   int                 `json:"differs"`
	Skipped   int                 `json:"skipped"`
	Exchanges []transcript.Result `json:"exchanges"`
}

// replayOptions are the flags of a replay.
type replayOptions struct {
	to, ca                string
	user, password, token string
	ignore                []string
	replace               map[string]string
	bodies                string
}

// bodies are what can be compared of answers.
var bodies = []string{string(transcript.WrittenBodies), string(transcript.AllBodies), string(transcript.NoBodies)}

// replayCommand sends recorded requests of OSM's connectors.
func replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use: "replay FILE", Short: "Send the recorded requests of a connector and compare the answers", Args: cobra.ExactArgs(1),
		Long: "Replay reads a transcript and sends its requests, in their order and as they were recorded, to a server: to the plugin,\n" +
			"or to anything else that a connector of OSM would speak with. An answer has to have the recorded status; a document\n" +
			"that the recording has written has to be read back as it was written (--bodies). Requests whose answer the recorded\n" +
			"server was told to give (\"answered 500\" in the heading), and those whose body was not recorded, are left out.\n" +
			"The exit status is 1 when an answer differs.\n\n" +
			"A transcript is text: \"## CALL\", then for each request \"### N\", its request line, its headers, an empty line and its\n" +
			"body; then \"HTTP STATUS\" with the headers, an empty line and the body of the answer.",
		Example: "  l2sces osm replay onos_vpls.http.txt --to https://plugin:8443 --tls-ca ca.crt --user onos --password-file onos.secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, failed := o.replay(cmd, args[0])
			if failed != nil && len(r.Exchanges) == 0 {
				return failed
			}
			if err := show(cmd, r, r.table); err != nil {
				return err
			}
			if failed == nil && r.Differs > 0 {
				failed = fmt.Errorf("%d of %d answers differ", r.Differs, r.OK+r.Differs)
			}
			return failed
		},
	}
	o.flags(c)
	return c
}

func (o *replayOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "http://HOST:PORT or https://HOST:PORT of the server (required)")
	f.StringVar(&o.ca, "tls-ca", "", "authority of the server's certificate, PEM; none: those that the machine trusts")
	f.StringVar(&o.user, "user", "", "name to send instead of the recorded one, with --password-file")
	f.StringVar(&o.password, "password-file", "", "file with the password of --user")
	f.StringVar(&o.token, "token-file", "", "file with a bearer token to send instead of the recorded name and password")
	f.StringArrayVar(&o.ignore, "ignore", []string{"lastUpdateTime"}, "name of a JSON member that may differ; repeatable")
	f.StringToStringVar(&o.replace, "replace", nil, "OLD=NEW: a text of the recording, in paths and bodies, that is another here; repeatable")
	f.StringVar(&o.bodies, "bodies", bodies[0], "bodies of answers to compare: "+strings.Join(bodies, ", "))
	for flag, completion := range map[string]cobra.CompletionFunc{
		"bodies": cobra.FixedCompletions(bodies, cobra.ShellCompDirectiveNoFileComp),
		"to":     cobra.NoFileCompletions, "user": cobra.NoFileCompletions, "ignore": cobra.NoFileCompletions,
	} {
		if err := c.RegisterFlagCompletionFunc(flag, completion); err != nil {
			panic(err) // only when there is no such flag
		}
	}
}

// replay plays a file. What was played before an error comes with it.
func (o replayOptions) replay(cmd *cobra.Command, file string) (replayed, error) {
	r := replayed{File: file}
	player, err := o.player()
	if err != nil {
		return r, err
	}
	exchanges, err := readTranscript(file)
	if err != nil {
		return r, err
	}
	r.Exchanges, err = player.Play(cmd.Context(), exchanges)
	for _, x := range r.Exchanges {
		*map[transcript.Verdict]*int{transcript.OK: &r.OK, transcript.Different: &r.Differs, transcript.Skipped: &r.Skipped}[x.Verdict]++
	}
	return r, err
}

// readTranscript reads a file, and no more of it than there may be.
func readTranscript(file string) ([]transcript.Exchange, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(f, transcript.MaxBytes+1))
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	return transcript.Read(file, text)
}

// player prepares what sends the requests.
func (o replayOptions) player() (p transcript.Player, err error) {
	switch {
	case o.to == "":
		return p, slice.Errorf(slice.Invalid, "--to is required: where do the requests go?")
	case !slices.Contains(bodies, o.bodies):
		return p, slice.Errorf(slice.Invalid, "--bodies %q is none of %s", o.bodies, strings.Join(bodies, ", "))
	case slices.Contains(slices.Sorted(maps.Keys(o.replace)), ""):
		return p, slice.Errorf(slice.Invalid, "--replace: write OLD=NEW")
	case (o.user == "") != (o.password == ""):
		return p, slice.Errorf(slice.Invalid, "--user and --password-file go together")
	case o.user != "" && o.token != "":
		return p, slice.Errorf(slice.Invalid, "--token-file and --user are two ways to say who you are: choose one")
	}
	p = transcript.Player{URL: o.to, Bodies: transcript.Bodies(o.bodies), Ignore: o.ignore, Replace: o.replace}
	if p.Authorization, err = o.authorization(); err != nil {
		return p, err
	}
	config, err := trusting(o.ca)
	p.HTTP = transcript.NewClient(config)
	return p, err
}

// authorization is what is sent instead of the recorded one; empty: nothing.
func (o replayOptions) authorization() (string, error) {
	file := cmp.Or(o.token, o.password)
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "%w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	switch {
	case secret == "" || strings.ContainsAny(secret, "\r\n"):
		return "", slice.Errorf(slice.Invalid, "%s does not hold one line", file)
	case o.token != "":
		return "Bearer " + secret, nil
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(o.user+":"+secret)), nil
}

// trusting returns the configuration of a client that goes by the server's name, as
// connectors do, and trusts one authority, or those of the machine.
func trusting(ca string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca == "" {
		return config, nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, slice.Errorf(slice.Invalid, "%s holds no certificate", ca)
	}
	return config, nil
}

// table shows the exchanges, and behind them what differs.
func (r replayed) table(w *strings.Builder) {
	fmt.Fprintln(w, "REQUEST\tMETHOD\tPATH\tWANT\tGOT\tVERDICT\tCALL")
	for _, x := range r.Exchanges {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", cli.OneLine(x.Name), x.Method, x.Target, x.Want, cli.OrDash(x.Got != 0, x.Got), x.Verdict, cli.OneLine(cli.OrDash(x.Call != "", x.Call)))
	}
	fmt.Fprintln(w)
	for _, x := range r.Exchanges {
		what := string(x.Verdict)
		if x.Got != 0 && x.Got != x.Want {
			what = fmt.Sprintf("got %d, want %d", x.Got, x.Want)
		}
		if x.Verdict != transcript.OK {
			fmt.Fprintf(w, "%s:%d: request %s: %s: %s\n", r.File, x.Line, cli.OneLine(x.Name), what, cli.OneLine(cli.OrDash(x.Why != "", x.Why)))
		}
	}
	fmt.Fprintf(w, "%d as recorded, %d differ, %d left out\n", r.OK, r.Differs, r.Skipped)
}
