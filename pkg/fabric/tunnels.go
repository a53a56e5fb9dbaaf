package fabric

import (
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// Tunnels returns the ports of a switch that lead to other switches, with the
// end to which each leads; that is zero while it has no number.
func (f *Fabric) Tunnels(d slice.DPID) map[slice.Port]topology.End {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodeOf(d)
	if n == nil {
		return nil
	}
	ends := map[slice.Port]topology.End{}
	for key, p := range n.Ports {
		peer, ok := strings.CutPrefix(key, tunnelPrefix)
		if !ok {
			continue
		}
		ends[p] = topology.End{}
		if other := f.nodes[slice.Node(peer)]; other != nil && other.Ports[tunnelKey(n.Name)] != 0 {
			ends[p] = topology.End{Switch: f.dpid(other), Port: other.Ports[tunnelKey(n.Name)]}
		}
	}
	return ends
}

// Hosts reports whether a switch is a guest, which has no agent.
func (f *Fabric) Hosts(d slice.DPID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodeOf(d)
	return n != nil && n.Guest != 0
}

// Free reports whether a port of a guest is in no network.
func (f *Fabric) Free(d slice.DPID, p slice.Port) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodeOf(d)
	return n != nil && n.Guest != 0 && f.userOf(Attachment{Node: n.Name, Port: p}) == nil
}
