package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

// registerOptions are the flags of a registration.
type registerOptions struct {
	desk      deskFlags
	sco       cli.Door
	endpoints string
	tenant    string
	secrets   bool
}

// registerCommand registers accounts.
func registerCommand() *cobra.Command {
	o := registerOptions{sco: cli.Door{Find: findSCO}}
	c := &cobra.Command{
		Use:   "register FILE",
		Short: "Register VIM accounts, clusters, WIM accounts and SDN controllers of a file in OSM",
		Long: "Register makes what the file names and OSM lacks, changes what differs, and waits until OSM has looked at it. What the file\n" +
			"does not name stays. The port mapping of a WIM account is made of the endpoints of domains, which the SCO tells (--sco,\n" +
			"or the lab's), and of the file that osm-plugin has (--endpoints). Secrets stand in files of their own, whose names are\n" +
			"relative to FILE. OSM does not show them, so that changed ones are sent with --secrets only.",
		Example: "  l2sces osm register accounts.yaml --sco 192.0.2.1:7001 --tls-ca ca.crt --tls-cert ann.crt --tls-key ann.key\n" +
			"  l2sces osm register accounts.yaml --dry-run",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.register(cmd, args[0]) },
	}
	f := c.Flags()
	o.desk.flags(f, 5*time.Minute)
	o.sco.Flags(f)
	f.StringVar(&o.endpoints, "endpoints", "", "file of further endpoints, as osm-plugin has it")
	f.StringVar(&o.tenant, "tenant", "", "tenant whose endpoints a WIM account uses; empty: those of everybody")
	f.BoolVar(&o.secrets, "secrets", false, "send the secrets of all accounts again")
	return c
}

func (o *registerOptions) register(cmd *cobra.Command, file string) error {
	text, err := readSmall(file)
	if err != nil {
		return err
	}
	finder := &endpointFinder{options: o}
	accounts, err := onboard.ReadAccounts(cmd.Context(), file, text, onboard.Sources{Open: besides(file), Endpoints: finder})
	if err = errors.Join(err, finder.close()); err != nil {
		return err
	}
	return o.desk.at(cmd, func(ctx context.Context, desk onboard.Desk) error {
		results, err := desk.Accounts(ctx, accounts, o.secrets)
		return showResults(cmd, results, err)
	})
}

// maxSmall is what a file that people write may have, in bytes.
const maxSmall = 4 << 20

func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, wrongFile(err)
	}
	defer func() { _ = f.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSmall {
		return nil, slice.Errorf(slice.Invalid, "%s has more than %d bytes", name, maxSmall)
	}
	return text, nil
}

// besides opens files by names that are relative to the folder of another.
func besides(file string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		return readSmall(name)
	}
}

// An endpointFinder finds endpoints as osm-plugin does. The SCO is asked only if a WIM
// account needs it.
type endpointFinder struct {
	options *registerOptions
	catalog *endpoint.Catalog
	sco     *cli.SCO
}

// Endpoint implements onboard.Endpoints.
func (e *endpointFinder) Endpoint(ctx context.Context, name string) (onboard.Endpoint, error) {
	if e.catalog == nil {
		if err := e.open(); err != nil {
			return onboard.Endpoint{}, err
		}
	}
	found, err := e.catalog.Find(ctx, slice.Tenant(e.options.tenant), name)
	if err != nil {
		return onboard.Endpoint{}, err
	}
	return onboard.Endpoint{Name: found.Name, UUID: found.UUID, Workload: found.Workload != "", Device: found.Device, Port: found.Port}, nil
}

func (e *endpointFinder) open() error {
	var text []byte
	var err error
	if e.options.endpoints != "" {
		if text, err = readSmall(e.options.endpoints); err != nil {
			return err
		}
	}
	if e.sco, err = e.options.sco.Open(); err != nil {
		return fmt.Errorf("find the endpoints of the domains, for the WIM accounts: %w", err)
	}
	e.catalog, err = endpoint.New(e.sco.Registry, e.options.endpoints, text, endpoint.Config{})
	return err
}

func (e *endpointFinder) close() error {
	if e.sco == nil {
		return nil
	}
	return e.sco.Close()
}
