package pack_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/pack"
)

// TestRoundTrip wants of any folder that it is refused for a reason, or comes
// out of either format as it went in.
func TestRoundTrip(t *testing.T) {
	part := rapid.StringMatching(`[A-Ca-c.\-_ äß%]{1,6}`)
	folder := rapid.SampledFrom([]string{"", "charms/", "helm-chart-v3s/", "icons/", "Files/", "Scripts/charms/", "Definitions/", "l2sces/"})
	rapid.Check(t, func(rt *rapid.T) {
		root := t.TempDir()
		want := map[string]string{"sample_knf.yaml": vnfd}
		for range rapid.IntRange(0, 8).Draw(rt, "files") {
			name := folder.Draw(rt, "folder") + part.Draw(rt, "name")
			if strings.Trim(name[strings.LastIndex(name, "/")+1:], ".") == "" {
				continue // no name of a file
			}
			want[name] = rapid.StringN(0, -1, 3000).Draw(rt, "content")
		}
		for name, text := range want {
			file := filepath.Join(root, "sample_knf", filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				rt.Skip() // one name is a folder of another
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				rt.Skip()
			}
		}
		p, err := pack.Gather(pack.Source{Root: root, Folder: filepath.Join(root, "sample_knf")}, pack.Limits{})
		var problems descriptor.Problems
		if errors.As(err, &problems) {
			rt.Skip()
		}
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = p.Close() }() // read
		format := rapid.SampledFrom([]pack.Format{pack.OSM, pack.CSAR}).Draw(rt, "format")
		out := filepath.Join(root, "out."+string(format))
		if err := pack.Build(context.Background(), p, out, pack.Options{Format: format}); err != nil {
			rt.Fatal(err)
		}
		roundTrip(rt, out, want)
	})
}

// roundTrip looks for files in a package. Those that the format adds do not
// count.
func roundTrip(rt *rapid.T, file string, want map[string]string) {
	_, err := pack.Verify(context.Background(), file, pack.Trust{}, pack.Limits{})
	var problems descriptor.Problems
	if errors.As(err, &problems) && slices.ContainsFunc(problems, func(p descriptor.Problem) bool {
		return strings.Contains(p.Message, "which OSM refuses") || strings.Contains(p.Message, "descriptors in the root")
	}) {
		return // a CSAR cannot have every name that a tar.gz can
	}
	if err != nil {
		rt.Fatalf("verify: %v", err)
	}
	p, err := pack.Open(context.Background(), file, pack.Limits{})
	if err != nil {
		rt.Fatalf("open: %v", err)
	}
	defer func() { _ = p.Close() }() // read
	got := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		text, err := fs.ReadFile(p.Files(), name)
		if err != nil {
			rt.Fatalf("%s: %v", name, err)
		}
		got[name] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatal(diff)
	}
}
