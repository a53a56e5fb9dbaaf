package ofp

import "fmt"

// A PacketIn brings a frame to the controller (section 7.4.1).
type PacketIn struct {
	BufferID uint32
	TotalLen uint16
	Reason   uint8
	Table    uint8
	Cookie   uint64
	Match    Match
	Data     []byte
}

// Port returns the port by which the frame came in, or zero.
func (m *PacketIn) Port() uint32 {
	for _, o := range m.Match {
		if o.Class == ClassBasic && o.Field == FieldInPort {
			return uint32(o.Value)
		}
	}
	return 0
}

// Append implements Message.
func (m *PacketIn) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypePacketIn, xid)
	b = be.AppendUint32(b, m.BufferID)
	b = be.AppendUint16(b, m.TotalLen)
	b = append(b, m.Reason, m.Table)
	b = be.AppendUint64(b, m.Cookie)
	b = m.Match.append(b)
	b = append(b, 0, 0) // so that the IP header is aligned
	return finish(append(b, m.Data...), start)
}

// Decode reads a packet-in.
func (m *PacketIn) Decode(msg []byte) error {
	_, b, err := open(msg, 26, TypePacketIn)
	if err != nil {
		return err
	}
	*m = PacketIn{be.Uint32(b), be.Uint16(b[4:]), b[6], b[7], be.Uint64(b[8:]), m.Match, nil}
	if b, err = m.Match.decode(b[16:]); err != nil {
		return err
	}
	if len(b) < 2 {
		return fmt.Errorf("%w: packet-in ends in its match", ErrLength)
	}
	m.Data = b[2:]
	return nil
}

// A PacketOut sends a frame from the controller (section 7.3.7).
type PacketOut struct {
	BufferID uint32
	InPort   uint32
	Actions  []Action
	Data     []byte
}

// Append implements Message.
func (m *PacketOut) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypePacketOut, xid)
	b = be.AppendUint32(b, m.BufferID)
	b = be.AppendUint32(b, m.InPort)
	b = pad(b, 8)
	actions := len(b)
	b = appendActions(b, m.Actions)
	patch(b, actions, start+16)
	return finish(append(b, m.Data...), start)
}

// Decode reads a packet-out.
func (m *PacketOut) Decode(msg []byte) error {
	_, b, err := open(msg, 16, TypePacketOut)
	if err != nil {
		return err
	}
	n := int(be.Uint16(b[8:]))
	if n > len(b)-16 {
		return fmt.Errorf("%w: packet-out says %d bytes of actions", ErrLength, n)
	}
	*m = PacketOut{be.Uint32(b), be.Uint32(b[4:]), m.Actions, b[16+n:]}
	m.Actions, err = decodeActions(m.Actions, b[16:16+n])
	return err
}
