// Package flowtest holds switches in memory, for tests. A Switch answers the
// question that matters about a set of rules: by which ports does this frame
// leave? A Net joins several, and a Memory stands in for a connected one.
// Nothing here has a clock: meters let everything pass.
//
//	got := flowtest.Switch{Rules: rules}.Ports(flowtest.Frame{Port: 3, From: a, To: b})
package flowtest

import (
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Switch carries out the rules that it holds: it starts at table 0, drops
// what no flow matches, and never sends a frame out of the port it came in by.
type Switch struct {
	Rules flow.Rules
	Down  map[slice.Port]bool // ports whose link is down; what is sent there is lost
}

// A Frame is what rules can see of a frame.
type Frame struct {
	Port   slice.Port    // it came in by
	Tunnel slice.Network // VNI, if the port is a tunnel
	Tags   []slice.VLAN  // 802.1Q, the outer one first
	From   slice.MAC
	To     slice.MAC
	Type   uint16 // EtherType behind the tags
	Inside Packet
}

// A Packet is what rules can see inside of a frame. What its EtherType does
// not have is not looked at.
type Packet struct {
	Proto             uint8      // of IP
	Source            netip.Addr // of IP, or the sender of an ARP message
	UDPFrom, UDPTo    uint16
	ARPOp             uint16
	ARPHardware       slice.MAC // of the sender
	ICMPv6            uint8     // type
	Target            netip.Addr
	NDSource, NDOwner slice.MAC // zero: none is named
}

// Equal reports whether rules see the same in both.
func (p Packet) Equal(o Packet) bool { return p == o }

// A Result tells what became of a frame.
type Result struct {
	Out    []Out         // the copies that leave, in the order in which they were sent
	Up     []Frame       // the copies that the controller gets
	Meters []uint32      // the meters that it passed
	Tables []*flow.Table // the tables in which a flow matched it
	Flows  []flow.Flow   // the flows that matched it
	Marked slice.Network // the network that it was given to
}

// An Out is a copy of a frame on its way out.
type Out struct {
	Port  slice.Port
	Frame Frame
}

// Ports returns the ports by which a frame leaves, in ascending order. A port
// by which it leaves twice is there twice.
func (s Switch) Ports(f Frame) []slice.Port {
	var ports []slice.Port
	for _, o := range s.Send(f).Out {
		ports = append(ports, o.Port)
	}
	slices.Sort(ports)
	return ports
}

// Send carries out the rules on a frame.
func (s Switch) Send(f Frame) Result {
	var r Result
	f.Tags = slices.Clone(f.Tags)
	start := flow.Table{ID: 0}
	for table := &start; table != nil; {
		rule, ok := s.best(table.ID, fields(f, r))
		if !ok {
			break // a miss drops
		}
		r.Tables, r.Flows = append(r.Tables, rule.Table), append(r.Flows, rule)
		table = s.run(rule.Actions, &f, &r)
	}
	return r
}

// run carries out actions on a frame and returns the table that comes next.
func (s Switch) run(actions []flow.Action, f *Frame, r *Result) (next *flow.Table) {
	for _, a := range actions {
		switch a.Verb {
		case flow.VerbMeter:
			r.Meters = append(r.Meters, uint32(a.Arg))
		case flow.VerbMark:
			r.Marked = slice.Network(a.Arg)
		case flow.VerbSetTunnel:
			f.Tunnel = slice.Network(a.Arg)
		case flow.VerbPushLabel:
			f.Tags = append([]slice.VLAN{slice.VLAN(a.Arg)}, f.Tags...)
		case flow.VerbPopLabel:
			f.Tags = slices.Clone(f.Tags[min(1, len(f.Tags)):])
		case flow.VerbOutput:
			s.output(slice.Port(a.Arg), *f, r)
		case flow.VerbController:
			r.Up = append(r.Up, copied(*f))
		case flow.VerbReturn:
			s.leave(f.Port, *f, r)
		case flow.VerbGroup:
			s.group(uint32(a.Arg), *f, r)
		case flow.VerbGoto:
			next = a.Next
		}
	}
	return next
}

func (s Switch) output(p slice.Port, f Frame, r *Result) {
	if p != f.Port {
		s.leave(p, f, r)
	}
}

func (s Switch) leave(p slice.Port, f Frame, r *Result) {
	if !s.Down[p] {
		r.Out = append(r.Out, Out{Port: p, Frame: copied(f)})
	}
}

// copied gives a frame tags of its own.
func copied(f Frame) Frame {
	f.Tags = slices.Clone(f.Tags)
	return f
}

// group hands each bucket that is to be taken a copy of the frame.
func (s Switch) group(id uint32, f Frame, r *Result) {
	for _, g := range s.Rules.Groups {
		if g.ID != id {
			continue
		}
		for _, b := range g.Buckets {
			if g.Type == flow.FastFailover && s.Down[b.Watch] {
				continue
			}
			c := f
			s.run(b.Actions, &c, r)
			if g.Type == flow.FastFailover {
				return
			}
		}
	}
}

// best returns the matching flow of a table with the highest priority. Of two
// that are equal the first wins; a real switch may choose the other.
func (s Switch) best(table uint8, seen values) (flow.Flow, bool) {
	var best flow.Flow
	found := false
	for _, r := range s.Rules.Flows {
		if r.Table == nil || r.Table.ID != table || r.Raw != "" || found && r.Priority <= best.Priority {
			continue
		}
		if !slices.ContainsFunc(r.Match, func(m flow.Match) bool { return seen[m.Field].differs(m) }) {
			best, found = r, true
		}
	}
	return best, found
}
