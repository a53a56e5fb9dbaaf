package api

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/l2sces/l2sces/pkg/access"
)

// known finds out what a caller may do, and returns its name if the certificate
// has told none.
func (g guard) known(ctx context.Context, name string) (context.Context, string, error) {
	if g.Admit == nil {
		return ctx, name, nil
	}
	shown := ""
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		shown = values[0]
	}
	ctx, err := g.Admit(ctx, name, shown)
	if err != nil {
		return nil, name, refused(err)
	}
	if name == "" {
		name = access.From(ctx).Name
	}
	return ctx, name, nil
}

// refused gives the error of a caller that was not admitted its code, and tells
// one that calls too often when to come back.
func refused(err error) error {
	if access.IsStranger(err) {
		return status.Error(codes.Unauthenticated, err.Error())
	}
	wait, hasty := access.RetryAfter(err)
	if !hasty {
		return outward(err)
	}
	s, detailed := status.New(codes.ResourceExhausted, err.Error()).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait.Round(time.Millisecond))})
	if detailed != nil {
		return status.Error(codes.ResourceExhausted, err.Error())
	}
	return s.Err()
}
