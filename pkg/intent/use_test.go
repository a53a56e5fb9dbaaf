package intent_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestUseOf(t *testing.T) {
	in := intent.Intents{Slice: intent.Slice{
		ID: "s", Domains: []intent.Domain{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Networks: []intent.Network{
			{Name: "voice", BandwidthKbps: 100, Domains: []slice.Domain{"a", "b"}, Members: []intent.Member{
				{Name: "w1", Domain: "a"}, {Name: "w2", Domain: "a"}, {Name: "w3", Domain: "b"},
			}},
			{Name: "video", Domains: []slice.Domain{"a"}, Members: []intent.Member{{Name: "w1", Domain: "a"}}},
		},
	}}
	for d, want := range map[slice.Domain]intent.Usage{
		"a": {Slices: 1, Networks: 2, Ports: 3, BandwidthKbps: 200},
		"b": {Slices: 1, Networks: 1, Ports: 1, BandwidthKbps: 100},
		"c": {Slices: 1},
		"d": {},
	} {
		if diff := cmp.Diff(want, in.UseOf(d)); diff != "" {
			t.Errorf("domain %s (-want +got)\n%s", d, diff)
		}
	}
}

func TestUsageStaysAtTheEnd(t *testing.T) {
	most := intent.Usage{BandwidthKbps: math.MaxUint32 - 1}
	if got := most.Plus(most).BandwidthKbps; got != math.MaxUint32 {
		t.Errorf("a sum that is too large is %d", got)
	}
}

func TestOver(t *testing.T) {
	tests := map[string]struct {
		capacity    intent.Capacity
		now, before intent.Usage
		want        string
	}{
		"no limit":            {intent.Capacity{}, intent.Usage{Slices: 9}, intent.Usage{}, ""},
		"as many":             {intent.Capacity{Slices: 9}, intent.Usage{Slices: 9}, intent.Usage{Slices: 8}, ""},
		"one more":            {intent.Capacity{Slices: 8}, intent.Usage{Slices: 9}, intent.Usage{Slices: 8}, "9 slices of 8"},
		"over, and shrinks":   {intent.Capacity{Ports: 2}, intent.Usage{Ports: 5}, intent.Usage{Ports: 6}, ""},
		"over, and stays":     {intent.Capacity{Ports: 2}, intent.Usage{Ports: 5}, intent.Usage{Ports: 5}, ""},
		"over, another grows": {intent.Capacity{Ports: 2, Networks: 9}, intent.Usage{Ports: 5, Networks: 3}, intent.Usage{Ports: 5, Networks: 2}, ""},
		"two": {
			intent.Capacity{Networks: 1, BandwidthKbps: 10},
			intent.Usage{Networks: 2, BandwidthKbps: 20},
			intent.Usage{},
			"2 networks of 1, 20 kbit/s of 10",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.capacity.Over(test.now, test.before); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
