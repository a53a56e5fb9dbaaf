package slice_test

import (
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
)

func TestLabel(t *testing.T) {
	tests := map[string]struct {
		name, want string
		is         bool
	}{
		"as it is":    {"voice", "voice", true},
		"underscores": {"slice_vld_1", "slice-vld-1", false},
		"capitals":    {"Video", "video", false},
		"ends":        {"-a_", "a", false},
		"nothing":     {"", "", false},
		"no letters":  {"__", "", false},
		"umlaut":      {"ä", "", false},
		"63":          {strings.Repeat("a", 63), strings.Repeat("a", 63), true},
		"64":          {strings.Repeat("a", 64), strings.Repeat("a", 64), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := slice.Label(test.name); got != test.want {
				t.Errorf("label %q, want %q", got, test.want)
			}
			if got := slice.IsLabel(test.name); got != test.is {
				t.Errorf("is a label: %v, want %v", got, test.is)
			}
		})
	}
}
