package probe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

const (
	everything = 0x0003  // ETH_P_ALL of packet(7)
	frameSize  = 1 << 16 // no frame and no datagram is longer
	queueSize  = 4 << 20 // bytes that wait in the kernel while the machine is busy
)

// A Count is what arrived of one stream.
type Count struct {
	Once  int // different sequence numbers
	Again int // frames that had come before
}

// A Receiver counts marks until it is closed.
type Receiver struct {
	conn net.PacketConn
	done chan struct{}

	mu    sync.Mutex
	seen  map[Mark]bool
	count map[Stream]Count
}

// Capture counts the marks of all frames that reach an interface, whomever
// they are meant for and whether or not anybody listens.
func (p Port) Capture() (*Receiver, error) {
	var conn *packet.Conn
	err := p.In(func() error {
		ifi, err := net.InterfaceByName(p.Interface)
		if err != nil {
			return err
		}
		conn, err = packet.Listen(ifi, packet.Raw, everything, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("capture on %s: %w", p.Interface, err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = control(raw, func(fd int) error {
			return errors.Join(
				unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
				unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, queueSize))
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("capture on %s: %w", p.Interface, err), conn.Close())
	}
	return receive(conn), nil
}

// Listen counts the marks of the datagrams that reach an address as a program
// would get them. If the address is that of a group the interface joins it.
func (p Port) Listen(ctx context.Context, at netip.AddrPort) (*Receiver, error) {
	set := options(p.Interface, false)
	config := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		if err := set(network, address, c); err != nil || !at.Addr().IsMulticast() {
			return err
		}
		ifi, err := net.InterfaceByName(p.Interface)
		if err != nil {
			return err
		}
		group := &unix.IPMreqn{Multiaddr: at.Addr().As4(), Ifindex: int32(ifi.Index)}
		return control(c, func(fd int) error {
			return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, group)
		})
	}}
	var conn net.PacketConn
	err := p.In(func() error {
		var err error
		any := netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())
		conn, err = config.ListenPacket(ctx, "udp4", any.String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", p.Interface, err)
	}
	return receive(conn), nil
}

// Count returns what arrived of one stream up to now.
func (r *Receiver) Count(s Stream) Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count[s]
}

// All returns what arrived of every stream up to now.
func (r *Receiver) All() map[Stream]Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.count)
}

// Close ends the counting.
func (r *Receiver) Close() error {
	err := r.conn.Close()
	<-r.done
	return err
}

func receive(conn net.PacketConn) *Receiver {
	r := &Receiver{conn: conn, done: make(chan struct{}), seen: map[Mark]bool{}, count: map[Stream]Count{}}
	go r.run()
	return r
}

// run reads until the socket is closed. Other errors tell of an interface that
// went down for a moment: frames come again when it is back.
func (r *Receiver) run() {
	defer close(r.done)
	b := make([]byte, frameSize)
	for {
		n, _, err := r.conn.ReadFrom(b)
		if errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return
		}
		if m, ok := Find(b[:n]); ok {
			r.add(m)
		}
	}
}

func (r *Receiver) add(m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.count[m.Stream]
	if r.seen[m] {
		c.Again++
	} else {
		c.Once++
	}
	r.seen[m] = true
	r.count[m.Stream] = c
}

// control calls f with the number of a socket.
func control(c syscall.RawConn, f func(fd int) error) error {
	var err error
	if controlErr := c.Control(func(fd uintptr) { err = f(int(fd)) }); controlErr != nil {
		return controlErr
	}
	return err
}
