package sps_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/sps"
)

func FuzzWorkload(f *testing.F) {
	for _, seed := range []string{"cam=netns:cam", "cam=if:eth1", "cam=", "=if:x", "a=b=netns:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, place, err := sps.ParseWorkload(text)
		if err == nil && (name == "" || (place.Namespace == "") == (place.Interface == "")) {
			t.Errorf("%q is workload %q at %+v", text, name, place)
		}
	})
}
