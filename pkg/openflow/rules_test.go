package openflow_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// TestRules reads what a switch says of itself.
func TestRules(t *testing.T) {
	const ours = uint64(0x1234) << 48
	apply := func(a ...ofp.Action) []ofp.Instruction {
		return []ofp.Instruction{{Type: ofp.InstructionApplyActions, Actions: a}}
	}
	label := ofp.SetField(ofp.Exact(ofp.FieldVLAN, 0x1005))
	odd := ofp.Match{ofp.InPort(1), {Class: ofp.ClassNicira, Field: 3, Raw: []byte{1, 2}}}
	is := func(f flow.Flow) flow.Flow { f.Table = first; return f }
	odds := func(n uint64) flow.Flow {
		return is(flow.Flow{Foreign: true, Actions: []flow.Action{{Verb: flow.VerbUnknown, Arg: n}}})
	}
	for name, c := range map[string]struct {
		stats ofp.FlowStats
		want  flow.Flow
	}{
		"drop":            {ofp.FlowStats{Priority: 1, Cookie: ours | 9}, is(flow.Flow{Priority: 1, Owner: 9})},
		"round of before": {ofp.FlowStats{Cookie: ours | 77<<32 | 9}, is(flow.Flow{Owner: 9})},
		"order of instructions": {
			ofp.FlowStats{Cookie: ours, Instructions: []ofp.Instruction{
				{Type: ofp.InstructionGoto, Table: 5},
				{Type: ofp.InstructionWriteMetadata, Metadata: 7, Mask: 1<<64 - 1},
				{Type: ofp.InstructionApplyActions, Actions: []ofp.Action{ofp.Output(1), ofp.Output(ofp.PortController)}},
				{Type: ofp.InstructionMeter, Meter: 3},
			}},
			is(flow.Flow{Actions: []flow.Action{flow.Limit(3), flow.Output(1), flow.ToController(), flow.Mark(7), flow.Goto(second)}}),
		},
		"masks of every bit": {
			ofp.FlowStats{Cookie: ours, Match: ofp.Match{ofp.Masked(ofp.FieldVLAN, 0x1005, 0xffff), ofp.Masked(ofp.FieldEthDst, 2, 1<<48-1)}},
			is(flow.Flow{Match: []flow.Match{flow.Label(5), flow.To(slice.MAC{5: 2})}}),
		},
		"label": {
			ofp.FlowStats{Cookie: ours, Instructions: apply(ofp.PushVLAN(), label, ofp.PopVLAN())},
			is(flow.Flow{Actions: []flow.Action{flow.PushLabel(5), flow.PopLabel()}}),
		},
		"table without a name": {ofp.FlowStats{Table: 77, Cookie: ours}, flow.Flow{Table: &flow.Table{ID: 77, Name: "77"}}},

		"back": {
			ofp.FlowStats{Cookie: ours, Instructions: apply(ofp.Output(ofp.PortInPort))},
			is(flow.Flow{Actions: []flow.Action{flow.Return()}}),
		},
		"learned":              {ofp.FlowStats{Cookie: ours | 0xffff<<32 | 9, Idle: 5, Flags: ofp.SendRemoved}, is(flow.Flow{Owner: 9, Learned: true, Idle: 5})},
		"learned, silent":      {ofp.FlowStats{Cookie: ours | 0xffff<<32 | 9, Idle: 5}, is(flow.Flow{Foreign: true})},
		"learned by others":    {ofp.FlowStats{Cookie: 0xffff<<32 | 9, Idle: 5, Flags: ofp.SendRemoved}, is(flow.Flow{Foreign: true})},
		"of others":            {ofp.FlowStats{Cookie: 9}, is(flow.Flow{Foreign: true})},
		"that ends":            {ofp.FlowStats{Cookie: ours | 9, Idle: 1}, is(flow.Flow{Foreign: true})},
		"with flags":           {ofp.FlowStats{Cookie: ours | 9, Flags: 1}, is(flow.Flow{Foreign: true})},
		"tag without a label":  {ofp.FlowStats{Cookie: ours, Instructions: apply(ofp.PushVLAN())}, odds(17)},
		"label without a tag":  {ofp.FlowStats{Cookie: ours, Instructions: apply(label)}, odds(25)},
		"part of the metadata": {ofp.FlowStats{Cookie: ours, Instructions: []ofp.Instruction{{Type: ofp.InstructionWriteMetadata, Metadata: 1, Mask: 1}}}, odds(2)},
		"front of a frame":     {ofp.FlowStats{Cookie: ours, Instructions: apply(ofp.Action{Type: ofp.ActionOutput, Arg: ofp.PortController, MaxLen: 64})}, odds(0)},
		"match without a name": {
			ofp.FlowStats{Cookie: ours, Match: odd},
			is(flow.Flow{Foreign: true, Match: []flow.Match{flow.InPort(1)}, Raw: string(ofp.AppendMatch(nil, odd))}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.stats.Table == 0 {
				c.stats.Table = first.ID
			}
			r := read(t, []ofp.FlowStats{c.stats}, nil, nil)
			if diff := cmp.Diff(texts(flow.Rules{Flows: []flow.Flow{c.want}}), texts(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGroupsAndMeters(t *testing.T) {
	r := read(t, nil, []ofp.GroupDesc{
		{ID: 1, Buckets: []ofp.Bucket{{WatchPort: ofp.PortAny, WatchGroup: ofp.GroupAny, Actions: []ofp.Action{ofp.Output(2)}}}},
		{ID: 2, Type: ofp.GroupTypeFastFailover, Buckets: []ofp.Bucket{{WatchPort: 3, WatchGroup: ofp.GroupAny}, {WatchPort: 3, WatchGroup: 4}}},
	}, []ofp.MeterConfig{
		{ID: 1, Flags: ofp.MeterKbps | ofp.MeterBurst | ofp.MeterStats, Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: 5, Burst: 6}}},
		{ID: 2, Flags: ofp.MeterPktps, Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: 5}}},
		{ID: 3, Flags: ofp.MeterKbps | ofp.MeterBurst},
	})
	watched := flow.Bucket{Watch: 3, Actions: []flow.Action{{Verb: flow.VerbUnknown, Arg: 22}}}
	want := flow.Rules{
		Groups: []flow.Group{
			{ID: 1, Buckets: []flow.Bucket{{Actions: []flow.Action{flow.Output(2)}}}},
			{ID: 2, Type: flow.FastFailover, Buckets: []flow.Bucket{{Watch: 3}, watched}},
		},
		Meters: []flow.Meter{{ID: 1, Kbps: 5, Burst: 6}, {ID: 2}, {ID: 3}},
	}
	if diff := cmp.Diff(texts(want), texts(r)); diff != "" {
		t.Error(diff)
	}
	if r.Groups[0].Owner != slice.Network(1) {
		t.Errorf("the group belongs to %d", r.Groups[0].Owner)
	}
}

// read plays a switch that holds such rules.
func read(t *testing.T, flows []ofp.FlowStats, groups []ofp.GroupDesc, meters []ofp.MeterConfig) flow.Rules {
	t.Helper()
	k := serve(t, openflow.Config{Product: 0x1234, Tables: []*flow.Table{first, second}})
	f, s := join(t, k, 1)
	result := async(s.Rules)
	for _, b := range [][]byte{
		ofp.AppendFlowStats(nil, flows...), ofp.AppendGroupDescs(nil, groups...), ofp.AppendMeterConfigs(nil, meters...),
	} {
		xid, m := f.take(ofp.TypeMultipartRequest)
		q, ok := m.(*ofp.Multipart)
		if !ok {
			t.Fatalf("%T", m)
		}
		f.send(xid, &ofp.Multipart{Reply: true, Kind: q.Kind, Body: b})
	}
	r := receive(t, "the rules", result)
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.value
}

// TestForeignFlowIsReplaced puts a flow in the place of one of others, and
// does not take it off again.
func TestForeignFlowIsReplaced(t *testing.T) {
	have := read(t, []ofp.FlowStats{{Table: 2, Priority: 5, Cookie: 1, Match: ofp.Match{ofp.InPort(1)}}}, nil, nil)
	want := flow.Rules{Flows: []flow.Flow{{Table: first, Priority: 5, Match: []flow.Match{flow.InPort(1)}}}}
	if c := flow.Diff(have, want); len(c.PutFlows) != 1 || len(c.TakeFlows) != 0 {
		t.Errorf("%d to put, %d to take", len(c.PutFlows), len(c.TakeFlows))
	}
}
