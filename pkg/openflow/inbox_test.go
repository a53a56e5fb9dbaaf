package openflow_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// pieces reads so many bytes at a time.
type pieces struct {
	r    io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

// echoes are messages of many lengths, one after the other.
func echoes(tb testing.TB, sizes ...int) (all []byte, list [][]byte) {
	tb.Helper()
	for i, n := range sizes {
		msg, err := (&ofp.Echo{Data: bytes.Repeat([]byte{byte(i)}, n)}).Append(nil, uint32(i))
		if err != nil {
			tb.Fatal(err)
		}
		all, list = append(all, msg...), append(list, msg)
	}
	return all, list
}

func TestInbox(t *testing.T) {
	sizes := []int{0, 1, 4000, 4088, 4089, 65527, 3, 65527, 65527, 0, 10000}
	for range 3000 { // and long after the large ones
		sizes = append(sizes, 40)
	}
	all, want := echoes(t, append(sizes, 65527, 5)...)
	for _, size := range []int{1, 7, 4096, 1 << 20} {
		got, err := openflow.Messages(pieces{bytes.NewReader(all), size})
		if !errors.Is(err, io.EOF) {
			t.Errorf("%d bytes at a time: %v", size, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d bytes at a time: %d messages of %d", size, len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%d bytes at a time: message %d is another", size, i)
			}
		}
	}
}

func TestInboxEnds(t *testing.T) {
	all, _ := echoes(t, 10, 20)
	for cut := range all {
		got, err := openflow.Messages(iotest.DataErrReader(bytes.NewReader(all[:cut])))
		whole := cut == 0 || cut == 18
		if whole != errors.Is(err, io.EOF) || !whole && !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != min(cut/18, 1) {
			t.Errorf("cut at %d: %d messages, %v", cut, len(got), err)
		}
	}
	if _, err := openflow.Messages(bytes.NewReader([]byte{4, 2, 0, 7, 0, 0, 0, 0})); !errors.Is(err, ofp.ErrLength) {
		t.Errorf("a length below that of the header: %v", err)
	}
}

// FuzzInbox reads a stream in pieces, and the same in one piece.
func FuzzInbox(f *testing.F) {
	all, _ := echoes(f, 0, 1, 5000, 3)
	f.Add(all, 1)
	f.Add(all[:17], 100)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		once, err := openflow.Messages(bytes.NewReader(in))
		again, other := openflow.Messages(pieces{bytes.NewReader(in), max(1, size%5000)})
		if err.Error() != other.Error() || len(once) != len(again) {
			t.Fatalf("%d messages, %v; in pieces %d, %v", len(once), err, len(again), other)
		}
		if rest := bytes.Join(once, nil); !bytes.HasPrefix(in, rest) || !bytes.Equal(rest, bytes.Join(again, nil)) {
			t.Fatal("the messages are not those of the stream")
		}
	})
}
