package ofp

import (
	"bytes"
	"fmt"
)

// The reasons of a port-status.
const (
	PortAdded    uint8 = 0
	PortDeleted  uint8 = 1
	PortModified uint8 = 2
)

// The bits that say that a port carries nothing: set down by an operator, or
// without a link (section 7.2.1).
const (
	PortConfigDown uint32 = 1
	PortStateDown  uint32 = 1
	PortStateLive  uint32 = 4
)

const portLen = 64

// A Port is a port of a switch.
type Port struct {
	No        uint32
	Addr      [6]byte
	Name      [16]byte // ends with a zero byte if it is shorter
	Config    uint32
	State     uint32
	Current   uint32
	Advertise uint32
	Supported uint32
	Peer      uint32
	CurSpeed  uint32 // kilobits a second
	MaxSpeed  uint32
}

// Text returns the name as a string.
func (p *Port) Text() string {
	name, _, _ := bytes.Cut(p.Name[:], []byte{0})
	return string(name)
}

func (p *Port) append(b []byte) []byte {
	b = be.AppendUint32(b, p.No)
	b = pad(b, 4)
	b = append(b, p.Addr[:]...)
	b = append(b, 0, 0)
	b = append(b, p.Name[:]...)
	for _, v := range [...]uint32{p.Config, p.State, p.Current, p.Advertise, p.Supported, p.Peer, p.CurSpeed, p.MaxSpeed} {
		b = be.AppendUint32(b, v)
	}
	return b
}

func (p *Port) decode(b []byte) {
	*p = Port{
		No: be.Uint32(b), Addr: [6]byte(b[8:14]), Name: [16]byte(b[16:32]),
		Config: be.Uint32(b[32:]), State: be.Uint32(b[36:]), Current: be.Uint32(b[40:]), Advertise: be.Uint32(b[44:]),
		Supported: be.Uint32(b[48:]), Peer: be.Uint32(b[52:]), CurSpeed: be.Uint32(b[56:]), MaxSpeed: be.Uint32(b[60:]),
	}
}

// A PortStatus says that a port came, went or changed.
type PortStatus struct {
	Reason uint8
	Port   Port
}

// Append implements Message.
func (m *PortStatus) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = append(begin(b, TypePortStatus, xid), m.Reason)
	return finish(m.Port.append(pad(b, 7)), start)
}

// Decode reads a port-status.
func (m *PortStatus) Decode(msg []byte) error {
	_, b, err := openFixed(msg, 8+portLen, TypePortStatus)
	if err != nil {
		return err
	}
	m.Reason = b[0]
	m.Port.decode(b[8:])
	return nil
}

// AppendPorts appends the body of a port-desc reply.
func AppendPorts(b []byte, list []Port) []byte {
	for i := range list {
		b = list[i].append(b)
	}
	return b
}

// ParsePorts reads the body of a port-desc reply.
func ParsePorts(b []byte) ([]Port, error) {
	list, err := array[Port](b, portLen, "port")
	for i := range list {
		list[i].decode(b[i*portLen:])
	}
	return list, err
}

// array makes room for what a body of parts of one size holds.
func array[T any](b []byte, size int, what string) ([]T, error) {
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%w: %d bytes are no whole number of %s entries", ErrLength, len(b), what)
	}
	return make([]T, len(b)/size), nil
}
