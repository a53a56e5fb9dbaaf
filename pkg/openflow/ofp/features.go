package ofp

// Features are what a switch says of itself (section 7.3.1).
type Features struct {
	DPID         uint64
	Buffers      uint32
	Tables       uint8
	Auxiliary    uint8 // zero on the main connection
	Capabilities uint32
	Reserved     uint32
}

// Append implements Message.
func (m *Features) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeFeaturesReply, xid)
	b = be.AppendUint64(b, m.DPID)
	b = be.AppendUint32(b, m.Buffers)
	b = append(b, m.Tables, m.Auxiliary, 0, 0)
	b = be.AppendUint32(b, m.Capabilities)
	return finish(be.AppendUint32(b, m.Reserved), start)
}

// Decode reads a features reply.
func (m *Features) Decode(msg []byte) error {
	_, b, err := openFixed(msg, 24, TypeFeaturesReply)
	if err != nil {
		return err
	}
	*m = Features{be.Uint64(b), be.Uint32(b[8:]), b[12], b[13], be.Uint32(b[16:]), be.Uint32(b[20:])}
	return nil
}

// A SwitchConfig sets how a switch treats fragments and how much of a frame it
// sends up (section 7.3.2). Reply makes it the answer of a switch.
type SwitchConfig struct {
	Reply       bool
	Flags       uint16
	MissSendLen uint16
}

// Append implements Message.
func (m *SwitchConfig) Append(b []byte, xid uint32) ([]byte, error) {
	t, start := TypeSetConfig, len(b)
	if m.Reply {
		t = TypeGetConfigReply
	}
	b = be.AppendUint16(begin(b, t, xid), m.Flags)
	return finish(be.AppendUint16(b, m.MissSendLen), start)
}

// Decode reads a set-config or a get-config reply.
func (m *SwitchConfig) Decode(msg []byte) error {
	t, b, err := openFixed(msg, 4, TypeSetConfig, TypeGetConfigReply)
	if err != nil {
		return err
	}
	*m = SwitchConfig{t == TypeGetConfigReply, be.Uint16(b), be.Uint16(b[2:])}
	return nil
}
