package openflow_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fake is the switch's end of a connection, played by the test.
type fake struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T, k *controller) *fake {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", k.addr)
	if err != nil {
		t.Fatal(err)
	}
	return fakeOn(t, conn)
}

func fakeOn(t *testing.T, conn net.Conn) *fake {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &fake{t, conn}
}

// bytes writes bytes as they are.
func (f *fake) bytes(b ...byte) {
	f.t.Helper()
	if _, err := f.conn.Write(b); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) send(xid uint32, m ofp.Message) {
	f.t.Helper()
	b, err := m.Append(nil, xid)
	if err != nil {
		f.t.Fatal(err)
	}
	f.bytes(b...)
}

// next reads a message.
func (f *fake) next() ([]byte, error) {
	b := make([]byte, ofp.HeaderLen)
	if _, err := io.ReadFull(f.conn, b); err != nil {
		return nil, err
	}
	b = append(b, make([]byte, binary.BigEndian.Uint16(b[2:])-ofp.HeaderLen)...)
	_, err := io.ReadFull(f.conn, b[ofp.HeaderLen:])
	return b, err
}

// poll reads a message if one comes soon.
func (f *fake) poll() []byte {
	f.t.Helper()
	b := make([]byte, ofp.HeaderLen)
	_ = f.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	n, err := f.conn.Read(b[:1])
	_ = f.conn.SetReadDeadline(time.Now().Add(patience))
	if err != nil || n == 0 {
		return nil
	}
	if _, err := io.ReadFull(f.conn, b[1:]); err != nil {
		return nil
	}
	b = append(b, make([]byte, binary.BigEndian.Uint16(b[2:])-ofp.HeaderLen)...)
	if _, err := io.ReadFull(f.conn, b[ofp.HeaderLen:]); err != nil {
		return nil
	}
	return b
}

// take reads a message that must be of a type, and returns it with its xid.
func (f *fake) take(want ofp.Type) (xid uint32, m ofp.Message) {
	f.t.Helper()
	b, err := f.next()
	if err != nil {
		f.t.Fatalf("waiting for %s: %v", want, err)
	}
	if ofp.Type(b[1]) != want {
		f.t.Fatalf("%s comes where %s should", ofp.Type(b[1]), want)
	}
	if m, err = ofp.Decode(b); err != nil {
		f.t.Fatal(err)
	}
	return binary.BigEndian.Uint32(b[4:]), m
}

// closed fails unless the controller closes the connection.
func (f *fake) closed() {
	f.t.Helper()
	for {
		if _, err := f.next(); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				f.t.Fatal("the connection stays open")
			}
			return
		}
	}
}

// hello sends a hello as Open vSwitch does, and takes the other.
func (f *fake) hello() {
	f.t.Helper()
	f.send(1, &ofp.Hello{Version: 6, Versions: 0x70})
	f.take(ofp.TypeHello)
}

// features answers the question who the switch is.
func (f *fake) features(dpid uint64) {
	f.t.Helper()
	xid, _ := f.take(ofp.TypeFeaturesRequest)
	f.send(xid, &ofp.Features{DPID: dpid, Tables: 254})
}

// obey takes the rest of what makes a switch ready.
func (f *fake) obey() (role *ofp.Role) {
	f.t.Helper()
	xid, m := f.take(ofp.TypeRoleRequest)
	role, ok := m.(*ofp.Role)
	if !ok {
		f.t.Fatalf("%T", m)
	}
	f.send(xid, &ofp.Role{Reply: true, Role: role.Role, Generation: role.Generation})
	f.take(ofp.TypeSetConfig)
	f.take(ofp.TypeSetAsync)
	f.barrier()
	return role
}

func (f *fake) barrier() {
	f.t.Helper()
	xid, _ := f.take(ofp.TypeBarrierRequest)
	f.send(xid, &ofp.Raw{Type: ofp.TypeBarrierReply})
}

// alive fails unless the controller answers.
func (f *fake) alive() {
	f.t.Helper()
	f.send(77, &ofp.Echo{Data: []byte("there?")})
	f.take(ofp.TypeEchoReply)
}

// join makes a switch ready.
func join(t *testing.T, k *controller, dpid uint64) (*fake, *openflow.Session) {
	t.Helper()
	f := dial(t, k)
	f.hello()
	f.features(dpid)
	f.obey()
	return f, receive(t, "the switch is ready", k.sessions)
}

// async runs a call while the test plays the switch.
func async[T any](f func(context.Context) (T, error)) <-chan outcome[T] {
	c := make(chan outcome[T], 1)
	go func() {
		v, err := f(context.Background())
		c <- outcome[T]{v, err}
	}()
	return c
}

type outcome[T any] struct {
	value T
	err   error
}
