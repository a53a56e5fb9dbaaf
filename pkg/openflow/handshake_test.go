package openflow_test

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestNegotiation(t *testing.T) {
	for name, c := range map[string]struct {
		hello ofp.Hello
		ready bool
	}{
		"1.3 to 1.5":              {ofp.Hello{Version: 6, Versions: 0x70}, true},
		"1.3 without a list":      {ofp.Hello{Version: 4}, true},
		"1.5 without a list":      {ofp.Hello{Version: 6}, true},
		"1.0 and 1.3":             {ofp.Hello{Version: 4, Versions: 0x12}, true},
		"elements of other kinds": {ofp.Hello{Version: 4, Versions: 0x10, Other: []byte{0, 9, 0, 5, 1, 0, 0, 0}}, true},
		"1.0":                     {ofp.Hello{Version: 1}, false},
		"1.0 with a list":         {ofp.Hello{Version: 1, Versions: 2}, false},
		"1.4 and 1.5":             {ofp.Hello{Version: 6, Versions: 0x60}, false},
		"a list against a header": {ofp.Hello{Version: 4, Versions: 0x20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := serve(t, openflow.Config{})
			f := dial(t, k)
			f.send(1, &c.hello)
			_, m := f.take(ofp.TypeHello)
			if h, ok := m.(*ofp.Hello); !ok || h.Version != 4 || h.Versions != 0x10 {
				t.Errorf("greeted with %+v", m)
			}
			if c.ready {
				f.features(7)
				f.obey()
				if s := receive(t, "ready", k.sessions); s.DPID() != 7 {
					t.Errorf("switch is %s", s.DPID())
				}
				return
			}
			_, m = f.take(ofp.TypeError)
			if e, ok := m.(*ofp.Error); !ok || e.Error() != "HELLO_FAILED INCOMPATIBLE" {
				t.Errorf("refused with %v", m)
			}
			f.closed()
			eventually(t, "the refusal is counted", func() bool { return k.Stats().Refused == 1 })
		})
	}
}

func TestRole(t *testing.T) {
	k := serve(t, openflow.Config{Generation: 42})
	f := dial(t, k)
	f.hello()
	f.features(1)
	if r := f.obey(); r.Role != ofp.RoleMaster || r.Generation != 42 {
		t.Errorf("role %+v", r)
	}
	receive(t, "ready", k.sessions)

	f = dial(t, k)
	f.hello()
	f.features(2)
	xid, _ := f.take(ofp.TypeRoleRequest)
	f.send(xid, &ofp.Error{Type: ofp.ErrorRoleFailed, Code: 0})
	f.closed() // a stale master must not write

	f = dial(t, k)
	f.hello()
	f.features(3)
	xid, _ = f.take(ofp.TypeRoleRequest)
	f.send(xid, &ofp.Role{Reply: true, Role: ofp.RoleSlave})
	f.closed()
}

func TestGenerationGrows(t *testing.T) {
	var last uint64
	for range 2 {
		k := serve(t, openflow.Config{})
		f := dial(t, k)
		f.hello()
		f.features(1)
		r := f.obey()
		receive(t, "ready", k.sessions)
		if r.Generation <= last {
			t.Errorf("generation %d after %d", r.Generation, last)
		}
		last = r.Generation
	}
}

func TestSkipRole(t *testing.T) {
	k := serve(t, openflow.Config{SkipRole: true})
	f := dial(t, k)
	f.hello()
	f.features(1)
	f.take(ofp.TypeSetConfig)
	f.take(ofp.TypeSetAsync)
	f.barrier()
	receive(t, "ready", k.sessions)
}

func TestRefusals(t *testing.T) {
	allow := func(d slice.DPID, peer *tls.ConnectionState) error {
		switch {
		case peer != nil:
			return errors.New("there should be no TLS")
		case d == 13:
			return slice.Errorf(slice.Denied, "not welcome")
		case d == 14:
			panic("a fault in the caller")
		}
		return nil
	}
	k := serve(t, openflow.Config{Allow: allow})
	refused := uint64(0)
	gone := func(what string, f *fake) {
		t.Helper()
		f.closed()
		refused++
		eventually(t, what+" is counted", func() bool { return k.Stats().Refused == refused })
	}
	first, _ := join(t, k, 1)

	f := dial(t, k)
	f.hello()
	f.features(1)
	gone("the same switch twice", f)

	f = dial(t, k)
	f.hello()
	f.features(13)
	gone("a switch that is not allowed", f)

	f = dial(t, k)
	f.hello()
	xid, _ := f.take(ofp.TypeFeaturesRequest)
	f.send(xid, &ofp.Features{DPID: 2, Auxiliary: 1})
	gone("an auxiliary connection", f)

	second, _ := join(t, k, 2)
	third, _ := join(t, k, 3)
	for _, f := range []*fake{first, second, third} {
		f.alive()
	}
	if n := k.Stats().Switches; n != 3 {
		t.Errorf("%d switches, want 3", n)
	}

	_ = third.conn.Close()
	eventually(t, "the switch that left is forgotten", func() bool { return k.Stats().Switches == 2 })
	join(t, k, 3)
	_ = second.conn.Close()
	eventually(t, "the switch that left is forgotten", func() bool { return k.Stats().Switches == 2 })
	f = dial(t, k)
	f.hello()
	f.features(14)
	f.closed()
	first.alive()
}

