package openflow

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A scratch is memory for messages that are written one after another.
type scratch struct {
	mod  ofp.FlowMod
	wrap ofp.BundleAdd
	out  ofp.PacketOut
}

// putFlow makes the message that adds a flow, or replaces the one with the
// same rule.
func (k *codec) putFlow(m *ofp.FlowMod, f *flow.Flow) error {
	if f.Foreign || f.Raw != "" {
		return slice.Errorf(slice.Invalid, "put %s: it is not of this house", f)
	}
	if err := k.flowMod(m, f); err != nil {
		return err
	}
	m.Command, m.Cookie = ofp.Add, k.cookie(f.Owner)
	switch {
	case f.Learned:
		m.Cookie, m.Idle, m.Flags = k.learned(f.Owner), f.Idle, ofp.SendRemoved
	case f.Idle != 0:
		return slice.Errorf(slice.Invalid, "put %s: only a learned flow may go by itself", f)
	}
	var err error
	if m.Instructions, err = instructions(m.Instructions[:0], f.Actions); err != nil {
		return slice.Errorf(slice.Invalid, "put %s: %w", f, err)
	}
	return nil
}

// takeFlow makes the message that removes a flow and no other.
func (k *codec) takeFlow(m *ofp.FlowMod, f *flow.Flow) error {
	err := k.flowMod(m, f)
	m.Command = ofp.DeleteStrict
	return err
}

// forget makes the message that removes what was learned of a network.
func (k *codec) forget(m *ofp.FlowMod, n slice.Network) {
	*m = ofp.FlowMod{
		Table: ofp.TableAll, Command: ofp.Delete, Cookie: k.learned(n), CookieMask: 1<<64 - 1,
		BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny,
		Match: m.Match[:0], Instructions: m.Instructions[:0],
	}
}

func (k *codec) flowMod(m *ofp.FlowMod, f *flow.Flow) (err error) {
	*m = ofp.FlowMod{
		Table: f.Table.ID, Priority: uint16(f.Priority),
		BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny,
		Match: m.Match[:0], Instructions: m.Instructions[:0],
	}
	if f.Raw != "" {
		m.Match, err = ofp.DecodeMatch([]byte(f.Raw))
	} else {
		m.Match, err = match(m.Match, f.Match)
	}
	if err != nil {
		return slice.Errorf(slice.Invalid, "%s: %w", f, err)
	}
	return nil
}

// match writes the conditions in the order of their numbers: a switch wants to
// know that a frame is IP before it hears of an address (section 7.2.3.6).
func match(m ofp.Match, list []flow.Match) (ofp.Match, error) {
	for i := range list {
		o, err := oxm(list[i])
		if err != nil {
			return m, err
		}
		m = append(m, o)
	}
	slices.SortStableFunc(m, func(x, y ofp.OXM) int { return cmp.Compare(x.Field, y.Field) })
	return m, nil
}

func oxm(c flow.Match) (ofp.OXM, error) {
	if c.Field >= flow.Fields {
		return ofp.OXM{}, slice.Errorf(slice.Invalid, "field %d has no number on the wire", c.Field)
	}
	f := &oxmFields[c.Field]
	switch {
	case c.Value&^c.Mask != 0 || f.bits < 64 && c.Mask>>f.bits != 0 || c.High&^c.HighMask != 0 || f.bits <= 64 && c.HighMask != 0:
		return ofp.OXM{}, slice.Errorf(slice.Invalid, "%s: bits that the mask or the field does not have", c)
	case !c.Exact() && (c.Mask|c.HighMask == 0 || !f.masks):
		return ofp.OXM{}, slice.Errorf(slice.Invalid, "%s: this mask cannot be matched", c)
	case f.bits > 64 && c.Exact():
		return ofp.ExactLong(f.number, c.High, c.Value), nil
	case f.bits > 64:
		return ofp.MaskedLong(f.number, c.High, c.Value, c.HighMask, c.Mask), nil
	case c.Exact():
		return ofp.Exact(f.number, c.Value), nil
	default:
		return ofp.Masked(f.number, c.Value, c.Mask), nil
	}
}

// The order in which a switch carries out instructions (OpenFlow 1.3.5,
// section 5.9). A flow whose actions stand in another order would read back
// differently, and be sent again at every resync.
const (
	stageMeter = iota
	stageApply
	stageMark
	stageGoto
)

