package lint_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/lint"
)

// read are packages in which nothing is wrong, read once.
var read = sync.OnceValues(func() (fstest.MapFS, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata/good"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path.Join("testdata/good", name))
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	return files, err
})

// good are packages in which nothing is wrong, to be edited.
func good(tb testing.TB) fstest.MapFS {
	tb.Helper()
	files, err := read()
	if err != nil {
		tb.Fatal(err)
	}
	return maps.Clone(files)
}

func mapFile(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// packages are the packages of a tree: the folders two levels down.
func packages(tb testing.TB, files fstest.MapFS, built bool) []lint.Package {
	tb.Helper()
	folders := map[string]bool{}
	for name := range files {
		parts := strings.SplitN(name, "/", 3)
		folders[path.Join(parts[0], parts[1])] = true
	}
	var all []lint.Package
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		sub, err := fs.Sub(files, folder)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, lint.Package{Name: folder, Files: sub, Built: built})
	}
	return all
}

func TestGoodPackagesAreClean(t *testing.T) {
	report := lint.Check(packages(t, good(t), false), lint.Options{Closed: true})
	for _, f := range report.Findings {
		t.Error(f)
	}
}

// TestOurPackages holds the packages of the house to what others are held to.
func TestOurPackages(t *testing.T) {
	var ours []lint.Package
	for _, pattern := range []string{"vnfd/*", "nsd/*", "descriptors/nst/*"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range found {
			if info, err := os.Stat(dir); err == nil && info.IsDir() {
				ours = append(ours, lint.Package{Name: strings.TrimPrefix(dir, "../../"), Files: os.DirFS(dir)})
			}
		}
	}
	report := lint.Check(ours, lint.Options{Closed: true})
	for _, f := range report.Findings {
		t.Error(f)
	}
	if len(report.Packages) == 0 {
		t.Error("there are no packages")
	}
}

// edited applies an example to the good packages, and returns the file that it
// is about with the place where the new text begins.
func edited(t *testing.T, e lint.Example) (files fstest.MapFS, text string, begin int) {
	t.Helper()
	files = good(t)
	if e.Pipe {
		files[e.File] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
		return files, "", 0
	}
	if e.To != "" {
		files[e.To] = files[e.File]
		delete(files, e.File)
		return files, "", 0
	}
	if e.Old == "" && e.New == "" {
		if !e.Built {
			delete(files, e.File)
		}
		return files, "", 0
	}
	var b strings.Builder
	b.WriteString(e.New)
	for i := range e.Times {
		b.WriteString(strings.ReplaceAll(e.Again, "%d", strconv.Itoa(i)))
	}
	e.New = b.String()
	text = e.New
	if e.Old != "" {
		text = string(files[e.File].Data)
		if e.Also.Old != "" {
			text = replaced(t, text, e.Also.Old, e.Also.New)
		}
		begin = strings.Index(text, e.Old)
		text = replaced(t, text, e.Old, e.New)
	}
	files[e.File] = &fstest.MapFile{Data: []byte(text)}
	return files, text, begin
}

func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q to edit", old)
	}
	return strings.Replace(text, old, by, 1)
}

// wanted is where an example says that the finding is.
func wanted(t *testing.T, e lint.Example, text string, begin int) string {
	t.Helper()
	file := e.File
	for _, other := range []string{e.To, e.In} {
		if other != "" {
			file = other
		}
	}
	if e.At == "-" {
		return file
	}
	if place, ok := strings.CutPrefix(e.At, ":"); ok {
		return file + ":" + place
	}
	at := begin
	if e.At != "" {
		i := strings.Index(text[begin:], e.At)
		if i < 0 {
			begin = 0
			i = strings.Index(text, e.At)
		}
		if i < 0 {
			t.Fatalf("there is no %q to point at", e.At)
		}
		at = begin + i
	} else {
		for strings.ContainsRune(" \n-", rune(text[at])) {
			at++
		}
	}
	before := text[:at]
	return fmt.Sprintf("%s:%d:%d", file, strings.Count(before, "\n")+1, at-strings.LastIndex(before, "\n"))
}

// checkExample finds exactly one rule in an example, in the right place.
func checkExample(t *testing.T, rule string, e lint.Example) {
	t.Helper()
	files, text, begin := edited(t, e)
	want := wanted(t, e, text, begin)
	var on, against []lint.Package
	for _, p := range packages(t, files, e.Built) {
		if strings.HasPrefix(e.File, p.Name+"/") {
			on = append(on, p)
		} else {
			against = append(against, p)
		}
	}
	report := lint.Check(on, lint.Options{Against: against})
	found := false
	for _, f := range report.Findings {
		switch {
		case f.Rule != rule && !slices.Contains(strings.Split(e.With, "|"), f.Rule):
			t.Errorf("also found: %s", f)
		case f.Rule == rule && f.Position.String() == want:
			found = true
		}
		if f.Message == "" || f.Remedy == "" {
			t.Errorf("says too little: %s", f)
		}
	}
	if !found {
		t.Errorf("%s is not found at %s, but:\n%v", rule, want, report.Findings)
	}
}

// TestEveryExample proves that each rule finds its own example, where it is,
// and nothing else does.
func TestEveryExample(t *testing.T) {
	for _, r := range lint.Rules() {
		t.Run(r.ID, func(t *testing.T) { checkExample(t, r.ID, r.Example) })
	}
}

// TestRulesOfReading wants every rule of package descriptor in the table.
func TestRulesOfReading(t *testing.T) {
	known := map[string]bool{}
	for _, r := range lint.Rules() {
		if known[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		known[r.ID] = true
		if r.What == "" || r.Why == "" || r.Remedy == "" || r.Severity == "" {
			t.Errorf("%s says too little", r.ID)
		}
	}
	for _, id := range descriptor.Rules() {
		if !known[id] {
			t.Errorf("%s is missing", id)
		}
	}
}
