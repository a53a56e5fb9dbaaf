package debian_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/debian"
	"github.com/l2sces/l2sces/tools/image/tree"
)

// content makes the tar of a package out of lines: a path and what is in it,
// or where it leads.
func content(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		h := &tar.Header{Name: "." + f[0], Mode: 0o755, Typeflag: tar.TypeReg, Size: int64(len(f[1]))}
		if to, link := strings.CutPrefix(f[1], "-> "); link {
			h.Typeflag, h.Linkname, h.Size, f[1] = tar.TypeSymlink, to, 0, ""
		}
		must(t, w.WriteHeader(h))
		_, err := w.Write([]byte(f[1]))
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func archive(t *testing.T) *debian.Archive {
	t.Helper()
	a, err := debian.NewArchive(
		[]debian.Facts{{"Package": "tool"}, {"Package": "libx1"}, {"Package": "x-base"}},
		[][]byte{
			content(
				t, [2]string{"/bin/tool", "program"}, [2]string{"/usr/share/tool/b.crt", "B\n"},
				[2]string{"/usr/share/tool/a.crt", "A"}, [2]string{"/usr/share/doc/tool/copyright", "License: GPL-2\n"},
			),
			content(
				t, [2]string{"/lib/x86_64-linux-gnu/libx.so.1", "-> libx.so.1.2"}, [2]string{"/lib/x86_64-linux-gnu/libx.so.1.2", "library"},
				[2]string{"/usr/lib/x86_64-linux-gnu/private/liby.so.1", "hidden"}, [2]string{"/lib64/ld.so", "-> /lib/x86_64-linux-gnu/libx.so.1.2"},
				[2]string{"/usr/share/doc/libx1", "-> x-base"},
			),
			content(t, [2]string{"/usr/share/doc/x-base/copyright", "old and free"}),
		},
	)
	must(t, err)
	return a
}

func TestTakeFollowsLinksIntoOneTree(t *testing.T) {
	a := archive(t)
	tool, err := a.Package(t.Context(), "tool")
	must(t, err)
	libx, err := a.Package(t.Context(), "libx1")
	must(t, err)
	var all tree.Tree
	must(t, tool.Take(&all, "/bin/tool"))
	must(t, a.Library(t.Context(), &all, tool, "libx.so.1"))
	must(t, libx.Take(&all, "/lib64/ld.so"))
	_, err = a.Copyright(t.Context(), &all, tool)
	must(t, err)
	text, err := a.Copyright(t.Context(), &all, libx)
	must(t, err)
	if string(text) != "old and free" {
		t.Errorf("copyright = %q", text)
	}
	got := map[string]string{}
	for _, f := range all.Files() {
		switch {
		case f.Mode.IsDir():
		case f.Mode&fs.ModeSymlink != 0:
			got[f.Path] = "-> " + f.Target
		default:
			got[f.Path] = f.Origin
		}
	}
	want := map[string]string{
		"usr/bin/tool":                         "tool",
		"usr/lib/x86_64-linux-gnu/libx.so.1":   "-> /usr/lib/x86_64-linux-gnu/libx.so.1.2",
		"usr/lib/x86_64-linux-gnu/libx.so.1.2": "libx1",
		"usr/lib64/ld.so":                      "-> /usr/lib/x86_64-linux-gnu/libx.so.1.2",
		"usr/share/doc/tool/copyright":         "tool",
		"usr/share/doc/libx1/copyright":        "libx1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	a := archive(t)
	tool, err := a.Package(t.Context(), "tool")
	must(t, err)
	var all tree.Tree
	if err := tool.Take(&all, "/bin/other"); slice.KindOf(err) != slice.NotFound || !strings.Contains(err.Error(), "/bin/other") {
		t.Errorf("a file: %v", err)
	}
	if _, err := tool.Match("/usr/share/tool/*.pem"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("a pattern: %v", err)
	}
	// A library in a folder of its package's own is for nobody else.
	if err := a.Library(t.Context(), &all, tool, "liby.so.1"); slice.KindOf(err) != slice.NotFound || !strings.Contains(err.Error(), "liby.so.1") {
		t.Errorf("a library: %v", err)
	}
}

func TestJoin(t *testing.T) {
	tool, err := archive(t).Package(t.Context(), "tool")
	must(t, err)
	got, err := tool.Join("/usr/share/tool/*.crt")
	must(t, err)
	if string(got) != "A\nB\n" {
		t.Errorf("joined = %q", got)
	}
}

func TestDepends(t *testing.T) {
	p := debian.Package{Facts: debian.Facts{
		"Pre-Depends": "init-system-helpers (>= 1.54~)",
		"Depends":     "kmod | module-init-tools, python3:any, libc6 (>= 2.34)",
	}}
	want := []string{"init-system-helpers", "kmod", "python3", "libc6"}
	if d := cmp.Diff(want, p.Depends()); d != "" {
		t.Error(d)
	}
}

func TestLicences(t *testing.T) {
	text := "Files: *\nLicense: GPL-2+\n\nFiles: a\nLicense: Apache-2.0\n\nLicense: GPL-2+\n text\n"
	if d := cmp.Diff([]string{"Apache-2.0", "GPL-2+"}, debian.Licences([]byte(text))); d != "" {
		t.Error(d)
	}
	if got := debian.Licences([]byte("Free for all.\n")); got != nil {
		t.Errorf("got %q of a text without fields", got)
	}
}

func TestNeeds(t *testing.T) {
	data, err := os.ReadFile("/bin/ls") // of every Debian, and not static
	must(t, err)
	interpreter, libraries, err := debian.Needs(data)
	if err != nil || !strings.Contains(interpreter, "/ld-") || !strings.Contains(strings.Join(libraries, " "), "libc.so") {
		t.Errorf("ls needs %q and %q, %v", interpreter, libraries, err)
	}
	if _, _, err := debian.Needs([]byte("\x7fELF and no more")); err == nil {
		t.Error("half a program is a program")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
