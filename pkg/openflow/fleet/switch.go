// Package fleet plays OpenFlow 1.3 switches for load and for tests: each of
// them calls a controller, answers what a switch answers, and keeps its tables
// so cheaply that a process holds thousands. It forwards no frame, and it is
// no part of what runs in production.
//
//	s := fleet.New(fleet.Config{DPID: 7, Ports: fleet.Ports(4), Keep: true})
//	err := s.Run(ctx, "127.0.0.1:6653")
package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// A Config says what a switch is. Every field may be zero.
type Config struct {
	DPID  uint64
	Ports []ofp.Port
	// Keep holds the rules themselves, so that the controller can read them.
	// Without it they are counted, and a request for them is answered with
	// none.
	Keep bool
	// Limit is how many flows the switch takes; zero: any number.
	Limit int
	// TLS makes every connection one over TLS.
	TLS *tls.Config

	// Refuse is asked about every flow-mod, group-mod and meter-mod, and may
	// answer with the error of the switch. Its data is filled in.
	Refuse func(m ofp.Message) *ofp.Error
	// Applied is told of every change of the tables, in order: one message, or
	// all of a bundle. It must not keep the messages if Keep is not set.
	Applied func(mods []ofp.Message)
	// PacketOut is told of every frame that the controller sends. The message
	// is gone when it returns.
	PacketOut func(m *ofp.PacketOut)
	// Raw sees every message first, and says whether it is dealt with.
	Raw func(c *Conn, t ofp.Type, msg []byte) bool
	// Buffer is how many bytes a connection reads and writes at once; 4,096.
	Buffer int
	// Rate is how many bytes a second the switch reads; zero: all it can.
	Rate int
}

// A Switch is one switch. Its tables outlive its connections, of which it may
// have several at once, one for each controller.
type Switch struct {
	config Config

	mu         sync.Mutex
	tables     tables
	ports      []ofp.Port
	generation uint64 // the highest that a controller gave; zero with ordered false
	ordered    bool
	conns      []*Conn
	frozen     chan struct{} // closed when the switch goes on; nil while it does
}

// New returns a switch that has no connection yet.
func New(c Config) *Switch {
	return &Switch{config: c, tables: newTables(c.Keep), ports: slices.Clone(c.Ports)}
}

// Ports returns so many ports that are up, with the numbers from one on.
func Ports(n int) []ofp.Port {
	list := make([]ofp.Port, n)
	for i := range list {
		no := uint32(i + 1) //nolint:gosec // ports are few
		list[i] = Port(no, fmt.Sprintf("p%d", no))
	}
	return list
}

// Port returns a port that is up.
func Port(no uint32, name string) ofp.Port {
	p := ofp.Port{No: no, Addr: [6]byte{2, 0xff, byte(no >> 24), byte(no >> 16), byte(no >> 8), byte(no)}, State: ofp.PortStateLive}
	copy(p.Name[:15], name)
	return p
}

// DPID returns the identifier of the switch.
func (s *Switch) DPID() uint64 { return s.config.DPID }

// Run calls a controller and keeps the connection until it is lost or the
// context ends; then it returns the reason.
func (s *Switch) Run(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return s.RunOn(ctx, conn)
}

// RunOn does the same over a connection that there is already, which it
// closes.
func (s *Switch) RunOn(ctx context.Context, conn net.Conn) error {
	if s.config.TLS != nil {
		conn = tls.Client(conn, s.config.TLS)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes whoever reads
	defer stop()
	c := newConn(ctx, s, conn)
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	defer func() {
		_ = conn.Close() // it is over either way
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conns = slices.DeleteFunc(s.conns, func(x *Conn) bool { return x == c })
	}()
	err := c.serve()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Keep calls a controller again and again until the context ends, as a switch
// does. The pause between two attempts is that of wait.
func (s *Switch) Keep(ctx context.Context, address string, wait func(context.Context)) {
	for ctx.Err() == nil {
		if err := s.Run(ctx, address); err != nil && !errors.Is(err, context.Canceled) {
			wait(ctx)
		}
	}
}

// Send sends a message to every controller that wants to hear of it: a
// packet-in, a port-status or a flow-removed.
func (s *Switch) Send(m ofp.Message) error {
	s.mu.Lock()
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	var errs []error
	for _, c := range conns {
		if c.wants(m) {
			errs = append(errs, c.Send(0, m))
		}
	}
	return errors.Join(errs...)
}

// PacketIn sends a frame up that came in by a port. The cookie and the table
// are those of the flow that sent it.
func (s *Switch) PacketIn(port uint32, table uint8, cookie uint64, metadata uint64, frame []byte) error {
	m := &ofp.PacketIn{
		BufferID: ofp.NoBuffer, TotalLen: uint16(len(frame)), Reason: 1, Table: table, Cookie: cookie, //nolint:gosec // frames are short
		Match: ofp.Match{ofp.InPort(port)}, Data: frame,
	}
	if metadata != 0 {
		m.Match = append(m.Match, ofp.Exact(ofp.FieldMetadata, metadata))
	}
	return s.Send(m)
}

// SetPort makes a port what is given, and tells the controllers.
func (s *Switch) SetPort(p ofp.Port) error {
	s.mu.Lock()
	reason := ofp.PortAdded
	if i := slices.IndexFunc(s.ports, func(x ofp.Port) bool { return x.No == p.No }); i >= 0 {
		s.ports[i], reason = p, ofp.PortModified
	} else {
		s.ports = append(s.ports, p)
	}
	s.mu.Unlock()
	return s.Send(&ofp.PortStatus{Reason: reason, Port: p})
}

// SetLink says that the link of a port is up or down.
func (s *Switch) SetLink(no uint32, up bool) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.ports, func(x ofp.Port) bool { return x.No == no })
	if i < 0 {
		s.mu.Unlock()
		return fmt.Errorf("switch %016x has no port %d", s.config.DPID, no)
	}
	p := s.ports[i]
	s.mu.Unlock()
	p.State = ofp.PortStateLive
	if !up {
		p.State = ofp.PortStateDown
	}
	return s.SetPort(p)
}

// DropPort takes a port away, and tells the controllers.
func (s *Switch) DropPort(no uint32) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.ports, func(x ofp.Port) bool { return x.No == no })
	if i < 0 {
		s.mu.Unlock()
		return nil
	}
	p := s.ports[i]
	s.ports = slices.Delete(s.ports, i, i+1)
	s.mu.Unlock()
	return s.Send(&ofp.PortStatus{Reason: ofp.PortDeleted, Port: p})
}

// Freeze makes the switch fall silent: its connections stay open, but it reads
// and says nothing until it is thawed.
func (s *Switch) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == nil {
		s.frozen = make(chan struct{})
	}
}

// Thaw ends a freeze.
func (s *Switch) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen != nil {
		close(s.frozen)
		s.frozen = nil
	}
}

// Connections returns how many controllers the switch is connected to.
func (s *Switch) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Disconnect closes every connection.
func (s *Switch) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.conn.Close() // who reads from it learns of it
	}
}
