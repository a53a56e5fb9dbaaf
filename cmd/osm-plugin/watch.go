package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/doors"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/watch"
)

// watching is what follows the slice instances of OSM.
type watching struct {
	url, user, password, project, ca string
	tenant, domains, ignore          string
	every                            time.Duration
	callback, callbackUser, secret   string
}

func (w *watching) flags(f *pflag.FlagSet) {
	f.StringVar(&w.url, "nbi", "", "URL of OSM's northbound interface, whose slice instances are followed; they are not if empty")
	f.StringVar(&w.user, "nbi-user", "", "user of OSM that looks at them (required by --nbi)")
	f.StringVar(&w.password, "nbi-password-file", "", "file with the password of that user (required by --nbi)")
	f.StringVar(&w.project, "nbi-project", "", "project of OSM; empty: the user's own")
	f.StringVar(&w.ca, "nbi-ca", "", "authority of OSM's certificate, PEM; empty: those that the machine trusts")
	f.StringVar(&w.tenant, "nbi-tenant", "", "tenant of all slices of OSM; empty: as the parameters of each say")
	f.StringVar(&w.domains, "domains-of", "", "file that says which domain a VIM account or a cluster of OSM is, YAML; empty: they have the same names")
	f.StringVar(&w.ignore, "nbi-ignore", "", "templates whose instances are left alone, by id, comma-separated")
	f.DurationVar(&w.every, "watch-every", 15*time.Second, "time between two looks at OSM")
	f.StringVar(&w.callback, "nbi-callback", "", "URL of --osm-listen as OSM reaches it, so that OSM says when something has happened; empty: it is asked only")
	f.StringVar(&w.callbackUser, "nbi-callback-user", "osm", "user by which OSM calls back")
	f.StringVar(&w.secret, "nbi-callback-password-file", "", "file with the password by which OSM calls back (required by --nbi-callback)")
}

func (w watching) wanted() bool { return w.url != "" }

func (w watching) check(c connectors) error {
	if !w.wanted() {
		return nil
	}
	switch {
	case w.user == "":
		return slice.Errorf(slice.Invalid, "--nbi needs --nbi-user")
	case w.password == "":
		return slice.Errorf(slice.Invalid, "--nbi needs --nbi-password-file")
	case w.every < time.Second || w.every > time.Hour:
		return slice.Errorf(slice.Invalid, "--watch-every is between 1s and 1h")
	case w.callback != "" && (c.listen == "" || w.secret == ""):
		return slice.Errorf(slice.Invalid, "--nbi-callback needs --osm-listen and --nbi-callback-password-file")
	}
	return nil
}

// open returns the watcher of OSM's slices, which runs in the group; nil if none is
// wanted.
func (w watching) open(ctx context.Context, group *errgroup.Group, shown *nbi.Config, book *service.Book, domains endpoint.Domains, catalog *endpoint.Catalog, log *slog.Logger) (*watch.Watcher, error) {
	if !w.wanted() {
		return nil, nil //nolint:nilnil // there is none
	}
	client, err := w.client()
	if err != nil {
		return nil, err
	}
	cfg := watch.Config{
		Tenant: slice.Tenant(w.tenant), Every: w.every, Endpoints: catalog, Logger: log,
		Known: func(ctx context.Context) ([]slice.Domain, error) { return named(domains.Registrations(ctx)) },
	}
	if w.ignore != "" {
		cfg.Ignore = strings.Split(w.ignore, ",")
	}
	if w.callback != "" {
		secret, err := secretIn("nbi-callback-password-file", w.secret)
		if err != nil {
			return nil, err
		}
		cfg.Callback = watch.Callback{URL: strings.TrimRight(w.callback, "/") + doors.CallbackPath, User: w.callbackUser, Password: secret}
	}
	if cfg.Domains, err = readDomains(w.domains); err != nil {
		return nil, err
	}
	watcher := watch.New(client, book, cfg)
	shown.Metrics = both(shown.Metrics, looks(watcher))
	group.Go(func() error { defer client.Close(); return watcher.Run(ctx) })
	return watcher, nil
}

func (w watching) client() (*osm.Client, error) {
	password, err := secretIn("nbi-password-file", w.password)
	if err != nil {
		return nil, err
	}
	config, err := osm.Files{CA: w.ca}.TLS()
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "--nbi-ca: %w", err)
	}
	return osm.New(osm.Config{URL: w.url, User: w.user, Password: password, Project: w.project, TLS: config})
}

func named(all []intent.Registration, err error) ([]slice.Domain, error) {
	var names []slice.Domain
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names, err
}

// readDomains reads a table of domains by VIM accounts and clusters.
func readDomains(file string) (map[string]slice.Domain, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "--domains-of: %w", err)
	}
	var table struct {
		Domains []struct {
			Name   string       `json:"name"` // or id, of a VIM account, or name of a cluster
			Domain slice.Domain `json:"domain"`
		} `json:"domains"`
	}
	if err := descriptor.FromYAML(file, text, &table); err != nil {
		return nil, err
	}
	all := map[string]slice.Domain{}
	for i, e := range table.Domains {
		if e.Name == "" || !slice.IsLabel(string(e.Domain)) || all[e.Name] != "" {
			return nil, slice.Errorf(slice.Invalid, "%s: domains[%d]: give each name once, with a domain", file, i)
		}
		all[e.Name] = e.Domain
	}
	return all, nil
}

// secretIn reads a secret from a file.
func secretIn(flag, name string) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "--%s: %w", flag, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// looks tells what the watcher has done.
func looks(w *watch.Watcher) func() []nbi.Sample {
	return func() []nbi.Sample {
		c := w.Counts()
		out := []nbi.Sample{
			count("l2sces_plugin_polls_total", "Looks at OSM's slice instances, by what became of them.", "good", c.Polls-c.Failed),
			count("l2sces_plugin_polls_total", "Looks at OSM's slice instances, by what became of them.", "failed", c.Failed),
			gauge("l2sces_plugin_instances", "Slice instances of OSM that are followed.", nil, c.Followed),
			gauge("l2sces_plugin_instance_faults", "Slice instances of OSM that are not followed, or not all the way.", nil, len(w.Faults())),
		}
		if !c.Last.IsZero() {
			out = append(out, gauge("l2sces_plugin_last_poll_seconds", "Time of the last good look, in seconds since 1970.", nil, int(c.Last.Unix())))
		}
		return out
	}
}
