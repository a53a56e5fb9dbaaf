package ofp_test

import (
	"encoding/binary"
	"testing"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// A message can be written and read.
type message interface {
	ofp.Message
	Decode(msg []byte) error
}

var (
	match = ofp.Match{
		ofp.InPort(3), ofp.Exact(ofp.FieldMetadata, 0x1122334455667788), ofp.Exact(ofp.FieldTunnel, 0xabcdef),
		ofp.Masked(ofp.FieldVLAN, ofp.VLANPresent, ofp.VLANPresent), ofp.Exact(ofp.FieldEthSrc, 0x020000000001),
		ofp.Masked(ofp.FieldEthDst, 0x010000000000, 0x010000000000), ofp.Exact(ofp.FieldEthType, 0x0800),
		{Class: ofp.ClassBasic, Field: 26, Raw: make([]byte, 16)},
		{Class: ofp.ClassNicira, Field: 5, Masked: true, Raw: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{Class: ofp.ClassExperimenter, Field: 42, Raw: []byte{0x4f, 0x4e, 0x46, 0, 1, 2}},
		{Class: ofp.ClassBasic, Field: ofp.FieldEthType, Raw: []byte{1, 2, 3}},
	}
	actions = []ofp.Action{
		ofp.Output(1), ofp.Output(ofp.PortController), ofp.PushVLAN(), ofp.SetField(ofp.Exact(ofp.FieldVLAN, 0x1005)),
		ofp.PopVLAN(), ofp.SetField(ofp.Exact(ofp.FieldTunnel, 77)), ofp.ToGroup(9),
		ofp.SetField(ofp.OXM{Class: ofp.ClassBasic, Field: 27, Raw: make([]byte, 16)}),
		{Type: ofp.ActionCopyTTLOut},
		{Type: ofp.ActionCopyTTLIn},
		{Type: ofp.ActionSetMPLSTTL, Arg: 4},
		{Type: ofp.ActionDecMPLSTTL},
		{Type: ofp.ActionPushMPLS, Arg: 0x8847},
		{Type: ofp.ActionPopMPLS, Arg: 0x0800},
		{Type: ofp.ActionSetQueue, Arg: 2},
		{Type: ofp.ActionSetTTL, Arg: 64},
		{Type: ofp.ActionDecTTL},
		{Type: ofp.ActionPushPBB, Arg: 0x88e7},
		{Type: ofp.ActionPopPBB},
		{Type: ofp.ActionExperimenter, Raw: []byte{0, 0, 0x23, 0x20, 0, 27, 0, 0, 0, 0, 0, 1}},
		{Type: 4242, Raw: []byte{1, 2, 3, 4}},
	}
	instructions = []ofp.Instruction{
		{Type: ofp.InstructionMeter, Meter: 5},
		{Type: ofp.InstructionApplyActions, Actions: actions},
		{Type: ofp.InstructionClearActions},
		{Type: ofp.InstructionWriteActions, Actions: actions[:1]},
		{Type: ofp.InstructionWriteMetadata, Metadata: 1, Mask: 3},
		{Type: ofp.InstructionGoto, Table: 7},
		{Type: 0xffff, Raw: []byte{1, 2, 3, 4}},
	}
	buckets = []ofp.Bucket{
		{WatchPort: ofp.PortAny, WatchGroup: ofp.GroupAny},
		{Weight: 2, WatchPort: 1, WatchGroup: 2, Actions: actions},
	}
	bands = []ofp.Band{
		{Type: ofp.BandDrop, Rate: 1000, Burst: 10, Rest: make([]byte, 4)},
		{Type: ofp.BandDSCP, Rate: 1, Burst: 2, Rest: []byte{3, 0, 0, 0}},
		{Type: 0xffff, Rate: 1, Burst: 2, Rest: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
	}
	port = ofp.Port{
		No: 7, Addr: [6]byte{2, 0, 0, 0, 0, 7}, Name: [16]byte{'e', 't', 'h', '7'}, Config: 1, State: 4, Current: 8,
		Advertise: 16, Supported: 32, Peer: 64, CurSpeed: 1000, MaxSpeed: 10000,
	}
	flowMod = ofp.FlowMod{
		Cookie: 1 << 63, CookieMask: 1<<64 - 1, Table: 4, Command: ofp.Delete, Idle: 1, Hard: 2, Priority: 300,
		BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny, Flags: 5, Match: match, Instructions: instructions,
	}
)

// messages holds at least one of every message that has a decoder of its own.
var messages = map[string]message{
	"hello":             &ofp.Hello{Version: 6, Versions: 0x70},
	"hello long":        &ofp.Hello{Version: 6, Versions: 0x70, Later: []byte{0, 0, 0, 1}},
	"hello bare":        &ofp.Hello{Version: 4},
	"hello other":       &ofp.Hello{Version: 4, Versions: 0x10, Other: []byte{0, 7, 0, 6, 1, 2, 0, 0}},
	"error":             &ofp.Error{Type: 2, Code: 9, Data: []byte("front of the message")},
	"error exp":         &ofp.Error{Type: ofp.ErrorExperimenter, Code: 2313, Experimenter: ofp.ONF, Data: []byte{1}},
	"echo request":      &ofp.Echo{Data: []byte("x")},
	"echo reply":        &ofp.Echo{Reply: true, Data: []byte{}},
	"experimenter":      &ofp.Experimenter{ID: 0x2320, Kind: 4, Data: []byte{1, 2, 3}},
	"bundle control":    &ofp.BundleControl{ID: 3, Step: ofp.BundleCommit, Flags: ofp.BundleAtomic},
	"bundle properties": &ofp.BundleControl{ID: 3, Rest: []byte{1, 2, 3}},
	"bundle add":        &ofp.BundleAdd{ID: 3, Flags: 3, Inner: []byte{4, 20, 0, 8, 0, 0, 0, 5}},
	"features reply":    &ofp.Features{DPID: 0x1122334455667788, Buffers: 1, Tables: 254, Auxiliary: 2, Capabilities: 0x4f, Reserved: 9},
	"set-config":        &ofp.SwitchConfig{Flags: 1, MissSendLen: 0xffff},
	"get-config":        &ofp.SwitchConfig{Reply: true, MissSendLen: 128},
	"packet-in":         &ofp.PacketIn{BufferID: ofp.NoBuffer, TotalLen: 5, Reason: 1, Table: 2, Cookie: 3, Match: match, Data: []byte("frame")},
	"packet-in bare":    &ofp.PacketIn{Data: []byte{}},
	"packet-out":        &ofp.PacketOut{BufferID: ofp.NoBuffer, InPort: ofp.PortController, Actions: actions, Data: []byte("frame")},
	"flow-mod":          &flowMod,
	"flow-removed":      &ofp.FlowRemoved{Cookie: 1, Priority: 2, Reason: 3, Table: 4, Seconds: 5, Nanos: 6, Idle: 7, Hard: 8, Packets: 9, Bytes: 10, Match: match},
	"group-mod":         &ofp.GroupMod{Command: ofp.Modify, Type: ofp.GroupTypeFastFailover, ID: 9, Buckets: buckets},
	"meter-mod":         &ofp.MeterMod{Command: ofp.Modify, Flags: ofp.MeterKbps, ID: 9, Bands: bands},
	"port-status":       &ofp.PortStatus{Reason: ofp.PortModified, Port: port},
	"role request":      &ofp.Role{Role: ofp.RoleMaster, Generation: 1 << 63},
	"role reply":        &ofp.Role{Reply: true, Role: ofp.RoleSlave, Generation: 1},
	"set-async":         &ofp.Async{PacketIn: [2]uint32{1, 2}, PortStatus: [2]uint32{3, 4}, FlowRemoved: [2]uint32{5, 6}},
	"get-async":         &ofp.Async{Reply: true, FlowRemoved: [2]uint32{5, 6}},
	"multipart request": &ofp.Multipart{Kind: ofp.KindDesc, Body: []byte{}},
	"multipart reply":   &ofp.Multipart{Reply: true, Kind: ofp.KindExperimenter, Flags: ofp.More, Body: []byte{1, 2, 3}},
	"barrier":           &ofp.Raw{Type: ofp.TypeBarrierRequest, Body: []byte{}},
}

// A body is a part of a message with functions of its own. Its text form
// reads bytes and writes them again.
type body struct {
	seed []byte
	copy func(b []byte) ([]byte, error)
}

func again[T any](parse func([]byte) (T, error), write func([]byte, T) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, err
		}
		return write(nil, v), nil
	}
}

func list[T any](write func([]byte, ...T) []byte) func([]byte, []T) []byte {
	return func(b []byte, v []T) []byte { return write(b, v...) }
}

var bodies = map[string]body{
	"match": {ofp.AppendMatch(nil, match), again(ofp.DecodeMatch, ofp.AppendMatch)},
	"desc": {
		ofp.AppendDesc(nil, ofp.Desc{Manufacturer: "m", Hardware: "h", Software: "s", Serial: "n", Datapath: "d"}),
		again(ofp.ParseDesc, ofp.AppendDesc),
	},
	"flow request": {
		ofp.AppendFlowRequest(nil, ofp.FlowRequest{Table: 1, OutPort: 2, OutGroup: 3, Cookie: 4, CookieMask: 5, Match: match}),
		again(ofp.ParseFlowRequest, ofp.AppendFlowRequest),
	},
	"flow stats": {
		ofp.AppendFlowStats(nil,
			ofp.FlowStats{Table: 1, Seconds: 2, Nanos: 3, Priority: 4, Idle: 5, Hard: 6, Flags: 7, Cookie: 8, Packets: 9, Bytes: 10, Match: match, Instructions: instructions},
			ofp.FlowStats{},
		),
		again(ofp.ParseFlowStats, list(ofp.AppendFlowStats)),
	},
	"group descs": {
		ofp.AppendGroupDescs(nil, ofp.GroupDesc{Type: 1, ID: 2, Buckets: buckets}, ofp.GroupDesc{ID: 3}),
		again(ofp.ParseGroupDescs, list(ofp.AppendGroupDescs)),
	},
	"meter configs": {
		ofp.AppendMeterConfigs(nil, ofp.MeterConfig{Flags: 1, ID: 2, Bands: bands}, ofp.MeterConfig{ID: 3}),
		again(ofp.ParseMeterConfigs, list(ofp.AppendMeterConfigs)),
	},
	"ports":       {ofp.AppendPorts(nil, []ofp.Port{port, {No: 8}}), again(ofp.ParsePorts, ofp.AppendPorts)},
	"port stats":  {ofp.AppendPortStats(nil, ofp.PortStats{Port: 1, RxPackets: 2, Collisions: 3, Seconds: 4, NanoOffset: 5}, ofp.PortStats{}), again(ofp.ParsePortStats, list(ofp.AppendPortStats))},
	"table stats": {ofp.AppendTableStats(nil, ofp.TableStats{Table: 1, Active: 2, Lookup: 3, Matched: 4}), again(ofp.ParseTableStats, list(ofp.AppendTableStats))},
}

const xid = 0x01020304

// encode writes a message.
func encode(tb testing.TB, m ofp.Message) []byte {
	tb.Helper()
	b, err := m.Append(nil, xid)
	if err != nil {
		tb.Fatal(err)
	}
	if n := int(binary.BigEndian.Uint16(b[2:])); n != len(b) {
		tb.Fatalf("length %d in a message of %d bytes", n, len(b))
	}
	return b
}
