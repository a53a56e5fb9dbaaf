package fleet

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// partSize is the longest body of one part of an answer.
const partSize = 60 << 10

// list answers a request for what the switch holds.
func (c *Conn) list(xid uint32, msg []byte) error {
	var m ofp.Multipart
	if err := m.Decode(msg); err != nil {
		return err
	}
	parts, known := c.s.parts(m.Kind, m.Body)
	if !known {
		return c.refuse(xid, msg, &ofp.Error{Type: badRequest, Code: 2})
	}
	for i, body := range parts {
		answer := ofp.Multipart{Reply: true, Kind: m.Kind, Body: body}
		if i < len(parts)-1 {
			answer.Flags = ofp.More
		}
		if err := c.Put(xid, &answer); err != nil {
			return err
		}
	}
	return nil
}

// parts returns the bodies of an answer, one at least.
func (s *Switch) parts(k ofp.Kind, request []byte) (parts [][]byte, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch k {
	case ofp.KindDesc:
		return [][]byte{ofp.AppendDesc(nil, ofp.Desc{Manufacturer: "l2sces", Hardware: "fleet"})}, true
	case ofp.KindFlow:
		return s.flowParts(request), true
	case ofp.KindAggregate:
		n := uint32(s.tables.count.Flows) //nolint:gosec // a count is not negative
		return [][]byte{append(binary.BigEndian.AppendUint32(make([]byte, 16), n), 0, 0, 0, 0)}, true
	case ofp.KindGroupDesc:
		return cut(s.tables.groups, func(b []byte, g *ofp.GroupMod) []byte {
			return ofp.AppendGroupDescs(b, ofp.GroupDesc{Type: g.Type, ID: g.ID, Buckets: g.Buckets})
		}), true
	case ofp.KindMeterConfig:
		return cut(s.tables.meters, func(b []byte, m *ofp.MeterMod) []byte {
			return ofp.AppendMeterConfigs(b, ofp.MeterConfig{Flags: m.Flags, ID: m.ID, Bands: m.Bands})
		}), true
	case ofp.KindPortDesc:
		return chunks(s.ports, func(b []byte, p ofp.Port) []byte { return ofp.AppendPorts(b, []ofp.Port{p}) }), true
	case ofp.KindPortStats:
		return chunks(s.ports, func(b []byte, p ofp.Port) []byte { return ofp.AppendPortStats(b, ofp.PortStats{Port: p.No}) }), true
	default:
		return nil, false
	}
}

// flowParts lists the flows that a request chooses, by cookie and table.
func (s *Switch) flowParts(request []byte) [][]byte {
	if !s.tables.keep {
		return [][]byte{nil}
	}
	r, err := ofp.ParseFlowRequest(request)
	if err != nil {
		return [][]byte{nil}
	}
	filter := &ofp.FlowMod{Table: r.Table, Cookie: r.Cookie, CookieMask: r.CookieMask, OutPort: r.OutPort, OutGroup: r.OutGroup, Match: r.Match}
	return cut(s.tables.flows, func(b []byte, f *ofp.FlowMod) []byte {
		if !covers(filter, f) {
			return b
		}
		return ofp.AppendFlowStats(b, ofp.FlowStats{
			Table: f.Table, Priority: f.Priority, Idle: f.Idle, Hard: f.Hard, Flags: f.Flags,
			Cookie: f.Cookie, Match: f.Match, Instructions: f.Instructions,
		})
	})
}

// cut writes the values of a map, in the order of their keys, into parts.
func cut[K cmp.Ordered, V any](m map[K]V, write func([]byte, V) []byte) [][]byte {
	list := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return chunks(list, write)
}

func chunks[V any](list []V, write func([]byte, V) []byte) [][]byte {
	parts := [][]byte{nil}
	for _, v := range list {
		last := &parts[len(parts)-1]
		if len(*last) > partSize-2048 {
			parts = append(parts, nil)
			last = &parts[len(parts)-1]
		}
		*last = write(*last, v)
	}
	return parts
}

// Count returns how much the switch has been told, and what it holds.
func (s *Switch) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables.count
}

// Flows returns the flows that the switch keeps, in no order.
func (s *Switch) Flows() []*ofp.FlowMod {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.tables.flows))
}

// Groups returns the groups that the switch keeps, in no order.
func (s *Switch) Groups() []*ofp.GroupMod {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.tables.groups))
}

// Expire removes the flows that have an idle timeout and that a test chooses,
// and tells the controllers of those that asked to hear of it.
func (s *Switch) Expire(chosen func(*ofp.FlowMod) bool) error {
	s.mu.Lock()
	var gone []*ofp.FlowMod
	for k, f := range s.tables.flows {
		if f.Idle != 0 && chosen(f) {
			gone = append(gone, f)
			s.tables.take(k)
		}
	}
	s.tables.commit()
	s.mu.Unlock()
	for _, f := range gone {
		if f.Flags&ofp.SendRemoved == 0 {
			continue
		}
		m := &ofp.FlowRemoved{Cookie: f.Cookie, Priority: f.Priority, Table: f.Table, Idle: f.Idle, Match: f.Match}
		if err := s.Send(m); err != nil {
			return err
		}
	}
	return nil
}
