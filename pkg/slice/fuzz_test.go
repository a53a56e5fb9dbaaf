package slice_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
)

// What is read and written again is the same.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"02:00:00:00:00:01", "00000000000000ff", "press/video", "/", "", "a/b/c", "02-00-00-00-00-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := slice.ParseMAC(text); err == nil {
			if again, err := slice.ParseMAC(m.String()); err != nil || again != m {
				t.Errorf("%q is read as %s and then as %s, %v", text, m, again, err)
			}
		}
		var d, e slice.DPID
		if d.UnmarshalText([]byte(text)) == nil && (e.UnmarshalText([]byte(d.String())) != nil || e != d) {
			t.Errorf("%q is read as %s and then as %s", text, d, e)
		}
		var n slice.NetworkID
		if n.UnmarshalText([]byte(text)) == nil && n.String() != text {
			t.Errorf("%q is read as %s", text, n)
		}
	})
}
