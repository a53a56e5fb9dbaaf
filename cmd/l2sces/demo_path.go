package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	videoFrames = 200
	videoSize   = 1300
	// noise is how much of the video's bytes may leave by a link that video
	// does not use: liveness and discovery share the port.
	noise = 10 // per cent
)

// ways are the links that carry a network, and the others.
type ways struct{ used, others []domainLink }

// The ways of video: by the template, and after it was moved.
var (
	fieldFire    = domainLink{"field", "fire"}
	fieldPrivate = domainLink{"field", "private"}
	firePrivate  = domainLink{"fire", "private"}

	usualVideo = ways{used: []domainLink{fieldFire, fieldPrivate}, others: []domainLink{firePrivate}}
	movedVideo = ways{used: []domainLink{fieldFire, firePrivate}, others: []domainLink{fieldPrivate}}
)

// A domainLink joins the gateways of two domains.
type domainLink struct{ from, to slice.Domain }

// String returns the name of the link.
func (l domainLink) String() string { return string(l.from) + "-" + string(l.to) }

// A linkEnd is one end of a link: a tunnel port on br-ned of a gateway.
type linkEnd struct {
	view switchView
	port string
}

// checkPath sends video and nothing else, and looks which links carry it: by
// the flows that take in the network's frames, and by the bytes of the ports.
func (d *demo) checkPath(ctx context.Context, ms members, fire intent.Status, w ways) error {
	i := slices.IndexFunc(fire.Networks, func(n intent.NetworkStatus) bool { return n.Name == "video" })
	if i < 0 {
		return slice.Errorf(slice.NotFound, "slice %s has no network video", fire.ID)
	}
	number := fire.Networks[i].Number
	video := ms.of(slice.NetworkID{Slice: fire.ID, Network: "video"})
	from := video[slices.IndexFunc(video, func(m *member) bool { return m.Domain == "field" })]
	all := append(slices.Clone(w.used), w.others...)
	before, err := d.carried(ctx, number, all)
	if err != nil {
		return err
	}
	_, err = from.port.Datagrams(ctx, probe.Datagrams{
		To: group, Stream: d.streams.next(), Count: videoFrames, Every: gap, Size: videoSize,
	})
	if err != nil {
		return err
	}
	bytes := uint64(videoFrames * (videoSize + 14)) // with the Ethernet header
	var got []string
	look := func() (bool, error) { // the switch brings its counters up to date twice a second
		after, err := d.carried(ctx, number, all)
		if err != nil {
			return false, err
		}
		got = nil
		for i, l := range all {
			got = append(got, verdict(l, after[i].network-before[i].network, after[i].port-before[i].port, bytes))
		}
		return strings.Join(got, "; ") == w.want(), nil
	}
	if err := poll(ctx, arrival, look); err != nil {
		return err
	}
	d.check("links that carry video, by counters", w.want(), strings.Join(got, "; "))
	select { // a late frame on a wrong link would be counted by now
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(settle):
	}
	if _, err := look(); err != nil {
		return err
	}
	d.check("the same, a moment later", w.want(), strings.Join(got, "; "))
	return nil
}

func (w ways) want() string {
	var want []string
	for _, l := range w.used {
		want = append(want, l.String()+" all")
	}
	for _, l := range w.others {
		want = append(want, l.String()+" 0")
	}
	return strings.Join(want, "; ")
}

// verdict says in one word what a link carried of the video, or gives the
// numbers if it is neither all nor nothing.
func verdict(l domainLink, network, port, video uint64) string {
	switch {
	case network == 0 && port*100 < video*noise:
		return l.String() + " 0"
	case network >= video && network < video*2 && port >= video:
		return l.String() + " all"
	default:
		return fmt.Sprintf("%s %d bytes of the network and %d of the port, of %d", l, network, port, video)
	}
}

// load is what a link carried up to now, both directions together.
type load struct{ network, port uint64 }

func (d *demo) carried(ctx context.Context, n slice.Network, links []domainLink) ([]load, error) {
	loads := make([]load, len(links))
	for i, l := range links {
		for _, way := range []domainLink{l, {l.to, l.from}} {
			e, err := d.end(ctx, way)
			if err != nil {
				return nil, err
			}
			received, err := e.view.received(ctx, bridge.NED, e.port, n)
			if err != nil {
				return nil, err
			}
			sent, err := e.view.sent(ctx, bridge.NED, e.port)
			if err != nil {
				return nil, err
			}
			loads[i].network += received
			loads[i].port += sent
		}
	}
	return loads, nil
}

// end finds the port at the beginning of a link by the address of its other
// end.
func (d *demo) end(ctx context.Context, l domainLink) (linkEnd, error) {
	here, _, err := gatewayOf(d.plan.Lab, l.from)
	if err != nil {
		return linkEnd{}, err
	}
	_, remote, err := gatewayOf(d.plan.Lab, l.to)
	if err != nil {
		return linkEnd{}, err
	}
	v := viewOf(d.plan, here)
	all, err := v.interfaces(ctx)
	if err != nil {
		return linkEnd{}, err
	}
	out, err := v.vsctl(ctx, "list-ports", bridge.NED)
	if err != nil {
		return linkEnd{}, err
	}
	ports := strings.Fields(string(out))
	for _, i := range all {
		if slices.Contains(ports, i.name) && strings.Contains(i.options, `remote_ip="`+remote+`"`) {
			return linkEnd{view: v, port: i.number}, nil
		}
	}
	return linkEnd{}, slice.Errorf(slice.NotFound, "no tunnel from %s to %s (%s) on %s of %s", l.from, l.to, remote, bridge.NED, here)
}

// gatewayOf returns the gateway of a domain and the tunnel address of its
// switch.
func gatewayOf(l lab.Lab, d slice.Domain) (slice.Node, string, error) {
	for _, one := range l.Domains {
		if one.Name == d {
			a, err := l.TunnelAddress(one.Gateway)
			return one.Gateway, a.String(), err
		}
	}
	return "", "", slice.Errorf(slice.NotFound, "lab %s has no domain %s", l.Name, d)
}
