package compat

import (
	"fmt"
	"math/bits"
	"net/netip"

	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ranges gives each cluster a part of a prefix: its own pool, or a block of the
// original's size. With n clusters blocks are longer than the prefix by as many
// bits as n has; the first cluster gets block 1, and block 0 stays unused.
func ranges(cidr netip.Prefix, clusters []*wire.Cluster) ([]intent.Range, error) {
	var all []intent.Range
	length := cidr.Bits() + bits.Len(uint(len(clusters)))
	for i, c := range clusters {
		r := intent.Range{Domain: slice.Domain(c.GetName())}
		if pool := c.GetPodAddressPool(); pool != "" {
			p, err := netip.ParsePrefix(pool)
			if err != nil {
				return nil, slice.Errorf(slice.Invalid, "network.clusters[%d].pod_address_pool: %w", i, err)
			}
			r.CIDR = p.Masked()
		} else {
			if length > cidr.Addr().BitLen() {
				return nil, slice.Errorf(slice.Invalid, "network.pod_cidr: %s is too small for %d clusters: take a larger one", cidr, len(clusters))
			}
			r.CIDR = block(cidr, length, uint(i+1))
		}
		all = append(all, r)
	}
	return all, nil
}

// block returns the block of a length that has a number in a prefix.
func block(cidr netip.Prefix, length int, number uint) netip.Prefix {
	a := cidr.Addr().AsSlice()
	for at := length - 1; number > 0; at, number = at-1, number>>1 {
		if number&1 == 1 {
			a[at/8] |= 0x80 >> (at % 8)
		}
	}
	addr, ok := netip.AddrFromSlice(a)
	if !ok {
		panic(fmt.Sprintf("%s has an address of %d bytes", cidr, len(a)))
	}
	return netip.PrefixFrom(addr, length)
}
