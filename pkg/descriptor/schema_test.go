package descriptor

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/xeipuuv/gojsonschema"

	"github.com/l2sces/l2sces/descriptors"
)

// TestSchemasSayTheirDraft holds what the validator would silently get wrong:
// it knows draft 7 and ignores the keywords of later ones.
func TestSchemasSayTheirDraft(t *testing.T) {
	files, err := fs.Glob(descriptors.Schema, "schema/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("schemas %v, %v", files, err)
	}
	for _, f := range files {
		data, err := descriptors.Schema.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var s struct {
			Schema  string `json:"$schema"`
			ID      string `json:"$id"`
			Comment string `json:"$comment"`
		}
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if s.Schema != "http://json-schema.org/draft-07/schema#" || s.ID != schemaBase+filepath.Base(f) {
			t.Errorf("%s: draft %q, id %q", f, s.Schema, s.ID)
		}
		if s.Comment == "" {
			t.Errorf("%s does not say what it was made from", f)
		}
	}
}

// TestSchemasAreSchemas holds every schema against the metaschema, so that no
// program has to.
func TestSchemasAreSchemas(t *testing.T) {
	for name := range schemas {
		data, err := descriptors.Schema.ReadFile(name.file())
		if err != nil {
			t.Fatal(err)
		}
		sl := gojsonschema.NewSchemaLoader()
		sl.Draft, sl.AutoDetect, sl.Validate = gojsonschema.Draft7, false, true
		if err := sl.AddSchemas(gojsonschema.NewBytesLoader(data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := schemas[name](); err != nil {
			t.Error(err)
		}
	}
	sl := gojsonschema.NewSchemaLoader()
	sl.Draft, sl.AutoDetect, sl.Validate = gojsonschema.Draft7, false, true
	if sl.AddSchemas(gojsonschema.NewStringLoader(`{"type": 7}`)) == nil {
		t.Error("the metaschema takes anything")
	}
}

// TestLoaderIsClosed refers to everything outside; nothing may be opened.
func TestLoaderIsClosed(t *testing.T) {
	fetched := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched = true
		if _, err := w.Write([]byte(`{"type":"string"}`)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(file, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		ref  string
		open bool
	}{
		"web":            {server.URL + "/x.json", false},
		"file":           {"file://" + file, false},
		"relative":       {"x.json", false},
		"path":           {file, false},
		"own":            {"#/definitions/a", true},
		"other":          {"other.json#/definitions/b", true},
		"the metaschema": {"http://json-schema.org/draft-07/schema#", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := compileSchema("https://example.org/root.json",
				gojsonschema.NewStringLoader(`{"$id":"https://example.org/root.json","definitions":{"a":{}},"properties":{"p":{"$ref":"`+test.ref+`"}}}`),
				gojsonschema.NewStringLoader(`{"$id":"https://example.org/other.json","definitions":{"b":{"type":"string"}}}`))
			if (err == nil) != test.open {
				t.Errorf("got %v, want open: %v", err, test.open)
			}
		})
	}
	if fetched {
		t.Error("the loader asked a server")
	}
}
