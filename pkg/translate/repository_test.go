package translate_test

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/translate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRepository translates the templates of this repository into intents
// that people have read.
func TestRepository(t *testing.T) {
	for _, dir := range glob(t, "descriptors/nst/*") {
		name := path.Base(dir)
		t.Run(name, func(t *testing.T) {
			got, warnings, err := translate.File(repository, translate.Files{
				Template: dir,
				Params:   "descriptors/params/" + name + ".yaml",
				NSDs:     []string{"nsd"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings: %v", warnings)
			}
			yaml, err := got.YAML()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".yaml", yaml)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}
