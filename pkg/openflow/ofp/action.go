package ofp

import "fmt"

// An ActionType tells the actions apart (section 7.2.5).
type ActionType uint16

// The types of action.
const (
	ActionOutput       ActionType = 0
	ActionCopyTTLOut   ActionType = 11
	ActionCopyTTLIn    ActionType = 12
	ActionSetMPLSTTL   ActionType = 15
	ActionDecMPLSTTL   ActionType = 16
	ActionPushVLAN     ActionType = 17
	ActionPopVLAN      ActionType = 18
	ActionPushMPLS     ActionType = 19
	ActionPopMPLS      ActionType = 20
	ActionSetQueue     ActionType = 21
	ActionGroup        ActionType = 22
	ActionSetTTL       ActionType = 23
	ActionDecTTL       ActionType = 24
	ActionSetField     ActionType = 25
	ActionPushPBB      ActionType = 26
	ActionPopPBB       ActionType = 27
	ActionExperimenter ActionType = 0xffff
)

// The reserved port and group numbers (sections 7.2.1 and 7.3.4.2).
const (
	PortMax        uint32 = 0xffffff00
	PortInPort     uint32 = 0xfffffff8
	PortTable      uint32 = 0xfffffff9
	PortController uint32 = 0xfffffffd
	PortAny        uint32 = 0xffffffff
	GroupAll       uint32 = 0xfffffffc
	GroupAny       uint32 = 0xffffffff
)

// NoBuffer says that a frame is not kept on the switch.
const NoBuffer uint32 = 0xffffffff

// WholeFrame asks for the whole frame in a packet-in (section 7.2.5,
// OFPCML_NO_BUFFER).
const WholeFrame uint16 = 0xffff

// An Action is one thing done to a frame. Arg is the port, group, queue,
// EtherType or TTL of the types that have one. Types that are not known here
// keep the bytes behind their type and length in Raw.
type Action struct {
	Type   ActionType
	MaxLen uint16 // of an output to the controller
	Arg    uint32
	Field  OXM // of a set-field
	Raw    []byte
}

// Output returns the action that sends the frame out of a port.
func Output(port uint32) Action {
	a := Action{Type: ActionOutput, Arg: port}
	if port == PortController {
		a.MaxLen = WholeFrame
	}
	return a
}

// ToGroup returns the action that hands the frame to a group.
func ToGroup(id uint32) Action { return Action{Type: ActionGroup, Arg: id} }

// PushVLAN returns the action that puts an 802.1Q tag on the frame.
func PushVLAN() Action { return Action{Type: ActionPushVLAN, Arg: 0x8100} }

// PopVLAN returns the action that takes the outer tag off.
func PopVLAN() Action { return Action{Type: ActionPopVLAN} }

// SetField returns the action that writes a field.
func SetField(o OXM) Action { return Action{Type: ActionSetField, Field: o} }

func (a Action) append(b []byte) []byte {
	start := len(b)
	b = be.AppendUint16(b, uint16(a.Type))
	b = append(b, 0, 0)
	switch a.Type {
	case ActionOutput:
		b = be.AppendUint32(b, a.Arg)
		b = be.AppendUint16(b, a.MaxLen)
		b = pad(b, 6)
	case ActionGroup, ActionSetQueue:
		b = be.AppendUint32(b, a.Arg)
	case ActionPushVLAN, ActionPushMPLS, ActionPopMPLS, ActionPushPBB:
		b = be.AppendUint16(b, uint16(a.Arg))
		b = pad(b, 2)
	case ActionSetMPLSTTL, ActionSetTTL:
		b = append(b, byte(a.Arg), 0, 0, 0)
	case ActionCopyTTLOut, ActionCopyTTLIn, ActionDecMPLSTTL, ActionPopVLAN, ActionDecTTL, ActionPopPBB:
		b = pad(b, 4)
	case ActionSetField:
		b = pad8(a.Field.append(b), start)
	default:
		b = append(b, a.Raw...)
	}
	patch(b, start, start+2)
	return b
}

func (a *Action) decode(p []byte) error {
	*a = Action{Type: ActionType(be.Uint16(p))}
	want := 8
	switch a.Type {
	case ActionOutput:
		want = 16
		if len(p) == want {
			a.MaxLen = be.Uint16(p[8:])
			a.Arg = be.Uint32(p[4:])
		}
	case ActionGroup, ActionSetQueue:
		a.Arg = be.Uint32(p[4:])
	case ActionPushVLAN, ActionPushMPLS, ActionPopMPLS, ActionPushPBB:
		a.Arg = uint32(be.Uint16(p[4:]))
	case ActionSetMPLSTTL, ActionSetTTL:
		a.Arg = uint32(p[4])
	case ActionCopyTTLOut, ActionCopyTTLIn, ActionDecMPLSTTL, ActionPopVLAN, ActionDecTTL, ActionPopPBB:
	case ActionSetField:
		rest, err := a.Field.decode(p[4:])
		if err != nil {
			return err
		}
		want = len(p) - len(rest) + padding(len(p)-len(rest))
	default:
		a.Raw = p[4:]
		want = len(p)
	}
	if len(p) != want {
		return fmt.Errorf("%w: action %d has %d bytes", ErrLength, a.Type, len(p))
	}
	return nil
}

func appendActions(b []byte, list []Action) []byte {
	for _, a := range list {
		b = a.append(b)
	}
	return b
}

// decodeActions reads actions to the end of the bytes into a list that is
// reused.
func decodeActions(list []Action, b []byte) ([]Action, error) {
	list = list[:0]
	for len(b) > 0 {
		p, rest, err := part(b, 2, 8, "action")
		if err != nil {
			return nil, err
		}
		if err := Next(&list).decode(p); err != nil {
			return nil, err
		}
		b = rest
	}
	return list, nil
}
