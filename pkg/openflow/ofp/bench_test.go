package ofp_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// usual is a flow as the pipeline makes them.
var usual = ofp.FlowMod{
	Cookie: 1, Priority: 200, BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny,
	Match:        ofp.Match{ofp.InPort(3), ofp.Exact(ofp.FieldMetadata, 100), ofp.Exact(ofp.FieldEthDst, 0x020000000001)},
	Instructions: []ofp.Instruction{{Type: ofp.InstructionApplyActions, Actions: []ofp.Action{ofp.Output(4)}}},
}

func TestNoAllocation(t *testing.T) {
	b := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { b, _ = usual.Append(b[:0], 1) }); n != 0 {
		t.Errorf("a flow-mod is written with %v allocations", n)
	}
	in := packetIn(t)
	var m ofp.PacketIn
	if n := testing.AllocsPerRun(100, func() {
		if err := m.Decode(in); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a packet-in is read with %v allocations", n)
	}
}

func packetIn(tb testing.TB) []byte {
	tb.Helper()
	return encode(tb, &ofp.PacketIn{BufferID: ofp.NoBuffer, TotalLen: 100, Match: ofp.Match{ofp.InPort(3)}, Data: make([]byte, 100)})
}

func BenchmarkFlowModAppend(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, 1024)
	for b.Loop() {
		var err error
		if buf, err = usual.Append(buf[:0], 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFlowModDecode(b *testing.B) {
	b.ReportAllocs()
	in := encode(b, &usual)
	var m ofp.FlowMod
	for b.Loop() {
		if err := m.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPacketInDecode(b *testing.B) {
	b.ReportAllocs()
	in := packetIn(b)
	var m ofp.PacketIn
	for b.Loop() {
		if err := m.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}
