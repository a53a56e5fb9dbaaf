package ipam

import (
	"crypto/sha256"
	"fmt"

	"github.com/l2sces/l2sces/pkg/slice"
)

// askMAC gives a member the hardware address that it asks for, or the one that
// follows from its IPv4 address.
func (a *assignment) askMAC(m Member) error {
	mac := m.MAC
	if addr := a.new[m.who()].Address; mac.IsZero() && addr.Is4() {
		mac = slice.MACOf(addr)
	}
	switch other, taken := a.mac[mac]; {
	case mac.IsZero():
		return nil
	case mac.IsGroup():
		return slice.Errorf(slice.Invalid, "hardware address %s of member %s is that of a group", mac, m.who())
	case taken:
		return slice.Errorf(slice.Invalid, "hardware address %s is that of members %s and %s", mac, other, m.who())
	}
	a.setMAC(m, mac)
	return nil
}

// keepMAC leaves a member the hardware address that it has, if nobody asks for
// it. One that followed from an IPv4 address which is gone goes with it.
func (a *assignment) keepMAC(m Member) error {
	old := a.old[m.who()]
	if _, taken := a.mac[old.MAC]; taken || old.MAC.IsZero() || old.Address.Is4() || !a.new[m.who()].MAC.IsZero() {
		return nil
	}
	a.setMAC(m, old.MAC)
	return nil
}

// findMAC gives a member a hardware address that follows from its name. Should
// another have it, the next one of the same row is tried.
func (a *assignment) findMAC(m Member) error {
	if !a.new[m.who()].MAC.IsZero() {
		return nil
	}
	for try := 0; ; try++ {
		mac := macOfName(a.id, m.who(), try)
		if _, taken := a.mac[mac]; !taken {
			a.setMAC(m, mac)
			return nil
		}
	}
}

func (a *assignment) setMAC(m Member, mac slice.MAC) {
	l := a.new[m.who()]
	l.MAC = mac
	a.new[m.who()], a.mac[mac] = l, m.who()
}

// macOfName returns a locally administered address (IEEE 802, the second bit)
// out of the digest of the member's full name.
func macOfName(id slice.NetworkID, w who, try int) slice.MAC {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d", id.Slice, id.Network, w.domain, w.workload, try))
	return slice.MAC{0x02, sum[0], sum[1], sum[2], sum[3], sum[4]}
}
