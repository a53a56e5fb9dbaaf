package main

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/secret"
	"github.com/l2sces/l2sces/pkg/slice"
)

// static returns the domains of the command line.
func static(domains []string) ([]intent.Registration, error) {
	var all []intent.Registration
	seen := map[slice.Domain]bool{}
	for _, text := range domains {
		name, addresses, ok := strings.Cut(text, "=")
		if !ok || name == "" || addresses == "" {
			return nil, slice.Errorf(slice.Invalid, "--domain %q is not NAME=HOST:PORT", text)
		}
		r, err := registry.Check(intent.Registration{Name: slice.Domain(name), Addresses: strings.Split(addresses, ",")})
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "--domain %q: %w", text, err)
		}
		if seen[r.Name] {
			return nil, slice.Errorf(slice.Invalid, "--domain %s is given twice", r.Name)
		}
		seen[r.Name] = true
		all = append(all, r)
	}
	return all, nil
}

// keeper returns who reads credentials: those of the SCO itself, and those
// that registrations name.
func keeper(o controller.Options, commands []string) (*secret.Keeper, error) {
	k := &secret.Keeper{Own: secret.Files{Cert: o.Cert, Key: o.Key, CA: o.CA}, Commands: map[string]string{}}
	for _, text := range commands {
		name, path, _ := strings.Cut(text, "=")
		switch {
		case !slice.IsLabel(name) || !filepath.IsAbs(path):
			return nil, slice.Errorf(slice.Invalid, "--credential-command %q is not NAME=PATH with a name of lower-case letters, digits and hyphens and an absolute path", text)
		case k.Commands[name] != "":
			return nil, slice.Errorf(slice.Invalid, "--credential-command %s is given twice", name)
		}
		k.Commands[name] = path
	}
	return k, nil
}

// A dialer calls the SDN controllers of domains directly.
type dialer struct{ keeper *secret.Keeper }

func (d dialer) allow(r intent.Registration) error { return d.keeper.Check(r.Credentials) }

// mark tells whether the credentials of a domain are still the same.
func (d dialer) mark(ctx context.Context, r intent.Registration) (string, error) {
	p, err := d.keeper.Pair(ctx, r.Credentials)
	return p.Mark(), err
}

func (d dialer) open(ctx context.Context, r intent.Registration) (registry.Driver, error) {
	config, err := d.tls(ctx, r)
	if err != nil {
		return nil, err
	}
	conn, err := api.Dial(strings.Join(r.Addresses, ","), config)
	if err != nil {
		return nil, err
	}
	return driver{api.NewDomainClient(conn), conn}, nil
}

// tls returns the configuration for a domain. Files are read again with each
// new connection.
func (d dialer) tls(ctx context.Context, r intent.Registration) (*tls.Config, error) {
	if r.Credentials.Command == "" {
		f := d.keeper.Own
		if r.Credentials.File != "" {
			f = secret.FilesOf(r.Credentials.File)
		}
		return pki.ClientTLS(f.Cert, f.Key, f.CA, pki.SDNC(r.Name))
	}
	p, err := d.keeper.Pair(ctx, r.Credentials)
	if err != nil {
		return nil, err
	}
	return pki.ClientTLSOf(p.Cert, p.Key, p.CA, pki.SDNC(r.Name))
}

// driver is a domain at the other end of a connection of its own.
type driver struct {
	api.DomainClient
	conn *grpc.ClientConn
}

// Close ends the connection.
func (d driver) Close() error { return d.conn.Close() }
