package ofp

import (
	"bytes"
	"fmt"
)

const descLen = 3*256 + 32 + 256

// A Desc says who made a switch.
type Desc struct {
	Manufacturer, Hardware, Software, Serial, Datapath string
}

// AppendDesc appends the body of a desc reply. Texts that are too long are cut.
func AppendDesc(b []byte, d Desc) []byte {
	for _, f := range d.fields() {
		n := copyText(&b, *f.text, f.size-1)
		b = append(b, make([]byte, f.size-n)...)
	}
	return b
}

// ParseDesc reads the body of a desc reply.
func ParseDesc(b []byte) (Desc, error) {
	var d Desc
	if len(b) != descLen {
		return d, fmt.Errorf("%w: description of %d bytes", ErrLength, len(b))
	}
	for _, f := range d.fields() {
		text, _, _ := bytes.Cut(b[:f.size], []byte{0})
		*f.text = string(text)
		b = b[f.size:]
	}
	return d, nil
}

type descField struct {
	text *string
	size int
}

func (d *Desc) fields() [5]descField {
	return [5]descField{{&d.Manufacturer, 256}, {&d.Hardware, 256}, {&d.Software, 256}, {&d.Serial, 32}, {&d.Datapath, 256}}
}

func copyText(b *[]byte, s string, most int) int {
	n := min(len(s), most)
	*b = append(*b, s[:n]...)
	return n
}

// A FlowRequest chooses the flows that a flow reply lists.
type FlowRequest struct {
	Table              uint8
	OutPort, OutGroup  uint32
	Cookie, CookieMask uint64
	Match              Match
}

// AllFlows chooses every flow.
var AllFlows = FlowRequest{Table: TableAll, OutPort: PortAny, OutGroup: GroupAny}

// AppendFlowRequest appends the body of a flow request.
func AppendFlowRequest(b []byte, r FlowRequest) []byte {
	b = append(b, r.Table, 0, 0, 0)
	b = be.AppendUint32(b, r.OutPort)
	b = be.AppendUint32(b, r.OutGroup)
	b = pad(b, 4)
	b = be.AppendUint64(b, r.Cookie)
	b = be.AppendUint64(b, r.CookieMask)
	return r.Match.append(b)
}

// ParseFlowRequest reads the body of a flow request.
func ParseFlowRequest(b []byte) (FlowRequest, error) {
	if len(b) < 40 {
		return FlowRequest{}, fmt.Errorf("%w: flow request of %d bytes", ErrLength, len(b))
	}
	r := FlowRequest{b[0], be.Uint32(b[4:]), be.Uint32(b[8:]), be.Uint64(b[16:]), be.Uint64(b[24:]), nil}
	rest, err := r.Match.decode(b[32:])
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes behind a flow request", ErrLength, len(rest))
	}
	return r, err
}

// A FlowStats is a flow that a switch holds.
type FlowStats struct {
	Table          uint8
	Seconds, Nanos uint32
	Priority       uint16
	Idle, Hard     uint16
	Flags          uint16
	Cookie         uint64
	Packets, Bytes uint64
	Match          Match
	Instructions   []Instruction
	MatchBytes     []byte // of what was read: the match without its padding
}

const flowStatsLen = 56 // with an empty match

// AppendFlowStats appends flows to the body of a flow reply.
func AppendFlowStats(b []byte, list ...FlowStats) []byte {
	for i := range list {
		f, start := &list[i], len(b)
		b = append(b, 0, 0, f.Table, 0)
		b = be.AppendUint32(b, f.Seconds)
		b = be.AppendUint32(b, f.Nanos)
		b = be.AppendUint16(b, f.Priority)
		b = be.AppendUint16(b, f.Idle)
		b = be.AppendUint16(b, f.Hard)
		b = be.AppendUint16(b, f.Flags)
		b = pad(b, 4)
		b = be.AppendUint64(b, f.Cookie)
		b = be.AppendUint64(b, f.Packets)
		b = be.AppendUint64(b, f.Bytes)
		b = f.Match.append(b)
		b = appendInstructions(b, f.Instructions)
		patch(b, start, start)
	}
	return b
}

