package flow

import (
	"fmt"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Verb says what an action does.
type Verb uint8

// The verbs.
const (
	VerbMeter Verb = iota
	VerbMark
	VerbSetTunnel
	VerbPushLabel
	VerbPopLabel
	VerbOutput
	VerbGroup
	VerbGoto
	VerbController // the whole frame goes up
	VerbReturn     // out of the port that the frame came in by
	VerbUnknown    // read from a switch; not of this house
)

// An Action is one thing done to a frame that matched.
type Action struct {
	Verb Verb
	Arg  uint64 // meter, network, VNI, VLAN, port or group
	Next *Table // of a goto
}

// Limit sends the frame through a meter.
func Limit(id uint32) Action { return Action{Verb: VerbMeter, Arg: uint64(id)} }

// Mark gives the frame to a network, for later tables to read.
func Mark(n slice.Network) Action { return Action{Verb: VerbMark, Arg: uint64(n)} }

// SetTunnel writes the VNI under which a tunnel port will send the frame.
func SetTunnel(n slice.Network) Action { return Action{Verb: VerbSetTunnel, Arg: uint64(n)} }

// PushLabel puts an 802.1Q tag with this VLAN on the frame.
func PushLabel(v slice.VLAN) Action { return Action{Verb: VerbPushLabel, Arg: uint64(v)} }

// PopLabel takes the outer tag off the frame.
func PopLabel() Action { return Action{Verb: VerbPopLabel} }

// Output sends the frame out by a port. A switch never sends a frame back out
// of the port it came in by.
func Output(p slice.Port) Action { return Action{Verb: VerbOutput, Arg: uint64(p)} }

// ToGroup hands the frame to a group.
func ToGroup(id uint32) Action { return Action{Verb: VerbGroup, Arg: uint64(id)} }

// Goto hands the frame to a later table.
func Goto(t *Table) Action { return Action{Verb: VerbGoto, Next: t} }

// ToController sends the whole frame up.
func ToController() Action { return Action{Verb: VerbController} }

// Return sends the frame back out of the port that it came in by, which Output
// never does.
func Return() Action { return Action{Verb: VerbReturn} }

// String returns the action in the syntax of ovs-ofctl, with table names.
func (a Action) String() string {
	switch a.Verb {
	case VerbMeter:
		return fmt.Sprintf("meter:%d", a.Arg)
	case VerbMark:
		return fmt.Sprintf("write_metadata:%#x", a.Arg)
	case VerbSetTunnel:
		return fmt.Sprintf("set_field:%#x->tun_id", a.Arg)
	case VerbPushLabel:
		return fmt.Sprintf("push_vlan:0x8100,set_field:%d->vlan_vid", a.Arg|vlanPresent)
	case VerbPopLabel:
		return "pop_vlan"
	case VerbOutput:
		return fmt.Sprintf("output:%d", a.Arg)
	case VerbGroup:
		return fmt.Sprintf("group:%d", a.Arg)
	case VerbGoto:
		return "goto_table:" + a.Next.Name
	case VerbController:
		return "CONTROLLER:65535"
	case VerbReturn:
		return "IN_PORT"
	default:
		return fmt.Sprintf("unknown:%#x", a.Arg)
	}
}
