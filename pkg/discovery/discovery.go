// Package discovery finds the links between switches, and finds out when one
// is lost, by frames of its own: a prober has every port that may be the end
// of a link send a frame that only this prober can make and that counts once,
// and sees at which port it comes up again. A port of a tenant never becomes
// the end of a link, whatever comes from it. It decides nothing about paths
// and knows no protocol: switches, and who is told of links, come to it as
// interfaces and functions.
//
//	p, err := discovery.New(places, discovery.Config{Link: changed})
//	go p.Run(ctx)
package discovery

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Role says what a port may be.
type Role uint8

// The roles.
const (
	Tenant  Role = iota // never the end of a link; also every port that is not listed
	Overlay             // a tunnel: frames leave it under the reserved VNI
	Open                // of a switch that is not ours: may become a link, frames leave as they are
)

// VNI is the one under which probes pass through tunnels. No network has it.
const VNI = slice.MaxNetwork

// A Port is one that may be the end of a link.
type Port struct {
	Number slice.Port
	Role   Role
	// Peer is the only other end that the port may have, where that is known;
	// the zero value is any.
	Peer topology.End
}

// Places tells which ports of a switch may be ends of links.
type Places interface {
	Ports(slice.DPID) []Port
}

// A Switch is one that is connected. Package openflow has the real one.
type Switch interface {
	DPID() slice.DPID
	// Send has the switch send a frame out of a port.
	Send(ctx context.Context, out slice.Port, frame []byte) error
	// SendTunnel does the same under a VNI.
	SendTunnel(ctx context.Context, out slice.Port, vni slice.Network, frame []byte) error
	// Barrier returns when the switch has done everything that was sent before.
	Barrier(ctx context.Context) error
}

// A State is a link as it is.
type State struct {
	Up        bool
	Reason    string        // why it is not up
	Latency   time.Duration // one way, the slower of both; 0: not known
	Loss      float64       // of frames, the worse of both ways: 0 to 1
	Bandwidth uint64        // bits a second, as an agent measured it; 0: not known
}

// A Config says how a prober works. Zero fields have good defaults.
type Config struct {
	// Key authenticates probes. Replicas that share it know each other's
	// probes and do not take them for forgeries; default random.
	Key []byte
	// Interval is the time between two probes of a link that is stable. A link
	// that loses frames one way is found within three of them; default 500 ms.
	Interval time.Duration
	// Rate and Burst pace the probes of all switches together; default 4,000 a
	// second and 2,000 at once. Where they do not suffice, intervals grow.
	Rate, Burst int
	// HalfLife is the time in which a link is forgiven half of its flapping;
	// default 5 s.
	HalfLife time.Duration
	// Ban is how long a port that was seen cheating is not believed; default
	// one minute.
	Ban time.Duration

	// Link is told of every link that was found, lost or measured anew. Alarm
	// is told of every frame that should not have come, at most once a second
	// for each port and kind. Both are called one at a time and in order, and
	// must not call the prober.
	Link  func(a, b topology.End, s State)
	Alarm func(Alarm)

	Logger *slog.Logger
	Now    func() time.Time // default time.Now; may jump
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Key) == 0 {
		c.Key = make([]byte, 32)
		if _, err := rand.Read(c.Key); err != nil {
			return c, fmt.Errorf("key for probes: %w", err)
		}
	}
	c.Interval = cmp.Or(c.Interval, 500*time.Millisecond)
	c.Rate, c.Burst = cmp.Or(c.Rate, 4000), cmp.Or(c.Burst, 2000)
	c.HalfLife = cmp.Or(c.HalfLife, 5*time.Second)
	c.Ban = cmp.Or(c.Ban, time.Minute)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Link == nil {
		c.Link = func(topology.End, topology.End, State) {}
	}
	if c.Alarm == nil {
		c.Alarm = func(Alarm) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
