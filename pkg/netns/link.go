package netns

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An End is one end of a veth pair. Zero fields are left to the kernel.
type End struct {
	Namespace, Name string
	MAC             slice.MAC
	MTU             int
}

// Connect joins two ends by a veth pair and brings both up. The kernel makes
// both ends at their places in one step, so no half of a pair is ever left
// behind. What has the name of an end without being one is replaced.
func Connect(a, b End) error {
	joined, err := paired(a, b)
	if err != nil {
		return err
	}
	if !joined {
		if err := pair(a, b); err != nil {
			return fmt.Errorf("join %s and %s: %w", a, b, err)
		}
	}
	for _, e := range []End{a, b} {
		if err := e.settle(); err != nil {
			return fmt.Errorf("set up %s: %w", e, err)
		}
	}
	return nil
}

// String returns the place of an end.
func (e End) String() string { return e.Namespace + "/" + e.Name }

// Remove removes an interface, and with one end of a pair the other. An
// interface or a namespace that is absent is success.
func Remove(ns, ifname string) error {
	err := onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error { return h.LinkDel(l) })
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// Up brings an interface up.
func Up(ns, ifname string) error {
	return onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error { return h.LinkSetUp(l) })
}

// MTU returns how many bytes an IP packet on an interface can have.
func MTU(ns, ifname string) (int, error) {
	var mtu int
	err := onLink(ns, ifname, func(_ *netlink.Handle, l netlink.Link) error {
		mtu = l.Attrs().MTU
		return nil
	})
	return mtu, err
}

// MAC returns the hardware address of an interface.
func MAC(ns, ifname string) (slice.MAC, error) {
	var mac slice.MAC
	err := onLink(ns, ifname, func(_ *netlink.Handle, l netlink.Link) error {
		copy(mac[:], l.Attrs().HardwareAddr)
		return nil
	})
	return mac, err
}

// SetMTU sets how many bytes an IP packet on an interface can have.
func SetMTU(ns, ifname string, mtu int) error {
	return onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error {
		if l.Attrs().MTU == mtu {
			return nil
		}
		return h.LinkSetMTU(l, mtu)
	})
}

// Address gives an interface an address. Others that it has stay.
func Address(ns, ifname string, p netip.Prefix) error {
	return onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error {
		a := &netlink.Addr{IPNet: ipnet(p)}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD // addresses are planned: nobody else has them
		}
		return h.AddrReplace(l, a)
	})
}

// Addresses returns the addresses of an interface that are not link-local.
func Addresses(ns, ifname string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	err := onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error {
		addrs, err := list(func() ([]netlink.Addr, error) { return h.AddrList(l, netlink.FAMILY_ALL) })
		for _, a := range addrs {
			ip, ok := netip.AddrFromSlice(a.IP)
			ones, _ := a.Mask.Size()
			if ok && !ip.Unmap().IsLinkLocalUnicast() {
				prefixes = append(prefixes, netip.PrefixFrom(ip.Unmap(), ones))
			}
		}
		return err
	})
	return prefixes, err
}

// Flush takes all addresses from an interface, and with them the routes
// through it.
func Flush(ns, ifname string) error {
	return onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error {
		addrs, err := list(func() ([]netlink.Addr, error) { return h.AddrList(l, netlink.FAMILY_ALL) })
		if err != nil {
			return err
		}
		for _, a := range addrs {
			if err := h.AddrDel(l, &a); err != nil {
				return fmt.Errorf("take %s: %w", a.IPNet, err)
			}
		}
		return nil
	})
}

// Route sends packets for a destination to a neighbour. An older route to the
// same destination gives way.
func Route(ns string, dst netip.Prefix, via netip.Addr) error {
	err := with(ns, func(h *netlink.Handle) error {
		return h.RouteReplace(&netlink.Route{Dst: ipnet(dst.Masked()), Gw: via.AsSlice()})
	})
	if err != nil {
		return fmt.Errorf("route %s via %s in namespace %q: %w", dst, via, ns, err)
	}
	return nil
}

// paired reports whether two ends are the two ends of one pair.
func paired(a, b End) (bool, error) {
	la, err := find(a)
	if la == nil || err != nil {
		return false, err
	}
	lb, err := find(b)
	if lb == nil || err != nil {
		return false, err
	}
	return la.Type() == "veth" && lb.Type() == "veth" &&
		la.Attrs().ParentIndex == lb.Attrs().Index && lb.Attrs().ParentIndex == la.Attrs().Index, nil
}

// pair makes a pair, after it removed what has the names.
func pair(a, b End) error {
	for _, e := range []End{a, b} {
		if err := Remove(e.Namespace, e.Name); err != nil {
			return err
		}
	}
	far, err := open(b.Namespace)
	if err != nil {
		return err
	}
	defer func() { _ = far.Close() }()
	v := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: a.Name, MTU: a.MTU, TxQLen: -1},
		PeerName:      b.Name,
		PeerMTU:       uint32(b.MTU),
		PeerNamespace: netlink.NsFd(far),
	}
	if !a.MAC.IsZero() {
		v.HardwareAddr = a.MAC[:]
	}
	if !b.MAC.IsZero() {
		v.PeerHardwareAddr = b.MAC[:]
	}
	return with(a.Namespace, func(h *netlink.Handle) error { return h.LinkAdd(v) })
}

// settle sets address and size of an end that was there before, and brings it
// up.
func (e End) settle() error {
	return onLink(e.Namespace, e.Name, func(h *netlink.Handle, l netlink.Link) error {
		if e.MTU != 0 && l.Attrs().MTU != e.MTU {
			if err := h.LinkSetMTU(l, e.MTU); err != nil {
				return fmt.Errorf("set MTU %d: %w", e.MTU, err)
			}
		}
		if !e.MAC.IsZero() && !bytes.Equal(l.Attrs().HardwareAddr, e.MAC[:]) {
			if err := h.LinkSetHardwareAddr(l, e.MAC[:]); err != nil {
				return fmt.Errorf("set hardware address %s: %w", e.MAC, err)
			}
		}
		return h.LinkSetUp(l)
	})
}

// find returns the interface of an end, or nil if it is not there. A namespace
// that is not there is an error.
func find(e End) (netlink.Link, error) {
	var found netlink.Link
	err := with(e.Namespace, func(h *netlink.Handle) error {
		l, err := h.LinkByName(e.Name)
		if missing(err) {
			return nil
		}
		found = l
		return err
	})
	return found, err
}

// onLink calls f with an interface of a namespace.
func onLink(ns, ifname string, f func(*netlink.Handle, netlink.Link) error) error {
	return with(ns, func(h *netlink.Handle) error {
		l, err := h.LinkByName(ifname)
		if missing(err) {
			return slice.Errorf(slice.NotFound, "interface %s is not in namespace %q", ifname, ns)
		}
		if err == nil {
			err = f(h, l)
		}
		if err != nil {
			return fmt.Errorf("interface %s in namespace %q: %w", ifname, ns, err)
		}
		return nil
	})
}

func missing(err error) bool {
	var m netlink.LinkNotFoundError
	return errors.As(err, &m)
}

func ipnet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
