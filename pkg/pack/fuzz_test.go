package pack_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/pack"
)

// tight are limits that make excess visible.
var tight = pack.Limits{Bytes: 4 << 20, File: 2 << 20, Files: 100, Text: 64 << 10}

// mostGarbage is what one reading may allocate in all, far above what is in
// use at a time.
const mostGarbage = 24 << 20

// verified reads a package as somebody sent it. It may be refused, for reasons
// that are said; nothing else may happen.
func verified(t *testing.T, dir string, data []byte, believe pack.Trust) bool {
	t.Helper()
	file := filepath.Join(dir, "sample_knf.pkg")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pack.Verify(context.Background(), file, believe, tight)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > mostGarbage {
		t.Errorf("%d bytes were allocated", got)
	}
	var problems descriptor.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Errorf("got %v, want complaints", err)
	}
	for _, p := range problems {
		if p.Rule == "" || p.File == "" || p.Remedy == "" {
			t.Errorf("%s says too little", p)
		}
	}
	return err == nil
}

func FuzzTarball(f *testing.F) {
	for _, a := range tarAttacks() {
		if len(a.data) < 64<<10 {
			f.Add(a.data)
		}
	}
	f.Add(tarball())
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		verified(t, dir, data, pack.Trust{})
	})
}

// FuzzTar changes what is in the gzip: its checksum hides it from the other.
func FuzzTar(f *testing.F) {
	f.Add(untarred(tarEntry{name: "sample_knf/", kind: '5'}, tarEntry{name: yamlAt, data: vnfd}))
	f.Add(untarred(tarEntry{name: "x", data: "x", pax: pax("path", yamlAt)}))
	f.Add(untarred(tarEntry{name: "sample_knf/s", kind: 'S', magic: "ustar  \x00", realSize: 10 << 30}))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		verified(t, dir, zipped(data), pack.Trust{})
	})
}

// FuzzZip wants of every zip that is taken that another library reads it
// whole.
func FuzzZip(f *testing.F) {
	for _, a := range zipAttacks() {
		if len(a.data) < 64<<10 {
			f.Add(a.data)
		}
	}
	f.Add(archive(zipItem{name: "Files/a", data: "aaaaaaaaaaaaaaaaaaaaaaaa", deflate: true}))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if !verified(t, dir, data, pack.Trust{}) {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("another library does not read it: %v", err)
		}
		for _, e := range z.File {
			r, err := e.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if err != nil {
				t.Errorf("another library does not read %s: %v", e.Name, err)
			}
		}
	})
}

// FuzzManifest wants that what is read is written and read alike.
func FuzzManifest(f *testing.F) {
	f.Add(manifest([]zipItem{{name: "Files/a", data: "a"}}).Text())
	f.Add([]byte("metadata:\nSource: a\nAlgorithm: MD5\nHash: 00\n-----BEGIN CMS-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := pack.ReadManifest("m", data)
		if err != nil {
			return
		}
		again, err := pack.ReadManifest("m", m.Text())
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		if diff := cmp.Diff(m.Digests, again.Digests, cmpopts.IgnoreUnexported(pack.Digest{})); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzCMS gives anything for a signature. None but the right one is taken.
func FuzzCMS(f *testing.F) {
	ca := authority(f, "CA", nil)
	ann := issue(f, "Ann", ca, nil, nil)
	inner := csar{noCMS: true}.bytes(f)
	for _, cms := range [][]byte{attributed(f, ann, string(inner)), detachedBy(f, ann, string(inner)), bare(f, ann, string(inner))} {
		f.Add(cms)
		block, _ := pem.Decode(cms)
		f.Add(block.Bytes)
	}
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 10_000))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, cms []byte) {
		data := zipSpec{items: []zipItem{{name: "s.csar", data: string(inner)}, {name: "s.cms", data: string(cms)}}}.bytes()
		verified(t, dir, data, trust(authority(t, "Nobody", nil)))
		if verified(t, dir, data, trust(ca)) && !bytes.Contains(der(cms), ann.cert.Raw) {
			t.Error("a signature without our certificate is taken")
		}
	})
}

func der(cms []byte) []byte {
	if block, _ := pem.Decode(cms); block != nil {
		return block.Bytes
	}
	return cms
}
