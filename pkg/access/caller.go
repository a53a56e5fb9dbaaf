package access

import (
	"context"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Role says what a caller may do. A greater one may do all that a lesser one
// may. The zero role may do nothing.
type Role uint8

// The roles. Callers of the first two see one tenant only, the others all.
const (
	Nobody   Role = iota
	Viewer        // looks at what its tenant has
	Tenant        // changes it
	Operator      // keeps the domains and the slices of every tenant
	Admin         // and sets quotas and takes backups
)

var roleNames = [...]string{"nobody", "viewer", "tenant", "operator", "admin"}

// String returns the role in lower case.
func (r Role) String() string { return roleNames[r] }

// MarshalText implements encoding.TextMarshaler.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Role) UnmarshalText(text []byte) error {
	for i, name := range roleNames {
		if i > 0 && name == string(text) {
			*r = Role(i)
			return nil
		}
	}
	return slice.Errorf(slice.Invalid, "there is no such role: use viewer, tenant, operator or admin")
}

// A Caller is who makes a call.
type Caller struct {
	Name   string       // user/NAME and plugin by certificate, token/NAME, oidc/NAME
	Tenant slice.Tenant // the only one that it sees; operators and admins may have none
	Role   Role
}

// Bound reports whether the caller sees one tenant only.
func (c Caller) Bound() bool { return c.Role < Operator }

// sees reports whether the caller sees what a tenant has.
func (c Caller) sees(t slice.Tenant) bool { return !c.Bound() || c.Tenant != "" && c.Tenant == t }

type callerKey struct{}

// With returns a context in which the caller is known.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns who makes the call: Nobody if that is not known.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
