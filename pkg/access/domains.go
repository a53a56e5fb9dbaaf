package access

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Registry is what package api calls so.
type Registry interface {
	registrations
	PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (intent.Registration, error)
	VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error)
	DrainDomain(ctx context.Context, d slice.Domain, draining bool) (intent.Registration, error)
	RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error)
}

type registrations interface {
	Registration(ctx context.Context, d slice.Domain) (intent.Registration, error)
	Registrations(ctx context.Context) ([]intent.Registration, error)
}

// Registry returns domains as the caller of each call may see and change them.
func (g *Gate) Registry(inner Registry) Registry { return guardedDomains{g, inner} }

type guardedDomains struct {
	gate  *Gate
	inner Registry
}

// change records what is done to a domain.
func (s guardedDomains) change(ctx context.Context, v Verb, d slice.Domain, detail string, do func() error) (err error) {
	c, err := s.gate.enter(ctx, v, "domain/"+string(d))
	if err != nil {
		return err
	}
	defer func() { c.leave(&err) }()
	c.detail = detail
	return do()
}

// PutDomain registers a domain or changes it.
func (s guardedDomains) PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (out intent.Registration, err error) {
	detail := "driver=" + r.Driver + dry(o)
	if o.Force {
		detail += " force"
	}
	err = s.change(ctx, PutDomain, r.Name, detail, func() (err error) {
		out, err = s.inner.PutDomain(ctx, r, o)
		return err
	})
	return out, err
}

// VerifyDomain looks at a domain now.
func (s guardedDomains) VerifyDomain(ctx context.Context, d slice.Domain) (out intent.Registration, err error) {
	err = s.change(ctx, VerifyDomain, d, "", func() (err error) {
		out, err = s.inner.VerifyDomain(ctx, d)
		return err
	})
	return out, err
}

// DrainDomain lets no new slice in, or lets them in again.
func (s guardedDomains) DrainDomain(ctx context.Context, d slice.Domain, draining bool) (out intent.Registration, err error) {
	detail := "draining=false"
	if draining {
		detail = "draining=true"
	}
	err = s.change(ctx, DrainDomain, d, detail, func() (err error) {
		out, err = s.inner.DrainDomain(ctx, d, draining)
		return err
	})
	return out, err
}

// RemoveDomain removes a domain that no slice uses.
func (s guardedDomains) RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error) {
	err = s.change(ctx, RemoveDomain, d, "", func() (err error) {
		existed, err = s.inner.RemoveDomain(ctx, d)
		return err
	})
	return existed, err
}

// Registration returns one domain.
func (s guardedDomains) Registration(ctx context.Context, d slice.Domain) (intent.Registration, error) {
	c, err := s.gate.enter(ctx, GetDomain, "domain/"+string(d))
	if err != nil {
		return intent.Registration{}, err
	}
	r, err := s.inner.Registration(ctx, d)
	return c.shown(r), err
}

// Registrations returns all domains.
func (s guardedDomains) Registrations(ctx context.Context) ([]intent.Registration, error) {
	c, err := s.gate.enter(ctx, ListDomains, "")
	if err != nil {
		return nil, err
	}
	all, err := s.inner.Registrations(ctx)
	shown := make([]intent.Registration, len(all))
	for i, r := range all {
		shown[i] = c.shown(r)
	}
	return shown, err
}

// shown returns of a domain what a tenant needs to use it. How it is reached,
// and what of others is in it, is not for tenants.
func (c *call) shown(r intent.Registration) intent.Registration {
	if !c.caller.Bound() {
		return r
	}
	out := intent.Registration{Name: r.Name, Driver: r.Driver, Labels: r.Labels, Draining: r.Draining, Static: r.Static, Generation: r.Generation}
	out.Info.Name, out.Info.MTU, out.Info.Encryptions = r.Info.Name, r.Info.MTU, r.Info.Encryptions
	for _, one := range r.Conditions {
		one.Message = "" // it may name hosts
		out.Conditions = append(out.Conditions, one)
	}
	return out
}
