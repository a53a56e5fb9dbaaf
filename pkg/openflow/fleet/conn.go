package fleet

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// bufferSize is that of an idle connection: there are thousands of them.
const bufferSize = 4 << 10

// large lends buffers for messages that do not fit.
var large = sync.Pool{New: func() any { b := make([]byte, ofp.MaxLen); return &b }}

// A Conn is a connection to one controller.
type Conn struct {
	s    *Switch
	ctx  context.Context //nolint:containedctx // of the one goroutine that serves the connection
	conn net.Conn
	r    *bufio.Reader

	mu      sync.Mutex
	w       *bufio.Writer
	scratch []byte

	role    uint32 // with async guarded by the lock of the switch
	async   ofp.Async
	bundles map[uint32]*bundle
}

func newConn(ctx context.Context, s *Switch, conn net.Conn) *Conn {
	c := &Conn{s: s, ctx: ctx, conn: conn, role: ofp.RoleEqual, async: usual()}
	size := cmp.Or(s.config.Buffer, bufferSize)
	c.r = bufio.NewReaderSize(s.slow(ctx, conn), size)
	c.w = bufio.NewWriterSize(conn, size)
	return c
}

// usual is what a switch tells a controller that has not chosen: a slave hears
// of ports alone.
func usual() ofp.Async {
	return ofp.Async{PacketIn: [2]uint32{3, 0}, PortStatus: [2]uint32{7, 7}, FlowRemoved: [2]uint32{15, 0}}
}

// Switch returns the switch.
func (c *Conn) Switch() *Switch { return c.s }

// serve reads messages until the connection ends.
func (c *Conn) serve() error {
	if err := c.Send(1, &ofp.Hello{Versions: 1 << ofp.Version}); err != nil {
		return err
	}
	for {
		if c.r.Buffered() == 0 {
			if err := c.Flush(); err != nil {
				return err
			}
		}
		if err := c.next(); err != nil {
			return err
		}
	}
}

// next reads one message and deals with it.
func (c *Conn) next() error {
	head, err := c.r.Peek(ofp.HeaderLen)
	if err != nil {
		return err
	}
	c.thaw()
	h, err := ofp.ParseHeader(head)
	if err != nil {
		return err
	}
	n := int(h.Length)
	if n > c.r.Size() {
		b := large.Get().(*[]byte) //nolint:forcetypeassert,errcheck // the pool holds nothing else
		defer large.Put(b)
		if err := c.fill((*b)[:n]); err != nil {
			return err
		}
		return c.handle(h, (*b)[:n])
	}
	msg, err := c.r.Peek(n)
	if err != nil {
		return err
	}
	if err := c.handle(h, msg); err != nil {
		return err
	}
	_, err = c.r.Discard(n)
	return err
}

