package api

import (
	"context"
	"io"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices: the SCO, or a client of one.
type Slices interface {
	SliceOrders
	SlicePlans
	SliceViews
}

// SliceOrders change slices.
type SliceOrders interface {
	// Apply makes a slice, or changes it.
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	// Edit carries several changes of a slice out, all or none.
	Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error)
	// Delete takes a slice apart and tells whether there was one.
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
	// Pause stops changes and repairs of a slice, or lets them go on. Its frames
	// go on either way.
	Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error)
}

// SlicePlans tell what an order would change, and change nothing.
type SlicePlans interface {
	Plan(ctx context.Context, in intent.Intents) (intent.Difference, error)
	PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error)
	PlanDelete(ctx context.Context, id slice.ID) (intent.Difference, error)
}

// SliceViews tell how slices are.
type SliceViews interface {
	// Status returns one slice as it is, with its intents.
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	// List returns slices by id, a page at a time.
	List(ctx context.Context, q intent.Query) (intent.Page, error)
	// Watch tells what is there, then SYNC, then what changes, until ctx ends,
	// whose error it returns, or tell returns an error. It skips states that
	// were over before tell had time for them.
	Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error
	// History returns what was ordered of a slice, newest first. That of a
	// deleted slice stays for a while.
	History(ctx context.Context, id slice.ID) ([]intent.Revision, error)
}

// Registry keeps the domains that slices can use.
type Registry interface {
	RegistryOrders
	RegistryViews
}

// RegistryOrders change what is known of domains.
type RegistryOrders interface {
	PutDomain(ctx context.Context, r intent.Registration, o intent.Order) (intent.Registration, error)
	VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error)
	DrainDomain(ctx context.Context, d slice.Domain, draining bool) (intent.Registration, error)
	RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error)
}

// RegistryViews tell how domains are.
type RegistryViews interface {
	Registration(ctx context.Context, d slice.Domain) (intent.Registration, error)
	Registrations(ctx context.Context) ([]intent.Registration, error)
}

// Events tells what happened.
type Events interface {
	Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error)
	// WatchEvents tells the same and then every new one, until ctx ends or tell
	// returns an error.
	WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error
}

// Admin is for administrators.
type Admin interface {
	Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error)
	PutQuota(ctx context.Context, q intent.Quota) (intent.Quota, error)
	Quotas(ctx context.Context) ([]intent.Quota, error)
	// Export writes the whole stored state, as one consistent image.
	Export(ctx context.Context, w io.Writer) error
}
