package access

import (
	"context"
	"io"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Events are what package api calls so.
type Events interface {
	Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error)
	WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error
}

// Events returns events as the caller of each call may see them.
func (g *Gate) Events(inner Events) Events { return guardedEvents{g, inner} }

type guardedEvents struct {
	gate  *Gate
	inner Events
}

// Events returns the events that the caller may see.
func (s guardedEvents) Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error) {
	c, err := s.gate.enter(ctx, ListEvents, "")
	if err != nil || !c.narrow(&q.Tenant) {
		return nil, err
	}
	all, err := s.inner.Events(ctx, q)
	return slices.DeleteFunc(all, func(e intent.Event) bool { return !c.caller.sees(e.Tenant) }), err
}

// WatchEvents tells the same and then every new one.
func (s guardedEvents) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	c, err := s.gate.enter(ctx, WatchEvents, "")
	if err != nil {
		return err
	}
	own := c.narrow(&q.Tenant)
	return s.inner.WatchEvents(ctx, q, func(e intent.Event) error {
		if err := s.gate.still(ctx); err != nil {
			return err
		}
		if !own || !c.caller.sees(e.Tenant) {
			return nil
		}
		return tell(e)
	})
}

// Administration is what package api calls Admin.
type Administration interface {
	Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error)
	PutQuota(ctx context.Context, q intent.Quota) (intent.Quota, error)
	Quotas(ctx context.Context) ([]intent.Quota, error)
	Export(ctx context.Context, w io.Writer) error
}

// Admin returns what administrators can do here. The state comes from export.
func (g *Gate) Admin(export func(context.Context, io.Writer) error) Administration {
	return administration{g, export}
}

type administration struct {
	gate   *Gate
	export func(context.Context, io.Writer) error
}

// Audit returns entries of the audit log, oldest first.
func (a administration) Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error) {
	if _, err := a.gate.enter(ctx, ListAudit, ""); err != nil {
		return nil, err
	}
	return a.gate.audit.entries(q), nil
}

// PutQuota limits a tenant. What it has already it keeps.
func (a administration) PutQuota(ctx context.Context, q intent.Quota) (out intent.Quota, err error) {
	c, err := a.gate.enter(ctx, PutQuota, "tenant/"+string(q.Tenant))
	if err != nil {
		return out, err
	}
	defer func() { c.leave(&err) }()
	c.tenant = q.Tenant
	if !slice.IsLabel(string(q.Tenant)) {
		return out, slice.Errorf(slice.Invalid, "tenant: %.64q is not the name of a tenant: use lower-case letters, digits and inner hyphens", q.Tenant)
	}
	limits := intent.Capacity{Slices: q.Slices, Networks: q.Networks, Ports: q.Ports, BandwidthKbps: q.BandwidthKbps}
	if err := a.gate.quotas.put(q.Tenant, limits); err != nil {
		return out, err
	}
	for _, one := range a.gate.quotas.list(a.gate.policy.now()) {
		if one.Tenant == q.Tenant {
			out = one
		}
	}
	return out, nil
}

// Quotas returns the limits and the use of the tenants that the caller may see.
func (a administration) Quotas(ctx context.Context) ([]intent.Quota, error) {
	c, err := a.gate.enter(ctx, ListQuotas, "")
	if err != nil {
		return nil, err
	}
	all := a.gate.quotas.list(a.gate.policy.now())
	return slices.DeleteFunc(all, func(q intent.Quota) bool { return !c.caller.sees(q.Tenant) }), nil
}

// Export writes the whole stored state.
func (a administration) Export(ctx context.Context, w io.Writer) (err error) {
	c, err := a.gate.enter(ctx, Export, "state")
	if err != nil {
		return err
	}
	defer func() { c.leave(&err) }()
	if a.export == nil {
		return slice.Errorf(slice.Unavailable, "the state of this SCO cannot be exported while it runs")
	}
	return a.export(ctx, w)
}
