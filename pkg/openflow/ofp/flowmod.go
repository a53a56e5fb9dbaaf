package ofp

import "fmt"

// A Command says what a flow-mod, group-mod or meter-mod does.
type Command uint8

// The commands of a flow-mod. Those of a group-mod and of a meter-mod are add,
// modify and GroupDelete or MeterDelete.
const (
	Add          Command = 0
	Modify       Command = 1
	ModifyStrict Command = 2
	Delete       Command = 3
	DeleteStrict Command = 4

	GroupDelete Command = 2
	MeterDelete Command = 2
)

// TableAll stands for every table in a delete or a request.
const TableAll uint8 = 255

// SendRemoved is the flag of a flow-mod that asks to be told when the flow is
// gone.
const SendRemoved uint16 = 1

// A FlowMod puts or takes a flow (section 7.3.4.1).
type FlowMod struct {
	Cookie, CookieMask uint64
	Table              uint8
	Command            Command
	Idle, Hard         uint16 // timeouts in seconds
	Priority           uint16
	BufferID           uint32
	OutPort, OutGroup  uint32
	Flags              uint16
	Match              Match
	Instructions       []Instruction
}

// Append implements Message.
func (m *FlowMod) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeFlowMod, xid)
	b = be.AppendUint64(b, m.Cookie)
	b = be.AppendUint64(b, m.CookieMask)
	b = append(b, m.Table, byte(m.Command))
	b = be.AppendUint16(b, m.Idle)
	b = be.AppendUint16(b, m.Hard)
	b = be.AppendUint16(b, m.Priority)
	b = be.AppendUint32(b, m.BufferID)
	b = be.AppendUint32(b, m.OutPort)
	b = be.AppendUint32(b, m.OutGroup)
	b = be.AppendUint16(b, m.Flags)
	b = append(b, 0, 0)
	b = m.Match.append(b)
	return finish(appendInstructions(b, m.Instructions), start)
}

// Decode reads a flow-mod.
func (m *FlowMod) Decode(msg []byte) error {
	_, b, err := open(msg, 48, TypeFlowMod)
	if err != nil {
		return err
	}
	*m = FlowMod{
		be.Uint64(b), be.Uint64(b[8:]), b[16], Command(b[17]), be.Uint16(b[18:]), be.Uint16(b[20:]),
		be.Uint16(b[22:]), be.Uint32(b[24:]), be.Uint32(b[28:]), be.Uint32(b[32:]), be.Uint16(b[36:]),
		m.Match, m.Instructions,
	}
	if b, err = m.Match.decode(b[40:]); err != nil {
		return err
	}
	m.Instructions, err = decodeInstructions(m.Instructions, b)
	return err
}

// RemovedByDelete is the reason of a flow-removed that a controller brought
// about.
const RemovedByDelete uint8 = 2

// A FlowRemoved says that a flow is gone (section 7.4.2).
type FlowRemoved struct {
	Cookie         uint64
	Priority       uint16
	Reason         uint8
	Table          uint8
	Seconds, Nanos uint32
	Idle, Hard     uint16
	Packets, Bytes uint64
	Match          Match
}

// Append implements Message.
func (m *FlowRemoved) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeFlowRemoved, xid)
	b = be.AppendUint64(b, m.Cookie)
	b = be.AppendUint16(b, m.Priority)
	b = append(b, m.Reason, m.Table)
	b = be.AppendUint32(b, m.Seconds)
	b = be.AppendUint32(b, m.Nanos)
	b = be.AppendUint16(b, m.Idle)
	b = be.AppendUint16(b, m.Hard)
	b = be.AppendUint64(b, m.Packets)
	b = be.AppendUint64(b, m.Bytes)
	return finish(m.Match.append(b), start)
}

// Decode reads a flow-removed.
func (m *FlowRemoved) Decode(msg []byte) error {
	_, b, err := open(msg, 48, TypeFlowRemoved)
	if err != nil {
		return err
	}
	*m = FlowRemoved{
		be.Uint64(b), be.Uint16(b[8:]), b[10], b[11], be.Uint32(b[12:]), be.Uint32(b[16:]),
		be.Uint16(b[20:]), be.Uint16(b[22:]), be.Uint64(b[24:]), be.Uint64(b[32:]), m.Match,
	}
	if b, err = m.Match.decode(b[40:]); err == nil && len(b) > 0 {
		err = fmt.Errorf("%w: %d bytes behind a flow-removed", ErrLength, len(b))
	}
	return err
}
