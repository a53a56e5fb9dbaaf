package ofp_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	peer "github.com/netrack/openflow/ofp"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// peerLock is held around the decoders of the peer: they read padding into
// package variables.
var peerLock sync.Mutex

type peerMessage interface {
	io.WriterTo
	io.ReaderFrom
}

func peerWrite(p io.WriterTo) ([]byte, error) {
	var b bytes.Buffer
	_, err := p.WriteTo(&b)
	return b.Bytes(), err
}

// peerRead reads and writes again with the peer, whose decoders may panic.
func peerRead(p peerMessage, b []byte) (again []byte, err error) {
	peerLock.Lock()
	defer peerLock.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the peer panicked: %v", r)
		}
	}()
	if _, err := p.ReadFrom(bytes.NewReader(b)); err != nil {
		return nil, err
	}
	return peerWrite(p)
}

func xm(t peer.XMType, value ...byte) peer.XM {
	return peer.XM{Class: peer.XMClassOpenflowBasic, Type: t, Value: value}
}

// TestPeer compares this package with a library that others wrote from the
// same standard, both ways. Where its decoder is known to lose what it reads,
// only what it writes is compared.
func TestPeer(t *testing.T) {
	ours := ofp.Match{
		ofp.InPort(3), ofp.Exact(ofp.FieldMetadata, 100), ofp.Exact(ofp.FieldTunnel, 200),
		ofp.Masked(ofp.FieldEthDst, 0x010000000000, 0x010000000000), ofp.Masked(ofp.FieldVLAN, 0x1000, 0x1000),
		ofp.Exact(ofp.FieldEthType, 0x88cc),
	}
	theirs := peer.Match{Type: peer.MatchTypeXM, Fields: []peer.XM{
		xm(peer.XMTypeInPort, 0, 0, 0, 3), xm(peer.XMTypeMetadata, 0, 0, 0, 0, 0, 0, 0, 100), xm(peer.XMTypeTunnelID, 0, 0, 0, 0, 0, 0, 0, 200),
		{Class: peer.XMClassOpenflowBasic, Type: peer.XMTypeEthDst, Value: peer.XMValue{1, 0, 0, 0, 0, 0}, Mask: peer.XMValue{1, 0, 0, 0, 0, 0}},
		{Class: peer.XMClassOpenflowBasic, Type: peer.XMTypeVlanID, Value: peer.XMValue{0x10, 0}, Mask: peer.XMValue{0x10, 0}},
		xm(peer.XMTypeEthType, 0x88, 0xcc),
	}}
	ourActions := []ofp.Action{
		ofp.PushVLAN(), ofp.SetField(ofp.Exact(ofp.FieldVLAN, 0x1011)), ofp.PopVLAN(), ofp.ToGroup(9),
		ofp.SetField(ofp.Exact(ofp.FieldTunnel, 5)), ofp.Output(4),
	}
	theirActions := peer.Actions{
		&peer.ActionPushVLAN{EtherType: 0x8100}, &peer.ActionSetField{Field: xm(peer.XMTypeVlanID, 0x10, 0x11)}, &peer.ActionPopVLAN{},
		&peer.ActionGroup{Group: 9}, &peer.ActionSetField{Field: xm(peer.XMTypeTunnelID, 0, 0, 0, 0, 0, 0, 0, 5)}, &peer.ActionOutput{Port: 4},
	}
	ourInstructions := []ofp.Instruction{
		{Type: ofp.InstructionMeter, Meter: 6},
		{Type: ofp.InstructionApplyActions, Actions: ourActions},
		{Type: ofp.InstructionWriteMetadata, Metadata: 100, Mask: 1<<64 - 1},
		{Type: ofp.InstructionGoto, Table: 4},
	}
	theirInstructions := peer.Instructions{
		&peer.InstructionMeter{Meter: 6}, &peer.InstructionApplyActions{Actions: theirActions},
		&peer.InstructionWriteMetadata{Metadata: 100, MetadataMask: 1<<64 - 1}, &peer.InstructionGotoTable{Table: 4},
	}
	name := string(port.Name[:])
	theirPort := peer.Port{
		PortNo: 7, HWAddr: port.Addr[:], Name: name, Config: 1, State: 4, Curr: 8, Advertised: 16, Supported: 32, Peer: 64, CurrSpeed: 1000, MaxSpeed: 10000,
	}
	for name, c := range map[string]struct {
		ours   message
		theirs peerMessage
		blank  peerMessage // nil where the decoder of the peer loses something
	}{
		"hello": {
			&ofp.Hello{Version: 4, Versions: 0x10},
			&peer.Hello{Elements: peer.HelloElems{&peer.HelloElemVersionBitmap{Bitmaps: []uint32{0x10}}}}, nil,
		},
		"error":       {&ofp.Error{Type: 2, Code: 9, Data: []byte("front")}, &peer.Error{Type: 2, Code: 9, Data: []byte("front")}, &peer.Error{}},
		"features":    {&ofp.Features{DPID: 1, Buffers: 2, Tables: 3, Auxiliary: 4, Capabilities: 5, Reserved: 6}, &peer.SwitchFeatures{DatapathID: 1, NumBuffers: 2, NumTables: 3, AuxiliaryID: 4, Capabilities: 5, Reserved: 6}, &peer.SwitchFeatures{}},
		"role":        {&ofp.Role{Role: ofp.RoleMaster, Generation: 5}, &peer.RoleRequest{Role: peer.ControllerRoleMaster, GenerationID: 5}, &peer.RoleRequest{}},
		"packet-in":   {&ofp.PacketIn{BufferID: 1, TotalLen: 2, Reason: 1, Table: 3, Cookie: 4, Match: ours, Data: []byte("frame")}, &peer.PacketIn{Buffer: 1, Length: 2, Reason: 1, Table: 3, Cookie: 4, Match: theirs, Data: []byte("frame")}, &peer.PacketIn{}},
		"packet-out":  {&ofp.PacketOut{BufferID: 1, InPort: 2, Actions: ourActions, Data: []byte("frame")}, &peer.PacketOut{Buffer: 1, InPort: 2, Actions: theirActions, Data: []byte("frame")}, &peer.PacketOut{}},
		"port-status": {&ofp.PortStatus{Reason: 2, Port: port}, &peer.PortStatus{Reason: peer.PortReasonModify, Port: theirPort}, &peer.PortStatus{}},
		"flow-mod": {
			&ofp.FlowMod{Cookie: 1, CookieMask: 2, Table: 3, Command: ofp.DeleteStrict, Idle: 4, Hard: 5, Priority: 6, BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny, Flags: 1, Match: ours, Instructions: ourInstructions},
			&peer.FlowMod{Cookie: 1, CookieMask: 2, Table: 3, Command: peer.FlowDeleteStrict, IdleTimeout: 4, HardTimeout: 5, Priority: 6, Buffer: peer.NoBuffer, OutPort: peer.PortAny, OutGroup: peer.GroupAny, Flags: 1, Match: theirs, Instructions: theirInstructions},
			&peer.FlowMod{},
		},
		"flow-removed": {
			&ofp.FlowRemoved{Cookie: 1, Priority: 2, Reason: 1, Table: 3, Seconds: 4, Nanos: 5, Idle: 6, Hard: 7, Packets: 8, Bytes: 9, Match: ours},
			&peer.FlowRemoved{Cookie: 1, Priority: 2, Reason: 1, Table: 3, DurationSec: 4, DurationNSec: 5, IdleTimeout: 6, HardTimeout: 7, PacketCount: 8, ByteCount: 9, Match: theirs},
			&peer.FlowRemoved{},
		},
		"group-mod": {
			&ofp.GroupMod{Command: ofp.Modify, Type: ofp.GroupTypeFastFailover, ID: 9, Buckets: []ofp.Bucket{{WatchPort: 1, WatchGroup: ofp.GroupAny, Actions: ourActions}}},
			&peer.GroupMod{Command: peer.GroupModify, Type: peer.GroupTypeFastFailover, Group: 9, Buckets: []peer.Bucket{{WatchPort: 1, WatchGroup: peer.GroupAny, Actions: theirActions}}}, nil,
		},
		"meter-mod": {
			&ofp.MeterMod{Command: ofp.Modify, Flags: ofp.MeterKbps | ofp.MeterBurst, ID: 9, Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: 1, Burst: 2, Rest: make([]byte, 4)}}},
			&peer.MeterMod{Command: peer.MeterModify, Flags: peer.MeterFlagKBitPerSec | peer.MeterFlagBurst, Meter: 9, Bands: peer.MeterBands{&peer.MeterBandDrop{Rate: 1, BurstSize: 2}}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			msg := encode(t, c.ours)
			body, err := peerWrite(c.theirs)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(body, msg[ofp.HeaderLen:]) {
				t.Fatalf("the peer writes\n%x, we write\n%x", body, msg[ofp.HeaderLen:])
			}
			got := fresh(c.ours)
			if err := got.Decode(append(bytes.Clone(msg[:ofp.HeaderLen]), body...)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.ours, got); diff != "" {
				t.Errorf("of what the peer writes we read (-want +got):\n%s", diff)
			}
			if c.blank == nil {
				return
			}
			if again, err := peerRead(c.blank, msg[ofp.HeaderLen:]); err != nil || !bytes.Equal(again, body) {
				t.Errorf("of what we write the peer reads (%v)\n%x, should\n%x", err, again, body)
			}
		})
	}
}

