package ee_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/ee"
	"github.com/l2sces/l2sces/plugin/ee/wire"
	"github.com/l2sces/l2sces/plugin/primitive"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runs is what a primitive does.
type runs func(ctx context.Context, given map[string]string, tell func(string)) (primitive.Result, error)

func (f runs) Run(ctx context.Context, _ string, given map[string]string, tell func(string)) (primitive.Result, error) {
	return f(ctx, given, tell)
}

func serve(t *testing.T, f runs, c ee.Config) (wire.FrontendExecutorClient, *ee.Executor) {
	t.Helper()
	l, s, x := bufconn.Listen(1<<16), grpc.NewServer(), ee.New(f, c)
	ee.Register(s, x)
	go func() { _ = s.Serve(l) }() // says that it was stopped
	line, err := grpc.NewClient("passthrough:///ee", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = line.Close(); s.Stop() }) // both have ended
	return wire.NewFrontendExecutorClient(line), x
}

// replies runs a primitive and returns what is told.
func replies(t *testing.T, c wire.FrontendExecutorClient, params string) []*wire.PrimitiveReply {
	t.Helper()
	in, err := c.RunPrimitive(t.Context(), &wire.PrimitiveRequest{Id: "1", Name: "x", Params: params})
	if err != nil {
		t.Fatal(err)
	}
	var all []*wire.PrimitiveReply
	for {
		r, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

func TestTheLastReplyDecides(t *testing.T) {
	for name, test := range map[string]struct {
		result primitive.Result
		err    error
		want   string
		says   string
	}{
		"done":    {primitive.Result{Message: "done", Facts: []primitive.Fact{{Name: "a", Text: "b"}, {Name: "c", Text: "d\ne\n"}}}, nil, ee.OK, "done\na: b\nc:\n  d\n  e"},
		"pending": {primitive.Result{Message: "soon", Pending: true}, nil, ee.Processing, "soon"},
		"failed":  {primitive.Result{}, slice.Errorf(slice.Invalid, "slice: it is missing"), ee.Failed, "slice: it is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			c, x := serve(t, func(_ context.Context, given map[string]string, tell func(string)) (primitive.Result, error) {
				tell("on the way to " + given["where"])
				return test.result, test.err
			}, ee.Config{})
			all := replies(t, c, "where: there")
			if len(all) != 2 || all[0].GetStatus() != ee.Processing || all[0].GetDetailedMessage() != "on the way to there" {
				t.Fatalf("%v", all)
			}
			if end := all[1]; end.GetStatus() != test.want || end.GetDetailedMessage() != test.says {
				t.Errorf("%v, want %s %q", end, test.want, test.says)
			}
			if done, failed := x.Runs(); done+failed != 1 || (failed == 1) != (test.err != nil) {
				t.Errorf("counted %d and %d", done, failed)
			}
		})
	}
}

// Who does not read holds nobody up: all that is told fits into the window.
func TestRepliesAreBounded(t *testing.T) {
	c, _ := serve(t, func(_ context.Context, _ map[string]string, tell func(string)) (primitive.Result, error) {
		for range 1000 {
			tell(strings.Repeat("ä", 1000))
		}
		return primitive.Result{Message: strings.Repeat("ö", 1<<16)}, nil
	}, ee.Config{})
	size := 0
	for _, r := range replies(t, c, "") {
		size += len(r.GetDetailedMessage())
	}
	if size == 0 || size > 48<<10 {
		t.Errorf("%d bytes", size)
	}
}

func TestAStalledPrimitiveEnds(t *testing.T) {
	c, _ := serve(t, func(ctx context.Context, _ map[string]string, _ func(string)) (primitive.Result, error) {
		<-ctx.Done()
		return primitive.Result{}, ctx.Err()
	}, ee.Config{Limit: 20 * time.Millisecond})
	all := replies(t, c, "")
	if len(all) != 1 || all[0].GetStatus() != ee.Failed || !strings.Contains(all[0].GetDetailedMessage(), "deadline") {
		t.Errorf("%v", all)
	}
}

func TestOnlySoManyAtATime(t *testing.T) {
	leave, begun := make(chan struct{}), make(chan struct{}, 16)
	c, _ := serve(t, func(context.Context, map[string]string, func(string)) (primitive.Result, error) {
		begun <- struct{}{}
		<-leave
		return primitive.Result{}, nil
	}, ee.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		if _, err := c.RunPrimitive(ctx, &wire.PrimitiveRequest{Name: "x"}); err != nil {
			t.Fatal(err)
		}
		<-begun
	}
	all := replies(t, c, "")
	close(leave)
	if len(all) != 1 || all[0].GetStatus() != ee.Failed || !strings.Contains(all[0].GetDetailedMessage(), "come back later") {
		t.Errorf("%v", all)
	}
}

func TestMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	want := primitive.Settings{Address: "h:1", Credentials: "c", Tenant: "t", Domain: "d"}
	m := &ee.Memory{File: file}
	if got, err := m.Load(); err != nil || got != (primitive.Settings{}) {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if err := m.Save(want); err != nil {
		t.Fatal(err)
	}
	if got, err := (&ee.Memory{File: file}).Load(); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&ee.Memory{File: file}).Load(); err == nil || !strings.Contains(err.Error(), "state.json") {
		t.Errorf("a broken file: %v", err)
	}
	if err := (&ee.Memory{File: filepath.Join(file, "x")}).Save(want); err == nil {
		t.Error("a file that cannot be written")
	}
	rest, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".*.json.*"))
	if err != nil || len(rest) > 0 {
		t.Errorf("left behind: %v, %v", rest, err)
	}
}
