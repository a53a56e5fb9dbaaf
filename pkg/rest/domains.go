package rest

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ListDomains answers the registered domains.
func (a *api) ListDomains(ctx context.Context, _ v1.ListDomainsRequestObject) (v1.ListDomainsResponseObject, error) {
	if a.conf.Registry == nil {
		return nil, missing("domains")
	}
	all, err := a.conf.Registry.Registrations(ctx)
	return v1.ListDomains200JSONResponse{Items: items(all)}, err
}

// GetDomain answers one domain.
func (a *api) GetDomain(ctx context.Context, r v1.GetDomainRequestObject) (v1.GetDomainResponseObject, error) {
	out, err := a.domain(func() (intent.Registration, error) {
		return a.conf.Registry.Registration(ctx, slice.Domain(r.Domain))
	})
	return v1.GetDomain200JSONResponse{DomainAnswerJSONResponse: out}, err
}

// PutDomain registers a domain or changes it.
func (a *api) PutDomain(ctx context.Context, r v1.PutDomainRequestObject) (v1.PutDomainResponseObject, error) {
	reg, name := *r.Body, slice.Domain(r.Domain)
	if reg.Name == "" {
		reg.Name = name
	}
	if reg.Name != name {
		return nil, slice.Errorf(slice.Invalid, "name: the body is domain %.64q and the path %.64q: use one name", reg.Name, name)
	}
	o, err := order(r.Params.DryRun, r.Params.IfMatch, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	o.Force = value(r.Params.Force)
	out, err := a.domain(func() (intent.Registration, error) { return a.conf.Registry.PutDomain(ctx, reg, o) })
	return v1.PutDomain200JSONResponse{DomainAnswerJSONResponse: out}, err
}

// VerifyDomain looks at a domain now.
func (a *api) VerifyDomain(ctx context.Context, r v1.VerifyDomainRequestObject) (v1.VerifyDomainResponseObject, error) {
	out, err := a.domain(func() (intent.Registration, error) {
		return a.conf.Registry.VerifyDomain(ctx, slice.Domain(r.Domain))
	})
	return v1.VerifyDomain200JSONResponse{DomainAnswerJSONResponse: out}, err
}

// DrainDomain lets no new slice into a domain.
func (a *api) DrainDomain(ctx context.Context, r v1.DrainDomainRequestObject) (v1.DrainDomainResponseObject, error) {
	out, err := a.domain(func() (intent.Registration, error) {
		return a.conf.Registry.DrainDomain(ctx, slice.Domain(r.Domain), true)
	})
	return v1.DrainDomain200JSONResponse{DomainAnswerJSONResponse: out}, err
}

// UndrainDomain lets slices in again.
func (a *api) UndrainDomain(ctx context.Context, r v1.UndrainDomainRequestObject) (v1.UndrainDomainResponseObject, error) {
	out, err := a.domain(func() (intent.Registration, error) {
		return a.conf.Registry.DrainDomain(ctx, slice.Domain(r.Domain), false)
	})
	return v1.UndrainDomain200JSONResponse{DomainAnswerJSONResponse: out}, err
}

// RemoveDomainRegistration removes a domain that no slice uses.
func (a *api) RemoveDomainRegistration(ctx context.Context, r v1.RemoveDomainRegistrationRequestObject) (v1.RemoveDomainRegistrationResponseObject, error) {
	if a.conf.Registry == nil {
		return nil, missing("domains")
	}
	_, err := a.conf.Registry.RemoveDomain(ctx, slice.Domain(r.Domain))
	return v1.RemoveDomainRegistration204Response{}, err
}

// domain answers one domain with its tag.
func (a *api) domain(ask func() (intent.Registration, error)) (v1.DomainAnswerJSONResponse, error) {
	if a.conf.Registry == nil {
		return v1.DomainAnswerJSONResponse{}, missing("domains")
	}
	r, err := ask()
	t := tag(r.Generation)
	return v1.DomainAnswerJSONResponse{Body: r, Headers: v1.DomainAnswerResponseHeaders{ETag: &t}}, err
}
