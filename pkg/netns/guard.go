package netns

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// table is the nft table of the guards, in the netdev family.
const table = "l2sces"

// Guard keeps the kernel of a namespace from what comes in by an interface. A
// switch in user space reads frames before the guard drops them; without it
// the kernel's own network stack would answer a tenant.
func Guard(ns, ifname string) error {
	if err := disableIPv6(ns, ifname); err != nil {
		return err
	}
	index, err := index(ns, ifname)
	if err != nil {
		return err
	}
	return onTable(ns, ifname, func(c *nftables.Conn, t *nftables.Table, have []string) {
		want := chainName(ifname, index)
		for _, name := range have {
			if name == want {
				continue
			}
			c.DelChain(&nftables.Chain{Name: name, Table: t}) // of an interface that had the name before
		}
		drop := nftables.ChainPolicyDrop
		c.AddChain(&nftables.Chain{
			Name: want, Table: t, Type: nftables.ChainTypeFilter, Device: ifname, Policy: &drop,
			Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter,
		})
	})
}

// Guarded reports whether the guard stands before an interface.
func Guarded(ns, ifname string) (bool, error) {
	index, err := index(ns, ifname)
	if err != nil {
		return false, err
	}
	found := false
	err = onTable(ns, ifname, func(_ *nftables.Conn, _ *nftables.Table, have []string) {
		for _, name := range have {
			found = found || name == chainName(ifname, index)
		}
	})
	return found, err
}

// Unguard takes the guard away. Neither guard nor interface need be there.
func Unguard(ns, ifname string) error {
	err := onTable(ns, ifname, func(c *nftables.Conn, t *nftables.Table, have []string) {
		for _, name := range have {
			c.DelChain(&nftables.Chain{Name: name, Table: t})
		}
	})
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// chainName names a chain after the interface and its index: an interface that
// went and came back has another index, and the chain of the old one, which
// guards nothing any more, is told from the new one.
func chainName(ifname string, index int) string { return ifname + ":" + strconv.Itoa(index) }

// onTable hands f the guards that an interface has or had, and carries out the
// changes that f asks for in one transaction.
func onTable(ns, ifname string, f func(c *nftables.Conn, t *nftables.Table, have []string)) error {
	var options []nftables.ConnOption
	if ns != "" {
		handle, err := open(ns)
		if err != nil {
			return err
		}
		defer func() { _ = handle.Close() }()
		options = append(options, nftables.WithNetNSFd(int(handle)))
	}
	c, err := nftables.New(options...)
	if err != nil {
		return fmt.Errorf("nftables in namespace %q: %w", ns, err)
	}
	all, err := list(func() ([]*nftables.Chain, error) {
		return c.ListChainsOfTableFamily(nftables.TableFamilyNetdev)
	})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("list guards in namespace %q: %w", ns, err)
	}
	var have []string
	for _, chain := range all {
		if chain.Table.Name == table && strings.HasPrefix(chain.Name, ifname+":") {
			have = append(have, chain.Name)
		}
	}
	f(c, c.AddTable(&nftables.Table{Name: table, Family: nftables.TableFamilyNetdev}), have)
	if err := c.Flush(); err != nil {
		return fmt.Errorf("change the guard of %s in namespace %q: %w", ifname, ns, err)
	}
	return nil
}

func index(ns, ifname string) (int, error) {
	var index int
	err := onLink(ns, ifname, func(_ *netlink.Handle, l netlink.Link) error {
		index = l.Attrs().Index
		return nil
	})
	return index, err
}