// ParseFlowStats reads the body of a flow reply.
func ParseFlowStats(b []byte) ([]FlowStats, error) {
	var list []FlowStats
	for len(b) > 0 {
		var f FlowStats
		rest, err := f.Decode(b)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
		b = rest
	}
	return list, nil
}

// Decode reads the first flow of the body of a flow reply and returns the
// rest. It uses the memory of the flow again.
func (f *FlowStats) Decode(b []byte) (rest []byte, err error) {
	p, rest, err := part(b, 0, flowStatsLen, "flow")
	if err != nil {
		return nil, err
	}
	*f = FlowStats{
		Table: p[2], Seconds: be.Uint32(p[4:]), Nanos: be.Uint32(p[8:]), Priority: be.Uint16(p[12:]),
		Idle: be.Uint16(p[14:]), Hard: be.Uint16(p[16:]), Flags: be.Uint16(p[18:]),
		Cookie: be.Uint64(p[24:]), Packets: be.Uint64(p[32:]), Bytes: be.Uint64(p[40:]),
		Match: f.Match, Instructions: f.Instructions,
	}
	tail, err := f.Match.decode(p[48:])
	if err != nil {
		return nil, err
	}
	f.MatchBytes = p[48 : 48+int(be.Uint16(p[50:]))]
	f.Instructions, err = decodeInstructions(f.Instructions, tail)
	return rest, err
}

// A GroupDesc is a group that a switch holds.
type GroupDesc struct {
	Type    uint8
	ID      uint32
	Buckets []Bucket
}

// AppendGroupDescs appends groups to the body of a group-desc reply.
func AppendGroupDescs(b []byte, list ...GroupDesc) []byte {
	for _, g := range list {
		start := len(b)
		b = append(b, 0, 0, g.Type, 0)
		b = be.AppendUint32(b, g.ID)
		b = appendBuckets(b, g.Buckets)
		patch(b, start, start)
	}
	return b
}

// ParseGroupDescs reads the body of a group-desc reply.
func ParseGroupDescs(b []byte) ([]GroupDesc, error) {
	var list []GroupDesc
	for len(b) > 0 {
		p, rest, err := part(b, 0, 8, "group")
		if err != nil {
			return nil, err
		}
		g := GroupDesc{Type: p[2], ID: be.Uint32(p[4:])}
		if g.Buckets, err = decodeBuckets(nil, p[8:]); err != nil {
			return nil, err
		}
		list = append(list, g)
		b = rest
	}
	return list, nil
}

// A MeterConfig is a meter that a switch holds.
type MeterConfig struct {
	Flags uint16
	ID    uint32
	Bands []Band
}

// AppendMeterRequest appends the body of a meter-config request.
func AppendMeterRequest(b []byte, id uint32) []byte { return pad(be.AppendUint32(b, id), 4) }

// AppendMeterConfigs appends meters to the body of a meter-config reply.
func AppendMeterConfigs(b []byte, list ...MeterConfig) []byte {
	for _, m := range list {
		start := len(b)
		b = append(b, 0, 0)
		b = be.AppendUint16(b, m.Flags)
		b = be.AppendUint32(b, m.ID)
		b = appendBands(b, m.Bands)
		patch(b, start, start)
	}
	return b
}

// ParseMeterConfigs reads the body of a meter-config reply.
func ParseMeterConfigs(b []byte) ([]MeterConfig, error) {
	var list []MeterConfig
	for len(b) > 0 {
		p, rest, err := piece(b, 0, 8, "meter")
		if err != nil {
			return nil, err
		}
		m := MeterConfig{Flags: be.Uint16(p[2:]), ID: be.Uint32(p[4:])}
		if m.Bands, err = decodeBands(nil, p[8:]); err != nil {
			return nil, err
		}
		list = append(list, m)
		b = rest
	}
	return list, nil
}
