package slice_test

import (
	"net/netip"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
)

func TestSpan(t *testing.T) {
	tests := map[string]struct{ text, want string }{ // want is empty where it is refused
		"one":             {"192.0.2.5", "192.0.2.5"},
		"one as a row":    {"192.0.2.5-192.0.2.5", "192.0.2.5"},
		"one as a prefix": {"192.0.2.5/32", "192.0.2.5"},
		"prefix":          {"192.0.2.16/28", "192.0.2.16/28"},
		"prefix as a row": {"192.0.2.16-192.0.2.31", "192.0.2.16/28"},
		"row":             {"192.0.2.16-192.0.2.30", "192.0.2.16-192.0.2.30"},
		"six":             {"2001:db8::10-2001:db8::1f", "2001:db8::10/124"},
		"all":             {"0.0.0.0/0", "0.0.0.0/0"},
		"backwards":       {"192.0.2.9-192.0.2.8", ""},
		"two families":    {"192.0.2.9-2001:db8::1", ""},
		"host bits":       {"192.0.2.1/24", ""},
		"zone":            {"fe80::1%eth0", ""},
		"nothing":         {"", ""},
		"half":            {"192.0.2.9-", ""},
		"words":           {"all of them", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s slice.Span
			err := s.UnmarshalText([]byte(test.text))
			if test.want == "" {
				if slice.KindOf(err) != slice.Invalid {
					t.Fatalf("%q is read as %s, %v", test.text, s, err)
				}
				return
			}
			if err != nil || s.String() != test.want {
				t.Errorf("got %s, %v, want %s", s, err, test.want)
			}
		})
	}
}

func TestSpanHolds(t *testing.T) {
	var s slice.Span
	if err := s.UnmarshalText([]byte("192.0.2.8-192.0.2.11")); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"192.0.2.7": false, "192.0.2.8": true, "192.0.2.11": true, "192.0.2.12": false, "::ffff:192.0.2.9": false, "2001:db8::": false,
	} {
		if got := s.Contains(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s holds %s: %v", s, text, got)
		}
	}
	for text, want := range map[string]bool{
		"192.0.2.0/29": false, "192.0.2.8/32": true, "192.0.2.11/32": true, "192.0.2.12/30": false, "192.0.2.0/24": true, "::/0": false,
	} {
		if got := s.Overlaps(slice.SpanOf(netip.MustParsePrefix(text))); got != want {
			t.Errorf("%s overlaps %s: %v", s, text, got)
		}
	}
}
