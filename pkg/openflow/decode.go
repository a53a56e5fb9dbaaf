package openflow

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// flow reads a flow. One that is not ours, or says what this house cannot, is
// foreign. Its match is kept as bytes only if it cannot be said otherwise: a
// flow of ours with the same rule then replaces it, as on the switch.
func (k *codec) flow(st *ofp.FlowStats) flow.Flow {
	f := flow.Flow{Table: k.tables[st.Table], Priority: flow.Priority(st.Priority)}
	conditions, whole := conditions(st.Match)
	f.Match = conditions
	if !whole {
		f.Raw = string(st.MatchBytes)
	}
	acts, known := k.actions(st.Instructions)
	f.Actions = acts
	owner, ours := k.owner(st.Cookie)
	f.Foreign = !ours || !whole || !known || st.Flags != 0 || st.Idle != 0 || st.Hard != 0
	if !f.Foreign {
		f.Owner = owner
	}
	return f
}

// conditions reads a match, and reports whether that is all of it.
func conditions(m ofp.Match) (list []flow.Match, whole bool) {
	whole = true
	for i := range m {
		if c, ok := condition(&m[i]); ok {
			list = append(list, c)
		} else {
			whole = false
		}
	}
	return list, whole
}

func condition(o *ofp.OXM) (flow.Match, bool) {
	if o.Class != ofp.ClassBasic || o.Raw != nil {
		return flow.Match{}, false
	}
	for _, f := range oxmFields {
		if f.number != o.Field {
			continue
		}
		all := uint64(1)<<f.bits - 1
		c := flow.Match{Field: f.of, Value: o.Value, Mask: all}
		if o.Masked {
			c.Mask = o.Mask & all
		}
		return c, true
	}
	return flow.Match{}, false
}

// actions reads instructions in the order in which they are carried out, and
// reports whether that is all of them.
func (k *codec) actions(list []ofp.Instruction) (acts []flow.Action, known bool) {
	known = true
	var stages [stageGoto + 1][]flow.Action
	for _, in := range list {
		switch {
		case in.Type == ofp.InstructionMeter:
			stages[stageMeter] = append(stages[stageMeter], flow.Limit(in.Meter))
		case in.Type == ofp.InstructionWriteMetadata && in.Mask == 1<<64-1:
			stages[stageMark] = append(stages[stageMark], flow.Action{Verb: flow.VerbMark, Arg: in.Metadata})
		case in.Type == ofp.InstructionGoto:
			stages[stageGoto] = append(stages[stageGoto], flow.Goto(k.tables[in.Table]))
		case in.Type == ofp.InstructionApplyActions:
			stages[stageApply], known = actionsOf(in.Actions)
		default:
			stages[stageMark] = append(stages[stageMark], unknown(uint16(in.Type)))
		}
	}
	for _, s := range stages {
		acts = append(acts, s...)
	}
	for _, a := range acts {
		known = known && a.Verb != flow.VerbUnknown
	}
	return acts, known
}

func unknown(number uint16) flow.Action {
	return flow.Action{Verb: flow.VerbUnknown, Arg: uint64(number)}
}

// actionsOf reads the actions of an instruction or a bucket, and reports
// whether it knows them all.
func actionsOf(list []ofp.Action) (acts []flow.Action, known bool) {
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
	case a.Type == ofp.ActionOutput && (a.Arg != ofp.PortController || a.MaxLen == ofp.WholeFrame):
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

// group reads a group. A bucket that watches a group is told apart by an
// action that is unknown.
func group(d *ofp.GroupDesc) flow.Group {
	g := flow.Group{ID: d.ID, Type: flow.GroupType(d.Type), Owner: slice.Network(d.ID)}
	for _, b := range d.Buckets {
		acts, _ := actionsOf(b.Actions)
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
	if c.Flags&^ofp.MeterStats == ofp.MeterKbps|ofp.MeterBurst && len(c.Bands) == 1 && c.Bands[0].Type == ofp.BandDrop {
		m.Kbps, m.Burst = c.Bands[0].Rate, c.Bands[0].Burst
	}
	return m
}
