package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// rights say who may do what.
type rights struct {
	policy   string
	audit    access.AuditConfig
	oidc     access.OIDC
	oidcRole string
}

func (r *rights) flags(f *pflag.FlagSet) {
	f.StringVar(&r.policy, "policy", "", "file with users, tokens, roles, quotas and rates, read again when it changes; empty: the plugin is an operator, and whoever has a user's certificate is an administrator")
	f.StringVar(&r.audit.File, "audit", "", "file for the audit log, JSON lines; empty: only the newest entries are kept, in memory")
	f.Int64Var(&r.audit.Size, "audit-size", 16<<20, "bytes of the audit log before a new file is begun")
	f.IntVar(&r.audit.Keep, "audit-keep", 8, "older files of the audit log that are kept")
	f.StringVar(&r.oidc.Issuer, "oidc-issuer", "", "URL of an OpenID Connect issuer whose tokens are taken, unless the policy names one")
	f.StringVar(&r.oidc.Audience, "oidc-audience", "l2sces", "audience that tokens of --oidc-issuer have")
	f.StringVar(&r.oidc.CA, "oidc-ca", "", "authority of the issuer's certificate, PEM; empty: the system's")
	f.StringVar(&r.oidc.TenantClaim, "oidc-tenant-claim", "tenant", "claim with the tenant")
	f.StringVar(&r.oidcRole, "oidc-role-claim", "role", "claim with the role, or with a list of roles")
}

func (r *rights) check() error {
	if r.audit.Size < 4096 || r.audit.Keep < 1 {
		return slice.Errorf(slice.Invalid, "--audit-size and --audit-keep: at least 4096 bytes and one older file")
	}
	if r.oidc.Issuer == "" {
		return nil
	}
	r.oidc.RoleClaim = r.oidcRole
	if err := r.oidc.Check(); err != nil {
		return slice.Errorf(slice.Invalid, "--oidc-issuer: %w", err)
	}
	return nil
}

// gate returns who decides, for an SCO.
func (r *rights) gate(cfg sco.Config, s *sco.SCO) (*access.Gate, error) {
	c := access.Config{Policy: r.policy, Audit: r.audit, Store: cfg.Store, Holdings: s, Logger: cfg.Logger}
	if r.oidc.Issuer != "" {
		c.OIDC = &r.oidc
	}
	return access.New(c)
}

// exporter is a store that can be written out.
type exporter[T any] interface {
	Export(w io.Writer) (T, error)
}

// export returns how the state of a store is written out.
func export[T any](from exporter[T]) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		_, err := from.Export(w)
		return err
	}
}

// authorize keeps machines to what is theirs: nodes report, the plugin keeps slices
// and looks at domains. What people may do is decided by their role, which is not
// known here.
func authorize(caller, method string) error {
	id := pki.Identity(caller)
	_, _, isNode := id.Node()
	machine := strings.HasPrefix(caller, "l2sces://") && !strings.HasPrefix(caller, string(pki.User("")))
	ok := true
	service, call, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch service {
	case "l2sces.v1.NodeService":
		ok = isNode
	case "l2sces.v1.SliceService", "l2sces.v1.EventService":
		ok = !machine || id == pki.Plugin
	case "l2sces.v1.RegistryService":
		ok = !machine || id == pki.Plugin && slices.Contains([]string{"GetRegistration", "ListRegistrations", "VerifyDomain"}, call)
	case "l2sces.v1.AdminService", "l2sces.L2SMMultiDomainService":
		ok = !machine
	}
	if !ok {
		return slice.Errorf(slice.Denied, "%s may not call %s", caller, method)
	}
	return nil
}
