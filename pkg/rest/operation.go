package rest

import (
	"context"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ListEvents answers what happened.
func (a *api) ListEvents(ctx context.Context, r v1.ListEventsRequestObject) (v1.ListEventsResponseObject, error) {
	if a.conf.Events == nil {
		return nil, missing("events")
	}
	q := intent.EventQuery{Slice: slice.ID(value(r.Params.Slice)), Tenant: slice.Tenant(value(r.Params.Tenant)), Domain: slice.Domain(value(r.Params.Domain))}
	var err error
	if q.After, q.Limit, err = numbers(r.Params.After, r.Params.Limit); err != nil {
		return nil, err
	}
	all, err := a.conf.Events.Events(ctx, q)
	return v1.ListEvents200JSONResponse{Items: items(all)}, err
}

// ListAudit answers who changed what.
func (a *api) ListAudit(ctx context.Context, r v1.ListAuditRequestObject) (v1.ListAuditResponseObject, error) {
	if a.conf.Admin == nil {
		return nil, missing("audit log")
	}
	q := intent.AuditQuery{Tenant: slice.Tenant(value(r.Params.Tenant)), Caller: value(r.Params.Caller)}
	var err error
	if q.After, q.Limit, err = numbers(r.Params.After, r.Params.Limit); err != nil {
		return nil, err
	}
	all, err := a.conf.Admin.Audit(ctx, q)
	return v1.ListAudit200JSONResponse{Items: items(all)}, err
}

// numbers checks what is a number in a query.
func numbers(after, limit *int) (from, most uint32, err error) {
	const largest, last = 10_000, 1<<32 - 1
	n, m := value(after), value(limit)
	switch {
	case n < 0 || n > last:
		return 0, 0, slice.Errorf(slice.Invalid, "after: %d is not between 0 and %d", n, last)
	case limit != nil && (m < 1 || m > largest):
		return 0, 0, slice.Errorf(slice.Invalid, "limit: %d is not between 1 and %d", m, largest)
	}
	return uint32(n), uint32(m), nil
}

// ListQuotas answers what tenants may have, and have.
func (a *api) ListQuotas(ctx context.Context, _ v1.ListQuotasRequestObject) (v1.ListQuotasResponseObject, error) {
	if a.conf.Admin == nil {
		return nil, missing("quotas")
	}
	all, err := a.conf.Admin.Quotas(ctx)
	return v1.ListQuotas200JSONResponse{Items: items(all)}, err
}

// PutQuota limits a tenant.
func (a *api) PutQuota(ctx context.Context, r v1.PutQuotaRequestObject) (v1.PutQuotaResponseObject, error) {
	if a.conf.Admin == nil {
		return nil, missing("quotas")
	}
	q, tenant := *r.Body, slice.Tenant(r.Tenant)
	if q.Tenant == "" {
		q.Tenant = tenant
	}
	if q.Tenant != tenant {
		return nil, slice.Errorf(slice.Invalid, "tenant: the body is tenant %.64q and the path %.64q: use one", q.Tenant, tenant)
	}
	q, err := a.conf.Admin.PutQuota(ctx, q)
	return v1.PutQuota200JSONResponse(q), err
}

// WhoAmI tells the caller who it is here.
func (a *api) WhoAmI(ctx context.Context, _ v1.WhoAmIRequestObject) (v1.WhoAmIResponseObject, error) {
	c := access.From(ctx)
	out := v1.WhoAmI200JSONResponse{Name: c.Name, Role: v1.CallerRole(c.Role.String())}
	if tenant := string(c.Tenant); tenant != "" {
		out.Tenant = &tenant
	}
	return out, nil
}
