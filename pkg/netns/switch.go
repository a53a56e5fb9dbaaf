package netns

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Plug joins a port of a switch with an interface inside a workload's
// namespace. The port is guarded before it comes up; the interface gets the
// address and no other, and sends whole checksums. An interface of that name
// which the workload has of its own is a Conflict and stays. Fresh reports that the port
// was made now: a switch that had one of the same name still listens to that.
func Plug(port, inside End, addresses ...netip.Prefix) (fresh bool, err error) {
	joined, err := paired(port, inside)
	if err != nil {
		return false, err
	}
	if !joined {
		if err := spare(port.Namespace, inside); err != nil {
			return false, err
		}
		if err := pair(port, inside); err != nil {
			return false, fmt.Errorf("join %s and %s: %w", port, inside, err)
		}
	}
	return !joined, dress(port, inside, addresses)
}

// spare refuses to take the place of an interface that no switch of ours has
// the other end of: it may be the one by which the workload is reached.
func spare(switchNS string, inside End) error {
	l, err := find(inside)
	if l == nil || err != nil {
		return err
	}
	ours := false
	err = with(switchNS, func(h *netlink.Handle) error {
		peer, err := h.LinkByIndex(l.Attrs().ParentIndex)
		if missing(err) || l.Type() != "veth" {
			return nil
		}
		ours = err == nil && peer.Type() == "veth" && peer.Attrs().ParentIndex == l.Attrs().Index
		return err
	})
	if err == nil && !ours {
		err = slice.Errorf(slice.Conflict, "namespace %q has an interface %s of its own: name another one for the network", inside.Namespace, inside.Name)
	}
	return err
}

// dress sets up the ends of a pair that Plug made.
func dress(port, inside End, addresses []netip.Prefix) error {
	if err := Guard(port.Namespace, port.Name); err != nil {
		return err
	}
	for _, step := range []func() error{
		port.settle,
		inside.settle,
		func() error { return NoOffload(inside.Namespace, inside.Name) },
		func() error { return only(inside.Namespace, inside.Name, addresses...) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Unplug takes a port away, and with it what it was joined with.
func Unplug(ns, ifname string) error {
	if err := Remove(ns, ifname); err != nil {
		return err
	}
	return Unguard(ns, ifname)
}

// Borrow gives an existing interface the name of a port and guards it, so that
// a switch can take it. One that has the name already stays. Fresh reports
// that it got the name now.
func Borrow(ns, ifname, port string) (fresh bool, err error) {
	_, err = MTU(ns, port)
	if slice.KindOf(err) == slice.NotFound {
		fresh, err = true, rename(ns, ifname, port)
	}
	if err != nil {
		return false, err
	}
	if err := Guard(ns, port); err != nil {
		return fresh, err
	}
	if err := only(ns, port, netip.Prefix{}); err != nil {
		return fresh, err
	}
	return fresh, Up(ns, port)
}

// GiveBack undoes Borrow, except for addresses.
func GiveBack(ns, ifname, port string) error {
	if err := Unguard(ns, port); err != nil {
		return err
	}
	err := rename(ns, port, ifname)
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// Bare prepares the uplink of a switch in user space and returns what the
// bridge on it must know: no addresses, whole checksums, and a guard, since
// the kernel hears the same packets again from the bridge.
func Bare(ns, ifname string) (slice.MAC, int, error) {
	err := errors.Join(only(ns, ifname, netip.Prefix{}), Guard(ns, ifname), NoOffload(ns, ifname), Up(ns, ifname))
	if err != nil {
		return slice.MAC{}, 0, err
	}
	mac, err := MAC(ns, ifname)
	if err != nil {
		return mac, 0, err
	}
	mtu, err := MTU(ns, ifname)
	return mac, mtu, err
}

// Carry gives the inner interface of a bridge an address, and a default route
// if a gateway is given.
func Carry(ns, ifname string, address netip.Prefix, gateway netip.Addr) error {
	if err := errors.Join(NoOffload(ns, ifname), only(ns, ifname, address), Up(ns, ifname)); err != nil {
		return err
	}
	if !gateway.IsValid() {
		return nil
	}
	routed, err := hasDefault(ns, gateway)
	if routed || err != nil {
		return err
	}
	return Route(ns, anywhere(gateway), gateway)
}

// Present reports whether a namespace is there.
func Present(ns string) bool { return ns == "" || exists(ns) }

// only makes addresses the only ones of an interface; a zero one is none.
// Nothing is touched if it is so, since every change wakes all who listen.
func only(ns, ifname string, wanted ...netip.Prefix) error {
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(p netip.Prefix) bool { return !p.IsValid() })
	have, err := Addresses(ns, ifname)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(have, func(p netip.Prefix) bool { return !slices.Contains(wanted, p) }) {
		if err := Flush(ns, ifname); err != nil {
			return err
		}
		have = nil
	}
	for _, p := range wanted {
		if slices.Contains(have, p) {
			continue
		}
		if err := Address(ns, ifname, p); err != nil {
			return err
		}
	}
	return nil
}

// rename gives an interface another name, which it must be down for.
func rename(ns, from, to string) error {
	return onLink(ns, from, func(h *netlink.Handle, l netlink.Link) error {
		if err := h.LinkSetDown(l); err != nil {
			return err
		}
		return h.LinkSetName(l, to)
	})
}

// hasDefault reports whether the default route leads to a gateway.
func hasDefault(ns string, gateway netip.Addr) (bool, error) {
	family := netlink.FAMILY_V4
	if gateway.Is6() {
		family = netlink.FAMILY_V6
	}
	found := false
	err := with(ns, func(h *netlink.Handle) error {
		routes, err := list(func() ([]netlink.Route, error) { return h.RouteList(nil, family) })
		for _, r := range routes {
			ones := 0
			if r.Dst != nil {
				ones, _ = r.Dst.Mask.Size()
			}
			found = found || ones == 0 && r.Gw.Equal(gateway.AsSlice())
		}
		return err
	})
	return found, err
}

// anywhere is the destination of a default route.
func anywhere(gateway netip.Addr) netip.Prefix {
	if gateway.Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}
