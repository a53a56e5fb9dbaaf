package agent

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An Underlay carries the tunnels of a switch in user space: such a switch
// sends a tunnel's packets only by a bridge of its own, on which the tunnels'
// address lies. A kernel datapath needs none.
type Underlay struct {
	Bridge  string       // br-phy
	Uplink  string       // interface to the node or the network
	Address netip.Prefix // of the tunnels' end
	Gateway netip.Addr   // to other tunnel ends; zero: none
}

// Joiner is the database's part: a plain bridge that has the uplink as a port.
type Joiner interface {
	Underlay(ctx context.Context, bridge, uplink string, mac slice.MAC, mtu int) error
}

// Roads is the kernel's part.
type Roads interface {
	// Bare takes addresses and offloads from the uplink, and keeps the kernel
	// from what comes in by it.
	Bare(ifname string) (mac slice.MAC, mtu int, err error)
	// Carry gives the bridge the address and the route.
	Carry(ifname string, address netip.Prefix, gateway netip.Addr) error
}

// often is how often the underlay is looked at. A switch that dies takes the
// bridge and its address along, and all tunnels wait until they are back.
const often = 250 * time.Millisecond

// Keep holds the underlay in place until ctx ends.
func (u Underlay) Keep(ctx context.Context, db Joiner, roads Roads, log *slog.Logger) {
	tick := time.NewTicker(often)
	defer tick.Stop()
	var before error
	for {
		err := u.pass(ctx, db, roads)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && (before == nil || before.Error() != err.Error()):
			log.Warn("underlay not in place", "bridge", u.Bridge, "error", err)
		case err == nil && before != nil:
			log.Info("underlay in place", "bridge", u.Bridge)
		}
		before = err
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (u Underlay) pass(ctx context.Context, db Joiner, roads Roads) error {
	mac, mtu, err := roads.Bare(u.Uplink)
	if err != nil {
		return err
	}
	if err := db.Underlay(ctx, u.Bridge, u.Uplink, mac, mtu); err != nil {
		return err
	}
	return roads.Carry(u.Bridge, u.Address, u.Gateway)
}
