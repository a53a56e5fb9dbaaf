package compat_test

import (
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/l2sces/l2sces/pkg/compat/compattest"
)

// raw sends bytes as a message, and does not look at the answer.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%T", v)
	}
	return b, nil
}
func (raw) Unmarshal([]byte, any) error { return nil }
func (raw) Name() string                { return "proto" }

// fieldOf returns a field that holds bytes.
func fieldOf(number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
}

// Each call refuses what is too large, is no message, or says nothing, with a
// code that tells whose fault it is; afterwards the door serves on.
func TestA11HostileMessagesOfTheOriginal(t *testing.T) {
	d := open(t)
	for name, test := range map[string]struct {
		message []byte
		want    []codes.Code
	}{
		"100 MB":        {make([]byte, 100<<20), []codes.Code{codes.ResourceExhausted}},
		"cut off":       {[]byte{0x0a, 0x7f, 0x01}, []codes.Code{codes.InvalidArgument}},
		"invalid UTF-8": {append(fieldOf(1, fieldOf(1, []byte{0xff})), fieldOf(2, []byte{0xff})...), []codes.Code{codes.InvalidArgument}},
		"nothing":       {nil, []codes.Code{codes.InvalidArgument, codes.OK}}, // to delete by no name is to delete what is absent
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range compattest.Methods {
				err := d.Conn.Invoke(t.Context(), "/l2sces.L2SMMultiDomainService/"+method, test.message, &emptypb.Empty{}, grpc.ForceCodec(raw{}))
				if code := status.Code(err); code != test.want[0] && code != test.want[len(test.want)-1] {
					t.Errorf("%s: %v", method, err)
				}
			}
		})
	}
	d.ok(created, "CreateSlice", ring)
}
