package descriptor_test

import (
	"encoding/csv"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

var corpus = flag.String("corpus", "", "folder of other people's descriptors, with NBI-RESULTS.tsv")

// TestCorpus holds other people's descriptors against the models. What OSM
// refuses for its structure is refused with a place; what OSM takes passes.
func TestCorpus(t *testing.T) {
	if *corpus == "" {
		t.Skip("no collection of descriptors given: run with -corpus DIR")
	}
	fsys := os.DirFS(*corpus)
	for file, scope := range scopes(t) {
		t.Run(file, func(t *testing.T) {
			doc, err := descriptor.ReadFile(fsys, file, descriptor.Limits{})
			if err != nil {
				if scope != "descriptor" {
					t.Errorf("OSM reads it: %v", err)
				}
				return
			}
			problems := doc.Structure()
			for _, p := range problems {
				if p.Line == 0 || p.Column == 0 || p.Rule == "" {
					t.Errorf("no place or rule: %s", p)
				}
			}
			if refused := len(problems) > 0; refused != (scope == "descriptor") {
				t.Errorf("OSM says %s, we: %v", scope, problems)
			}
			for _, p := range append(problems, doc.Loose()...) {
				t.Log(p)
			}
		})
	}
}

// scopes returns what OSM said of each file.
func scopes(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(*corpus, "NBI-RESULTS.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, row := range rows[1:] {
		out[row[0]] = row[2]
	}
	if len(out) < 10 {
		t.Fatalf("only %d files", len(out))
	}
	return out
}
