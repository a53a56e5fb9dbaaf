package ofp

const (
	portStatsLen  = 112
	tableStatsLen = 24
)

// A PortStats holds the counters of a port (section 7.3.5.7). A counter that
// a switch does not keep has all bits set.
type PortStats struct {
	Port                uint32
	RxPackets           uint64
	TxPackets           uint64
	RxBytes             uint64
	TxBytes             uint64
	RxDropped           uint64
	TxDropped           uint64
	RxErrors            uint64
	TxErrors            uint64
	RxFrame             uint64
	RxOver              uint64
	RxCRC               uint64
	Collisions          uint64
	Seconds, NanoOffset uint32
}

func (s *PortStats) counters() [12]*uint64 {
	return [12]*uint64{
		&s.RxPackets, &s.TxPackets, &s.RxBytes, &s.TxBytes, &s.RxDropped, &s.TxDropped,
		&s.RxErrors, &s.TxErrors, &s.RxFrame, &s.RxOver, &s.RxCRC, &s.Collisions,
	}
}

// AppendPortRequest appends the body of a port-stats request.
func AppendPortRequest(b []byte, port uint32) []byte { return pad(be.AppendUint32(b, port), 4) }

// AppendPortStats appends ports to the body of a port-stats reply.
func AppendPortStats(b []byte, list ...PortStats) []byte {
	for i := range list {
		b = pad(be.AppendUint32(b, list[i].Port), 4)
		for _, c := range list[i].counters() {
			b = be.AppendUint64(b, *c)
		}
		b = be.AppendUint32(b, list[i].Seconds)
		b = be.AppendUint32(b, list[i].NanoOffset)
	}
	return b
}

// ParsePortStats reads the body of a port-stats reply.
func ParsePortStats(b []byte) ([]PortStats, error) {
	list, err := array[PortStats](b, portStatsLen, "port")
	for i := range list {
		p := b[i*portStatsLen:]
		list[i].Port = be.Uint32(p)
		for j, c := range list[i].counters() {
			*c = be.Uint64(p[8+8*j:])
		}
		list[i].Seconds, list[i].NanoOffset = be.Uint32(p[104:]), be.Uint32(p[108:])
	}
	return list, err
}

// A TableStats holds the counters of a table.
type TableStats struct {
	Table           uint8
	Active          uint32
	Lookup, Matched uint64
}

// AppendTableStats appends tables to the body of a table reply.
func AppendTableStats(b []byte, list ...TableStats) []byte {
	for _, t := range list {
		b = append(b, t.Table, 0, 0, 0)
		b = be.AppendUint32(b, t.Active)
		b = be.AppendUint64(b, t.Lookup)
		b = be.AppendUint64(b, t.Matched)
	}
	return b
}

// ParseTableStats reads the body of a table reply.
func ParseTableStats(b []byte) ([]TableStats, error) {
	list, err := array[TableStats](b, tableStatsLen, "table")
	for i := range list {
		p := b[i*tableStatsLen:]
		list[i] = TableStats{p[0], be.Uint32(p[4:]), be.Uint64(p[8:]), be.Uint64(p[16:])}
	}
	return list, err
}
