package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// EtherType marks the frames of probes: the first of the two that anybody may
// use for experiments (IEEE 802, clause 9.2.4).
const EtherType = 0x88b5

const (
	minFrame  = 60 // without the checksum
	ipHeader  = 20
	udpHeader = 8
)

// Frames are marked Ethernet frames to one hardware address, from the port's
// own.
type Frames struct {
	To     slice.MAC
	From   slice.MAC // zero: the port's own
	Stream Stream
	Count  int
	Every  time.Duration // 0: as fast as it goes
}

// Send sends frames until they are all out or ctx ends. Those that the kernel
// does not take, because the interface is down for a moment, do not arrive.
func (p Port) Send(ctx context.Context, f Frames) error {
	_, err := p.Sent(ctx, f)
	return err
}

// Sent is Send, and tells how many frames the kernel took.
func (p Port) Sent(ctx context.Context, f Frames) (int, error) {
	var conn *packet.Conn
	err := p.In(func() error {
		ifi, err := net.InterfaceByName(p.Interface)
		if err != nil {
			return err
		}
		conn, err = packet.Listen(ifi, packet.Raw, EtherType, nil)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("send on %s: %w", p.Interface, err)
	}
	sent := 0
	from := f.From
	if from.IsZero() {
		from = p.MAC
	}
	to := &packet.Addr{HardwareAddr: f.To[:]}
	err = paced(ctx, f.Count, f.Every, func(seq uint32) error {
		_, err := conn.WriteTo(frame(f.To, from, Mark{Stream: f.Stream, Sequence: seq}), to)
		if refused(err) {
			return nil
		}
		sent++
		return err
	})
	if err = errors.Join(err, conn.Close()); err != nil {
		return sent, fmt.Errorf("send on %s: %w", p.Interface, err)
	}
	return sent, nil
}

// Datagrams are marked UDP datagrams to an address, which may be that of a
// group or of everybody.
type Datagrams struct {
	To     netip.AddrPort
	Stream Stream
	Count  int
	Every  time.Duration
	Size   int  // bytes of the IP packet; 0: the least
	Whole  bool // must not be cut in pieces
}

// Datagrams sends datagrams, and returns how many the kernel refused because
// they are too long or because nobody answers for the address.
func (p Port) Datagrams(ctx context.Context, d Datagrams) (rejected int, err error) {
	config := net.ListenConfig{Control: options(p.Interface, d.Whole)}
	var conn net.PacketConn
	err = p.In(func() error {
		var err error
		conn, err = config.ListenPacket(ctx, "udp4", "0.0.0.0:0")
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("send on %s: %w", p.Interface, err)
	}
	to := net.UDPAddrFromAddrPort(d.To)
	err = paced(ctx, d.Count, d.Every, func(seq uint32) error {
		b := Mark{Stream: d.Stream, Sequence: seq}.Append(nil)
		b = pad(b, d.Size-ipHeader-udpHeader)
		_, err := conn.WriteTo(b, to)
		if refused(err) {
			rejected++
			return nil
		}
		return err
	})
	if err = errors.Join(err, conn.Close()); err != nil {
		return rejected, fmt.Errorf("send on %s: %w", p.Interface, err)
	}
	return rejected, nil
}

// refusals are what a kernel says that does not take a packet.
var refusals = []error{
	unix.EMSGSIZE, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENETUNREACH, unix.ENETDOWN,
	unix.EPERM, unix.ENOBUFS, unix.ENODEV, unix.ENXIO, unix.EADDRNOTAVAIL,
}

// refused reports whether an error is a refusal, which a probe counts, rather
// than a fault of the probe.
func refused(err error) bool {
	return slices.ContainsFunc(refusals, func(e error) bool { return errors.Is(err, e) })
}

func frame(to, from slice.MAC, m Mark) []byte {
	b := append(append(make([]byte, 0, minFrame), to[:]...), from[:]...)
	b = binary.BigEndian.AppendUint16(b, EtherType)
	return pad(m.Append(b), minFrame)
}

func pad(b []byte, size int) []byte {
	if len(b) >= size {
		return b
	}
	return append(b, make([]byte, size-len(b))...)
}

// paced calls f with 1, 2, 3 and so on, count times or, if count is 0, until
// ctx ends. The end of ctx is no error.
func paced(ctx context.Context, count int, every time.Duration, f func(seq uint32) error) error {
	tick := time.NewTicker(max(every, time.Microsecond))
	defer tick.Stop()
	for seq := 1; count == 0 || seq <= count; seq++ {
		if ctx.Err() != nil {
			return nil
		}
		if err := f(uint32(seq)); err != nil {
			return err
		}
		if seq == count {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}
