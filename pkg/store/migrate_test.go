package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
)

// TestUpgradeRunsWhatIsMissing takes steps that are not released: there are
// none yet.
func TestUpgradeRunsWhatIsMissing(t *testing.T) {
	oops := errors.New("oops")
	note := func(word string, err error) migration {
		return func(k keys) error {
			said, _, getErr := k.get("b", "said")
			return errors.Join(getErr, k.put("b", "said", append(said, word...)), err)
		}
	}
	tests := map[string]struct {
		have  string
		steps []migration
		said  string
		mark  string
		err   error
		kind  slice.Kind
	}{
		"nothing to do":    {"2", []migration{note("x", nil)}, "", "1", nil, 0},
		"all":              {"1", []migration{note("a", nil), note("b", nil)}, "ab", "3", nil, 0},
		"the last":         {"2", []migration{note("a", nil), note("b", nil)}, "b", "3", nil, 0},
		"one fails":        {"1", []migration{note("a", nil), note("b", oops)}, "", "1", oops, 0},
		"a later one":      {"3", []migration{note("a", nil)}, "", "1", nil, slice.Invalid},
		"no schema at all": {"x", nil, "", "1", nil, slice.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Open(filepath.Join(t.TempDir(), "a.db"))
			if err != nil {
				t.Fatal(err)
			}
			err = s.in.update(func(k keys) error { return upgrade(k, tt.have, tt.steps) })
			if tt.err != nil && !errors.Is(err, tt.err) || slice.KindOf(err) != tt.kind || tt.err == nil && tt.kind == 0 && err != nil {
				t.Errorf("got %v", err)
			}
			var said, mark []byte
			err = s.in.view(func(k keys) error {
				said, _, _ = k.get("b", "said")
				mark, _, err = k.get(markBucket, markKey)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.said, tt.mark}, []string{string(said), string(mark)}); diff != "" {
				t.Errorf("said and marked (-want +got):\n%s", diff)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
