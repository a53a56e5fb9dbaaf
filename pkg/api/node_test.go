package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ofItself lets a node speak for itself alone.
func ofItself(caller string, r bridge.Report) error {
	if pki.Identity(caller) != pki.Node(r.Domain, r.Node) {
		return slice.Errorf(slice.Denied, "%s may not speak for %s", caller, r.Node)
	}
	return nil
}

func anybody(string, bridge.Report) error { return nil }

func serveNodes(n nodes, check func(string, bridge.Report) error) func(*grpc.Server) {
	return func(s *grpc.Server) { api.ServeNodes(s, n, check) }
}

func own() bridge.Report { return bridge.Report{Domain: "field", Node: "n1", MTU: 1450} }

// one is a line with one report.
func one(r bridge.Report) chan bridge.Report {
	reports := make(chan bridge.Report, 1)
	reports <- r
	return reports
}

// keep runs an agent in the background.
func keep(ctx context.Context, c api.NodeClient, reports <-chan bridge.Report, wanted func(bridge.Wanted)) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- c.Keep(ctx, reports, wanted) }()
	return ended
}

func TestReportAndBridge(t *testing.T) {
	a := newAuthority(t)
	report, wanted := full[bridge.Report](t), full[bridge.Wanted](t)
	took := make(chan bridge.Report, 1)
	s := a.serve(t, anywhere, serveNodes(func(_ context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error {
		took <- <-reports
		if err := send(wanted); err != nil {
			return err
		}
		for range reports { // until the agent ends
		}
		return nil
	}, anybody))
	reports, got := one(report), make(chan bridge.Wanted, 1)
	ended := keep(t.Context(), api.NewNodeClient(a.dial(t, "n1", s.address)), reports, func(w bridge.Wanted) { got <- w })
	same(t, "report", report, <-took)
	same(t, "bridge", wanted, <-got)
	close(reports)
	ok(t, <-ended)
}

// A panic while a report is received ends the session of that agent, and not
// the process.
func TestPanicWhileReceiving(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveNodes(func(ctx context.Context, _ <-chan bridge.Report, _ func(bridge.Wanted) error) error {
		<-ctx.Done()
		return ctx.Err()
	}, func(string, bridge.Report) error { panic("a broken check") }))
	c := api.NewNodeClient(a.dial(t, "n1", s.address))
	for range 2 {
		err := <-keep(t.Context(), c, one(own()), nil)
		if slice.KindOf(err) != slice.Internal || err == nil || strings.Contains(err.Error(), "broken check") {
			t.Errorf("got %v, want an internal error that tells nothing", err)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "a broken check") || !strings.Contains(log, "TestPanicWhileReceiving") {
		t.Errorf("the log has neither the panic nor where it was: %s", log)
	}
}

// What the agent said last arrives, even if it ends right after.
func TestLastReportArrives(t *testing.T) {
	a := newAuthority(t)
	count := make(chan int, 1)
	s := a.serve(t, anywhere, serveNodes(func(_ context.Context, reports <-chan bridge.Report, _ func(bridge.Wanted) error) error {
		n := 0
		for range reports {
			n++
		}
		count <- n
		return nil
	}, anybody))
	reports := make(chan bridge.Report, 100)
	for range 100 {
		reports <- own()
	}
	close(reports)
	ok(t, api.NewNodeClient(a.dial(t, "n1", s.address)).Keep(t.Context(), reports, func(bridge.Wanted) {}))
	if n := <-count; n != 100 {
		t.Errorf("%d reports of 100", n)
	}
}

func TestRefusedReports(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveNodes(func(ctx context.Context, reports <-chan bridge.Report, _ func(bridge.Wanted) error) error {
		for r := range reports {
			if r.Message == "bad" {
				return slice.Errorf(slice.Conflict, "a bad report")
			}
			if r.Message == "panic" {
				panic("a broken program")
			}
		}
		return ctx.Err()
	}, ofItself))
	tests := map[string]struct {
		change func(*bridge.Report)
		want   slice.Kind
		text   string
	}{
		"another node":   {func(r *bridge.Report) { r.Node = "n2" }, slice.Denied, "l2sces://domain/field/node/n1 may not speak for n2"},
		"another domain": {func(r *bridge.Report) { r.Domain = "fire" }, slice.Denied, "may not speak for n1"},
		"by the keeper":  {func(r *bridge.Report) { r.Message = "bad" }, slice.Conflict, "a bad report"},
		"by a panic":     {func(r *bridge.Report) { r.Message = "panic" }, slice.Internal, "failed"},
		"too large":      {func(r *bridge.Report) { r.Message = strings.Repeat("x", 5<<20) }, slice.Exhausted, "larger than max"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := api.NewNodeClient(a.dial(t, "n1", s.address))
			bad := own()
			test.change(&bad)
			reports := make(chan bridge.Report, 99)
			reports <- own()
			for range 98 { // the line breaks under reports that are on their way
				reports <- bad
			}
			err := c.Keep(t.Context(), reports, func(bridge.Wanted) {})
			if slice.KindOf(err) != test.want || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v of kind %s, want %q of kind %s", err, slice.KindOf(err), test.text, test.want)
			}
		})
	}
}

func TestAgentEnds(t *testing.T) {
	a := newAuthority(t)
	here, gone := make(chan struct{}), make(chan error, 1)
	s := a.serve(t, anywhere, serveNodes(func(ctx context.Context, reports <-chan bridge.Report, _ func(bridge.Wanted) error) error {
		<-reports
		close(here)
		<-ctx.Done()
		gone <- ctx.Err()
		return ctx.Err()
	}, ofItself))
	ctx, cancel := context.WithCancel(t.Context())
	ended := keep(ctx, api.NewNodeClient(a.dial(t, "n1", s.address)), one(own()), func(bridge.Wanted) {})
	<-here
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the agent: %v", err)
	}
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the controller: %v", err)
	}
}

func TestControllerEndsASession(t *testing.T) {
	a := newAuthority(t)
	s := a.serve(t, anywhere, serveNodes(func(_ context.Context, reports <-chan bridge.Report, _ func(bridge.Wanted) error) error {
		<-reports
		return nil
	}, ofItself))
	err := api.NewNodeClient(a.dial(t, "n1", s.address)).Keep(t.Context(), one(own()), func(bridge.Wanted) {})
	if slice.KindOf(err) != slice.Unavailable {
		t.Errorf("error %v", err)
	}
}

// A controller that goes and comes back is found again over one connection.
func TestReconnect(t *testing.T) {
	a := newAuthority(t)
	keeper := serveNodes(func(ctx context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error {
		r := <-reports
		if err := send(bridge.Wanted{Revision: r.MTU}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}, ofItself)
	s := a.serve(t, anywhere, keeper)
	c := api.NewNodeClient(a.dial(t, "n1", s.address))
	got := make(chan bridge.Wanted, 1)
	ended := keep(t.Context(), c, one(own()), func(w bridge.Wanted) { got <- w })
	<-got
	s.Stop()
	if err := <-ended; slice.KindOf(err) != slice.Unavailable {
		t.Errorf("the controller went: %v", err)
	}
	a.serve(t, s.address, keeper)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		ended := keep(ctx, c, one(own()), func(w bridge.Wanted) { got <- w })
		select {
		case w := <-got:
			same(t, "bridge", bridge.Wanted{Revision: 1450}, w)
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the agent: %v", err)
			}
			return
		case err := <-ended:
			if slice.KindOf(err) != slice.Unavailable {
				t.Fatalf("while it is away: %v", err)
			}
		}
	}
}
