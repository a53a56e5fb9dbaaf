package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Forwarding lets a namespace forward IPv4 packets.
func Forwarding(ns string) error { return Sysctl(ns, "net.ipv4.ip_forward", "1") }

// Sysctl sets a kernel parameter below net. Dots part the key, so a name with
// dots in it takes the form with slashes: net/ipv6/conf/eth0.7/disable_ipv6.
func Sysctl(ns, key, value string) error {
	if !strings.Contains(key, "/") {
		key = strings.ReplaceAll(key, ".", "/")
	}
	file := filepath.Join("/proc/sys", key)
	if !strings.HasPrefix(file, "/proc/sys/net/") {
		return slice.Errorf(slice.Invalid, "kernel parameter %q does not belong to a network namespace", key)
	}
	return Do(ns, func() error {
		old, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(old)) == value {
			return nil // also where the parameters are mounted read-only
		}
		if err := os.WriteFile(file, []byte(value), 0); err != nil {
			return fmt.Errorf("set %s to %s in namespace %q: %w", key, value, ns, err)
		}
		return nil
	})
}

// NoOffload makes the kernel fill in checksums itself before it hands a packet
// to an interface. A switch in user space takes packets from the interface
// before any hardware could, and passes wrong checksums on.
func NoOffload(ns, ifname string) error {
	return Do(ns, func() error {
		err := ethtool(ifname, unix.ETHTOOL_STXCSUM, 0)
		if errors.Is(err, unix.ENODEV) {
			return slice.Errorf(slice.NotFound, "interface %s is not in namespace %q", ifname, ns)
		}
		if err != nil {
			return fmt.Errorf("switch off checksum offload of %s in namespace %q: %w", ifname, ns, err)
		}
		return nil
	})
}

// disableIPv6 keeps the kernel from giving an interface a link-local address.
// A kernel without IPv6 gives none anyway.
func disableIPv6(ns, ifname string) error {
	err := Sysctl(ns, "net/ipv6/conf/"+ifname+"/disable_ipv6", "1")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, unix.EROFS):
		return noLinkLocal(ns, ifname) // in a container
	}
	return err
}

// noLinkLocal keeps the kernel from giving an interface a link-local address,
// and takes the one that it has. It needs no kernel parameter.
func noLinkLocal(ns, ifname string) error {
	const none = 1 // IN6_ADDR_GEN_MODE_NONE
	return onLink(ns, ifname, func(h *netlink.Handle, l netlink.Link) error {
		if err := h.LinkSetIP6AddrGenMode(l, none); err != nil {
			return fmt.Errorf("give it no link-local address: %w", err)
		}
		addrs, err := list(func() ([]netlink.Addr, error) { return h.AddrList(l, netlink.FAMILY_V6) })
		for _, a := range addrs {
			if a.IP.IsLinkLocalUnicast() {
				err = errors.Join(err, h.AddrDel(l, &a))
			}
		}
		return err
	})
}

// ethtool carries out a command with one value on an interface of the current
// namespace.
func ethtool(ifname string, command, data uint32) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	value := struct{ command, data uint32 }{command, data}
	var request struct { // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	if len(ifname) >= len(request.name) {
		return unix.ENODEV
	}
	copy(request.name[:], ifname)
	request.data = unsafe.Pointer(&value)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
