package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A demand is switches that ask a controller what to do with frames, over and
// over: each keeps so many questions open. A question is answered when a frame
// comes back, and when there was a flow-mod for it.
type demand struct {
	switches int
	open     int // questions of a switch at a time
	macs     int // addresses behind each of the two ports
	cookie   func(dpid uint64) uint64
}

// An asker is one switch of a demand.
type asker struct {
	*demand
	sw   *fleet.Switch
	conn atomic.Pointer[fleet.Conn]

	flowMods, packetOuts atomic.Int64
	asking               atomic.Bool
	n                    uint32
	buf                  []byte
	began                time.Time // when the one open question was asked
	took                 []time.Duration
}

// An answered is what a demand has seen in a window of time.
type answered struct {
	perSecond float64         // questions that got both a flow-mod and their frame back
	took      []time.Duration // sorted; of a demand of one question at a time
}

// percentile returns the time below which so many per cent are.
func (a answered) percentile(p int) float64 {
	if len(a.took) == 0 {
		return 0
	}
	return float64(a.took[min(len(a.took)*p/100, len(a.took)-1)].Nanoseconds()) / 1000
}

// run has the demand ask a controller, and measures for a time once it is under
// way.
func (l *demand) run(ctx context.Context, address string, window time.Duration) (answered, error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var all []*asker
	for i := range l.switches {
		a := newAsker(l, uint64(i+1)) //nolint:gosec // few
		all = append(all, a)
		running.Go(func() { a.sw.Keep(ctx, address, func(ctx context.Context) { wait(ctx, 100*time.Millisecond) }) })
	}
	err := await(ctx, "every switch is asked who it is", func() bool {
		return !slices.ContainsFunc(all, func(a *asker) bool { return a.conn.Load() == nil })
	})
	if err != nil {
		return answered{}, err
	}
	wait(ctx, 700*time.Millisecond) // for what else a controller asks a new switch
	for _, a := range all {
		if err := a.introduce(); err != nil {
			return answered{}, err
		}
	}
	wait(ctx, 300*time.Millisecond)
	for _, a := range all {
		if err := a.begin(); err != nil {
			return answered{}, err
		}
	}
	wait(ctx, 300*time.Millisecond)
	return l.measure(ctx, all, window, cancel, &running)
}

func (l *demand) measure(ctx context.Context, all []*asker, window time.Duration, stop func(), running *sync.WaitGroup) (answered, error) {
	count := func() (mods, outs int64) {
		for _, a := range all {
			mods += a.flowMods.Load()
			outs += a.packetOuts.Load()
		}
		return mods, outs
	}
	start := time.Now()
	mods, outs := count()
	wait(ctx, window)
	modsNow, outsNow := count()
	both := min(modsNow-mods, outsNow-outs)
	took := time.Since(start).Seconds()
	if both <= 0 || ctx.Err() != nil {
		return answered{}, fmt.Errorf("%d flow-mods and %d frames came back in %v", modsNow-mods, outsNow-outs, window)
	}
	stop()
	running.Wait() // what they have measured is theirs until then
	r := answered{perSecond: float64(both) / took}
	for _, a := range all {
		r.took = append(r.took, a.took...)
	}
	slices.Sort(r.took)
	return r, nil
}

// wait waits, or until the context ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func newAsker(l *demand, dpid uint64) *asker {
	a := &asker{demand: l}
	a.sw = fleet.New(fleet.Config{DPID: dpid, Ports: fleet.Ports(4), Raw: a.hear, Buffer: 64 << 10})
	return a
}

// hear takes the answers, and asks again. It does not look at flows: they are
// the same for every controller.
func (a *asker) hear(c *fleet.Conn, t ofp.Type, _ []byte) bool {
	switch t {
	case ofp.TypeFlowMod:
		a.flowMods.Add(1)
		return true
	case ofp.TypePacketOut:
		a.packetOuts.Add(1)
		if !a.asking.Load() {
			return true
		}
		if a.open == 1 {
			now := time.Now()
			a.took = append(a.took, now.Sub(a.began))
			a.began = now
		}
		_, _ = c.Write(a.question()) // who reads learns that the connection is lost
		return true
	case ofp.TypeFeaturesRequest:
		a.conn.Store(c)
	}
	return false
}

// Addresses of a switch begin with its number, behind the second port with
// another byte.
func (a *asker) mac(port byte, i uint32) slice.MAC {
	return slice.MAC{2, port, byte(a.sw.DPID()), 0, byte(i >> 8), byte(i)} //nolint:gosec // few switches
}

// introduce has the controller learn what is behind the second port.
func (a *asker) introduce() error {
	var b []byte
	for i := range uint32(a.macs) { //nolint:gosec // few
		b = a.packetIn(b, 2, slice.Broadcast, a.mac(2, i))
	}
	return a.send(b)
}

func (a *asker) begin() error {
	var b []byte
	for range a.open {
		b = append(b, a.question()...)
	}
	a.began = time.Now()
	a.asking.Store(true)
	return a.send(b)
}

func (a *asker) send(b []byte) error {
	c := a.conn.Load()
	if _, err := c.Write(b); err != nil {
		return err
	}
	return c.Flush()
}

// question is a packet-in from the first port to an address behind the second.
func (a *asker) question() []byte {
	a.n++
	i := a.n % uint32(a.macs) //nolint:gosec // few
	a.buf = a.packetIn(a.buf[:0], 1, a.mac(2, i), a.mac(1, i))
	return a.buf
}

// packetIn appends a packet-in with a UDP datagram of 60 bytes. Its reason is
// that no flow matched: ovs-testcontroller passes over others.
func (a *asker) packetIn(b []byte, port uint32, to, from slice.MAC) []byte {
	var cookie uint64
	if a.cookie != nil {
		cookie = a.cookie(a.sw.DPID())
	}
	start := len(b)
	b = append(b, ofp.Version, byte(ofp.TypePacketIn), 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 60, 0, 2)
	b = binary.BigEndian.AppendUint64(b, cookie)
	b = append(b, 0, 1, 0, 12, 0x80, 0, 0, 4)
	b = binary.BigEndian.AppendUint32(b, port)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = append(append(b, to[:]...), from[:]...)
	b = append(b, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, from[5], 192, 0, 2, to[5], 0, 7, 0, 7, 0, 26, 0, 0)
	b = append(b, make([]byte, 18)...)
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start)) //nolint:gosec // about a hundred
	return b
}

// learnedCookie is the cookie of a flow of the network that has the number of
// the switch.
func learnedCookie(dpid uint64) uint64 { return uint64(openflow.DefaultProduct)<<48 | dpid }
