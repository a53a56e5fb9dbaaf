package ipam_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPool(t *testing.T) {
	p := &ipam.Pool{First: 5, Last: 7}
	take := func(holder string, want uint32) {
		t.Helper()
		if got, err := p.Take(holder); got != want || err != nil {
			t.Errorf("%s takes %d, %v; want %d", holder, got, err, want)
		}
	}
	take("a", 5)
	take("b", 6)
	take("a", 5) // again
	p.Release("a")
	p.Release("a") // twice is fine
	take("c", 5)   // the lowest that is free
	take("a", 7)
	if _, err := p.Take("d"); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("a full pool: got %v", err)
	}
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back ipam.Pool
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*p, back); diff != "" {
		t.Errorf("stored and read (-want +got)\n%s", diff)
	}
	trial := p.Clone()
	trial.Release("a")
	take("a", 7)
	if len(p.Held) != 3 {
		t.Errorf("a trial changed the pool: %v", p.Held)
	}
}

func TestPoolReserve(t *testing.T) {
	tests := map[string]struct {
		holder string
		number uint32
		kind   slice.Kind
		ok     bool
	}{
		"free":           {"b", 6, 0, true},
		"its own":        {"a", 5, 0, true},
		"below":          {"b", 4, slice.Invalid, false},
		"above":          {"b", 8, slice.Invalid, false},
		"of another":     {"b", 5, slice.Conflict, false},
		"a second one":   {"a", 6, slice.Conflict, false},
		"the last one":   {"b", 7, 0, true},
		"far outside it": {"b", 1<<32 - 1, slice.Invalid, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := &ipam.Pool{First: 5, Last: 7, Held: map[string]uint32{"a": 5}}
			before := p.Clone()
			err := p.Reserve(test.holder, test.number)
			if (err == nil) != test.ok || err != nil && slice.KindOf(err) != test.kind {
				t.Fatalf("got %v", err)
			}
			if !test.ok {
				if diff := cmp.Diff(before, p); diff != "" {
					t.Errorf("a refusal changed the pool\n%s", diff)
				}
			} else if p.Held[test.holder] != test.number {
				t.Errorf("%s holds %d, want %d", test.holder, p.Held[test.holder], test.number)
			}
		})
	}
}

func TestPoolEnds(t *testing.T) {
	top := &ipam.Pool{First: 1<<32 - 1, Last: 1<<32 - 1}
	if n, err := top.Take("a"); n != 1<<32-1 || err != nil {
		t.Errorf("the highest number: got %d, %v", n, err)
	}
	if _, err := top.Take("b"); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("beyond the highest number: got %v", err)
	}
	empty := &ipam.Pool{First: 2, Last: 1}
	if _, err := empty.Take("a"); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("an empty range: got %v", err)
	}
}

// Nobody ever shares a number, and none is outside the range.
func TestPoolProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &ipam.Pool{First: 3, Last: 6}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			holder := rapid.StringMatching("[a-f]").Draw(t, "holder")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				_, had := p.Held[holder]
				if _, err := p.Take(holder); err != nil && (had || len(p.Held) < 4) {
					t.Fatalf("refused with %v held: %v", p.Held, err)
				}
			case 1:
				p.Release(holder)
			default:
				_ = p.Reserve(holder, rapid.Uint32Range(2, 7).Draw(t, "number")) // a refusal is as good
			}
			seen := map[uint32]string{}
			for h, n := range p.Held {
				if other, ok := seen[n]; ok || n < 3 || n > 6 {
					t.Fatalf("%s holds %d, so does %q", h, n, other)
				}
				seen[n] = h
			}
		}
		if diff := cmp.Diff(p, p.Clone(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("a clone differs\n%s", diff)
		}
	})
}
