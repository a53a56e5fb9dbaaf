package ovs

import (
	"encoding/json"
	"maps"
	"net/netip"
	"strconv"

	"github.com/l2sces/l2sces/pkg/bridge"
)

// What every bridge of ours is told.
const (
	secure    = "secure"
	protocol  = "OpenFlow13"
	keyInBand = "disable-in-band"
	keyDPID   = "datapath-id"
	keyMAC    = "hwaddr"
	keyUplink = "l2sces-uplink" // hardware address of the uplink, on an underlay bridge; ours, the switch ignores it

	inactivityProbe = 5000 // ms without a word before the switch asks whether the controller lives
	maxBackoff      = 1000 // ms between attempts to connect, at most
)

// keyMark is the external id under which an interface carries the port that it
// was made for. It is the owner mark and the memory of an agent in one.
const keyMark = "l2sces"

// interfaceOf returns the row of a port, without what the switch fills in.
func interfaceOf(p bridge.Port, local netip.Addr) (interfaceRow, error) {
	i := interfaceRow{Name: p.Name}
	if p.Number != 0 {
		n := int(p.Number)
		i.OfportRequest = &n
	}
	switch p.Kind {
	case bridge.Tunnel:
		i.Type = "vxlan"
		i.Options = map[string]string{"remote_ip": p.Remote.String(), "key": "flow"}
		if local.IsValid() {
			i.Options["local_ip"] = local.String()
		}
		i.BFD = bfdOf(p)
	case bridge.Patch:
		i.Type = "patch"
		i.Options = map[string]string{"peer": p.Peer}
	case bridge.Workload: // the device is there, or will be
	}
	mark, err := json.Marshal(p)
	i.ExternalIDs = map[string]string{keyMark: string(mark)}
	return i, err
}

// fastestBFD is the shortest time between two BFD frames, in milliseconds. On
// processors that others use as well, sessions that are faster fail by
// themselves.
const fastestBFD = 100

// bfdMAC is where BFD frames go. A switch takes every frame for a BFD frame
// that comes through a tunnel to this address, whatever network it belongs to;
// so it is one to which no tenant can send (IEEE 802.1Q, table 8-1).
const bfdMAC = "01:80:c2:00:00:0f"

// bfdOf returns how the tunnel is watched.
func bfdOf(p bridge.Port) map[string]string {
	if p.BFD == 0 {
		return nil
	}
	every := strconv.Itoa(int(max(p.BFD, fastestBFD)))
	return map[string]string{
		"enable": "true", "min_rx": every, "min_tx": every,
		"bfd_local_dst_mac": bfdMAC, "bfd_remote_dst_mac": bfdMAC,
	}
}

// portOf returns the port that an interface was made for, or a port of no kind
// if someone changed the interface since, or made it.
func portOf(i interfaceRow, local netip.Addr) bridge.Port {
	stranger := bridge.Port{Name: i.Name}
	var p bridge.Port
	if json.Unmarshal([]byte(i.ExternalIDs[keyMark]), &p) != nil {
		return stranger
	}
	want, err := interfaceOf(p, local)
	if err != nil || want.Name != i.Name || want.Type != i.Type || !maps.Equal(want.Options, i.Options) || !maps.Equal(want.BFD, i.BFD) ||
		!same(want.OfportRequest, i.OfportRequest) {
		return stranger
	}
	return p
}

// tuned reports whether a controller's row has the timers that we set.
func tuned(k controllerRow) bool {
	probe, backoff := inactivityProbe, maxBackoff
	return same(k.InactivityProbe, &probe) && same(k.MaxBackoff, &backoff)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
