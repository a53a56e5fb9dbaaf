package agent_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestConverges(t *testing.T) {
	play(t, agent.Config{Tunnel: netip.MustParseAddr("192.0.2.3")}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		greeting := session.last(t)
		if diff := cmp.Diff(bridge.Report{
			Domain: "a", Node: "n1", Bridge: bridge.SPS, Tunnel: netip.MustParseAddr("192.0.2.3"),
			MTU: 1450, Members: []slice.Workload{"voice"},
		}, greeting, addr); diff != "" {
			t.Errorf("greeting (-want +got):\n%s", diff)
		}
		if s.sw.count() != 0 || s.agent.Ready() == nil {
			t.Error("an agent that was told nothing changed something, or says that it is ready")
		}
		session.wanted(want(7))
		report := session.last(t)
		if report.Applied != 7 || report.Message != "" {
			t.Errorf("report: applied %d, message %q, want 7 and none", report.Applied, report.Message)
		}
		if diff := cmp.Diff([]bridge.PortState{{Name: "t2", Number: 2, Up: true}, {Name: "w1", Number: 1, Up: true}}, report.Ports); diff != "" {
			t.Errorf("ports (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"w1"}, s.plug.names()); diff != "" {
			t.Errorf("plugged (-want +got):\n%s", diff)
		}
		if s.sw.bridge.Datapath != "netdev" || s.agent.Ready() != nil || !s.agent.Connected() {
			t.Errorf("datapath %q, ready %v, connected %v", s.sw.bridge.Datapath, s.agent.Ready(), s.agent.Connected())
		}
		writes := s.sw.count()
		time.Sleep(10 * time.Second)
		session.wanted(want(8))
		if got := session.last(t); got.Applied != 8 {
			t.Errorf("applied %d, want 8", got.Applied)
		}
		if s.sw.count() != writes {
			t.Errorf("%d writes although nothing changed", s.sw.count()-writes)
		}
	})
}

var addr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestRepairs(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(m *memory)
	}{
		{"bridge deleted", func(m *memory) { m.there, m.bridge = false, bridge.Bridge{} }},
		{"port deleted", func(m *memory) { m.bridge.Ports = m.bridge.Ports[1:] }},
		{"port added", func(m *memory) { m.bridge.Ports = append(m.bridge.Ports, bridge.Port{Name: "x"}) }},
		{"controller changed", func(m *memory) { m.bridge.Controllers = nil }},
		{"not secure", func(m *memory) { m.bridge.Faults = []string{"fail mode is standalone"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, agent.Config{}, func(s scene) {
				t := s.t
				session := <-s.line.sessions
				session.wanted(want(1))
				before := session.last(t)
				s.sw.edit(func() { c.harm(s.sw) })
				synctest.Wait()
				s.sw.edit(func() {}) // one more look
				synctest.Wait()
				w := want(1)
				w.Bridge.Datapath = "netdev"
				have, states, _, _ := s.sw.Read(t.Context(), bridge.SPS)
				if left := bridge.Diff(have, w.Bridge); left != nil {
					t.Errorf("left to do: %v", left)
				}
				if len(states) != len(before.Ports) {
					t.Errorf("ports = %v, want as before: %v", states, before.Ports)
				}
			})
		})
	}
}

func TestUnsafeBridgeIsReported(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		session.wanted(want(1))
		session.all()
		s.sw.edit(func() { s.sw.bridge.Faults = []string{"fail mode is standalone"} })
		all := session.all()
		if len(all) != 2 || !strings.Contains(all[0].Message, "standalone") || all[1].Message != "" {
			t.Errorf("reports = %+v, want the fault, then that it is mended", all)
		}
	})
}

func TestUnplugs(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		session.wanted(want(1))
		session.all()
		less := want(2)
		less.Bridge.Ports = less.Bridge.Ports[1:]
		session.wanted(less)
		if got := session.last(t); got.Applied != 2 || len(got.Ports) != 1 {
			t.Errorf("report = %+v, want revision 2 with one port", got)
		}
		if got := s.plug.names(); len(got) != 0 {
			t.Errorf("still plugged: %v", got)
		}
	})
}

func TestFreshDeviceIsTakenAnew(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		session.wanted(want(1))
		session.all()
		s.plug.mu.Lock()
		clear(s.plug.plugged) // the namespace went and came back
		s.plug.mu.Unlock()
		writes := s.sw.count()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.sw.count() - writes; got != 2 {
			t.Errorf("%d writes, want the port removed, then added", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := s.sw.count() - writes; got != 2 {
			t.Errorf("%d writes a minute later, want no more", got)
		}
	})
}

