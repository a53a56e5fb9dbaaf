package probe_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/probe"
)

func TestFind(t *testing.T) {
	mark := probe.Mark{Stream: 7, Sequence: 1 << 31}
	bytes := mark.Append(nil)
	tests := []struct {
		name  string
		frame []byte
		want  probe.Mark
		found bool
	}{
		{"alone", bytes, mark, true},
		{"behind a header", mark.Append(make([]byte, 42)), mark, true},
		{"before padding", append(mark.Append(nil), make([]byte, 30)...), mark, true},
		{"cut", bytes[:15], probe.Mark{}, false},
		{"none", make([]byte, 64), probe.Mark{}, false},
		{"empty", nil, probe.Mark{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, found := probe.Find(tt.frame)
			if diff := cmp.Diff(tt.want, got); diff != "" || found != tt.found {
				t.Errorf("found: %t, want %t (-want +got):\n%s", found, tt.found, diff)
			}
		})
	}
}

func FuzzFind(f *testing.F) {
	f.Add(probe.Mark{Stream: 1, Sequence: 2}.Append([]byte("x")))
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, ok := probe.Find(frame)
		if again, found := probe.Find(m.Append(nil)); ok && (!found || again != m) {
			t.Errorf("%v does not survive", m)
		}
	})
}

func TestNoNamespace(t *testing.T) {
	gone := errors.New("namespace is gone")
	p := probe.Port{In: func(func() error) error { return gone }, Interface: "eth0"}
	if _, err := p.Capture(); !errors.Is(err, gone) {
		t.Errorf("got %v, want the error of the namespace", err)
	}
	if _, err := p.Echo(t.Context(), probe.Echo{Count: 1}); !errors.Is(err, gone) {
		t.Errorf("got %v, want the error of the namespace", err)
	}
}