// TestPeerStats does the same with the bodies of multipart answers.
func TestPeerStats(t *testing.T) {
	m := ofp.Match{ofp.InPort(3)}
	theirMatch := peer.Match{Type: peer.MatchTypeXM, Fields: []peer.XM{xm(peer.XMTypeInPort, 0, 0, 0, 3)}}
	for name, c := range map[string]struct {
		ours   []byte
		theirs peerMessage
		blank  peerMessage
		copy   func([]byte) ([]byte, error)
	}{
		"flow": {
			ofp.AppendFlowStats(nil, ofp.FlowStats{
				Table: 1, Seconds: 2, Nanos: 3, Priority: 4, Idle: 5, Hard: 6, Flags: 1, Cookie: 7, Packets: 8, Bytes: 9, Match: m,
				Instructions: []ofp.Instruction{{Type: ofp.InstructionGoto, Table: 4}},
			}),
			&peer.FlowStats{
				Table: 1, DurationSec: 2, DurationNSec: 3, Priority: 4, IdleTimeout: 5, HardTimeout: 6, Flags: 1, Cookie: 7, PacketCount: 8, ByteCount: 9, Match: theirMatch,
				Instructions: peer.Instructions{&peer.InstructionGotoTable{Table: 4}},
			},
			&peer.FlowStats{}, bodies["flow stats"].copy,
		},
		"flow request": {
			ofp.AppendFlowRequest(nil, ofp.FlowRequest{Table: 1, OutPort: 2, OutGroup: 3, Cookie: 4, CookieMask: 5, Match: m}),
			&peer.FlowStatsRequest{Table: 1, OutPort: 2, OutGroup: 3, Cookie: 4, CookieMask: 5, Match: theirMatch},
			&peer.FlowStatsRequest{}, bodies["flow request"].copy,
		},
		"port": {
			ofp.AppendPorts(nil, []ofp.Port{port}),
			&peer.Port{
				PortNo: 7, HWAddr: port.Addr[:], Name: "eth7", Config: 1, State: 4, Curr: 8, Advertised: 16, Supported: 32, Peer: 64, CurrSpeed: 1000, MaxSpeed: 10000,
			},
			&peer.Port{}, bodies["ports"].copy,
		},
		"port stats": {
			ofp.AppendPortStats(nil, ofp.PortStats{Port: 1, RxPackets: 2, TxPackets: 3, RxBytes: 4, TxBytes: 5, RxFrame: 6, Seconds: 7}),
			&peer.PortStats{PortNo: 1, RxPackets: 2, TxPackets: 3, RxBytes: 4, TxBytes: 5, RxFrameErr: 6, DurationSec: 7},
			&peer.PortStats{}, bodies["port stats"].copy,
		},
		"table stats": {
			ofp.AppendTableStats(nil, ofp.TableStats{Table: 1, Active: 2, Lookup: 3, Matched: 4}),
			&peer.TableStats{Table: 1, ActiveCount: 2, LookupCount: 3, MatchedCount: 4},
			&peer.TableStats{}, bodies["table stats"].copy,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := peerWrite(c.theirs)
			if err != nil || !bytes.Equal(body, c.ours) {
				t.Fatalf("the peer writes (%v)\n%x, we write\n%x", err, body, c.ours)
			}
			if again, err := c.copy(body); err != nil || !bytes.Equal(again, body) {
				t.Errorf("of what the peer writes we read (%v)\n%x, should\n%x", err, again, body)
			}
			if again, err := peerRead(c.blank, c.ours); err != nil || !bytes.Equal(again, body) {
				t.Errorf("of what we write the peer reads (%v)\n%x, should\n%x", err, again, body)
			}
		})
	}
}
