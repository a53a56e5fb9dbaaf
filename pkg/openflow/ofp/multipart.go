package ofp

// A Kind tells the multipart messages apart (section 7.3.5).
type Kind uint16

// The kinds of multipart message.
const (
	KindDesc          Kind = 0
	KindFlow          Kind = 1
	KindAggregate     Kind = 2
	KindTable         Kind = 3
	KindPortStats     Kind = 4
	KindQueue         Kind = 5
	KindGroup         Kind = 6
	KindGroupDesc     Kind = 7
	KindGroupFeatures Kind = 8
	KindMeter         Kind = 9
	KindMeterConfig   Kind = 10
	KindMeterFeatures Kind = 11
	KindTableFeatures Kind = 12
	KindPortDesc      Kind = 13
	KindExperimenter  Kind = 0xffff
)

// More says that another part follows.
const More uint16 = 1

// A Multipart is one part of a request or of an answer that may be longer than
// one message. Its body is read and written by the functions of its kind.
type Multipart struct {
	Reply bool
	Kind  Kind
	Flags uint16
	Body  []byte
}

// Append implements Message.
func (m *Multipart) Append(b []byte, xid uint32) ([]byte, error) {
	t, start := TypeMultipartRequest, len(b)
	if m.Reply {
		t = TypeMultipartReply
	}
	b = be.AppendUint16(begin(b, t, xid), uint16(m.Kind))
	b = be.AppendUint16(b, m.Flags)
	return finish(append(pad(b, 4), m.Body...), start)
}

// Decode reads a multipart request or reply.
func (m *Multipart) Decode(msg []byte) error {
	t, b, err := open(msg, 8, TypeMultipartRequest, TypeMultipartReply)
	if err != nil {
		return err
	}
	*m = Multipart{t == TypeMultipartReply, Kind(be.Uint16(b)), be.Uint16(b[2:]), b[8:]}
	return nil
}
