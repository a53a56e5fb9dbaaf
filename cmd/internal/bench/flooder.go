package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A flooder sends hostile frames as fast as the switch behind its interface
// looks at them.
type flooder struct {
	fd    int
	mtu   int
	every time.Duration                      // for a batch
	seen  func(context.Context) (int, error) // frames that the switch has looked at
}

// floodBatch is how many frames go out between two looks at the clock.
const floodBatch = 32

// What a batch takes: at first, at the least and at the most. A switch in user
// space keeps some two hundred frames while it is busy with others.
const (
	batchFirst = floodBatch * time.Second / 50_000
	batchLeast = floodBatch * time.Second / 150_000
	batchMost  = floodBatch * time.Second / 5_000
)

// floodRound is how many frames go out until the rate is looked at.
const floodRound = 40_000

func openFlood(namespace, ifname string, seen func(context.Context) (int, error)) (*flooder, error) {
	f := &flooder{every: batchFirst, seen: seen}
	err := netns.Do(namespace, func() error {
		ifi, err := net.InterfaceByName(ifname)
		if err != nil {
			return err
		}
		f.mtu = ifi.MTU
		if f.fd, err = syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0); err != nil {
			return err
		}
		return syscall.Bind(f.fd, &syscall.SockaddrLinklayer{Ifindex: ifi.Index})
	})
	if err != nil {
		return nil, fmt.Errorf("send on %s in %s: %w", ifname, namespace, err)
	}
	return f, nil
}

func (f *flooder) close() { _ = syscall.Close(f.fd) } // nothing is waiting in it

// until sends frames of a deck until the switch has looked at so many, and
// returns how many it sent and how many were looked at.
func (f *flooder) until(ctx context.Context, d *deck, who attacker, frames int) (sent, seen int, err error) {
	before, err := f.seen(ctx)
	if err != nil {
		return 0, 0, err
	}
	for seen < frames && sent < 4*frames {
		n := min(floodRound, frames-seen)
		if err := f.send(ctx, d, who, n); err != nil {
			return sent, seen, err
		}
		sent += n
		was := seen
		if seen, err = f.arrived(ctx, before, sent); err != nil {
			return sent, seen, err
		}
		switch share := float64(seen-was) / float64(n); {
		case share < 0.9:
			f.every = min(batchMost, f.every*3/2)
		case share > 0.98:
			f.every = max(batchLeast, f.every*9/10)
		}
	}
	return sent, seen, nil
}

// arrived waits until the switch has counted all that was sent, or counts no
// more.
func (f *flooder) arrived(ctx context.Context, before, sent int) (int, error) {
	last := -1
	for {
		now, err := f.seen(ctx)
		if err != nil {
			return 0, err
		}
		now -= before
		if now >= sent || now == last {
			return min(now, sent), nil
		}
		last = now
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// send sends so many frames of a deck.
func (f *flooder) send(ctx context.Context, d *deck, who attacker, count int) error {
	began := time.Now()
	for i := range count {
		if i%floodBatch == 0 {
			if err := pause(ctx, time.Until(began.Add(time.Duration(i/floodBatch)*f.every))); err != nil {
				return err
			}
		}
		if err := f.write(d.next(who)); err != nil {
			return fmt.Errorf("send a frame: %w", err)
		}
	}
	return nil
}

// write tries again while the interface is busy.
func (f *flooder) write(frame []byte) error {
	for {
		_, err := syscall.Write(f.fd, frame)
		if !errors.Is(err, syscall.ENOBUFS) && !errors.Is(err, syscall.EAGAIN) {
			return err
		}
	}
}

// A deck deals frames of all kinds by their shares, each kind with a stream and
// a count of its own.
type deck struct {
	round int
	cards []int
	dealt int
	count []uint32
}

func newDeck(round int, with func(attack) bool) *deck {
	d := &deck{round: round, count: make([]uint32, len(attacks)+2)}
	for i, a := range attacks {
		for range a.share {
			if with(a) {
				d.cards = append(d.cards, i)
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // no secret
	shuffle.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
	return d
}

// The kinds of frames that are not dealt: those sent to a tunnel end by those
// who have no part in the network, and by one who has.
var (
	byTunnel = len(attacks)
	byMember = len(attacks) + 1
)

// stream is that of a kind in this round.
func (d *deck) stream(kind int) probe.Stream {
	return probe.Stream(1<<20 + d.round*(len(attacks)+2) + kind) //nolint:gosec // small
}

func (d *deck) next(who attacker) []byte {
	kind := d.cards[d.dealt%len(d.cards)]
	d.dealt++
	return d.mark(kind, func(i uint32) []byte { return attacks[kind].frame(who, i) })
}

func (d *deck) mark(kind int, frame func(uint32) []byte) []byte {
	i := d.count[kind]
	d.count[kind]++
	return marked(frame(i), d.stream(kind), i)
}

// sendTunnel sends frames of a kind to a tunnel end (RFC 7348, section 5) under
// some numbers, with flags that are right and with others, to the first
// workload of a network and to all.
func sendTunnel(ctx context.Context, namespace string, to netip.Addr, d *deck, kind int, numbers []uint32, count int) (int, error) {
	var conn net.Conn
	err := netns.Do(namespace, func() error {
		var err error
		conn, err = (&net.Dialer{}).DialContext(ctx, "udp4", netip.AddrPortFrom(to, 4789).String())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reach the tunnel end from %s: %w", namespace, err)
	}
	defer conn.Close() //nolint:errcheck // nothing is waiting in it
	for i := range count {
		if i%50 == 0 {
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return i, err
			}
		}
		vni := numbers[i%len(numbers)]
		flags := []byte{0x08, 0x08, 0x08, 0x00, 0xff, 0x0c}[i/len(numbers)%6]
		inner := d.mark(kind, func(uint32) []byte {
			to := []slice.MAC{macOf(0), slice.Broadcast}[i/2%2]
			return ipv4(ether(to, macOf(1), 0), netip.AddrFrom4([4]byte{192, 0, 2, 2}), netip.AddrFrom4([4]byte{192, 0, 2, 1}), 17, discard())
		})
		datagram := append([]byte{flags, 0, 0, 0}, binary.BigEndian.AppendUint32(nil, vni<<8)...)
		if _, err := conn.Write(append(datagram, inner...)); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			return i, fmt.Errorf("send to the tunnel end from %s: %w", namespace, err)
		}
	}
	return count, nil
}
