package bench

import (
	"net/netip"
	"testing"

	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Every kind of hostile frame is one that a card sends, and carries its mark.
func TestAttacksAreMarked(t *testing.T) {
	who := newAttacker(1514)
	names := map[string]bool{}
	for kind, a := range attacks {
		if names[a.name] || a.share == 0 {
			t.Errorf("%s is there twice, or never comes up", a.name)
		}
		names[a.name] = true
		for i := range uint32(5000) {
			f := marked(a.frame(who, i), probe.Stream(kind), i)
			if len(f) < 60 || len(f) > who.longestFrame {
				t.Fatalf("%s: a frame of %d bytes", a.name, len(f))
			}
			if m, ok := probe.Find(f); !ok || m.Stream != probe.Stream(kind) || m.Sequence != i {
				t.Fatalf("%s: mark %+v, %t in frame %d", a.name, m, ok, i)
			}
		}
	}
}

// A deck deals all kinds by their shares, and no stream twice.
func TestDeck(t *testing.T) {
	who := newAttacker(1514)
	d, next := newDeck(1, func(attack) bool { return true }), newDeck(2, func(a attack) bool { return !a.stolen })
	for range len(d.cards) {
		d.next(who)
		next.next(who)
	}
	for i, a := range attacks {
		if int(d.count[i]) != a.share {
			t.Errorf("%s came up %d times, want %d", a.name, d.count[i], a.share)
		}
		if a.stolen && next.count[i] > 0 {
			t.Errorf("%s came up, and was left out", a.name)
		}
		if d.stream(i) == next.stream(0) {
			t.Errorf("%s shares a stream with another round", a.name)
		}
	}
	if d.stream(byMember) == next.stream(0) {
		t.Error("that of tunnels shares a stream with another round")
	}
}

// A header whose checksum is right adds up to nothing.
func TestChecksumOfAttacks(t *testing.T) {
	from, to := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	f := ipv4(ether(slice.Broadcast, macOf(0), 0), from, to, 17, discard())
	if got := checksum(f[14:34]); got != 0 {
		t.Errorf("the checksum is wrong by %#x", got)
	}
}
