package api

import (
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec below ours
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// decoder decodes messages for a server. gRPC calls a message that cannot be
// decoded a fault of the server; whoever sent it is at fault, and the guard says
// so. Until it has asked, the decoder keeps why.
type decoder struct {
	encoding.CodecV2
	mu    sync.Mutex
	wrong map[any]error // by message
}

func newDecoder() *decoder {
	return &decoder{CodecV2: encoding.GetCodecV2("proto"), wrong: map[any]error{}}
}

// Unmarshal decodes a message, or keeps why it cannot be.
func (d *decoder) Unmarshal(data mem.BufferSlice, v any) error {
	err := d.CodecV2.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong[v] = err
	return nil
}

// fault returns why a message could not be decoded, once.
func (d *decoder) fault(v any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err, wrong := d.wrong[v]
	if !wrong {
		return nil
	}
	delete(d.wrong, v)
	text := strings.TrimSpace(strings.TrimPrefix(err.Error(), "proto:"))
	return status.Errorf(codes.InvalidArgument, "the message cannot be read: %s", text)
}
