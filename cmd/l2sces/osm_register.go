package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

// registerCommand registers accounts in OSM.
func registerCommand() *cobra.Command {
	var o osmRun
	var secrets bool
	e := scoEndpoints{door: cli.Door{Find: findSCO}}
	c := &cobra.Command{
		Use:   "register FILE",
		Short: "Register VIM accounts, clusters, SDN controllers and WIM accounts from a file",
		Long: "Register reads one YAML file with vims, clusters, sdns and wims (docs/onboarding.md shows all of it). A WIM account gets\n" +
			"its port mapping from the domains that the SCO knows: each VIM account is reached by the hand-off of its domain, or by\n" +
			"the endpoint that the file names. Secrets are in files of their own, whose names are relative to the folder of FILE.\n" +
			"Accounts that are there as they should be stay so, and those that FILE does not name, too. OSM then looks whether it\n" +
			"reaches what they name, which is waited for. OSM shows no secret, so that a new password is sent only with --secrets.",
		Example: "  l2sces osm register accounts.yaml --sco 192.0.2.1:7001 --tls-ca ca.crt --tls-cert ann.crt --tls-key ann.key --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			defer func() { err = errors.Join(err, e.close()) }()
			text, err := os.ReadFile(args[0])
			if err != nil {
				return wrongFile(err)
			}
			sources := onboard.Sources{Endpoints: &e, Open: beside(args[0])}
			all, err := onboard.ReadAccounts(cmd.Context(), args[0], text, sources)
			if err != nil {
				return err
			}
			return o.at(cmd, func(ctx context.Context, d onboard.Desk) error {
				results, err := d.Accounts(ctx, all, secrets)
				return showResults(cmd, results, err)
			})
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	f := c.Flags()
	o.flags(f, 5*time.Minute, "until OSM has looked at the accounts")
	f.BoolVar(&secrets, "secrets", false, "send passwords and kubeconfigs again")
	f.StringVar(&e.file, "endpoints", "", "the file of endpoints that osm-plugin has; with it alone the SCO is not asked")
	f.StringVar(&e.tenant, "tenant", "", "tenant of the account of osm-plugin, where endpoints are its own")
	e.door.Flags(f)
	return c
}

// maxSecretFile is what a file with a secret may have, in bytes.
const maxSecretFile = 1 << 20

// beside returns a function that reads files by names relative to a file's folder.
func beside(file string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.IsDir() || info.Size() > maxSecretFile {
			return nil, slice.Errorf(slice.Invalid, "it is no file of up to %d bytes", maxSecretFile)
		}
		return os.ReadFile(name) //nolint:gosec // the user names it
	}
}

// scoEndpoints are the endpoints of osm-plugin: those of the SCO's domains, and of a
// file. The SCO is asked when the first is looked for.
type scoEndpoints struct {
	door         cli.Door
	file, tenant string

	once    sync.Once
	sco     *cli.SCO
	catalog *endpoint.Catalog
	err     error
}

// Endpoint implements onboard.Endpoints.
func (e *scoEndpoints) Endpoint(ctx context.Context, name string) (onboard.Endpoint, error) {
	e.once.Do(func() { e.err = e.open(ctx) })
	if e.err != nil {
		return onboard.Endpoint{}, fmt.Errorf("find the endpoints: %w", e.err)
	}
	found, err := e.catalog.Find(ctx, slice.Tenant(e.tenant), name)
	return onboard.Endpoint{Name: found.Name, UUID: found.UUID, Workload: found.Workload != "", Device: found.Device, Port: found.Port}, err
}

func (e *scoEndpoints) open(ctx context.Context) (err error) {
	var text []byte
	if e.file != "" {
		if text, err = os.ReadFile(e.file); err != nil {
			return wrongFile(err)
		}
	}
	var domains endpoint.Domains
	if e.file == "" || e.door.Address != "" {
		if e.sco, err = e.door.Open(); err != nil {
			return err
		}
		// The catalog does without an SCO that is away; here that would be a wrong mapping.
		if _, err := e.sco.Registry.Registrations(ctx); err != nil {
			return err
		}
		domains = e.sco.Registry
	}
	e.catalog, err = endpoint.New(domains, e.file, text, endpoint.Config{})
	return err
}

func (e *scoEndpoints) close() error {
	if e.sco == nil {
		return nil
	}
	return e.sco.Close()
}
