// Package compat serves the gRPC service of the original's slice manager, so
// that its clients can order from the SCO unchanged. It translates: an original
// slice is a slice of ours, a cluster is a registered domain of the same name.
// It decides nothing, and takes no secrets.
//
//	compat.Register(server, compat.Config{Slices: slices, Tenant: "old"})
package compat

import (
	"cmp"
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices.
type Slices interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error)
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context, q intent.Query) (intent.Page, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
}

// A Config says for whom slices are kept.
type Config struct {
	Slices Slices
	// Tenant owns what callers make that have no tenant of their own (package
	// access). Empty: they make nothing.
	Tenant slice.Tenant
	// DropSecrets takes requests that hold secrets of clusters, and throws the
	// secrets away. Without it they are refused.
	DropSecrets bool
}

// Register adds the service to a server. The server turns the kinds of errors
// into codes.
func Register(s grpc.ServiceRegistrar, c Config) {
	wire.RegisterL2SMMultiDomainServiceServer(s, server{conf: c})
}

type server struct {
	wire.UnimplementedL2SMMultiDomainServiceServer
	conf Config
}

// tenant returns who owns what a caller makes.
func (s server) tenant(ctx context.Context) (slice.Tenant, error) {
	t := cmp.Or(access.From(ctx).Tenant, s.conf.Tenant)
	if t == "" {
		return "", slice.Errorf(slice.Denied, "the caller has no tenant, and sco was started without --legacy-tenant")
	}
	return t, nil
}

// unready is an error of a request that is right, and comes too early.
type unready string

func (e unready) Error() string { return string(e) }

// GRPCStatus gives the error its code.
func (e unready) GRPCStatus() *status.Status { return status.New(codes.FailedPrecondition, string(e)) }

func unreadyf(format string, args ...any) error { return unready(fmt.Sprintf(format, args...)) }

// refused says what could not be done, in the original's words.
func refused(what string, err error) error { return fmt.Errorf("could not %s: %w", what, err) }

// isAbsent reports whether an error says that there is no such slice.
func isAbsent(err error) bool { return err != nil && slice.KindOf(err) == slice.NotFound }
