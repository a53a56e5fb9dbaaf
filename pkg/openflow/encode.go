package openflow

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// putFlow makes the message that adds a flow, or replaces the one with the
// same rule.
func (k *codec) putFlow(f flow.Flow) (*ofp.FlowMod, error) {
	if f.Foreign || f.Raw != "" {
		return nil, slice.Errorf(slice.Invalid, "put %s: it is not of this house", f)
	}
	m, err := k.flowMod(f)
	if err != nil {
		return nil, err
	}
	m.Command = ofp.Add
	m.Cookie = k.cookie(f.Owner)
	if m.Instructions, err = instructions(f.Actions); err != nil {
		return nil, slice.Errorf(slice.Invalid, "put %s: %w", f, err)
	}
	return m, nil
}

// takeFlow makes the message that removes a flow and no other.
func (k *codec) takeFlow(f flow.Flow) (*ofp.FlowMod, error) {
	m, err := k.flowMod(f)
	if err != nil {
		return nil, err
	}
	m.Command = ofp.DeleteStrict
	return m, nil
}

func (k *codec) flowMod(f flow.Flow) (*ofp.FlowMod, error) {
	m := &ofp.FlowMod{
		Table: f.Table.ID, Priority: uint16(f.Priority),
		BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny,
	}
	var err error
	if f.Raw != "" {
		m.Match, err = ofp.DecodeMatch([]byte(f.Raw))
	} else {
		m.Match, err = match(f.Match)
	}
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%s: %w", f, err)
	}
	return m, nil
}

func match(list []flow.Match) (ofp.Match, error) {
	m := make(ofp.Match, 0, len(list))
	for _, c := range list {
		o, err := oxm(c)
		if err != nil {
			return nil, err
		}
		m = append(m, o)
	}
	return m, nil
}

func oxm(c flow.Match) (ofp.OXM, error) {
	for _, f := range oxmFields {
		if f.of != c.Field {
			continue
		}
		switch {
		case c.Value&^c.Mask != 0 || f.bits < 64 && c.Mask>>f.bits != 0:
			return ofp.OXM{}, slice.Errorf(slice.Invalid, "%s: bits that the mask or the field does not have", c)
		case c.Exact():
			return ofp.Exact(f.number, c.Value), nil
		case c.Mask == 0 || !f.masks:
			return ofp.OXM{}, slice.Errorf(slice.Invalid, "%s: this mask cannot be matched", c)
		default:
			return ofp.Masked(f.number, c.Value, c.Mask), nil
		}
	}
	return ofp.OXM{}, slice.Errorf(slice.Invalid, "field %d has no number on the wire", c.Field)
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

func instructions(list []flow.Action) ([]ofp.Instruction, error) {
	var out []ofp.Instruction
	last := -1
	for i, a := range list {
		stage := stageOf(a.Verb)
		if stage < last || stage == last && stage != stageApply {
			return nil, slice.Errorf(slice.Invalid, "%s stands too late or twice", a)
		}
		switch {
		case stage == stageMeter:
			out = append(out, ofp.Instruction{Type: ofp.InstructionMeter, Meter: uint32(a.Arg)})
		case stage == stageMark:
			out = append(out, ofp.Instruction{Type: ofp.InstructionWriteMetadata, Metadata: a.Arg, Mask: 1<<64 - 1})
		case stage == stageGoto:
			out = append(out, ofp.Instruction{Type: ofp.InstructionGoto, Table: a.Next.ID})
		case stage != last:
			acts, err := actions(list[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, ofp.Instruction{Type: ofp.InstructionApplyActions, Actions: acts})
		}
		last = stage
	}
	return out, nil
}

// actions turns actions into those of the wire, up to the first that is an
// instruction.
func actions(list []flow.Action) ([]ofp.Action, error) {
	var out []ofp.Action
	for _, a := range list {
		switch a.Verb {
		case flow.VerbSetTunnel:
			out = append(out, ofp.SetField(ofp.Exact(ofp.FieldTunnel, a.Arg)))
		case flow.VerbPushLabel:
			out = append(out, ofp.PushVLAN(), ofp.SetField(ofp.Exact(ofp.FieldVLAN, ofp.VLANPresent|a.Arg)))
		case flow.VerbPopLabel:
			out = append(out, ofp.PopVLAN())
		case flow.VerbOutput:
			out = append(out, ofp.Output(uint32(a.Arg)))
		case flow.VerbGroup:
			out = append(out, ofp.ToGroup(uint32(a.Arg)))
		case flow.VerbUnknown:
			return nil, slice.Errorf(slice.Invalid, "%s cannot be written", a)
		default:
			return out, nil
		}
	}
	return out, nil
}

func putGroup(g flow.Group, c ofp.Command) (*ofp.GroupMod, error) {
	m := &ofp.GroupMod{Command: c, Type: uint8(g.Type), ID: g.ID}
	for _, b := range g.Buckets {
		acts, err := actions(b.Actions)
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
func putMeter(m flow.Meter, c ofp.Command) (*ofp.MeterMod, error) {
	if m.Kbps == 0 || m.Burst == 0 {
		return nil, slice.Errorf(slice.Invalid, "put %s: rate and burst must not be zero", m)
	}
	return &ofp.MeterMod{
		Command: c, ID: m.ID, Flags: ofp.MeterKbps | ofp.MeterBurst,
		Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: m.Kbps, Burst: m.Burst}},
	}, nil
}
