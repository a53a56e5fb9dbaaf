// Package probe sends marked frames, echo requests and datagrams from
// interfaces inside network namespaces, and counts the marks that arrive at
// others. It finds out what a network does; what it should do is for the
// caller to know.
//
//	seen, err := far.Capture()
//	err = near.Send(ctx, probe.Frames{To: slice.Broadcast, Stream: 7, Count: 20})
//	n := seen.Count(7)
package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Namespace runs a function inside a network namespace. Sockets that the
// function makes stay there.
type Namespace func(f func() error) error

// A Port is an interface inside a namespace.
type Port struct {
	In        Namespace
	Interface string
	MAC       slice.MAC
	MTU       int
	Addresses []netip.Prefix // IPv4
}

// A Stream numbers the marks that belong together.
type Stream uint32

// A Mark is what a probe carries: whose it is, and its place in the stream.
type Mark struct {
	Stream   Stream
	Sequence uint32
}

// magic begins a mark. A frame of somebody else holds it once in 2^64.
var magic = []byte{0x6c, 0x32, 0x73, 0xc3, 0x88, 0xb5, 0x9e, 0x01}

const markSize = 16

// Append adds the 16 bytes of a mark.
func (m Mark) Append(b []byte) []byte {
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Stream))
	return binary.BigEndian.AppendUint32(b, m.Sequence)
}

// Find looks for a mark anywhere in a frame.
func Find(frame []byte) (Mark, bool) {
	i := bytes.Index(frame, magic)
	if i < 0 || len(frame) < i+markSize {
		return Mark{}, false
	}
	b := frame[i+len(magic):]
	return Mark{Stream: Stream(binary.BigEndian.Uint32(b)), Sequence: binary.BigEndian.Uint32(b[4:])}, true
}

// Ports returns the interfaces of a namespace, without the loopback.
func Ports(in Namespace) ([]Port, error) {
	var ports []Port
	err := in(func() error {
		all, err := net.Interfaces()
		if err != nil {
			return err
		}
		for _, ifi := range all {
			if ifi.Flags&net.FlagLoopback != 0 || len(ifi.HardwareAddr) != 6 {
				continue
			}
			p := Port{In: in, Interface: ifi.Name, MAC: slice.MAC(ifi.HardwareAddr), MTU: ifi.MTU}
			if p.Addresses, err = addresses(ifi); err != nil {
				return err
			}
			ports = append(ports, p)
		}
		return nil
	})
	return ports, err
}

func addresses(ifi net.Interface) ([]netip.Prefix, error) {
	all, err := ifi.Addrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", ifi.Name, err)
	}
	var prefixes []netip.Prefix
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes, nil
}

// options returns a function that ties a socket to an interface, whatever the
// routes say, and sets whether its packets may be cut in pieces on their way
// (RFC 791, section 3.1).
func options(ifname string, whole bool) func(network, address string, c syscall.RawConn) error {
	cut := unix.IP_PMTUDISC_DONT
	if whole {
		cut = unix.IP_PMTUDISC_DO
	}
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		controlErr := c.Control(func(fd uintptr) {
			if err = unix.BindToDevice(int(fd), ifname); err != nil {
				return
			}
			if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
				return
			}
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, cut)
		})
		if controlErr != nil {
			return controlErr
		}
		return err
	}
}
