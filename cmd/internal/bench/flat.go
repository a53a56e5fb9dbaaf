package bench

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// flat is a bridge without networks, as the positive control: what is sent at
// one port is heard at the other.
type flat struct {
	*bed
	flood        *flooder
	rounds       int
	sent, leaked int
}

func newFlat(ctx context.Context, dir string) (*flat, error) {
	b, err := newBed(ctx, dir)
	f := &flat{bed: b}
	if err != nil {
		return f, err
	}
	if err := b.ovs.vsctl(ctx, "set", "bridge", "br0", "other_config:forward-bpdu=true"); err != nil {
		return f, err
	}
	if _, err := b.ovs.ofctl(ctx, "add-flow", "br0", "actions=NORMAL"); err != nil {
		return f, err
	}
	f.flood, err = openFlood(b.names[1], "l2s0", f.seen)
	return f, err
}

func (f *flat) stop() {
	if f.flood != nil {
		f.flood.close()
	}
	f.bed.stop()
}

// seen returns how many frames the bridge has looked at.
func (f *flat) seen(ctx context.Context) (int, error) {
	if _, err := f.ovs.appctl(ctx, "revalidator/purge"); err != nil { // so that all are counted
		return 0, err
	}
	flows, err := f.ovs.ofctl(ctx, "dump-flows", "br0")
	return packets(flows, "NORMAL"), err
}

// assault sends the same frames over the bridge and returns how many leak of a
// million that it looked at.
func (f *flat) assault(ctx context.Context, frames int) (float64, error) {
	f.rounds++
	d := newDeck(f.rounds, func(a attack) bool { return !a.stolen })
	_, seen, err := f.flood.until(ctx, d, newAttacker(f.flood.mtu+14), frames)
	if err != nil {
		return 0, err
	}
	leaked := 0
	for last := -1; leaked != last; {
		last = leaked
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
		leaked = 0
		for i := range attacks {
			leaked += f.parties[1].seen.Count(d.stream(i)).Once
		}
	}
	f.sent, f.leaked = f.sent+seen, f.leaked+leaked
	return 1e6 * float64(leaked) / float64(max(1, seen)), nil
}

var flowPackets = regexp.MustCompile(`n_packets=(\d+)`)

// packets adds up what the flows have carried that hold a word.
func packets(flows, word string) int {
	total := 0
	for f := range strings.Lines(flows) {
		if m := flowPackets.FindStringSubmatch(f); m != nil && strings.Contains(f, word) {
			n, _ := strconv.Atoi(m[1]) // digits
			total += n
		}
	}
	return total
}
