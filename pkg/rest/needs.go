package rest

import (
	"context"
	"io"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices.
type Slices interface {
	Orders
	Plans
	Views
}

// Orders change slices.
type Orders interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
	Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error)
}

// Plans tell what an order would change.
type Plans interface {
	Plan(ctx context.Context, in intent.Intents) (intent.Difference, error)
	PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error)
	PlanDelete(ctx context.Context, id slice.ID) (intent.Difference, error)
}

// Views tell how slices are.
type Views interface {
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context, q intent.Query) (intent.Page, error)
	Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error
	History(ctx context.Context, id slice.ID) ([]intent.Revision, error)
}

// Registry keeps domains.
type Registry interface {
	DomainOrders
	DomainViews
}

// DomainOrders change domains.
type DomainOrders interface {
	PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (intent.Registration, error)
	DrainDomain(ctx context.Context, d slice.Domain, draining bool) (intent.Registration, error)
	RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error)
}

// DomainViews tell how domains are.
type DomainViews interface {
	Registration(ctx context.Context, d slice.Domain) (intent.Registration, error)
	Registrations(ctx context.Context) ([]intent.Registration, error)
	VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error)
}

// Events tells what happened.
type Events interface {
	Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error)
	WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error
}

// Admin is for administrators.
type Admin interface {
	Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error)
	PutQuota(ctx context.Context, q intent.Quota) (intent.Quota, error)
	Quotas(ctx context.Context) ([]intent.Quota, error)
	Export(ctx context.Context, w io.Writer) error
}
