package translate_test

import (
	"encoding/csv"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/translate"
)

var corpus = flag.String("corpus", "", "folder of other people's descriptors, with NBI-RESULTS.tsv")

// TestCorpus gives every descriptor of a collection to the translator as if it
// were a template. Templates that OSM takes must give intents, everything else
// a complaint with its place.
func TestCorpus(t *testing.T) {
	if *corpus == "" {
		t.Skip("no collection of descriptors given: run with -corpus DIR")
	}
	fsys := os.DirFS(*corpus)
	for file, scope := range scopes(t) {
		t.Run(file, func(t *testing.T) {
			start := time.Now()
			in, warnings, err := translate.File(fsys, translate.Files{Template: file})
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
			if strings.HasPrefix(file, "nst/") && scope != "descriptor" {
				if err != nil || len(in.Slice.Domains) == 0 || len(warnings) == 0 {
					t.Errorf("%+v, warnings %v, %v", in, warnings, err)
				}
				return
			}
			wantPlaces(t, err)
			if strings.HasPrefix(file, "nsd/") {
				wantNSD(t, fsys, file, scope != "descriptor")
			}
		})
	}
}

func wantNSD(t *testing.T, fsys fs.FS, file string, good bool) {
	t.Helper()
	doc, err := descriptor.ReadFile(fsys, file, descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := doc.NSD(); (err == nil) != good {
		t.Errorf("as a service descriptor: %v, want good: %v", err, good)
	}
}

func wantPlaces(t *testing.T, err error) {
	t.Helper()
	var problems descriptor.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("no complaint: %v", err)
	}
	place := regexp.MustCompile(`^\S+:[1-9]\d*:[1-9]\d*: `)
	for _, p := range problems {
		if !place.MatchString(p.String()) {
			t.Errorf("no place in %s", p)
		}
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
