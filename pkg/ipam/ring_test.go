package ipam_test

import (
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestRing(t *testing.T) {
	used := map[uint32]bool{}
	ring := ipam.Ring{First: 5, Last: 7}
	take := func() uint32 {
		t.Helper()
		n, err := ring.Take(func(n uint32) bool { return used[n] })
		if err != nil {
			t.Fatal(err)
		}
		used[n] = true
		return n
	}
	got := []uint32{take(), take()}
	delete(used, 5)
	got = append(got, take()) // 5 is free, 7 comes first
	got = append(got, take())
	if want := []uint32{5, 6, 7, 5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	_, err := ring.Take(func(n uint32) bool { return used[n] })
	if slice.KindOf(err) != slice.Exhausted {
		t.Errorf("a full ring: got %v, want an exhausted error", err)
	}
}

func TestRingEmpty(t *testing.T) {
	var ring ipam.Ring
	if _, err := ring.Take(func(uint32) bool { return false }); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("got %v, want an exhausted error", err)
	}
}
