package ofp

// An Experimenter carries a message that the standard does not define.
type Experimenter struct {
	ID   uint32 // whose
	Kind uint32
	Data []byte
}

// Append implements Message.
func (m *Experimenter) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	return finish(append(beginExperimenter(b, xid, m.ID, m.Kind), m.Data...), start)
}

func beginExperimenter(b []byte, xid, id, kind uint32) []byte {
	b = begin(b, TypeExperimenter, xid)
	b = be.AppendUint32(b, id)
	return be.AppendUint32(b, kind)
}

// Decode reads an experimenter message.
func (m *Experimenter) Decode(msg []byte) error {
	_, b, err := open(msg, 8, TypeExperimenter)
	if err != nil {
		return err
	}
	*m = Experimenter{ID: be.Uint32(b), Kind: be.Uint32(b[4:]), Data: b[8:]}
	return nil
}
