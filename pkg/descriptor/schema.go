package descriptor

import (
	"fmt"
	"sync"

	"github.com/xeipuuv/gojsonreference"
	"github.com/xeipuuv/gojsonschema"

	"github.com/l2sces/l2sces/descriptors"
)

// A schemaName is the name of an embedded schema.
type schemaName string

// The schemas that documents are checked against.
const (
	vnfdSchema   schemaName = "vnfd"
	nsdSchema    schemaName = "nsd"
	nstSchema    schemaName = "nst"
	annexSchema  schemaName = "annex"
	paramsSchema schemaName = "params"
)

// schemaBase begins the $id of every embedded schema. Nothing is ever fetched.
const schemaBase = "https://l2sces.io/schema/v1/"

// schemas are compiled when one is first asked for, and each once; they are a
// table in another form.
var schemas = map[schemaName]func() (*gojsonschema.Schema, error){
	vnfdSchema:   embedded(vnfdSchema),
	nsdSchema:    embedded(nsdSchema),
	nstSchema:    embedded(nstSchema),
	annexSchema:  embedded(annexSchema),
	paramsSchema: embedded(paramsSchema, annexSchema),
}

// embedded compiles an embedded schema that refers to none but those named.
func embedded(name schemaName, others ...schemaName) func() (*gojsonschema.Schema, error) {
	return sync.OnceValues(func() (*gojsonschema.Schema, error) {
		addFormats()
		var loaders []gojsonschema.JSONLoader
		for _, n := range append(others, name) {
			data, err := descriptors.Schema.ReadFile(n.file())
			if err != nil {
				return nil, err
			}
			loaders = append(loaders, gojsonschema.NewBytesLoader(data))
		}
		s, err := compileSchema(schemaBase+string(name)+".json", loaders...)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		return s, nil
	})
}

func (n schemaName) file() string { return "schema/" + string(n) + ".json" }

// compileSchema compiles the schema of an id out of those given. They are not
// held against the metaschema: a test has done that, and doing it here would
// bring back a loader that fetches.
func compileSchema(id string, embedded ...gojsonschema.JSONLoader) (*gojsonschema.Schema, error) {
	sl := gojsonschema.NewSchemaLoader()
	sl.Draft, sl.AutoDetect = gojsonschema.Draft7, false
	if err := sl.AddSchemas(embedded...); err != nil {
		return nil, err
	}
	return sl.Compile(closed{gojsonschema.NewReferenceLoader(id)})
}

// closed is a loader that finds nothing but what was added before.
type closed struct{ gojsonschema.JSONLoader }

func (closed) LoaderFactory() gojsonschema.JSONLoaderFactory { return closedFactory{} }

type closedFactory struct{}

func (closedFactory) New(ref string) gojsonschema.JSONLoader { return refused(ref) }

type refused string

func (r refused) JsonSource() any { return string(r) } //nolint:revive // the library's spelling

func (r refused) LoadJSON() (any, error) {
	return nil, fmt.Errorf("%s is not one of the embedded schemas", string(r))
}

func (r refused) LoaderFactory() gojsonschema.JSONLoaderFactory { return closedFactory{} }

func (r refused) JsonReference() (gojsonreference.JsonReference, error) { //nolint:revive // the library's spelling
	return gojsonreference.NewJsonReference(string(r))
}