func (c *Conn) fill(b []byte) error {
	for len(b) > 0 {
		n, err := c.r.Read(b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// thaw waits while the switch is frozen.
func (c *Conn) thaw() {
	c.s.mu.Lock()
	frozen := c.s.frozen
	c.s.mu.Unlock()
	if frozen == nil {
		return
	}
	select {
	case <-frozen:
	case <-c.ctx.Done():
	}
}

// Send writes a message at once.
func (c *Conn) Send(xid uint32, m ofp.Message) error {
	if err := c.Put(xid, m); err != nil {
		return err
	}
	return c.Flush()
}

// Put writes a message into the buffer, which is flushed when there is nothing
// more to read.
func (c *Conn) Put(xid uint32, m ofp.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	if c.scratch, err = m.Append(c.scratch[:0], xid); err != nil {
		return err
	}
	_, err = c.w.Write(c.scratch)
	if cap(c.scratch) > 2*bufferSize {
		c.scratch = nil
	}
	return err
}

// Write writes whole messages as bytes into the buffer.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Write(b)
}

// Flush sends what is in the buffer.
func (c *Conn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Flush()
}

// wants reports whether the controller asked to hear of a message.
func (c *Conn) wants(m ofp.Message) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	at := 0
	if c.role == ofp.RoleSlave {
		at = 1
	}
	switch m := m.(type) {
	case *ofp.PacketIn:
		return c.async.PacketIn[at]>>m.Reason&1 == 1
	case *ofp.PortStatus:
		return c.async.PortStatus[at]>>m.Reason&1 == 1
	case *ofp.FlowRemoved:
		return c.async.FlowRemoved[at]>>m.Reason&1 == 1
	default:
		return true
	}
}

// handle deals with one message, which is gone after it returns.
func (c *Conn) handle(h ofp.Header, msg []byte) error {
	if c.s.config.Raw != nil && c.s.config.Raw(c, h.Type, msg) {
		return nil
	}
	switch h.Type {
	case ofp.TypeHello, ofp.TypeEchoReply, ofp.TypeSetConfig:
		return nil
	case ofp.TypeError:
		var m ofp.Error
		if err := m.Decode(msg); err != nil {
			return err
		}
		return fmt.Errorf("the controller says %w", &m)
	case ofp.TypeFlowMod, ofp.TypeGroupMod, ofp.TypeMeterMod:
		return c.mod(h.Xid, msg)
	case ofp.TypePacketOut:
		return c.packetOut(msg)
	case ofp.TypeExperimenter:
		return c.bundle(h.Xid, msg)
	default:
		return c.question(h, msg)
	}
}

// question answers what asks for something.
func (c *Conn) question(h ofp.Header, msg []byte) error {
	switch h.Type {
	case ofp.TypeEchoRequest:
		return c.Put(h.Xid, &ofp.Echo{Reply: true, Data: msg[ofp.HeaderLen:]})
	case ofp.TypeFeaturesRequest:
		return c.Put(h.Xid, &ofp.Features{DPID: c.s.config.DPID, Tables: 254, Capabilities: 0x4f})
	case ofp.TypeGetConfigRequest:
		return c.Put(h.Xid, &ofp.SwitchConfig{Reply: true, MissSendLen: ofp.WholeFrame})
	case ofp.TypeBarrierRequest: // what came before is done: messages are taken one after another
		return c.Put(h.Xid, &ofp.Raw{Type: ofp.TypeBarrierReply})
	case ofp.TypeRoleRequest:
		return c.takeRole(h.Xid, msg)
	case ofp.TypeSetAsync:
		return c.setAsync(msg)
	case ofp.TypeGetAsyncRequest:
		c.s.mu.Lock()
		a := c.async
		c.s.mu.Unlock()
		a.Reply = true
		return c.Put(h.Xid, &a)
	case ofp.TypeMultipartRequest:
		return c.list(h.Xid, msg)
	default:
		return c.refuse(h.Xid, msg, &ofp.Error{Type: badRequest, Code: badType})
	}
}

func (c *Conn) packetOut(msg []byte) error {
	if c.s.config.PacketOut == nil {
		return nil
	}
	var m ofp.PacketOut
	if err := m.Decode(msg); err != nil {
		return err
	}
	c.s.config.PacketOut(&m)
	return nil
}

func (c *Conn) setAsync(msg []byte) error {
	var m ofp.Async
	if err := m.Decode(msg); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.async = m
	return nil
}

// takeRole gives the connection a role. There is one master: who was it before
// becomes a slave (OpenFlow 1.3.5, section 6.3.7).
func (c *Conn) takeRole(xid uint32, msg []byte) error {
	var m ofp.Role
	if err := m.Decode(msg); err != nil {
		return err
	}
	answer, stale := c.s.takeRole(c, m)
	if stale {
		return c.refuse(xid, msg, &ofp.Error{Type: ofp.ErrorRoleFailed, Code: 0})
	}
	return c.Put(xid, &answer)
}

func (s *Switch) takeRole(c *Conn, m ofp.Role) (answer ofp.Role, stale bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.Role {
	case ofp.RoleMaster, ofp.RoleSlave:
		if s.ordered && int64(m.Generation-s.generation) < 0 { //nolint:gosec // the numbers go round (section 6.3.7)
			return answer, true
		}
		s.ordered, s.generation = true, m.Generation
		for _, o := range s.conns {
			if o != c && m.Role == ofp.RoleMaster && o.role == ofp.RoleMaster {
				o.role = ofp.RoleSlave
			}
		}
		c.role = m.Role
	case ofp.RoleEqual:
		c.role = m.Role
	}
	return ofp.Role{Reply: true, Role: c.role, Generation: s.generation}, false
}

// refuse answers a message with an error.
func (c *Conn) refuse(xid uint32, msg []byte, e *ofp.Error) error {
	m := *e
	m.Data = msg[:min(len(msg), 64)]
	return c.Put(xid, &m)
}

// slow returns a reader that takes no more than the rate of the switch.
func (s *Switch) slow(ctx context.Context, conn net.Conn) reader {
	if s.config.Rate == 0 {
		return conn
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(bufferSize) // else the system takes what the switch does not
	}
	return &throttle{ctx: ctx, conn: conn, rate: s.config.Rate}
}

type reader interface {
	Read(b []byte) (int, error)
}

// throttle reads ten times a second.
type throttle struct {
	ctx  context.Context //nolint:containedctx // of the connection that it reads
	conn net.Conn
	rate int
}

func (t *throttle) Read(b []byte) (int, error) {
	timer := time.NewTimer(time.Second / 10)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.ctx.Done():
		return 0, errors.Join(net.ErrClosed, t.ctx.Err())
	}
	return t.conn.Read(b[:min(len(b), max(t.rate/10, 1))])
}
