package openflow

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A reader turns what a switch says into rules. What many flows are made of
// lies in few pieces of memory.
type reader struct {
	*codec
	matches slab[flow.Match]
	actions slab[flow.Action]
}

// A slab gives out memory in large pieces.
type slab[T any] struct{ free []T }

// slabSize is how many values a piece holds.
const slabSize = 1024

// begin returns an empty list to append to, end keeps what was appended.
func (s *slab[T]) begin() []T {
	if cap(s.free)-len(s.free) < 32 {
		s.free = make([]T, 0, slabSize)
	}
	return s.free[len(s.free):len(s.free)]
}

func (s *slab[T]) end(list []T) []T {
	if len(list) == 0 {
		return nil
	}
	if n := len(s.free) + len(list); n <= cap(s.free) && &s.free[:n][len(s.free)] == &list[0] {
		s.free = s.free[:n]
	}
	return list[:len(list):len(list)]
}

// flow reads a flow. One that is not ours, or says what this house cannot, is
// foreign. Its match is kept as bytes only if it cannot be said otherwise: a
// flow of ours with the same rule then replaces it, as on the switch.
func (k *reader) flow(st *ofp.FlowStats) flow.Flow {
	f := flow.Flow{Table: k.tables[st.Table], Priority: flow.Priority(st.Priority)}
	conditions, whole := k.conditions(st.Match)
	f.Match = conditions
	if !whole {
		f.Raw = string(st.MatchBytes)
	}
	acts, known := k.instructions(st.Instructions)
	f.Actions = acts
	owner, ours := k.owner(st.Cookie)
	f.Foreign = !ours || !whole || !known || st.Hard != 0
	if f.Foreign {
		return f
	}
	f.Owner = owner
	if f.Learned = isLearned(st.Cookie); f.Learned {
		f.Idle = st.Idle
		f.Foreign = st.Flags != ofp.SendRemoved
	} else {
		f.Foreign = st.Flags != 0 || st.Idle != 0
	}
	if f.Foreign {
		f.Owner, f.Learned, f.Idle = 0, false, 0
	}
	return f
}

// removed reads a flow that is gone, which has no actions any more.
func (k *codec) removed(m *ofp.FlowRemoved) flow.Flow {
	r := reader{codec: k}
	st := ofp.FlowStats{Table: m.Table, Priority: m.Priority, Idle: m.Idle, Hard: m.Hard, Cookie: m.Cookie, Match: m.Match}
	if isLearned(m.Cookie) {
		st.Flags = ofp.SendRemoved
	}
	return r.flow(&st)
}

// conditions reads a match, and reports whether that is all of it.
func (k *reader) conditions(m ofp.Match) (list []flow.Match, whole bool) {
	whole = true
	list = k.matches.begin()
	for i := range m {
		if c, ok := condition(&m[i]); ok {
			list = append(list, c)
		} else {
			whole = false
		}
	}
	return k.matches.end(list), whole
}

func condition(o *ofp.OXM) (flow.Match, bool) {
	if o.Class != ofp.ClassBasic {
		return flow.Match{}, false
	}
	for i := range oxmFields {
		f := &oxmFields[i]
		if f.number != o.Field {
			continue
		}
		if f.bits > 64 {
			return longCondition(f.of, o)
		}
		all := uint64(1)<<f.bits - 1
		c := flow.Match{Field: f.of, Value: o.Value, Mask: all}
		if o.Masked {
			c.Mask = o.Mask & all
		}
		return c, o.Raw == nil
	}
	return flow.Match{}, false
}

// longCondition reads a condition on a field of 128 bits.
func longCondition(f flow.Field, o *ofp.OXM) (c flow.Match, ok bool) {
	c = flow.Match{Field: f, HighMask: 1<<64 - 1, Mask: 1<<64 - 1}
	if o.Masked {
		c.High, c.Value, c.HighMask, c.Mask, ok = o.LongMasked()
		return c, ok
	}
	c.High, c.Value, ok = o.Long()
	return c, ok
}

