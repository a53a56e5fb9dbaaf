package openflow_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// eventually waits until something is true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("not reached")
	}
}

// A controller is a server on loopback, with the sessions that became ready.
type controller struct {
	*openflow.Server
	addr     string
	sessions chan *openflow.Session
}

// serve starts a server that keeps each switch until it leaves.
func serve(t *testing.T, c openflow.Config) *controller {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, c)
}

func serveOn(t *testing.T, l net.Listener, c openflow.Config) *controller {
	t.Helper()
	k := &controller{addr: l.Addr().String(), sessions: make(chan *openflow.Session, 100)}
	if c.Handler == nil {
		c.Handler = func(ctx context.Context, s *openflow.Session) {
			k.sessions <- s
			<-ctx.Done()
		}
	}
	k.Server = &openflow.Server{Config: c}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- k.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := receive(t, "serve returns", over); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return k
}

// texts returns rules as sorted lines.
func texts(r flow.Rules) []string {
	var out []string
	for _, f := range r.Flows {
		mark := ""
		if f.Foreign {
			mark = " (foreign)"
		}
		out = append(out, f.String()+mark)
	}
	for _, g := range r.Groups {
		out = append(out, g.String())
	}
	for _, m := range r.Meters {
		out = append(out, m.String())
	}
	slices.Sort(out)
	return out
}
