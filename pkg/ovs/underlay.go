package ovs

import (
	"context"
	"fmt"
	"maps"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Underlay sees to the bridge that carries tunnels in the userspace datapath:
// it joins the uplink with an interface of the same name as the bridge, on
// which the tunnels' address then lies. It forwards like any plain switch, and
// no tenant's frame ever meets it unpacked. Nothing is done if all is there.
func (d *Database) Underlay(ctx context.Context, name, uplink string, mac slice.MAC, mtu int) error {
	err := d.release(ctx, name, uplink, mac)
	if err == nil {
		err = d.join(ctx, name, uplink, mac, mtu)
	}
	if err != nil {
		return fmt.Errorf("underlay bridge %s: %w", name, err)
	}
	return nil
}

// release takes an uplink away that has another hardware address than before:
// it was made anew, and the switch still listens to the one that was.
func (d *Database) release(ctx context.Context, name, uplink string, mac slice.MAC) error {
	return d.transact(ctx, func(t *transaction) error {
		row, there := t.have.bridges[name]
		if !there || row.OtherConfig[keyUplink] == mac.String() || !t.holds(row, uplink) {
			return nil
		}
		t.remove(row, uplink)
		return t.members(name)
	})
}

// join makes the bridge and its ports what they should be.
func (d *Database) join(ctx context.Context, name, uplink string, mac slice.MAC, mtu int) error {
	return d.transact(ctx, func(t *transaction) error {
		row, there := t.have.bridges[name]
		want := plain(row, name, mac)
		switch {
		case !there:
			want.UUID = t.name()
			want.Ports = []string{
				t.row(interfaceRow{Name: name, Type: "internal", MTURequest: &mtu}),
				t.row(interfaceRow{Name: uplink}),
			}
			t.created = &want
			return t.members(name)
		case !maps.Equal(row.OtherConfig, want.OtherConfig) || !same(row.FailMode, want.FailMode) ||
			row.DatapathType != want.DatapathType:
			t.add(t.db.Where(&row).Update(&want, &want.FailMode, &want.DatapathType, &want.OtherConfig))
		}
		if !t.holds(row, uplink) {
			t.come = append(t.come, t.row(interfaceRow{Name: uplink}))
		}
		t.resize(name, mtu)
		return t.members(name)
	})
}

// plain returns the row of an underlay bridge. It takes the hardware address
// of the uplink when it is made and keeps it when the uplink gets another one:
// the switches at the other ends remember it for a quarter of an hour, and no
// gratuitous ARP makes them forget.
func plain(row bridgeRow, name string, mac slice.MAC) bridgeRow {
	mode := "standalone"
	row.Name, row.FailMode, row.DatapathType = name, &mode, "netdev"
	row.OtherConfig = maps.Clone(row.OtherConfig)
	if row.OtherConfig == nil {
		row.OtherConfig = map[string]string{}
	}
	row.OtherConfig[keyUplink] = mac.String()
	if row.OtherConfig[keyMAC] == "" {
		row.OtherConfig[keyMAC] = mac.String()
	}
	return row
}

// holds reports whether a bridge has a port.
func (t *transaction) holds(b bridgeRow, port string) bool {
	for _, id := range b.Ports {
		if t.have.ports[id].Name == port {
			return true
		}
	}
	return false
}

// resize asks for another size of packets on an interface.
func (t *transaction) resize(name string, mtu int) {
	for _, i := range t.have.interfaces {
		if i.Name == name && !same(i.MTURequest, &mtu) {
			i.MTURequest = &mtu
			t.add(t.db.Where(&i).Update(&i, &i.MTURequest))
		}
	}
}
