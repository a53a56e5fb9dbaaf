package ofp

// An Echo asks whether the other side is there, or answers with the same data.
type Echo struct {
	Reply bool
	Data  []byte
}

// Append implements Message.
func (m *Echo) Append(b []byte, xid uint32) ([]byte, error) {
	t, start := TypeEchoRequest, len(b)
	if m.Reply {
		t = TypeEchoReply
	}
	return finish(append(begin(b, t, xid), m.Data...), start)
}

// Decode reads an echo request or reply.
func (m *Echo) Decode(msg []byte) error {
	t, b, err := open(msg, 0, TypeEchoRequest, TypeEchoReply)
	if err != nil {
		return err
	}
	*m = Echo{Reply: t == TypeEchoReply, Data: b}
	return nil
}
