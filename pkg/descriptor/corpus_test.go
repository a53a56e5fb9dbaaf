package descriptor_test

import (
	"flag"
	"os"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/descriptor/corpustest"
)

var corpus = flag.String("corpus", "", "folder of other people's descriptors, with NBI-RESULTS.tsv")

// TestCorpus holds other people's descriptors against the models. What OSM
// refuses for its structure is refused with a place; what OSM takes passes.
func TestCorpus(t *testing.T) {
	for _, v := range corpustest.Verdicts(t, *corpus) {
		t.Run(v.File, func(t *testing.T) {
			doc, err := descriptor.ReadFile(os.DirFS(*corpus), v.File, descriptor.Limits{})
			if err != nil {
				if !v.Descriptor() {
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
			if refused := len(problems) > 0; refused != v.Descriptor() {
				t.Errorf("OSM says %s, we: %v", v.Scope, problems)
			}
			for _, p := range append(problems, doc.Loose()...) {
				t.Log(p)
			}
		})
	}
}
