package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

// doors are the addresses at which programs may ask for networks over HTTP.
type doors struct {
	rest  string
	onos  string
	users string
}

func (d *doors) flags(f *pflag.FlagSet) {
	f.StringVar(&d.rest, "rest", "", "HOST:PORT for the REST interface, with TLS; none if empty")
	f.StringVar(&d.onos, "onos", "", "HOST:PORT for the original's REST interface, in the clear; none if empty")
	f.StringVar(&d.users, "onos-users", "", "file of the users of --onos, NAME = PASSWORD,ROLE a line (required by --onos)")
}

// open adds what was asked for to an actor.
func (d doors) open(a *controller.Actor, c *sdnc.Controller, log *slog.Logger) error {
	if d.rest != "" {
		events := &nbi.Events{Now: time.Now}
		a.Refused = func(id slice.DPID, err error) { events.Add(rest.SwitchRefused, id.String(), err.Error()) }
		a.Doors = append(a.Doors, func(ctx context.Context, config *tls.Config) error {
			return nbi.ServeAPI(ctx, d.rest, config, nbi.APIConfig{
				Networks: c, Switches: c.Fabric(), Events: events, Identify: identify, Authorize: mayUse, Logger: log,
			})
		}, func(ctx context.Context, _ *tls.Config) error {
			events.Watch(ctx, func() nbi.Look { return look(c) }, c.Fabric().Changes)
			return nil
		})
	}
	if d.onos == "" {
		return nil
	}
	users, err := d.read()
	if err != nil {
		return err
	}
	a.Doors = append(a.Doors, func(ctx context.Context, _ *tls.Config) error {
		log.Warn("serving the original's interface in the clear: keep this address to its client", "onos", d.onos)
		return nbi.ServeOnos(ctx, d.onos, nbi.OnosConfig{Networks: c.Guests(), Links: c.Guests(), Users: users, Logger: log})
	})
	return nil
}

// read reads the users of the original's interface. There is no default one.
func (d doors) read() (nbi.OnosUsers, error) {
	if d.users == "" {
		return nil, slice.Errorf(slice.Invalid, "--onos needs --onos-users")
	}
	f, err := os.Open(d.users)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "--onos-users: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	users, err := nbi.ReadOnosUsers(f)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "--onos-users %s: %w", d.users, err)
	}
	return users, nil
}

func identify(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	return string(id), err
}

// mayUse lets the SCO and people in.
func mayUse(caller, method string) error {
	if pki.Identity(caller) == pki.SCO || strings.HasPrefix(caller, string(pki.User(""))) {
		return nil
	}
	return slice.Errorf(slice.Denied, "%s may not %s networks of this controller: only the SCO and people may", caller, strings.ToLower(method))
}

// look returns the state of everything that events tell of.
func look(c *sdnc.Controller) nbi.Look {
	now := nbi.Look{Switches: map[string]bool{}, Links: map[string]string{}, Networks: map[string]string{}}
	for _, s := range c.Fabric().Switches() {
		now.Switches[s.DPID.String()] = s.Connected
	}
	for _, l := range c.Fabric().Links() {
		now.Links[l.Name] = l.Reason
	}
	for _, n := range c.Fabric().Networks() {
		status, err := c.Fabric().Status(n.ID)
		if err != nil {
			continue // it went meanwhile
		}
		if !status.Ready && status.Message == "" {
			status.Message = "it is not ready"
		}
		now.Networks[n.ID.String()] = status.Message
	}
	return now
}
