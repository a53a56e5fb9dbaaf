package pipeline

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The EtherTypes that no tenant may send: each of them talks to switches.
const (
	etherPause = 0x8808 // MAC control (IEEE 802.3, clause 31)
	etherLLDP  = 0x88cc // IEEE 802.1AB, section 7.4
	etherBDDP  = 0x8942 // the discovery of several controllers, LLDP under another name
)

// The group addresses that bridges keep to themselves (IEEE 802.1Q, table
// 8-1): the last four bits are free.
var (
	reserved     = slice.MAC{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}
	reservedMask = slice.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xf0}
	groupBit     = slice.MAC{0x01}
)

// Base returns the rules that every switch has, whatever networks it carries.
// They belong to no network.
func Base() flow.Rules {
	return flow.Rules{Flows: []flow.Flow{
		never(flow.Tagged()),
		never(flow.FromMasked(groupBit, groupBit)),
		never(flow.ToMasked(reserved, reservedMask)),
		never(flow.EthType(etherPause)),
		never(flow.EthType(etherLLDP)),
		never(flow.EthType(etherBDDP)),
		otherwise(Limit, Mirror),
		otherwise(Mirror, Forward),
		toGroups(),
	}}
}

// never drops a frame of a tenant, whoever sent it.
func never(m flow.Match) flow.Flow {
	return flow.Flow{Table: Guard, Priority: flow.Guard, Match: []flow.Match{m}}
}

// toGroups hands a frame for many to everybody. A frame for one address that
// Forward does not know is dropped, unless its network says otherwise.
func toGroups() flow.Flow {
	f := otherwise(Forward, Flood)
	f.Match = []flow.Match{flow.ToMasked(groupBit, groupBit)}
	return f
}

// otherwise hands a frame of which a table knows nothing to a later one.
func otherwise(at, next *flow.Table) flow.Flow {
	return flow.Flow{Table: at, Priority: flow.Default, Actions: []flow.Action{flow.Goto(next)}}
}
