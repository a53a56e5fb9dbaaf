package fleet

import (
	"encoding/binary"
	"slices"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// A key is what tells flows apart: table, priority and match, as bytes.
type key string

// tables are what a switch holds. A change is undone by calling what it left
// in undo, from the end.
type tables struct {
	keep   bool
	flows  map[key]*ofp.FlowMod
	groups map[uint32]*ofp.GroupMod
	meters map[uint32]*ofp.MeterMod

	count Count
	undo  []func()
}

// A Count is how much a switch has been told, and what it holds. The number of
// flows of a switch that does not keep them is that of additions less that of
// removals.
type Count struct {
	Flows, Groups, Meters          int
	FlowMods, GroupMods, MeterMods int
	Bundles, Refused               int
}

func newTables(keep bool) tables {
	t := tables{keep: keep}
	if keep {
		t.flows = map[key]*ofp.FlowMod{}
		t.groups = map[uint32]*ofp.GroupMod{}
		t.meters = map[uint32]*ofp.MeterMod{}
	}
	return t
}

// The errors that a switch finds by itself (OpenFlow 1.3.5, section 7.5.4).
const (
	badRequest  uint16 = 1
	badType     uint16 = 1
	isSlave     uint16 = 10
	badOutGroup uint16 = 9

	tableFull    uint16 = 1
	groupExists  uint16 = 0
	unknownGroup uint16 = 8
	meterExists  uint16 = 1
	unknownMeter uint16 = 3
)

// apply carries one message out, or says why it does not.
func (t *tables) apply(m ofp.Message, limit int) *ofp.Error {
	before := t.count
	t.undo = append(t.undo, func() { t.count = before })
	switch m := m.(type) {
	case *ofp.FlowMod:
		t.count.FlowMods++
		return t.flow(m, limit)
	case *ofp.GroupMod:
		t.count.GroupMods++
		return t.group(m)
	case *ofp.MeterMod:
		t.count.MeterMods++
		return t.meter(m)
	}
	return nil
}

// rollBack undoes everything since the last commit.
func (t *tables) rollBack() {
	for _, f := range slices.Backward(t.undo) {
		f()
	}
	t.commit()
}

func (t *tables) commit() { t.undo = t.undo[:0] }

func (t *tables) flow(m *ofp.FlowMod, limit int) *ofp.Error {
	switch {
	case m.Command == ofp.Add && limit > 0 && t.count.Flows >= limit && !t.has(m):
		return &ofp.Error{Type: ofp.ErrorFlowModFailed, Code: tableFull}
	case m.Command == ofp.Add && t.keep && !t.pointsRight(m):
		return &ofp.Error{Type: ofp.ErrorBadAction, Code: badOutGroup}
	case !t.keep && m.Command == ofp.Add:
		t.count.Flows++
	case !t.keep && m.Command == ofp.DeleteStrict:
		t.count.Flows--
	case !t.keep:
	case m.Command == ofp.Add:
		t.put(keyOf(m), m)
	case m.Command == ofp.DeleteStrict:
		t.take(keyOf(m))
	case m.Command == ofp.Delete:
		t.sweep(m)
	}
	return nil
}

func (t *tables) has(m *ofp.FlowMod) bool { return t.keep && t.flows[keyOf(m)] != nil }

// pointsRight reports whether the groups that a flow names are there.
func (t *tables) pointsRight(m *ofp.FlowMod) bool {
	for _, in := range m.Instructions {
		for _, a := range in.Actions {
			if a.Type == ofp.ActionGroup && t.groups[a.Arg] == nil {
				return false
			}
		}
	}
	return true
}

func (t *tables) put(k key, m *ofp.FlowMod) {
	old := t.flows[k]
	t.flows[k] = m
	t.count.Flows = len(t.flows)
	t.undo = append(t.undo, func() { t.restore(k, old) })
}

func (t *tables) take(k key) {
	old := t.flows[k]
	if old == nil {
		return
	}
	delete(t.flows, k)
	t.count.Flows = len(t.flows)
	t.undo = append(t.undo, func() { t.restore(k, old) })
}

func (t *tables) restore(k key, m *ofp.FlowMod) {
	if m == nil {
		delete(t.flows, k)
		return
	}
	t.flows[k] = m
}

// sweep removes the flows that a request covers.
func (t *tables) sweep(m *ofp.FlowMod) {
	for k, f := range t.flows {
		if covers(m, f) {
			t.take(k)
		}
	}
}

// covers reports whether a removal that is not strict concerns a flow (section
// 6.4). A condition of the removal must stand in the flow as it is.
func covers(m, f *ofp.FlowMod) bool {
	if m.Table != ofp.TableAll && m.Table != f.Table || f.Cookie&m.CookieMask != m.Cookie&m.CookieMask {
		return false
	}
	if m.OutPort != ofp.PortAny && !leadsTo(f, ofp.ActionOutput, m.OutPort) || m.OutGroup != ofp.GroupAny && !leadsTo(f, ofp.ActionGroup, m.OutGroup) {
		return false
	}
	for _, o := range m.Match {
		if !slices.ContainsFunc(f.Match, func(x ofp.OXM) bool { return same(x, o) }) {
			return false
		}
	}
	return true
}

func same(x, y ofp.OXM) bool {
	return x.Class == y.Class && x.Field == y.Field && x.Masked == y.Masked && x.Value == y.Value && x.Mask == y.Mask && string(x.Raw) == string(y.Raw)
}

func leadsTo(f *ofp.FlowMod, t ofp.ActionType, to uint32) bool {
	for _, in := range f.Instructions {
		for _, a := range in.Actions {
			if a.Type == t && a.Arg == to {
				return true
			}
		}
	}
	return false
}

// keyOf writes the conditions in one order, as a switch does not mind theirs.
func keyOf(m *ofp.FlowMod) key {
	match := slices.Clone(m.Match)
	slices.SortFunc(match, func(x, y ofp.OXM) int { return int(x.Class)<<8 + int(x.Field) - int(y.Class)<<8 - int(y.Field) })
	b := binary.BigEndian.AppendUint16([]byte{m.Table}, m.Priority)
	return key(ofp.AppendMatch(b, match))
}

func (t *tables) group(m *ofp.GroupMod) *ofp.Error {
	if !t.keep {
		t.count.Groups += change(m.Command)
		return nil
	}
	old := t.groups[m.ID]
	switch {
	case m.Command == ofp.GroupDelete && m.ID == ofp.GroupAll:
		for id := range t.groups {
			t.dropGroup(id)
		}
		return nil
	case m.Command == ofp.GroupDelete:
		t.dropGroup(m.ID)
		return nil
	case m.Command == ofp.Add && old != nil:
		return &ofp.Error{Type: ofp.ErrorGroupModFailed, Code: groupExists}
	case m.Command == ofp.Modify && old == nil:
		return &ofp.Error{Type: ofp.ErrorGroupModFailed, Code: unknownGroup}
	}
	t.setGroup(m.ID, m)
	return nil
}

func change(c ofp.Command) int {
	switch c {
	case ofp.Add:
		return 1
	case ofp.GroupDelete:
		return -1
	default:
		return 0
	}
}

func (t *tables) setGroup(id uint32, m *ofp.GroupMod) {
	old := t.groups[id]
	t.groups[id] = m
	t.count.Groups = len(t.groups)
	t.undo = append(t.undo, func() {
		if t.groups[id] = old; old == nil {
			delete(t.groups, id)
		}
	})
}

// dropGroup removes a group and the flows that lead to it.
func (t *tables) dropGroup(id uint32) {
	old := t.groups[id]
	if old == nil {
		return
	}
	for k, f := range t.flows {
		if leadsTo(f, ofp.ActionGroup, id) {
			t.take(k)
		}
	}
	delete(t.groups, id)
	t.count.Groups = len(t.groups)
	t.undo = append(t.undo, func() { t.groups[id] = old })
}

func (t *tables) meter(m *ofp.MeterMod) *ofp.Error {
	if !t.keep {
		t.count.Meters += change(m.Command)
		return nil
	}
	old := t.meters[m.ID]
	switch {
	case m.Command == ofp.Add && old != nil:
		return &ofp.Error{Type: ofp.ErrorMeterModFailed, Code: meterExists}
	case m.Command != ofp.Add && old == nil:
		return &ofp.Error{Type: ofp.ErrorMeterModFailed, Code: unknownMeter}
	case m.Command == ofp.MeterDelete:
		delete(t.meters, m.ID)
	default:
		t.meters[m.ID] = m
	}
	t.count.Meters = len(t.meters)
	t.undo = append(t.undo, func() {
		if t.meters[m.ID] = old; old == nil {
			delete(t.meters, m.ID)
		}
	})
	return nil
}