func TestAbsentWorkloadHoldsNobodyUp(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		s.plug.mu.Lock()
		s.plug.absent["voice"] = true
		s.plug.mu.Unlock()
		session.wanted(want(1))
		report := session.last(t)
		if diff := cmp.Diff([]bridge.PortState{{Name: "t2", Number: 2, Up: true}, {Name: "w1", Message: "workload voice is away"}}, report.Ports); diff != "" {
			t.Errorf("ports (-want +got):\n%s", diff)
		}
		s.plug.mu.Lock()
		s.plug.absent["voice"] = false
		s.plug.mu.Unlock()
		time.Sleep(time.Second)
		if got := session.last(t).Ports[1]; got != (bridge.PortState{Name: "w1", Number: 1, Up: true}) {
			t.Errorf("port of a workload that came = %+v", got)
		}
	})
}

func TestControllerLost(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		first := <-s.line.sessions
		first.wanted(want(5))
		if got := first.last(t).Applied; got != 5 {
			t.Fatalf("applied = %d, want 5", got)
		}
		writes := s.sw.count()
		close(first.cut)
		synctest.Wait()
		if s.agent.Connected() {
			t.Error("the controller is lost, and the agent does not know")
		}
		s.sw.edit(func() { s.sw.bridge.Ports = s.sw.bridge.Ports[1:] })
		synctest.Wait()
		if s.sw.count() != writes+1 {
			t.Error("the bridge is not kept without a controller")
		}
		begin := time.Now()
		second := <-s.line.sessions
		if pause := time.Since(begin); pause > 2*time.Second {
			t.Errorf("the next session came after %s", pause)
		}
		if got := second.last(t); got.Applied != 0 || len(got.Ports) != 2 {
			t.Errorf("greeting = %+v, want the ports, and no revision of the old session", got)
		}
		second.wanted(want(1))
		if got := second.last(t).Applied; got != 1 {
			t.Errorf("applied = %d, want 1", got)
		}
		if s.sw.count() != writes+1 {
			t.Error("the same wish of another controller changed something")
		}
	})
}

func TestSessionsBackOff(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		var pauses []time.Duration
		for range 8 {
			begin := time.Now()
			close((<-s.line.sessions).cut)
			pauses = append(pauses, time.Since(begin))
		}
		ms := time.Millisecond
		if diff := cmp.Diff([]time.Duration{0, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 2000 * ms, 2000 * ms}, pauses); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
	})
}

func TestSwitchAway(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		s.sw.edit(func() { s.sw.fault = slice.Errorf(slice.Unavailable, "the database is away") })
		session.wanted(want(1))
		if got := session.last(t); got.Applied != 0 || !strings.Contains(got.Message, "away") {
			t.Errorf("report = %+v, want the reason and no revision", got)
		}
		s.sw.edit(func() { s.sw.fault = nil })
		if got := session.last(t); got.Applied != 1 || got.Message != "" {
			t.Errorf("report = %+v, want revision 1", got)
		}
	})
}

func TestNumberMismatch(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		s.sw.edit(func() { s.sw.taken[2] = true })
		session := <-s.line.sessions
		session.wanted(want(1))
		if got := session.last(t); got.Applied != 0 || !strings.Contains(got.Message, "t2 did not get number 2") {
			t.Errorf("report = %+v, want the mismatch", got)
		}
		writes := s.sw.count()
		time.Sleep(10 * time.Second)
		if got := s.sw.count() - writes; got != 0 {
			t.Errorf("%d writes in ten seconds, want patience", got)
		}
		s.sw.edit(func() { s.sw.taken[2] = false })
		time.Sleep(time.Minute)
		if got := session.last(t); got.Applied != 1 || got.Message != "" {
			t.Errorf("report = %+v, want revision 1", got)
		}
	})
}

func TestForeignBridgeRefused(t *testing.T) {
	play(t, agent.Config{}, func(s scene) {
		t := s.t
		session := <-s.line.sessions
		w := want(1)
		w.Bridge.Name = bridge.NED
		session.wanted(w)
		if got := session.last(t); got.Applied != 0 || !strings.Contains(got.Message, "br-ned") || s.sw.count() != 0 {
			t.Errorf("report = %+v after %d writes, want a refusal", got, s.sw.count())
		}
	})
}

func TestSizeOfInnerPackets(t *testing.T) {
	for _, c := range []struct {
		name   string
		tunnel string
		mtu    func() (int, error)
		want   uint32
	}{
		{"IPv4", "192.0.2.1", nil, 1450},
		{"IPv6", "2001:db8::1", nil, 1430},
		{"encrypted below", "192.0.2.1", func() (int, error) { return 1420, nil }, 1370},
		{"unknown", "192.0.2.1", func() (int, error) { return 0, errors.New("no uplink") }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, agent.Config{Tunnel: netip.MustParseAddr(c.tunnel), MTU: c.mtu}, func(s scene) {
				t := s.t
				got := (<-s.line.sessions).last(t)
				if got.MTU != c.want || (c.want == 0) != (got.Message != "") {
					t.Errorf("MTU = %d, message %q, want %d", got.MTU, got.Message, c.want)
				}
			})
		})
	}
}
