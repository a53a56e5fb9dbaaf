package ofp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Version is the number on the wire of OpenFlow 1.3.
const Version = 4

// HeaderLen is the length of the header of every message.
const HeaderLen = 8

// MaxLen is the length of the longest message.
const MaxLen = 65535

// A Type tells the messages apart (section 7.1.1).
type Type uint8

// The types of message.
const (
	TypeHello Type = iota
	TypeError
	TypeEchoRequest
	TypeEchoReply
	TypeExperimenter
	TypeFeaturesRequest
	TypeFeaturesReply
	TypeGetConfigRequest
	TypeGetConfigReply
	TypeSetConfig
	TypePacketIn
	TypeFlowRemoved
	TypePortStatus
	TypePacketOut
	TypeFlowMod
	TypeGroupMod
	TypePortMod
	TypeTableMod
	TypeMultipartRequest
	TypeMultipartReply
	TypeBarrierRequest
	TypeBarrierReply
	TypeQueueGetConfigRequest
	TypeQueueGetConfigReply
	TypeRoleRequest
	TypeRoleReply
	TypeGetAsyncRequest
	TypeGetAsyncReply
	TypeSetAsync
	TypeMeterMod
)

var typeNames = [...]string{
	"hello", "error", "echo request", "echo reply", "experimenter", "features request", "features reply",
	"get-config request", "get-config reply", "set-config", "packet-in", "flow-removed", "port-status",
	"packet-out", "flow-mod", "group-mod", "port-mod", "table-mod", "multipart request", "multipart reply",
	"barrier request", "barrier reply", "queue-get-config request", "queue-get-config reply", "role request",
	"role reply", "get-async request", "get-async reply", "set-async", "meter-mod",
}

// String returns the name of the type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// ErrLength says that a length in a message does not fit what is there.
var ErrLength = errors.New("openflow: bad length")

// ErrTooLong says that a message would not fit its length field.
var ErrTooLong = errors.New("openflow: message longer than 65535 bytes")

// A Header begins every message.
type Header struct {
	Version uint8
	Type    Type
	Length  uint16
	Xid     uint32
}

// ParseHeader reads the header at the front of a message.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, fmt.Errorf("%w: header of %d bytes", ErrLength, len(b))
	}
	h := Header{b[0], Type(b[1]), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])}
	if h.Length < HeaderLen {
		return h, fmt.Errorf("%w: %s says %d bytes", ErrLength, h.Type, h.Length)
	}
	return h, nil
}

// begin appends a header whose length finish fills in.
func begin(b []byte, t Type, xid uint32) []byte {
	b = append(b, Version, byte(t), 0, 0)
	return be.AppendUint32(b, xid)
}

// finish writes the length of the message that starts at an offset.
func finish(b []byte, start int) ([]byte, error) {
	n := len(b) - start
	if n > MaxLen {
		return b[:start], ErrTooLong
	}
	be.PutUint16(b[start+2:], uint16(n))
	return b, nil
}

// open checks the header of a whole message and returns what follows it, which
// is at least so many bytes.
func open(msg []byte, least int, types ...Type) (Type, []byte, error) {
	h, err := ParseHeader(msg)
	if err != nil {
		return 0, nil, err
	}
	if int(h.Length) != len(msg) || len(msg)-HeaderLen < least {
		return 0, nil, fmt.Errorf("%w: %s of %d bytes says %d, needs %d", ErrLength, h.Type, len(msg), h.Length, HeaderLen+least)
	}
	for _, t := range types {
		if h.Type == t {
			return t, msg[HeaderLen:], nil
		}
	}
	return 0, nil, fmt.Errorf("openflow: %s where %s should be", h.Type, types[0])
}

// openFixed is open for messages that have one length.
func openFixed(msg []byte, size int, types ...Type) (Type, []byte, error) {
	t, b, err := open(msg, size, types...)
	if err == nil && len(b) > size {
		err = fmt.Errorf("%w: %s of %d bytes needs %d", ErrLength, t, len(msg), HeaderLen+size)
	}
	return t, b, err
}
