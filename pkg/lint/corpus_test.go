package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor/corpustest"
	"github.com/l2sces/l2sces/pkg/lint"
)

var (
	corpusDir   = flag.String("corpus", "", "folder of descriptors with what OSM answered, in NBI-RESULTS.tsv")
	corpusTable = flag.String("table", "", "file to write both verdicts to")
)

func bare(file string) lint.Package {
	dir, base := path.Split(file)
	return lint.Package{Name: path.Clean(dir), Files: os.DirFS(filepath.Join(*corpusDir, dir)), Bare: base}
}

// TestCorpus refuses, with a place, every file that OSM refuses for itself.
func TestCorpus(t *testing.T) {
	all := corpustest.Verdicts(t, *corpusDir)
	var table strings.Builder
	table.WriteString("| file | OSM | ours | why |\n|---|---|---|---|\n")
	for _, v := range all {
		alone := lint.Check([]lint.Package{bare(v.File)}, lint.Options{})
		placed := slices.ContainsFunc(alone.Findings, func(f lint.Finding) bool { return f.Severity == lint.Error && f.Line > 0 })
		if v.Descriptor() && !placed {
			t.Errorf("OSM refuses %s (%s), we do not", v.File, v.Detail)
		}
		var others []lint.Package
		for _, o := range all {
			if o.File != v.File {
				others = append(others, bare(o.File))
			}
		}
		row(&table, v, lint.Check([]lint.Package{bare(v.File)}, lint.Options{Against: others}))
	}
	if *corpusTable != "" {
		if err := os.WriteFile(*corpusTable, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func row(w *strings.Builder, v corpustest.Verdict, r lint.Report) {
	ours := "clean"
	switch {
	case r.Errors > 0:
		ours = "refused"
	case r.Warnings > 0:
		ours = "warned"
	case r.Notes > 0:
		ours = "noted"
	}
	var order []string
	places := map[string][]string{}
	for _, f := range r.Findings {
		if f.Severity == lint.Note {
			continue
		}
		key := fmt.Sprintf("%s %s", f.Severity, f.Rule)
		if places[key] == nil {
			order = append(order, key)
		}
		places[key] = append(places[key], fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Message))
	}
	var why []string
	for _, key := range order {
		text := places[key][0]
		if n := len(places[key]); n > 1 {
			text += fmt.Sprintf(" (and %d more)", n-1)
		}
		why = append(why, key+": "+text)
	}
	fmt.Fprintf(w, "| %s | %s %s %s | %s, %d/%d/%d | %s |\n", v.File, v.HTTP, v.Scope, v.Detail, ours, r.Errors, r.Warnings, r.Notes, strings.Join(why, "; "))
}
