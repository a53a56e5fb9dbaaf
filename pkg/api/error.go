package api

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/slice"
)

// kinds pairs the kinds of error with gRPC's codes.
var kinds = map[slice.Kind]codes.Code{
	slice.Internal:    codes.Internal,
	slice.Invalid:     codes.InvalidArgument,
	slice.NotFound:    codes.NotFound,
	slice.Conflict:    codes.AlreadyExists,
	slice.Exhausted:   codes.ResourceExhausted,
	slice.Unavailable: codes.Unavailable,
	slice.Denied:      codes.PermissionDenied,
	slice.Stale:       codes.Aborted,
}

// outward turns an error of the house into one that gRPC carries.
func outward(err error) error {
	if _, ok := status.FromError(err); ok && slice.KindOf(err) == slice.Internal {
		return err // nil, or what gRPC's own services answer
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	}
	return detailed(slice.KindOf(err), err)
}

// inward turns an error that gRPC brought into one of the house.
func inward(err error) error {
	if err == nil {
		return nil
	}
	s, _ := status.FromError(err)
	if far, ok := ours(s); ok {
		return far
	}
	for kind, code := range kinds {
		if code == s.Code() {
			return slice.Errorf(kind, "%s", s.Message())
		}
	}
	switch s.Code() {
	case codes.DeadlineExceeded, codes.Canceled:
		return slice.Errorf(slice.Unavailable, "%s", s.Message())
	case codes.Unauthenticated:
		return slice.Errorf(slice.Denied, "%s", s.Message())
	}
	return err
}
