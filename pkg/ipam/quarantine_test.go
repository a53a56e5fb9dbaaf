package ipam_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

var noon = time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)

// F23: a number that was given back is not given again before it has rested,
// and an error says how many wait and until when.
func TestF23Quarantine(t *testing.T) {
	ring := ipam.Ring{First: 5, Last: 7}
	q := ipam.NewQuarantine(time.Minute, ring)
	used := map[uint32]bool{}
	take := func(now time.Time) (uint32, error) {
		q.Release(now)
		n, err := q.Take(&ring, func(n uint32) bool { return used[n] })
		if err == nil {
			used[n] = true
		}
		return n, err
	}
	for range 3 {
		if _, err := take(noon); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range []uint32{6, 5} {
		delete(used, n)
		if _, ok := q.Give(n, noon.Add(time.Duration(i)*time.Second)); !ok {
			t.Fatalf("%d does not rest", n)
		}
	}
	_, err := take(noon.Add(59 * time.Second))
	if slice.KindOf(err) != slice.Exhausted {
		t.Fatalf("two rest and one is used: %v", err)
	}
	for _, want := range []string{"all 3 numbers from 5 to 7 are used", "2 of them", "the first until 2000-01-01T12:01:00Z"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if n, err := take(noon.Add(time.Minute)); n != 6 || err != nil {
		t.Errorf("got %d, %v after a minute, want 6", n, err)
	}
	// Another number was given since 5 came back: that ends its rest as well.
	if n, err := take(noon.Add(time.Minute)); n != 5 || err != nil {
		t.Errorf("got %d, %v after another was given, want 5", n, err)
	}
}

// A stored rest goes on after a restart, and clocks that were turned do not
// make it longer.
func TestF17QuarantineIsStored(t *testing.T) {
	ring := ipam.Ring{First: 1, Last: 100}
	q := ipam.NewQuarantine(time.Minute, ring)
	rest, _ := q.Give(9, noon)
	for now, want := range map[time.Time]bool{
		noon.Add(59 * time.Second): true, noon.Add(time.Hour): false, noon.Add(-time.Hour): true,
	} {
		again := ipam.NewQuarantine(time.Minute, ring)
		again.Recall(9, rest, now)
		again.Release(now)
		if again.Rests(9) != want {
			t.Errorf("at %s number 9 rests: %v", now, !want)
		}
		again.Release(now.Add(time.Minute))
		if again.Rests(9) {
			t.Errorf("after %s number 9 rests for more than a minute", now)
		}
	}
}

func TestNoQuarantine(t *testing.T) {
	var q ipam.Quarantine
	if _, ok := q.Give(9, noon); ok || q.Rests(9) {
		t.Error("a quarantine without a pause keeps a number")
	}
}

// Whatever comes and goes, nobody gets a number that is used or rests, every
// rest ends, and no more than a quarter of the numbers rest once others are
// taken.
func TestQuarantineProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint32Range(1, 40).Draw(t, "size")
		ring := ipam.Ring{First: 1, Last: size}
		q := ipam.NewQuarantine(10*time.Second, ring)
		used, since, now := map[uint32]bool{}, map[uint32]time.Time{}, noon
		given := map[uint32]int{}
		total := 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second)
			case 1:
				for n := range used {
					delete(used, n)
					q.Give(n, now)
					since[n], given[n] = now, total
					break
				}
			default:
				q.Release(now)
				n, err := q.Take(&ring, func(n uint32) bool { return used[n] })
				if err != nil {
					resting := 0
					for m := ring.First; m <= ring.Last; m++ {
						if q.Rests(m) {
							resting++
						}
					}
					if uint32(len(used)+resting) != size { //nolint:gosec // few
						t.Fatalf("%d used, %d rest, of %d: %v", len(used), resting, size, err)
					}
					continue
				}
				if back, ok := since[n]; used[n] || ok && now.Sub(back) < 10*time.Second && total-given[n] < int(q.Others) {
					t.Fatalf("%d was given again too soon", n)
				}
				used[n] = true
				total++
			}
		}
		for n := range used {
			q.Give(n, now)
		}
		q.Release(now.Add(10 * time.Second))
		for n := ring.First; n <= ring.Last; n++ {
			if q.Rests(n) {
				t.Fatalf("%d rests for ever", n)
			}
		}
	})
}
