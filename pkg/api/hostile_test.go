package api_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
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

var _ encoding.Codec = raw{}

func send(ctx context.Context, conn *grpc.ClientConn, method string, message []byte) error {
	return conn.Invoke(ctx, method, message, &emptypb.Empty{}, grpc.ForceCodec(raw{}))
}

// text returns a field that holds bytes.
func text(number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
}

const applySlice = "/l2sces.v1.SliceService/ApplySlice"

// What cannot be decoded is the fault of who sent it.
func TestA11HostileMessages(t *testing.T) {
	h := &house{}
	a := newAuthority(t)
	s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeSlices(s, sliceHouse{h}) })
	conn := a.dial(t, "sco", s.address)
	bad := []byte{0xff, 0xfe}
	deep := []byte{}
	for range 12_000 {
		deep = protowire.AppendTag(deep, 99, protowire.StartGroupType)
	}
	tests := map[string]struct {
		message []byte
		code    codes.Code
	}{
		"100 MB":                   {make([]byte, 100<<20), codes.ResourceExhausted},
		"invalid UTF-8":            {text(1, text(1, bad)), codes.InvalidArgument},
		"invalid UTF-8 of a slice": {text(1, text(2, text(1, bad))), codes.InvalidArgument},
		"cut off":                  {[]byte{0x0a, 0x7f, 0x01}, codes.InvalidArgument},
		"no tag":                   {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, codes.InvalidArgument},
		"deep groups":              {deep, codes.InvalidArgument},
		"no sub-message":           {nil, codes.InvalidArgument},
		"another kind of field":    {protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7), codes.InvalidArgument},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := send(ctx, conn, applySlice, test.message); status.Code(err) != test.code {
				t.Errorf("%v, want %s", err, test.code)
			}
		})
	}
	// Fields that nobody knows are no fault: a newer client may send them.
	if err := send(t.Context(), conn, "/l2sces.v1.SliceService/GetSlice", text(900, bad)); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
	if _, err := api.NewSliceClient(conn).Status(t.Context(), "a"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A message that is too large is refused by its length, before it has memory.
func TestA11LargeMessagesTakeNoMemory(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeSlices(s, sliceHouse{&house{}}) })
	conn := a.dial(t, "sco", s.address)
	large := make([]byte, 100<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 5 {
		if err := send(t.Context(), conn, applySlice, large); status.Code(err) != codes.ResourceExhausted {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 50<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
}

// Every unary method answers an empty message with a code that tells the caller
// what is wrong, or with success.
func TestA11EmptyMessages(t *testing.T) {
	h := &house{err: slice.Errorf(slice.Invalid, "the empty request came through")}
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveAll(h))
	conn := a.dial(t, "sco", s.address)
	asked := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("l2sces.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				m := f.Services().Get(i).Methods().Get(j)
				if m.IsStreamingClient() || m.IsStreamingServer() {
					continue
				}
				asked++
				method := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				err := conn.Invoke(ctx, method, dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output()))
				cancel()
				switch status.Code(err) {
				case codes.OK, codes.InvalidArgument, codes.NotFound, codes.Unimplemented:
				default:
					t.Errorf("%s: %v", method, err)
				}
			}
		}
		return true
	})
	if asked < 20 {
		t.Errorf("only %d methods were asked", asked)
	}
}

// waiting holds streams until they are told to end.
type waiting struct {
	sliceHouse
	mu   sync.Mutex
	open int
	most int
}

func (w *waiting) Watch(ctx context.Context, _ intent.Query, _ func(intent.Moment) error) error {
	w.mu.Lock()
	w.open++
	w.most = max(w.most, w.open)
	w.mu.Unlock()
	<-ctx.Done()
	w.mu.Lock()
	w.open--
	w.mu.Unlock()
	return ctx.Err()
}

// Of 10,000 streams that one caller opens over many connections those that are
// too many are refused at once, others are served meanwhile, and all end with
// the caller.
func TestA11TenThousandStreams(t *testing.T) {
	w := &waiting{sliceHouse: sliceHouse{&house{}}}
	a := newAuthority(t)
	s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeSlices(s, w) })
	const connections, each = 50, 200
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	ends := map[codes.Code]int{}
	var streams sync.WaitGroup
	for range connections {
		client := pb.NewSliceServiceClient(a.dial(t, "sco", s.address))
		for range each {
			stream, err := client.WatchSlices(ctx, &pb.ListSlicesRequest{})
			if err != nil {
				t.Fatal(err)
			}
			streams.Go(func() {
				_, err := stream.Recv()
				mu.Lock()
				defer mu.Unlock()
				ends[status.Code(err)]++
			})
		}
	}
	until(t, "all but 256 streams are refused", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return ends[codes.ResourceExhausted] == connections*each-256
	})
	if _, err := api.NewSliceClient(a.dial(t, "n1", s.address)).Status(ctx, "a"); err != nil {
		t.Errorf("somebody else meanwhile: %v", err)
	}
	cancel()
	streams.Wait()
	until(t, "no stream is left at the server", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.open == 0
	})
	if w.most > 256 {
		t.Errorf("%d streams were open at once", w.most)
	}
	t.Logf("ends %v, goroutines before %d and after %d", ends, before, runtime.NumGoroutine())
}

func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not after 30 s: %s", what)
		}
	}
}

// Metadata that is too large is refused.
func TestA11LargeMetadata(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, func(s *grpc.Server) { api.ServeSlices(s, sliceHouse{&house{}}) })
	conn := a.dial(t, "sco", s.address)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "bomb", strings.Repeat("x", 1<<20))
	if _, err := api.NewSliceClient(conn).Status(ctx, "a"); err == nil {
		t.Error("a megabyte of metadata was taken")
	}
	if _, err := api.NewSliceClient(conn).Status(t.Context(), "a"); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("afterwards: %v", err)
	}
}
