package api_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// standby starts a server that is a standby, at an address or anywhere.
func (a authority) standby(t *testing.T, address string) server {
	t.Helper()
	conf, err := pki.ServerTLS(a.files("sco"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := api.NewServer(api.ServerConfig{
		TLS: conf, Identify: identify,
		Standby: func() error { return slice.Errorf(slice.Unavailable, "standby, leader is elsewhere") },
	})
	var wait sync.WaitGroup
	wait.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	t.Cleanup(func() { s.Stop(); wait.Wait() })
	return server{s, l.Addr().String(), &buffer{}}
}

func TestStandbySaysWhoLeads(t *testing.T) {
	a := newAuthority(t)
	conn := a.dial(t, "n1", a.standby(t, anywhere).address)
	_, err := api.NewDomainClient(conn).Info(t.Context())
	if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "leader is elsewhere") {
		t.Errorf("a call: %v, want it unavailable with the leader", err)
	}
	err = <-keep(t.Context(), api.NewNodeClient(conn), one(own()), nil)
	if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "leader is elsewhere") {
		t.Errorf("a stream: %v, want it unavailable with the leader", err)
	}
	health, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health: %v, %v; want that it does not serve", health, err)
	}
}

// An agent that knows all replicas keeps to the one that leads, and goes to
// another when the lead does.
func TestAgentFollowsTheLeader(t *testing.T) {
	a := newAuthority(t)
	met := make(chan string, 100)
	lead := func(name, address string) server {
		return a.serve(t, address, serveNodes(func(ctx context.Context, _ <-chan bridge.Report, _ func(bridge.Wanted) error) error {
			met <- name
			<-ctx.Done()
			return ctx.Err()
		}, anybody))
	}
	one, two, dead := a.standby(t, anywhere), lead("two", anywhere), a.standby(t, anywhere)
	dead.Stop()
	c := api.NewNodeClient(a.dial(t, "n1", strings.Join([]string{one.address, dead.address, two.address}, ",")))
	ctx, cancel := context.WithCancel(t.Context())
	var agent sync.WaitGroup
	defer agent.Wait()
	defer cancel()
	agent.Go(func() {
		for ctx.Err() == nil {
			_ = c.Keep(ctx, oneReport(), func(bridge.Wanted) {}) // ends with the server
			timer := time.NewTimer(20 * time.Millisecond)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
		}
	})
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-met:
			if got != want {
				t.Fatalf("the agent is at %s, want %s", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("the agent does not come to %s", want)
		}
	}
	expect("two")
	two.Stop()
	one.Stop()
	lead("one", one.address)
	expect("one")
}

func oneReport() chan bridge.Report { return one(own()) }

func TestAddresses(t *testing.T) {
	for _, addresses := range []string{"a:1,", ",a:1", "a:1,,b:2"} {
		if _, err := api.Dial(addresses, nil); slice.KindOf(err) != slice.Invalid {
			t.Errorf("%q: %v, want it invalid", addresses, err)
		}
	}
}
