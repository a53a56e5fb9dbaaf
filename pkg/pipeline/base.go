package pipeline

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The EtherTypes that never reach or leave a tenant: each of them talks to
// switches, or hides from them what a frame carries.
const (
	etherPause  = 0x8808 // MAC control (IEEE 802.3, clause 31)
	etherSlow   = 0x8809 // link aggregation among others (IEEE 802.3, annex 57A)
	etherEAPOL  = 0x888e // IEEE 802.1X
	etherLLDP   = 0x88cc // IEEE 802.1AB, section 7.4
	etherBDDP   = 0x8942 // the discovery of several controllers, LLDP under another name
	etherTag    = 0x8100 // behind another tag: a switch reads one
	etherOuter  = 0x88a8 // IEEE 802.1ad
	etherOldTag = 0x9100 // stacked tags from before 802.1ad
	etherMPLS   = 0x8847
	etherMPLSUp = 0x8848 // MPLS with a label from upstream
)

// The group addresses that bridges keep to themselves (IEEE 802.1Q, tables 8-1
// and 10-1), of which the last four bits are free, and those of one maker's
// spanning tree and discovery.
var (
	reserved     = slice.MAC{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}
	registration = slice.MAC{0x01, 0x80, 0xc2, 0x00, 0x00, 0x20}
	reservedMask = slice.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xf0}
	maker        = slice.MAC{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}
	makerMask    = slice.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}
	groupBit     = slice.MAC{0x01}
)

// Base returns the rules that every switch has, whatever networks it carries.
// They belong to no network. What talks to switches is dropped twice: in Guard
// no tenant sends it, in Forward none gets it, from whatever node or fabric it
// came.
func Base() flow.Rules {
	var all []flow.Flow
	for _, m := range control() {
		all = append(all, never(Guard, m))
	}
	all = append(all, servers()...)
	all = append(all, strangers()...)
	all = append(all, otherwise(Limit, Mirror), otherwise(Mirror, Forward))
	for _, m := range control() {
		all = append(all, never(Forward, m))
	}
	return flow.Rules{Flows: append(all, toGroups())}
}

// control matches what talks to switches, and what no sender can be.
func control() []flow.Match {
	list := []flow.Match{
		flow.Tagged(), flow.FromMasked(groupBit, groupBit),
		flow.ToMasked(reserved, reservedMask), flow.ToMasked(registration, reservedMask), flow.ToMasked(maker, makerMask),
	}
	for _, t := range []uint16{
		etherTag, etherOuter, etherOldTag, etherMPLS, etherMPLSUp, etherPause, etherSlow, etherEAPOL, etherLLDP, etherBDDP,
	} {
		list = append(list, flow.EthType(t))
	}
	return list
}

// never drops a frame, whoever sent it.
func never(t *flow.Table, match ...flow.Match) flow.Flow {
	return flow.Flow{Table: t, Priority: flow.Guard, Match: match}
}

// servers drops what only the routers and address servers of a network say: no
// tenant is one.
func servers() []flow.Flow {
	return []flow.Flow{
		never(Guard, icmpv6(flow.RouterAdvertisement)...),
		never(Guard, icmpv6(flow.Redirect)...),
		never(Guard, flow.EthType(flow.EtherIPv4), flow.IPProto(flow.ProtoUDP), flow.UDPFrom(portDHCPServer)),
		never(Guard, flow.EthType(flow.EtherIPv6), flow.IPProto(flow.ProtoUDP), flow.UDPFrom(portDHCPv6Server)),
	}
}

func icmpv6(kind uint8) []flow.Match {
	return []flow.Match{flow.EthType(flow.EtherIPv6), flow.IPProto(flow.ProtoICMPv6), flow.ICMPv6(kind)}
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

// Discovery sends the controller's own frames up that come through a tunnel.
// They have a VNI to themselves, which no network has.
func Discovery(p slice.Port) flow.Flow {
	return flow.Flow{
		Table: Classify, Priority: flow.Known,
		Match:   []flow.Match{flow.InPort(p), flow.VNI(slice.MaxNetwork), flow.EthType(etherLLDP)},
		Actions: []flow.Action{flow.ToController()},
	}
}