func TestPerAddress(t *testing.T) {
	k := serve(t, openflow.Config{PerAddress: 2})
	first, _ := join(t, k, 1)
	second, _ := join(t, k, 2)
	dial(t, k).closed()
	if n := k.Stats().Refused; n != 1 {
		t.Errorf("%d refused, want 1", n)
	}
	first.alive()
	_ = second.conn.Close()
	eventually(t, "there is room again", func() bool {
		f := dial(t, k)
		f.send(1, &ofp.Hello{Versions: 0x10})
		_, err := f.next()
		return err == nil
	})
}

func TestHandshakeDeadline(t *testing.T) {
	k := serve(t, openflow.Config{Handshake: 50 * time.Millisecond})
	for name, play := range map[string]func(*fake){
		"says nothing":      func(*fake) {},
		"half a hello":      func(f *fake) { f.bytes(4, 0, 0) },
		"no features":       (*fake).hello,
		"no role":           func(f *fake) { f.hello(); f.features(1) },
		"another beginning": func(f *fake) { f.send(1, &ofp.Echo{}) },
	} {
		f := dial(t, k)
		play(f)
		t.Log(name)
		f.closed()
	}
	eventually(t, "all are counted", func() bool { return k.Stats().Refused == 5 })
}

func TestHandler(t *testing.T) {
	leave := make(chan struct{})
	over := make(chan error, 10)
	k := serve(t, openflow.Config{Handler: func(ctx context.Context, s *openflow.Session) {
		switch s.DPID() {
		case 1:
			<-leave
		case 2:
			panic("a fault in the caller")
		default:
			<-ctx.Done()
			<-s.Done()
			over <- s.Send(context.WithoutCancel(ctx), 1, nil)
		}
	}})
	enter := func(dpid uint64) *fake {
		f := dial(t, k)
		f.hello()
		f.features(dpid)
		f.obey()
		return f
	}
	stays, returns := enter(3), enter(1)
	returns.alive()
	close(leave)
	returns.closed()
	enter(2).closed()
	stays.alive()
	_ = stays.conn.Close()
	if err := receive(t, "the handler hears that the switch left", over); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("send on a lost connection: %v", err)
	}
}

func TestTLS(t *testing.T) {
	server, clients := makeTLS(t, "switch-9", "stranger")
	seen := make(chan string, 10)
	k := serveOn(t, server, openflow.Config{Allow: func(_ slice.DPID, peer *tls.ConnectionState) error {
		seen <- peer.PeerCertificates[0].Subject.CommonName
		return nil
	}})
	dialTLS := func(c *tls.Config) (*fake, error) {
		conn, err := (&tls.Dialer{Config: c}).DialContext(t.Context(), "tcp", k.addr)
		if err != nil {
			return nil, err
		}
		return fakeOn(t, conn), nil
	}
	f, err := dialTLS(clients["switch-9"])
	if err != nil {
		t.Fatal(err)
	}
	f.hello()
	f.features(9)
	f.obey()
	receive(t, "ready", k.sessions)
	if name := receive(t, "the name is seen", seen); name != "switch-9" {
		t.Errorf("peer is %s", name)
	}
	for _, c := range []*tls.Config{clients["stranger"], {InsecureSkipVerify: true}} { //nolint:gosec // it is the server that must refuse
		if f, err := dialTLS(c); err == nil {
			f.closed()
		}
	}
	eventually(t, "strangers are counted", func() bool { return k.Stats().Refused == 2 })
	plain := dial(t, k)
	plain.send(1, &ofp.Hello{Versions: 0x10})
	plain.closed()
	f.alive()
}

func TestOrder(t *testing.T) {
	var got []int
	done := make(chan struct{})
	const last = 200
	k := serve(t, openflow.Config{Queue: 2 * last, Events: func(e openflow.Event) {
		n := -1
		switch {
		case e.Frame != nil:
			n = int(e.Frame.Data[0])
		case e.Port != nil:
			n = int(e.Port.Port.Port)
		case e.Err != nil:
			n = last
		}
		if got = append(got, n); n == last {
			close(done)
		}
	}})
	f, _ := join(t, k, 1)
	var b []byte
	want := make([]int, 0, last+1)
	for i := range last {
		var m ofp.Message = &ofp.PacketIn{Match: ofp.Match{ofp.InPort(1)}, Data: []byte{byte(i)}}
		if i%3 == 0 {
			m = &ofp.PortStatus{Port: ofp.Port{No: uint32(i)}}
		}
		b, _ = m.Append(b, 0)
		want = append(want, i)
	}
	f.bytes(b...)
	f.send(0xdead, &ofp.Error{Type: 1, Code: 6})
	receive(t, "the last event", done)
	if want = append(want, last); !slices.Equal(got, want) {
		t.Errorf("events came as %v", got)
	}
	st := k.Stats()
	if st.PacketIns != 133 || st.PortStatus != 67 || st.Errors != 1 || st.Dropped != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestFloodOfFrames(t *testing.T) {
	hold := make(chan struct{})
	k := serve(t, openflow.Config{Queue: 4, Events: func(openflow.Event) { <-hold }})
	defer close(hold)
	f, _ := join(t, k, 1)
	for range 50 {
		f.send(0, &ofp.PacketIn{Data: []byte{1}})
	}
	f.alive() // frames that nobody takes hold nothing up
	if st := k.Stats(); st.PacketIns != 50 || st.Dropped < 45 {
		t.Errorf("counted %+v", st)
	}
}

func TestEventPanics(t *testing.T) {
	k := serve(t, openflow.Config{Events: func(openflow.Event) { panic("a fault in the caller") }})
	f, _ := join(t, k, 1)
	other, _ := join(t, k, 2)
	f.send(0, &ofp.PacketIn{Data: []byte{1}})
	f.closed()
	other.alive()
}
