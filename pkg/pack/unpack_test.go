package pack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/pack"
)

// large is long enough to be unpacked apart from whoever hashes it, and packs
// about as well as a program does.
func large() string {
	var b strings.Builder
	for i := uint64(1); b.Len() < 3<<19; i++ {
		fmt.Fprintf(&b, "%d is the square of %d, %x its hash\n", i*i, i, i*0x9e3779b97f4a7c15)
	}
	return b.String()
}

// TestLarge reads files that are unpacked apart from whoever hashes them.
func TestLarge(t *testing.T) {
	defer goleak.VerifyNone(t)
	text := large()
	sum := sha256.Sum256([]byte(text))
	for name, data := range map[string][]byte{
		"Artifacts/big":  archive(zipItem{name: "Artifacts/big", data: text, deflate: true}),
		"sample_knf/big": tarball(tarEntry{name: "sample_knf/big", data: text}),
	} {
		p, err := pack.Open(t.Context(), put(t, "sample_knf.pkg", data), pack.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			if e.Name == name && (e.SHA256 != hex.EncodeToString(sum[:]) || e.Size != int64(len(text))) {
				t.Errorf("%s: %d bytes, %s", name, e.Size, e.SHA256)
			}
		}
		f, err := p.Files().Open(strings.TrimPrefix(name, "sample_knf/"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close(), p.Close()); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes of it, %v", name, len(got), err)
		}
	}
}

// TestLargeRefused wants of long streams what TestA15 wants of short ones.
func TestLargeRefused(t *testing.T) {
	defer goleak.VerifyNone(t)
	text := large()
	packed, _ := zipItem{data: text, deflate: true}.pack()
	in := func(it zipItem) []byte {
		it.name, it.data, it.method = "Artifacts/big", text, 8
		if it.packed == nil {
			it.packed = packed
		}
		return archive(it)
	}
	good := tarball(tarEntry{name: "sample_knf/big", data: text})
	for _, a := range []attack{
		{"half", good[:len(good)/2], "archive-truncated", "sample_knf/big"},
		{"without its tail", good[:len(good)-3], "archive-truncated", "-"},
		{"checksum", flipped(good, len(good)-8), "archive-checksum", "-"},
		{"behind it", append(bytes.Clone(good), 'x'), "archive-trailing", "-"},
		{"zip half", in(zipItem{packed: packed[:len(packed)/2]}), "archive-truncated", "Artifacts/big"},
		{"zip checksum", in(zipItem{crc: 1}), "archive-checksum", "Artifacts/big"},
		{"zip behind it", in(zipItem{packed: append(bytes.Clone(packed), 'x')}), "archive-trailing", "Artifacts/big"},
		{"zip less than promised", in(zipItem{size: 2 << 20}), "archive-truncated", "Artifacts/big"},
		{"zip more than promised", in(zipItem{size: 5 << 18}), "archive-header", "Artifacts/big"},
	} {
		t.Run(a.name, func(t *testing.T) {
			file := put(t, "sample_knf.pkg", a.data)
			_, err := pack.Verify(t.Context(), file, pack.Trust{}, pack.Limits{})
			wantProblem(t, err, a.rule, a.at, file)
		})
	}
}

// TestSmallIsKept takes the archive away: what is small was kept, however large
// the others are. To find it in a tar.gz takes a look at all of them.
func TestSmallIsKept(t *testing.T) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(untarred(
		tarEntry{name: "sample_knf/sample_knf.yaml", data: vnfd},
		tarEntry{name: "sample_knf/charms/large", data: strings.Repeat("large", 3<<20)},
		tarEntry{name: "sample_knf/README.md", data: "small"},
	))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	file := put(t, "sample_knf.tar.gz", b.Bytes())
	p, err := pack.Open(t.Context(), file, pack.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Read("README.md"); err != nil || string(got) != "small" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := p.Read("charms/large"); err == nil {
		t.Errorf("%d bytes of what is gone", len(got))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// stopping is a context that ends after it was asked a number of times.
type stopping struct {
	context.Context //nolint:containedctx // it is one
	left            atomic.Int64
}

func (s *stopping) Err() error {
	if s.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestLargeStops ends the reading wherever it asks whether it should.
func TestLargeStops(t *testing.T) {
	defer goleak.VerifyNone(t)
	file := put(t, "sample_knf.pkg", tarball(tarEntry{name: "sample_knf/big", data: large()}))
	for left := range 8 {
		ctx := &stopping{Context: t.Context()}
		ctx.left.Store(int64(left))
		_, err := pack.Verify(ctx, file, pack.Trust{}, pack.Limits{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d: %v", left, err)
		}
	}
}