func stageOf(v flow.Verb) int {
	switch v {
	case flow.VerbMeter:
		return stageMeter
	case flow.VerbMark:
		return stageMark
	case flow.VerbGoto:
		return stageGoto
	default:
		return stageApply
	}
}

// instructions writes instructions into a list that is used again.
func instructions(out []ofp.Instruction, list []flow.Action) ([]ofp.Instruction, error) {
	last := -1
	for i := range list {
		a := &list[i]
		stage := stageOf(a.Verb)
		if stage < last || stage == last && stage != stageApply {
			return out, slice.Errorf(slice.Invalid, "%s stands too late or twice", a)
		}
		if stage == last {
			continue
		}
		in := ofp.Next(&out)
		*in = ofp.Instruction{Actions: in.Actions[:0]}
		switch stage {
		case stageMeter:
			in.Type, in.Meter = ofp.InstructionMeter, uint32(a.Arg) //nolint:gosec // it was made of 32 bits
		case stageMark:
			in.Type, in.Metadata, in.Mask = ofp.InstructionWriteMetadata, a.Arg, 1<<64-1
		case stageGoto:
			in.Type, in.Table = ofp.InstructionGoto, a.Next.ID
		default:
			var err error
			in.Type = ofp.InstructionApplyActions
			if in.Actions, err = actions(in.Actions, list[i:]); err != nil {
				return out, err
			}
		}
		last = stage
	}
	return out, nil
}

// actions turns actions into those of the wire, up to the first that is an
// instruction.
func actions(out []ofp.Action, list []flow.Action) ([]ofp.Action, error) {
	for i := range list {
		a := &list[i]
		switch a.Verb {
		case flow.VerbSetTunnel:
			out = append(out, ofp.SetField(ofp.Exact(ofp.FieldTunnel, a.Arg)))
		case flow.VerbPushLabel:
			out = append(out, ofp.PushVLAN(), ofp.SetField(ofp.Exact(ofp.FieldVLAN, ofp.VLANPresent|a.Arg)))
		case flow.VerbPopLabel:
			out = append(out, ofp.PopVLAN())
		case flow.VerbOutput:
			out = append(out, ofp.Output(uint32(a.Arg))) //nolint:gosec // it was made of 32 bits
		case flow.VerbGroup:
			out = append(out, ofp.ToGroup(uint32(a.Arg))) //nolint:gosec // it was made of 32 bits
		case flow.VerbController:
			out = append(out, ofp.Output(ofp.PortController))
		case flow.VerbReturn:
			out = append(out, ofp.Output(ofp.PortInPort))
		case flow.VerbUnknown:
			return nil, slice.Errorf(slice.Invalid, "%s cannot be written", a)
		default:
			return out, nil
		}
	}
	return out, nil
}

func putGroup(g *flow.Group, c ofp.Command) (*ofp.GroupMod, error) {
	m := &ofp.GroupMod{Command: c, Type: uint8(g.Type), ID: g.ID}
	for _, b := range g.Buckets {
		acts, err := actions(nil, b.Actions)
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "put %s: %w", g, err)
		}
		k := ofp.Bucket{WatchPort: ofp.PortAny, WatchGroup: ofp.GroupAny, Actions: acts}
		if g.Type == flow.FastFailover {
			k.WatchPort = uint32(b.Watch)
		}
		m.Buckets = append(m.Buckets, k)
	}
	return m, nil
}

// putMeter refuses what a switch would replace: Open vSwitch makes a burst of
// zero one of the rate, and the meter would be sent again at every resync.
func putMeter(m *flow.Meter, c ofp.Command) (*ofp.MeterMod, error) {
	rate, unit := m.Kbps, ofp.MeterKbps
	if m.Pps != 0 {
		rate, unit = m.Pps, ofp.MeterPktps
	}
	if rate == 0 || m.Burst == 0 || m.Kbps != 0 && m.Pps != 0 {
		return nil, slice.Errorf(slice.Invalid, "put %s: one rate, and a burst, must not be zero", m)
	}
	return &ofp.MeterMod{
		Command: c, ID: m.ID, Flags: unit | ofp.MeterBurst,
		Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: rate, Burst: m.Burst}},
	}, nil
}
