package inflate_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/l2sces/l2sces/pkg/pack/inflate"
)

// contents are data of many kinds: of long copies and short, near and far, of
// few symbols and of all, and of none that can be made smaller.
func contents() map[string][]byte {
	chance := rand.New(rand.NewPCG(1, 2))
	noise := func(n, symbols int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(chance.IntN(symbols))
		}
		return b
	}
	far := noise(32<<10, 256)
	var text strings.Builder
	for i := range 8_000 {
		text.WriteString("line " + strings.Repeat("ab", i%7) + string(rune('a'+i%26)) + "\n")
	}
	var skewed []byte // codes of all lengths
	for i := range 15 {
		skewed = append(skewed, bytes.Repeat([]byte{byte(i)}, 1<<i)...)
	}
	chance.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	return map[string][]byte{
		"nothing":    nil,
		"one byte":   {7},
		"text":       []byte(text.String()),
		"one symbol": bytes.Repeat([]byte{'x'}, 150_000),
		"a pair":     bytes.Repeat([]byte("xy"), 60_000),
		"seven":      bytes.Repeat([]byte("abcdefg"), 30_000),
		"far":        bytes.Repeat(far, 4),
		"noise":      noise(100_000, 256),
		"few":        noise(100_000, 3),
		"skewed":     skewed,
		"mixed":      bytes.Join([][]byte{noise(70_000, 256), []byte(text.String()), noise(70_000, 256), make([]byte, 99_999)}, nil),
	}
}

func deflated(tb testing.TB, data []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	for len(data) > 0 { // with a flush here and there: an empty stored block
		n := min(len(data), 70_000)
		if _, err := w.Write(data[:n]); err != nil {
			tb.Fatal(err)
		}
		if data = data[n:]; len(data) > 0 {
			if err := w.Flush(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestReader(t *testing.T) {
	inputs := map[string]func(io.Reader) io.Reader{
		"whole":      func(r io.Reader) io.Reader { return r },
		"by bytes":   iotest.OneByteReader,
		"with error": iotest.DataErrReader,
	}
	reader := inflate.NewReader(bufio.NewReader(nil))
	for name, data := range contents() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 2, 6, 9} {
			stream := deflated(t, data, level)
			for how, input := range inputs {
				if how == "by bytes" && level != 2 {
					continue // it takes its time
				}
				in := bufio.NewReaderSize(input(io.MultiReader(bytes.NewReader(stream), strings.NewReader("rest"))), 4<<10)
				reader.Reset(in)
				got, err := io.ReadAll(reader)
				if err != nil || !bytes.Equal(got, data) {
					t.Fatalf("%s, level %d, %s: %d bytes of %d, %v", name, level, how, len(got), len(data), err)
				}
				if rest, err := io.ReadAll(in); err != nil || string(rest) != "rest" {
					t.Fatalf("%s, level %d, %s: behind it %q, %v", name, level, how, rest, err)
				}
			}
		}
	}
}

// TestShort cuts a stream wherever it can be cut.
func TestShort(t *testing.T) {
	reader := inflate.NewReader(bufio.NewReader(nil))
	for name, data := range contents() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6} {
			data := data[:min(len(data), 400)]
			stream := deflated(t, data, level)
			for n := range stream {
				reader.Reset(bufio.NewReaderSize(bytes.NewReader(stream[:n]), 64))
				got, err := io.ReadAll(reader)
				if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(data, got) {
					t.Fatalf("%s, level %d, %d bytes of %d: got %d bytes, %v", name, level, n, len(stream), len(got), err)
				}
			}
		}
	}
}

// TestInputFails wants the error of the input, and what came before it.
func TestInputFails(t *testing.T) {
	data := contents()["text"]
	stream := deflated(t, data, 6)
	fault := errors.New("the disk is gone")
	in := io.MultiReader(bytes.NewReader(stream[:len(stream)/2]), iotest.ErrReader(fault))
	got, err := io.ReadAll(inflate.NewReader(bufio.NewReader(in)))
	if !errors.Is(err, fault) || len(got) < len(data)/4 || !bytes.HasPrefix(data, got) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct{ name, hex string }{
		{"a block of the kind that is none", "07"},
		{"a stored block whose length is not said twice", "01 0500 0500 6869"},
		{"a copy from before the beginning", "4b 04 12 00"},
		{"fixed code 286", "1b 03"},
		{"distance code 30", "4b 04 3e 00"},
		{"more than 286 symbols", "f5 00 00 00 00"},
		{"more than 30 distances", "05 1f 00 00 00"},
		{"too many codes of lengths", "05 00 92 24 49 92 24 49"},
		{"too few codes of lengths", "05 00 04 00 00 00 00 00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := hex.DecodeString(strings.ReplaceAll(tt.hex, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, make([]byte, 64)...)
			if _, err := io.ReadAll(flate.NewReader(bytes.NewReader(data))); errors.Is(err, io.ErrUnexpectedEOF) || err == nil {
				t.Fatalf("another library says %v", err)
			}
			if _, err := io.ReadAll(inflate.NewReader(bufio.NewReader(bytes.NewReader(data)))); !errors.Is(err, inflate.ErrCorrupt) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestMemory wants a Reader that is used again to allocate next to nothing.
func TestMemory(t *testing.T) {
	stream := deflated(t, contents()["text"], 6)
	source := bytes.NewReader(nil)
	in := bufio.NewReader(source)
	r := inflate.NewReader(in)
	got := testing.AllocsPerRun(5, func() {
		source.Reset(stream)
		in.Reset(source)
		r.Reset(in)
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Error(err)
		}
	})
	if got > 40 {
		t.Errorf("%.0f allocations", got)
	}
}

// FuzzReader wants what another library says of every input: the same bytes,
// the same end, or an error.
func FuzzReader(f *testing.F) {
	for _, data := range contents() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			stream := deflated(f, data[:min(len(data), 40_000)], level)
			f.Add(stream)
			f.Add(stream[:len(stream)/2])
		}
	}
	const most = 4 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		theirs := bytes.NewReader(data)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(theirs), most))
		ours := bufio.NewReaderSize(bytes.NewReader(data), 16)
		got, err := io.ReadAll(io.LimitReader(inflate.NewReader(ours), most))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
		if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) || err == nil && len(got) != len(want) {
			t.Fatalf("got %d bytes that differ from %d", len(got), len(want))
		}
		if err != nil || len(got) == most {
			return
		}
		rest, _ := io.ReadAll(ours) // from memory
		if len(rest) != theirs.Len() {
			t.Fatalf("%d bytes are left, want %d", len(rest), theirs.Len())
		}
	})
}
