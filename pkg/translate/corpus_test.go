package translate_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/descriptor/corpustest"
	"github.com/l2sces/l2sces/pkg/translate"
)

var corpus = flag.String("corpus", "", "folder of other people's descriptors, with NBI-RESULTS.tsv")

// TestCorpus gives every descriptor of a collection to the translator as if it
// were a template. Templates that OSM takes must give intents, everything else
// a complaint with its place.
func TestCorpus(t *testing.T) {
	fsys := os.DirFS(*corpus)
	for _, v := range corpustest.Verdicts(t, *corpus) {
		t.Run(v.File, func(t *testing.T) {
			start := time.Now()
			in, warnings, err := translate.File(fsys, translate.Files{Template: v.File})
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v", took)
			}
			if strings.HasPrefix(v.File, "nst/") && !v.Descriptor() {
				if err != nil || len(in.Slice.Domains) == 0 || len(warnings) == 0 {
					t.Errorf("%+v, warnings %v, %v", in, warnings, err)
				}
				return
			}
			wantPlaces(t, err)
			if strings.HasPrefix(v.File, "nsd/") {
				wantNSD(t, fsys, v.File, !v.Descriptor())
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