// instructions reads instructions in the order in which they are carried out,
// and reports whether that is all of them.
func (k *reader) instructions(list []ofp.Instruction) (acts []flow.Action, known bool) {
	known = true
	acts = k.actions.begin()
	last, sorted := 0, true
	for i := range list {
		in := &list[i]
		stage := stageMark
		switch {
		case in.Type == ofp.InstructionMeter:
			stage, acts = stageMeter, append(acts, flow.Limit(in.Meter))
		case in.Type == ofp.InstructionWriteMetadata && in.Mask == 1<<64-1:
			acts = append(acts, flow.Action{Verb: flow.VerbMark, Arg: in.Metadata})
		case in.Type == ofp.InstructionGoto:
			stage, acts = stageGoto, append(acts, flow.Goto(k.tables[in.Table]))
		case in.Type == ofp.InstructionApplyActions:
			stage = stageApply
			acts, known = actionsOf(acts, in.Actions)
		default:
			acts = append(acts, unknown(uint16(in.Type)))
		}
		sorted = sorted && stage >= last
		last = stage
	}
	if !sorted {
		slices.SortStableFunc(acts, func(x, y flow.Action) int { return stageOf(x.Verb) - stageOf(y.Verb) })
	}
	acts = k.actions.end(acts)
	for i := range acts {
		known = known && acts[i].Verb != flow.VerbUnknown
	}
	return acts, known
}

func unknown(number uint16) flow.Action {
	return flow.Action{Verb: flow.VerbUnknown, Arg: uint64(number)}
}

// actionsOf reads the actions of an instruction or a bucket, and reports
// whether it knows them all.
func actionsOf(acts []flow.Action, list []ofp.Action) (_ []flow.Action, known bool) {
	known = true
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && isLabel(&list[i], &list[i+1]) {
			acts = append(acts, flow.PushLabel(slice.VLAN(list[i+1].Field.Value&^ofp.VLANPresent)))
			i++
			continue
		}
		a := actionOf(&list[i])
		known = known && a.Verb != flow.VerbUnknown
		acts = append(acts, a)
	}
	return acts, known
}

// isLabel reports whether two actions are what a label is pushed with.
func isLabel(push, set *ofp.Action) bool {
	return push.Type == ofp.ActionPushVLAN && push.Arg == 0x8100 &&
		set.Type == ofp.ActionSetField && sets(set, ofp.FieldVLAN) && set.Field.Value&ofp.VLANPresent != 0
}

func sets(a *ofp.Action, field uint8) bool {
	return a.Field.Class == ofp.ClassBasic && a.Field.Field == field && a.Field.Raw == nil && !a.Field.Masked
}

func actionOf(a *ofp.Action) flow.Action {
	switch {
	case a.Type == ofp.ActionOutput && a.Arg == ofp.PortController && a.MaxLen != ofp.WholeFrame:
		return unknown(uint16(a.Type))
	case a.Type == ofp.ActionOutput && a.Arg == ofp.PortController:
		return flow.ToController()
	case a.Type == ofp.ActionOutput && a.Arg == ofp.PortInPort:
		return flow.Return()
	case a.Type == ofp.ActionOutput:
		return flow.Output(slice.Port(a.Arg))
	case a.Type == ofp.ActionGroup:
		return flow.ToGroup(a.Arg)
	case a.Type == ofp.ActionPopVLAN:
		return flow.PopLabel()
	case a.Type == ofp.ActionSetField && sets(a, ofp.FieldTunnel):
		return flow.Action{Verb: flow.VerbSetTunnel, Arg: a.Field.Value}
	default:
		return unknown(uint16(a.Type))
	}
}

// group reads a group, whose number ends with that of its network. A bucket that watches a group is told apart by an
// action that is unknown.
func group(d *ofp.GroupDesc) flow.Group {
	g := flow.Group{ID: d.ID, Type: flow.GroupType(d.Type), Owner: slice.Network(d.ID) & slice.MaxNetwork}
	for _, b := range d.Buckets {
		acts, _ := actionsOf(nil, b.Actions)
		k := flow.Bucket{Actions: acts}
		if g.Type == flow.FastFailover {
			k.Watch = slice.Port(b.WatchPort)
		}
		if b.WatchGroup != ofp.GroupAny {
			k.Actions = append(k.Actions, unknown(uint16(ofp.ActionGroup)))
		}
		g.Buckets = append(g.Buckets, k)
	}
	return g
}

// meter reads a meter. One of another kind shows no rate, which is none that
// this house gives.
func meter(c *ofp.MeterConfig) flow.Meter {
	m := flow.Meter{ID: c.ID}
	if len(c.Bands) != 1 || c.Bands[0].Type != ofp.BandDrop {
		return m
	}
	switch c.Flags &^ ofp.MeterStats {
	case ofp.MeterKbps | ofp.MeterBurst:
		m.Kbps, m.Burst = c.Bands[0].Rate, c.Bands[0].Burst
	case ofp.MeterPktps | ofp.MeterBurst:
		m.Pps, m.Burst = c.Bands[0].Rate, c.Bands[0].Burst
	}
	return m
}
