package compat_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/l2sces/l2sces/pkg/compat"
	"github.com/l2sces/l2sces/pkg/compat/compattest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// handlers collects what a service registers, to call it without a connection.
type handlers struct {
	methods map[string]grpc.MethodDesc
	served  any
}

func (h *handlers) RegisterService(d *grpc.ServiceDesc, served any) {
	h.methods, h.served = map[string]grpc.MethodDesc{}, served
	for _, m := range d.Methods {
		h.methods[m.MethodName] = m
	}
}

// Whatever comes as a message of the original is answered, with a kind of error
// that a client can do something about.
func FuzzMessages(f *testing.F) {
	for i, method := range compattest.Methods {
		for _, text := range []string{ring, video, `{}`} {
			m, err := compattest.Message(method + "Request")
			if err != nil {
				f.Fatal(err)
			}
			if protojson.Unmarshal([]byte(text), m) != nil {
				continue // of another method
			}
			b, err := proto.Marshal(m)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(i), b)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, message []byte) {
		var h handlers
		compat.Register(&h, compat.Config{Slices: &house{}, Tenant: "t"})
		method := h.methods[compattest.Methods[int(which)%len(compattest.Methods)]]
		_, err := method.Handler(h.served, context.WithoutCancel(t.Context()), func(v any) error {
			m, ok := v.(proto.Message)
			if !ok || proto.Unmarshal(message, m) != nil {
				return status.Error(codes.InvalidArgument, "not a message")
			}
			return nil
		}, nil)
		if err != nil && slice.KindOf(err) == slice.Internal && status.Code(err) == codes.Unknown {
			t.Errorf("%s: %v", method.MethodName, err)
		}
	})
}
