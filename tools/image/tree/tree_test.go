package tree_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/tree"
)

func add(t *testing.T, files ...tree.File) *tree.Tree {
	t.Helper()
	var all tree.Tree
	for _, f := range files {
		if err := all.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	return &all
}

func pack(t *testing.T, all *tree.Tree) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := all.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOrderOfAddingDoesNotMatter(t *testing.T) {
	a := tree.File{Path: "usr/bin/a", Mode: 0o755, Data: []byte("a")}
	b := tree.File{Path: "etc/b", Mode: fs.ModeSymlink | 0o777, Target: "/usr/bin/a"}
	c := tree.File{Path: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777}
	one, other := pack(t, add(t, a, b, c, a)), pack(t, add(t, c, b, a))
	if !bytes.Equal(one, other) {
		t.Error("two orders of the same files give different bytes")
	}
	got := map[string]int64{}
	for in := tar.NewReader(bytes.NewReader(one)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Uname != "" || h.ModTime.Unix() != 0 {
			t.Errorf("%s has owner %d %q and time %s", h.Name, h.Uid, h.Uname, h.ModTime)
		}
		got[h.Name] = h.Mode
	}
	want := map[string]int64{"etc/": 0o755, "etc/b": 0o777, "tmp/": 0o1777, "usr/": 0o755, "usr/bin/": 0o755, "usr/bin/a": 0o755}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAddRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file tree.File
		want slice.Kind
	}{
		"a whole path":          {tree.File{Path: "/bin/x"}, slice.Invalid},
		"a way out":             {tree.File{Path: "../x"}, slice.Invalid},
		"nothing":               {tree.File{Path: "."}, slice.Invalid},
		"rights of the owner":   {tree.File{Path: "bin/su", Mode: 0o755 | fs.ModeSetuid}, slice.Invalid},
		"rights of the group":   {tree.File{Path: "bin/wall", Mode: 0o755 | fs.ModeSetgid}, slice.Invalid},
		"another of its path":   {tree.File{Path: "etc/b", Mode: 0o644, Data: []byte("other")}, slice.Conflict},
		"a file within a file":  {tree.File{Path: "etc/b/c", Mode: 0o644}, slice.Conflict},
		"a folder of its place": {tree.File{Path: "etc/b", Mode: fs.ModeDir | 0o755}, slice.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			all := add(t, tree.File{Path: "etc/b", Mode: 0o644, Data: []byte("b")})
			if err := all.Add(c.file); slice.KindOf(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
