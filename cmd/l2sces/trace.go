package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A tracer asks the SDN controller of a domain.
type tracer struct {
	door    door
	domain  string
	source  string
	ofproto bool
}

// traceCommand says why one workload reaches another, or does not.
func traceCommand() *cobra.Command {
	var t tracer
	c := &cobra.Command{
		Use:   "trace SLICE/NETWORK FROM TO",
		Short: "Say why one workload reaches another, or does not",
		Long: "Walks a frame through the rules of the switches of one domain. FROM is a workload, handoff, or of:DPID/PORT;\n" +
			"TO may be a hardware address or \"all\" as well. Nothing is sent.",
		Example: "  l2sces trace --domain field fire-emergency/voice alice bob --source switch",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := t.ask(cmd.Context(), args[0], args[1], args[2])
			if err != nil {
				return err
			}
			said := ""
			if t.ofproto {
				if said, err = t.asSwitch(cmd.Context(), answer); err != nil {
					return err
				}
			}
			return show(cmd, answer, func(w *strings.Builder) { printTrace(w, answer, said) })
		},
	}
	f := c.Flags()
	f.StringVar(&t.domain, "domain", "", "domain whose switches are asked (required)")
	f.StringVar(&t.source, "source", "wanted", "rules that are walked: wanted, or those that each switch says it has")
	f.BoolVar(&t.ofproto, "ofproto", false, "ask the first switch itself as well; in a lab only")
	f.StringVar(&t.door.plugin, "sdnc", "", "HOST:PORT or unix:PATH of the REST interface of the SDN controller; empty: that of the lab")
	f.StringVar(&t.door.Cert, "tls-cert", "", "your certificate, PEM")
	f.StringVar(&t.door.Key, "tls-key", "", "key of your certificate, PEM")
	f.StringVar(&t.door.CA, "tls-ca", "", "authority that both sides trust, PEM")
	f.StringVar(&t.door.Lab, "lab", "deploy/lab/three-domains.yaml", "file of the lab, which runs on this machine")
	_ = c.MarkFlagRequired("domain") // fails only where there is no such flag
	return c
}

// client returns a client of the controller, and its address.
func (t tracer) client() (*http.Client, string, error) {
	d := t.door
	if d.plugin == "" {
		plan, err := readPlan(d.Lab, "")
		if err != nil {
			return nil, "", err
		}
		pem := func(file string) string { return filepath.Join(plan.Dir, "pki", file) }
		d.plugin = "unix:" + lab.RestSocket(plan.Dir, slice.Domain(t.domain))
		d.Cert, d.Key, d.CA = pem("admin.crt"), pem("admin.key"), pem("ca.crt")
	}
	if d.Cert == "" || d.Key == "" || d.CA == "" {
		return nil, "", slice.Errorf(slice.Invalid, "--sdnc needs --tls-cert, --tls-key and --tls-ca")
	}
	config, err := pki.ClientTLS(d.Cert, d.Key, d.CA, pki.SDNC(slice.Domain(t.domain)))
	if err != nil {
		return nil, "", err
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: dialer(d.plugin), DisableKeepAlives: true}
	return &http.Client{Timeout: callTimeout, Transport: transport}, "https://" + hostOf(d.plugin), nil
}

func (t tracer) ask(ctx context.Context, network, from, to string) (rest.Trace, error) {
	var answer rest.Trace
	c, base, err := t.client()
	if err != nil {
		return answer, err
	}
	query := url.Values{"network": {network}, "from": {from}, "to": {to}, "source": {t.source}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/trace?"+query.Encode(), nil)
	if err != nil {
		return answer, slice.Errorf(slice.Invalid, "%w", err)
	}
	res, err := c.Do(req)
	if err != nil {
		return answer, slice.Errorf(slice.Unavailable, "reach the SDN controller of %s: %w", t.domain, err)
	}
	defer func() { _ = res.Body.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer, slice.Errorf(slice.Unavailable, "read the answer of the SDN controller of %s: %w", t.domain, err)
	}
	if res.StatusCode == http.StatusOK {
		return answer, json.Unmarshal(text, &answer)
	}
	var p rest.Problem
	if json.Unmarshal(text, &p) != nil || p.Detail == nil {
		return answer, fmt.Errorf("the SDN controller of %s answers %s", t.domain, res.Status)
	}
	kind := map[int]slice.Kind{
		http.StatusBadRequest: slice.Invalid, http.StatusNotFound: slice.NotFound, http.StatusForbidden: slice.Denied,
		http.StatusServiceUnavailable: slice.Unavailable,
	}[res.StatusCode]
	return answer, slice.Errorf(kind, "%s", *p.Detail)
}

// asSwitch has the first switch of a lab trace the frame by itself.
func (t tracer) asSwitch(ctx context.Context, a rest.Trace) (string, error) {
	plan, err := readPlan(t.door.Lab, "")
	if err != nil {
		return "", err
	}
	if t.door.plugin != "" || len(a.Steps) == 0 || a.Frame == nil {
		return "", slice.Errorf(slice.Invalid, "--ofproto: there is no switch of a lab on the way")
	}
	dir := plan.NodeDir(slice.Node(a.Steps[0].Node))
	out, err := process.Run(ctx, process.Command{Args: []string{
		"ovs-appctl", "--timeout=10", "-t", dir + "/vswitchd.ctl", "ofproto/trace", "br-sps", *a.Frame,
	}})
	return string(out), err
}

func printTrace(w *strings.Builder, a rest.Trace, said string) {
	verdict := "does not reach"
	if a.Reached {
		verdict = "reaches"
	}
	fmt.Fprintf(w, "%s %s %s in %s: %s\n\n", a.From, verdict, a.To, a.Network, a.Why)
	columns := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	line := func(words ...string) { _, _ = fmt.Fprintln(columns, strings.Join(words, "\t")) } // a builder takes everything
	line("NODE", "PORT", "TABLE", "SAYS", "RULE")
	for _, s := range a.Steps {
		rule := "none matches"
		if s.Flow != nil {
			rule = *s.Flow
		}
		line(s.Node, fmt.Sprint(s.InPort), s.Table, s.Says, rule)
	}
	_ = columns.Flush() // a builder takes everything
	if said != "" {
		fmt.Fprintf(w, "\nThe first switch itself says:\n%s", said)
	}
}
