package pack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/pack"
)

// attack is an archive that must be refused by a rule, with a name.
type attack struct {
	name string
	data []byte
	rule string
	at   string // file of the complaint; "-": the package itself
}

const yamlAt = "sample_knf/sample_knf.yaml"

func tarAttacks() []attack {
	in := func(e tarEntry) []byte { return tarball(e) }
	one := func(name string) tarEntry { return tarEntry{name: name, data: "x"} }
	good := tarball(one("sample_knf/README.md"))
	many := make([]tarEntry, 10_050)
	for i := range many {
		many[i] = tarEntry{name: fmt.Sprintf("sample_knf/f%07d", i)}
	}
	bomb := tarEntry{name: "sample_knf/bomb", data: strings.Repeat("\x00", 8<<20)}
	inner := zipped(untarred(one("chart/values.yaml")))
	innerTwice := zipped(untarred(tarEntry{name: "chart/charts/inner.tgz", data: string(inner)}))
	long := strings.Repeat("d/", 250) + "file"
	return []attack{
		{"parent", in(one("sample_knf/../../etc/passwd")), "archive-traversal", "sample_knf/../../etc/passwd"},
		{"parent at the top", in(one("../evil")), "archive-traversal", "../evil"},
		{"absolute", in(one("/etc/passwd")), "archive-absolute", "/etc/passwd"},
		{"drive letter", in(one("c:/windows/x")), "archive-absolute", "c:/windows/x"},
		{"backslash", in(one(`sample_knf\..\x`)), "archive-backslash", `sample_knf\..\x`},
		{"dot in front", in(one("./sample_knf/x")), "archive-dot", "./sample_knf/x"},
		{"empty part", in(one("sample_knf//x")), "archive-dot", "sample_knf//x"},
		{"symbolic link", in(tarEntry{name: "sample_knf/l", kind: '2', link: "/etc/passwd"}), "archive-symlink", "sample_knf/l"},
		{"hard link", in(tarEntry{name: "sample_knf/l", kind: '1', link: "sample_knf/sample_knf.yaml"}), "archive-hardlink", "sample_knf/l"},
		{"character device", in(tarEntry{name: "sample_knf/d", kind: '3'}), "archive-device", "sample_knf/d"},
		{"block device", in(tarEntry{name: "sample_knf/d", kind: '4'}), "archive-device", "sample_knf/d"},
		{"named pipe", in(tarEntry{name: "sample_knf/p", kind: '6'}), "archive-fifo", "sample_knf/p"},
		{"contiguous file", in(tarEntry{name: "sample_knf/c", kind: '7', data: "x"}), "archive-kind", "sample_knf/c"},
		{"setuid", in(tarEntry{name: "sample_knf/s", mode: 0o4755}), "archive-mode", "sample_knf/s"},
		{"setgid", in(tarEntry{name: "sample_knf/s", mode: 0o2755}), "archive-mode", "sample_knf/s"},
		{"two of one name", in(one(yamlAt)), "archive-duplicate", yamlAt},
		{"file for a folder", in(one(yamlAt + "/x")), "archive-duplicate", yamlAt + "/x"},
		{"folder for a file", tarball(one("sample_knf/a/b"), one("sample_knf/a")), "archive-duplicate", "sample_knf/a"},
		{"capitals", tarball(one("sample_knf/README"), one("sample_knf/readme")), "archive-case", "sample_knf/readme"},
		{"capitals of a folder", tarball(one("sample_knf/Charms/a"), one("sample_knf/charms/b")), "archive-case", "sample_knf/charms/b"},
		{"a million empty files", tarball(many...), "archive-files", "-"},
		{"old GNU sparse", in(tarEntry{name: "sample_knf/s", kind: 'S', magic: "ustar  \x00", realSize: 10 << 30}), "archive-sparse", "sample_knf/s"},
		{"PAX sparse 1.0", in(tarEntry{name: "sample_knf/s", data: "1\n0\n1\n" + strings.Repeat("\x00", 506) + "x", pax: pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0") + pax("GNU.sparse.name", "sample_knf/s") + pax("GNU.sparse.realsize", "10737418240")}), "archive-sparse", "sample_knf/s"},
		{"PAX sparse 0.1", in(tarEntry{name: "sample_knf/s", data: "x", pax: pax("GNU.sparse.numblocks", "1") + pax("GNU.sparse.map", "0,1") + pax("GNU.sparse.size", "10737418240")}), "archive-sparse", "sample_knf/s"},
		{"bomb", in(bomb), "archive-ratio", "-"},
		{"archive two deep", in(tarEntry{name: "sample_knf/charts/c.tgz", data: string(innerTwice)}), "archive-nested", "sample_knf/charts/c.tgz!/chart/charts/inner.tgz"},
		{"bomb in an archive", in(tarEntry{name: "sample_knf/c.gz", data: string(zipped(make([]byte, 8<<20)))}), "archive-ratio", "sample_knf/c.gz"},
		{"link out of an inner archive", in(tarEntry{name: "sample_knf/c.tgz", data: string(zipped(untarred(tarEntry{name: "a/l", kind: '2', link: "../../x"})))}), "archive-symlink", "sample_knf/c.tgz!/a/l"},
		{"truncated gzip", good[:len(good)-20], "archive-truncated", "-"},
		{"gzip checksum", flipped(good, len(good)-8), "archive-checksum", "-"},
		{"gzip length", flipped(good, len(good)-2), "archive-checksum", "-"},
		{"behind the gzip", append(bytes.Clone(good), "tail"...), "archive-trailing", "-"},
		{"second gzip", append(bytes.Clone(good), zipped([]byte("x"))...), "archive-trailing", "-"},
		{"behind the tar", zipped(append(untarred(tarEntry{name: "sample_knf/sample_knf.yaml", data: vnfd}), "tail"...)), "archive-trailing", "-"},
		{"tar header", in(tarEntry{name: "sample_knf/x", badSum: true}), "archive-header", "-"},
		{"tar ends in a file", zipped(tarEntry{name: yamlAt, size: 5000, data: vnfd}.bytes()), "archive-truncated", yamlAt},
		{"PAX long name", in(tarEntry{name: "x", data: "x", pax: pax("path", "sample_knf/"+strings.Repeat("n", 600))}), "archive-name-length", "sample_knf/" + strings.Repeat("n", 600)},
		{"GNU long name", in(tarEntry{name: "x", data: "x", gnuLong: "sample_knf/" + strings.Repeat("n", 300), magic: "ustar  \x00"}), "archive-name-length", "sample_knf/" + strings.Repeat("n", 300)},
		{"deep folders", in(tarEntry{name: "x", data: "x", pax: pax("path", long)}), "archive-depth", long},
		{"not UTF-8", in(one("sample_knf/\xff\xfe")), "archive-utf8", "sample_knf/\xff\xfe"},
		{"terminal escape", in(one("sample_knf/\x1b[2Jx")), "archive-name", "sample_knf/\x1b[2Jx"},
		{"space at the end", in(one("sample_knf/x ")), "archive-name", "sample_knf/x "},
		{"right to left", in(one("sample_knf/\u202efdp.exe")), "archive-name", "sample_knf/\u202efdp.exe"},
		{"file beside the folder", in(one("stray")), "archive-top", "stray"},
		{"two top folders", in(one("other/x")), "archive-top", "other/x"},
		{"two descriptors", in(one("sample_knf/z.yaml")), "archive-descriptor", "sample_knf/z.yaml"},
		{"no descriptor", zipped(untarred(one("sample_knf/README.md"))), "archive-descriptor", "-"},
		{"JSON descriptor", zipped(untarred(one("sample_knf/nst.json"))), "archive-descriptor", "sample_knf/nst.json"},
		{"checksum", in(tarEntry{name: "sample_knf/checksums.txt", data: strings.Repeat("0", 32) + "\t" + yamlAt + "\n"}), "archive-checksum", yamlAt},
		{"checksum of nothing", in(tarEntry{name: "sample_knf/checksums.txt", data: strings.Repeat("0", 32) + "\tsample_knf/gone\n"}), "archive-checksum", "sample_knf/checksums.txt"},
		{"no archive", []byte(vnfd), "archive-format", "-"},
	}
}

func pax(key, value string) string {
	body := " " + key + "=" + value + "\n"
	n := len(body)
	for n != len(body)+len(fmt.Sprint(n)) {
		n = len(body) + len(fmt.Sprint(n))
	}
	return fmt.Sprint(n) + body
}

func flipped(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 1
	return data
}

// hiding compresses a text and puts bytes behind it that no reader unpacks.
func hiding(text string, more int) []byte {
	packed, _ := zipItem{data: text, deflate: true}.pack()
	return append(packed, make([]byte, more)...)
}

func zipAttacks() []attack {
	one := func(name string) zipItem { return zipItem{name: name, data: "x"} }
	good := archive(one("README.md"))
	const yaml = "Definitions/sample_knf.yaml"
	overlap := zipSpec{items: []zipItem{{name: yaml, data: vnfd}, {name: "Files/a", data: "aaaa"}, {name: "Files/b", data: "aaaa", at: 1}}}
	unicodePath := append([]byte{0x75, 0x70, 12, 0, 1, 0, 0, 0, 0}, "../evil"...)
	return []attack{
		{"zip parent", archive(one("Files/../../x")), "archive-traversal", "Files/../../x"},
		{"zip two dots", archive(one("Files/a..b")), "archive-traversal", "Files/a..b"},
		{"zip absolute", archive(one("/etc/passwd")), "archive-absolute", "/etc/passwd"},
		{"zip backslash", archive(one(`Files\x`)), "archive-backslash", `Files\x`},
		{"zip symbolic link", archive(zipItem{name: "Files/l", data: "/etc/passwd", mode: 0o120777}), "archive-symlink", "Files/l"},
		{"zip device", archive(zipItem{name: "Files/d", mode: 0o020666}), "archive-device", "Files/d"},
		{"zip named pipe", archive(zipItem{name: "Files/p", mode: 0o010666}), "archive-fifo", "Files/p"},
		{"zip socket", archive(zipItem{name: "Files/p", mode: 0o140666}), "archive-kind", "Files/p"},
		{"zip setuid", archive(zipItem{name: "Files/s", mode: 0o104755}), "archive-mode", "Files/s"},
		{"zip folder that is a file", archive(zipItem{name: "Files/s", mode: 0o040755}), "archive-header", "Files/s"},
		{"zip two of one name", archive(one(yaml)), "archive-duplicate", yaml},
		{"zip capitals", archive(one("Files/A"), one("Files/a")), "archive-case", "Files/a"},
		{"zip names differ", archive(zipItem{name: "Files/a", localName: "Files/b", data: "x"}), "archive-header", "Files/a"},
		{"zip sizes differ", archive(zipItem{name: "Files/a", data: "x", localSize: 7}), "archive-header", "Files/a"},
		{"zip second name", archive(zipItem{name: "Files/a", data: "x", extra: unicodePath}), "archive-header", "Files/a"},
		{"zip encrypted", archive(zipItem{name: "Files/a", data: "x", flags: 1}), "archive-encrypted", "Files/a"},
		{"zip strange method", archive(zipItem{name: "Files/a", data: "x", method: 12}), "archive-method", "Files/a"},
		{"zip overlap", overlap.bytes(), "archive-overlap", "Files/b"},
		{"zip gap", archive(zipItem{name: "Files/a", data: "x", before: []byte("hidden")}), "archive-trailing", "Files/a"},
		{"zip in front", append([]byte("#!/bin/sh\n"), good...), "archive-format", "-"},
		{"zip behind", zipSpec{items: []zipItem{{name: yaml, data: vnfd}}, after: []byte("x")}.bytes(), "archive-trailing", "-"},
		{"zip before the end", zipSpec{items: []zipItem{{name: yaml, data: vnfd}}, tail: []byte("x")}.bytes(), "archive-trailing", "-"},
		{"zip too many", zipSpec{items: []zipItem{{name: yaml, data: vnfd}}, count: 40_000}.bytes(), "archive-files", "-"},
		{"zip fewer than said", zipSpec{items: []zipItem{{name: yaml, data: vnfd}}, count: 2}.bytes(), "archive-header", "-"},
		{"zip more than said", zipSpec{items: []zipItem{{name: yaml, data: vnfd}, one("a")}, count: 1}.bytes(), "archive-header", "-"},
		{"zip64", zipSpec{items: []zipItem{{name: yaml, data: vnfd}}, count: 0xffff}.bytes(), "archive-files", "-"},
		{"zip truncated", good[:len(good)-30], "archive-truncated", "-"},
		{"zip checksum", archive(zipItem{name: "Files/a", data: "x", crc: 7}), "archive-checksum", "Files/a"},
		{"zip more than promised", archive(zipItem{name: "Files/a", data: strings.Repeat("x", 100), deflate: true, size: 10}), "archive-header", "Files/a"},
		{"zip less than promised", archive(zipItem{name: "Files/a", data: "x", deflate: true, size: 10}), "archive-truncated", "Files/a"},
		{"zip broken deflate", archive(zipItem{name: "Files/a", data: "xx", packed: []byte{0xff, 0xff}, method: 8}), "archive-header", "Files/a"},
		{"zip behind the deflate", archive(zipItem{name: "Files/a", data: "xx", packed: hiding("xx", 6), method: 8}), "archive-trailing", "Files/a"},
		{"zip far behind the deflate", archive(zipItem{name: "Files/a", data: "xx", packed: hiding("xx", 100_000), method: 8}), "archive-trailing", "Files/a"},
		{"zip bomb that says so", archive(zipItem{name: "Files/a", data: strings.Repeat("\x00", 8<<20), deflate: true}), "archive-ratio", "Files/a"},
		{"zip bomb that does not", archive(zipItem{name: "Files/a", data: strings.Repeat("\x00", 8<<20), deflate: true, size: 400_000}), "archive-header", "Files/a"},
		{"zip huge file", archive(zipItem{name: "Files/a", data: "x", size: 0xfffffff0, deflate: true}), "archive-file-bytes", "Files/a"},
		{"zip without descriptor", zipSpec{items: []zipItem{one("sample_knf/sample.yaml")}}.bytes(), "archive-descriptor", "-"},
		{"zip two descriptors", archive(one("other.yaml")), "archive-descriptor", "other.yaml"},
		{"zip metadata of nothing", archive(zipItem{name: "TOSCA-Metadata/TOSCA.meta", data: "Entry-Definitions: Definitions/gone.yaml\n"}), "archive-metadata", "TOSCA-Metadata/TOSCA.meta"},
	}
}

// TestA15Archives gives every attack to the reader. Whatever it says, it says
// which entry is at fault, and Verify and Open agree where both judge.
func TestA15Archives(t *testing.T) {
	for _, a := range append(tarAttacks(), zipAttacks()...) {
		t.Run(a.name, func(t *testing.T) {
			file := put(t, "sample_knf.tar.gz", a.data)
			_, err := pack.Verify(context.Background(), file, pack.Trust{}, pack.Limits{})
			wantProblem(t, err, a.rule, a.at, file)
			if a.rule == "archive-metadata" || strings.HasPrefix(a.name, "checksum") {
				return // of Verify alone
			}
			p, err := pack.Open(context.Background(), file, pack.Limits{})
			if err == nil {
				_ = p.Close() // it should not be open
			}
			wantProblem(t, err, a.rule, a.at, file)
		})
	}
}

// wantProblem looks for a complaint by rule and file.
func wantProblem(t *testing.T, err error, rule, at, file string) {
	t.Helper()
	var problems descriptor.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want complaints", err)
	}
	switch {
	case at == "-":
		at = file
	case len(at) > 200:
		at = fmt.Sprintf("%q...", at[:200])
	case !utf8.ValidString(at), strings.ContainsAny(at, "\x1b\u202e"):
		at = fmt.Sprintf("%q", at)
	}
	for _, p := range problems {
		if p.Rule == rule && p.File == at {
			if p.Message == "" || p.Remedy == "" {
				t.Errorf("%s has no message or no remedy", p)
			}
			return
		}
	}
	t.Errorf("got %v, want %s at %s", problems, rule, at)
}

// TestA15NothingLeftBehind sees that temporary files and goroutines are gone
// after inner archives and bombs.
func TestA15NothingLeftBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, a := range append(tarAttacks(), zipAttacks()...) {
		file := put(t, "x", a.data)
		_, _ = pack.Verify(context.Background(), file, pack.Trust{}, pack.Limits{}) // refused, as tested above
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "l2sces-") {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// TestLimitsAreAsked counts with every limit at its smallest.
func TestLimitsAreAsked(t *testing.T) {
	random := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(random) // it never fails
	big := tarball(tarEntry{name: "sample_knf/big", data: string(random)})
	for _, c := range []struct {
		name   string
		data   []byte
		limits pack.Limits
		rule   string
		at     string
	}{
		{"package", big, pack.Limits{Archive: 1000}, "archive-bytes", "-"},
		{"unpacked", big, pack.Limits{Bytes: 1 << 20}, "archive-bytes", "-"},
		{"file", big, pack.Limits{File: 1 << 20}, "archive-file-bytes", "sample_knf/big"},
		{"entries", big, pack.Limits{Files: 2}, "archive-files", "-"},
		{"folders", big, pack.Limits{Depth: 1}, "archive-depth", "sample_knf/big"},
		{"name", big, pack.Limits{Name: 13}, "archive-name-length", "sample_knf/big"},
		{"inner archives", tarball(tarEntry{name: "sample_knf/c", data: string(zipped(nil))}), pack.Limits{Nested: -1}, "archive-nested", "sample_knf/c"},
		{"list", tarball(tarEntry{name: "sample_knf/checksums.txt", data: "0123456789"}), pack.Limits{Text: 5}, "archive-file-bytes", "sample_knf/checksums.txt"},
		{"zip unpacked", archive(zipItem{name: "Files/big", data: string(random)}), pack.Limits{Bytes: 1 << 20}, "archive-bytes", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := put(t, "sample_knf.tar.gz", c.data)
			_, err := pack.Verify(context.Background(), file, pack.Trust{}, c.limits)
			wantProblem(t, err, c.rule, c.at, file)
		})
	}
}
