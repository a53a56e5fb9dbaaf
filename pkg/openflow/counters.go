package openflow

import "sync/atomic"

// Stats are totals since the server began.
type Stats struct {
	Switches   int64  // ready now
	Accepted   uint64 // connections
	Refused    uint64 // connections closed before they were ready
	FlowMods   uint64 // sent
	GroupMods  uint64 // sent
	MeterMods  uint64 // sent
	Errors     uint64 // received
	PacketIns  uint64 // received
	Dropped    uint64 // packet-ins that nobody was told of
	PortStatus uint64 // received
}

// Mods returns the number of messages sent that change rules.
func (s Stats) Mods() uint64 { return s.FlowMods + s.GroupMods + s.MeterMods }

type counters struct {
	switches                                 atomic.Int64
	accepted, refused                        atomic.Uint64
	flowMods, groupMods, meterMods           atomic.Uint64
	errors, packetIns, dropped, portStatuses atomic.Uint64
}

// Stats returns the totals.
func (s *Server) Stats() Stats {
	c := &s.counters
	return Stats{
		Switches: c.switches.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(),
		FlowMods: c.flowMods.Load(), GroupMods: c.groupMods.Load(), MeterMods: c.meterMods.Load(),
		Errors: c.errors.Load(), PacketIns: c.packetIns.Load(), Dropped: c.dropped.Load(),
		PortStatus: c.portStatuses.Load(),
	}
}
