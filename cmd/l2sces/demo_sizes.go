package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/l2sces/l2sces/pkg/probe"
)

// sized is how many datagrams of one size are sent, and their port.
const (
	sized     = 5
	sizedPort = 5006
)

// checkSizes sends datagrams of several sizes between the first two members of
// each network that has addresses.
func (d *demo) checkSizes(ctx context.Context, ms members) error {
	for _, network := range ms.addressed().networks() {
		if len(network) < 2 {
			continue
		}
		from, to, mtu := network[0], network[1], int(network[0].mtu)
		where := " in " + from.network.String()
		d.check("MTU of the interface"+where, fmt.Sprint(mtu), fmt.Sprint(from.port.MTU))
		tests := []struct {
			name  string
			size  int
			whole bool
			want  string
		}{
			{"datagrams of 1400 bytes", 1400, true, "5 of 5 arrive, 0 refused"},
			{"datagrams of the largest size", mtu, true, "5 of 5 arrive, 0 refused"},
			{"datagrams one byte larger, not to be cut", mtu + 1, true, "0 of 5 arrive, 5 refused"},
			{"datagrams one byte larger, cut by the sender", mtu + 1, false, "5 of 5 arrive, 0 refused"},
		}
		for _, tt := range tests {
			got, err := d.sendSized(ctx, from, to, tt.size, tt.whole)
			if err != nil {
				return err
			}
			d.check(tt.name+where, tt.want, got)
		}
	}
	return nil
}

func (d *demo) sendSized(ctx context.Context, from, to *member, size int, whole bool) (string, error) {
	stream, at := d.streams.next(), netip.AddrPortFrom(to.Address, sizedPort)
	heard, err := to.port.Listen(ctx, at)
	if err != nil {
		return "", err
	}
	defer func() { _ = heard.Close() }() // only read from
	refused, err := from.port.Datagrams(ctx, probe.Datagrams{
		To: at, Stream: stream, Count: sized, Every: 20 * time.Millisecond, Size: size, Whole: whole,
	})
	if err != nil {
		return "", err
	}
	arrived := func() (bool, error) { return heard.Count(stream).Once+refused >= sized, nil }
	if err := poll(ctx, arrival, arrived); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d arrive, %d refused", heard.Count(stream).Once, sized, refused), nil
}
