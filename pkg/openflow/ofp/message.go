package ofp

// A Message can be written.
type Message interface {
	// Append appends the whole message. On error it returns the slice as it
	// was.
	Append(b []byte, xid uint32) ([]byte, error)
}

// A Raw is a message whose body is bytes: those without a body (barrier,
// features request), and those that this package does not take apart.
type Raw struct {
	Type Type
	Body []byte
}

// Append implements Message.
func (m *Raw) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	return finish(append(begin(b, m.Type, xid), m.Body...), start)
}

// Decode reads a message of any type.
func (m *Raw) Decode(msg []byte) error {
	h, err := ParseHeader(msg)
	if err != nil {
		return err
	}
	m.Type = h.Type
	_, m.Body, err = open(msg, 0, h.Type)
	return err
}

type decoder interface {
	Message
	Decode(msg []byte) error
}

// Decode reads a message of any type into the value made for it, or into a
// Raw. It is for those who look at every message; a session that knows what it
// expects decodes into a value of its own.
func Decode(msg []byte) (Message, error) {
	h, err := ParseHeader(msg)
	if err != nil {
		return nil, err
	}
	m := blank(h.Type)
	if err := m.Decode(msg); err != nil {
		return nil, err
	}
	return m, nil
}

func blank(t Type) decoder {
	switch t {
	case TypeHello:
		return &Hello{}
	case TypeError:
		return &Error{}
	case TypeEchoRequest, TypeEchoReply:
		return &Echo{}
	case TypeExperimenter:
		return &Experimenter{}
	case TypeFeaturesReply:
		return &Features{}
	case TypeGetConfigReply, TypeSetConfig:
		return &SwitchConfig{}
	case TypePacketIn:
		return &PacketIn{}
	case TypePacketOut:
		return &PacketOut{}
	case TypeFlowRemoved:
		return &FlowRemoved{}
	case TypePortStatus:
		return &PortStatus{}
	case TypeFlowMod:
		return &FlowMod{}
	case TypeGroupMod:
		return &GroupMod{}
	case TypeMeterMod:
		return &MeterMod{}
	case TypeRoleRequest, TypeRoleReply:
		return &Role{}
	case TypeSetAsync, TypeGetAsyncReply:
		return &Async{}
	case TypeMultipartRequest, TypeMultipartReply:
		return &Multipart{}
	default:
		return &Raw{}
	}
}
