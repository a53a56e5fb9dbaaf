// Package corpustest reads what OSM answered to a collection of descriptors, for
// tests that hold our own verdict against it. The collection is given to them
// by a flag; it is no part of the house.
//
//	for _, v := range corpustest.Verdicts(t, *corpus) { … }
package corpustest

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// A Verdict is what OSM said of a file.
type Verdict struct{ File, HTTP, Scope, Parts, Detail string }

// Descriptor reports whether OSM refuses the file for itself, and not for what
// it refers to.
func (v Verdict) Descriptor() bool { return v.Scope == "descriptor" }

// Verdicts reads the table of a collection, and skips the test where there is
// none.
func Verdicts(t *testing.T, dir string) []Verdict {
	t.Helper()
	if dir == "" {
		t.Skip("no collection of descriptors given: run with -corpus DIR")
	}
	data, err := os.Open(filepath.Join(dir, "NBI-RESULTS.tsv")) //nolint:gosec // the tester names it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }() // it was only read
	r := csv.NewReader(data)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, 5
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []Verdict
	for _, row := range rows[min(1, len(rows)):] {
		all = append(all, Verdict{row[0], row[1], row[2], row[3], row[4]})
	}
	if len(all) < 10 {
		t.Fatalf("only %d files", len(all))
	}
	return all
}
