package primitive

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Domains keeps the domains that slices can use: the registry of the SCO, as
// primitives need it.
type Domains interface {
	PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (intent.Registration, error)
	DrainDomain(ctx context.Context, d slice.Domain, draining bool) (intent.Registration, error)
	RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error)
	Registration(ctx context.Context, d slice.Domain) (intent.Registration, error)
	Registrations(ctx context.Context) ([]intent.Registration, error)
}

// addDomain registers a domain, if an address is given, and brings it into a
// slice, if one is named.
func addDomain(ctx context.Context, c Call[SCO]) (Result, error) {
	name := slice.Domain(c.Text("domain"))
	id, addresses := c.Text("slice"), c.Words("address")
	if id == "" && len(addresses) == 0 {
		return Result{}, fault("address", "give it to register the domain, or slice to bring a registered one into that", "neither address nor slice is given")
	}
	e, err := c.domainEdit(name)
	if err != nil {
		return Result{}, err
	}
	var r intent.Registration
	if len(addresses) > 0 {
		if r, err = register(ctx, c, name, addresses); err != nil {
			return Result{}, err
		}
		c.Tell(fmt.Sprintf("domain %s is registered", name))
	}
	if id == "" {
		out := Result{Message: fmt.Sprintf("domain %s is registered, generation %d", name, r.Generation)}
		if c.True("dry-run") {
			out.Message = fmt.Sprintf("nothing is changed: domain %s is fit", name)
		}
		return out, nil
	}
	return edit(ctx, c, "domain", intent.Edit{AddDomain: &e})
}

func register(ctx context.Context, c Call[SCO], name slice.Domain, addresses []string) (intent.Registration, error) {
	credentials, err := credentialsOf(c.Text("credentials"))
	if err != nil {
		return intent.Registration{}, err
	}
	wanted := intent.Registration{Name: name, Driver: "direct", Addresses: addresses, Credentials: credentials}
	r, err := c.To.Domains.PutDomain(ctx, wanted, intent.Order{Force: c.True("force"), DryRun: c.True("dry-run")})
	return r, At("domain", err)
}

// credentialsOf reads where the SCO finds the credentials of a domain. The
// secret itself is nothing that a parameter may hold.
func credentialsOf(text string) (intent.Credentials, error) {
	kind, name, ok := strings.Cut(text, ":")
	switch {
	case text == "":
		return intent.Credentials{}, nil
	case ok && name != "" && kind == "file":
		return intent.Credentials{File: name}, nil
	case ok && name != "" && kind == "secret":
		return intent.Credentials{Secret: name}, nil
	case ok && name != "" && kind == "command":
		return intent.Credentials{Command: name}, nil
	}
	return intent.Credentials{}, fault("credentials", "say where the SCO finds them", "it is none of file:FOLDER, secret:NAMESPACE/NAME and command:NAME")
}

// domainEdit reads how a domain comes into a slice.
func (c Call[T]) domainEdit(name slice.Domain) (intent.DomainEdit, error) {
	e := intent.DomainEdit{Domain: intent.Domain{Name: name}}
	for _, n := range c.Words("networks") {
		e.Networks = append(e.Networks, slice.NetworkName(n))
	}
	for _, to := range c.Words("links") {
		e.Links = append(e.Links, intent.Link{From: name, To: slice.Domain(to)})
	}
	for _, text := range c.Words("members") {
		m, err := memberOf(text)
		if err != nil {
			return e, err
		}
		m.Member.Domain = name
		e.Members = append(e.Members, m)
	}
	return e, nil
}

// memberOf reads NETWORK:WORKLOAD[=ADDRESS[/MAC]].
func memberOf(text string) (intent.MemberEdit, error) {
	wrong := fault("members", "", "%q is not NETWORK:WORKLOAD[=ADDRESS[/MAC]]", clip(text))
	network, rest, ok := strings.Cut(text, ":")
	name, where, given := strings.Cut(rest, "=")
	if !ok || network == "" || name == "" {
		return intent.MemberEdit{}, wrong
	}
	m := intent.MemberEdit{Network: slice.NetworkName(network), Member: intent.Member{Name: slice.Workload(name)}}
	if !given {
		return m, nil
	}
	address, mac, hasMAC := strings.Cut(where, "/")
	var err error
	if m.Member.Address, err = netip.ParseAddr(address); err != nil {
		return m, wrong
	}
	if hasMAC {
		if m.Member.MAC, err = slice.ParseMAC(mac); err != nil {
			return m, wrong
		}
	}
	return m, nil
}

// removeDomain takes a domain out of a slice, or, without one, out of the
// registry. One that is not there is removed.
func removeDomain(ctx context.Context, c Call[SCO]) (Result, error) {
	name := slice.Domain(c.Text("domain"))
	if c.Text("slice") != "" {
		return edit(ctx, c, "domain", intent.Edit{RemoveDomain: name})
	}
	if c.True("dry-run") {
		r, err := c.To.Domains.Registration(ctx, name)
		switch {
		case err == nil && r.Slices > 0:
			return Result{}, fault("domain", "remove it from them first", "%d slices use domain %s", r.Slices, name)
		case err == nil:
			return Result{Message: fmt.Sprintf("domain %s would be removed", name)}, nil
		case slice.KindOf(err) != slice.NotFound:
			return Result{}, At("domain", err)
		}
		return Result{Message: fmt.Sprintf("there is no domain %s", name)}, nil
	}
	existed, err := c.To.Domains.RemoveDomain(ctx, name)
	switch {
	case err != nil:
		return Result{}, At("domain", err)
	case existed:
		return Result{Message: fmt.Sprintf("domain %s is removed", name)}, nil
	}
	return Result{Message: fmt.Sprintf("there is no domain %s", name)}, nil
}
