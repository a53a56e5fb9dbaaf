package descriptor

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonreference"
	"github.com/xeipuuv/gojsonschema"

	"github.com/l2sces/l2sces/descriptors"
)

// A schemaName is the name of an embedded schema.
type schemaName string

// The schemas that documents are checked against.
const (
	nstSchema    schemaName = "nst"
	annexSchema  schemaName = "annex"
	paramsSchema schemaName = "params"
)

// schemaBase begins the $id of every embedded schema. Nothing is ever fetched.
const schemaBase = "https://l2sces.io/schema/v1/"

// schemas are compiled once; they are a table in another form.
var schemas = sync.OnceValues(compileSchemas)

func compileSchemas() (map[schemaName]*gojsonschema.Schema, error) {
	files, err := fs.Glob(descriptors.Schema, "schema/*.json")
	if err != nil {
		return nil, err
	}
	var embedded []gojsonschema.JSONLoader
	for _, f := range files {
		data, err := descriptors.Schema.ReadFile(f)
		if err != nil {
			return nil, err
		}
		embedded = append(embedded, gojsonschema.NewBytesLoader(data))
	}
	compiled := map[schemaName]*gojsonschema.Schema{}
	for _, name := range []schemaName{nstSchema, annexSchema, paramsSchema} {
		if compiled[name], err = compileSchema(schemaBase+string(name)+".json", embedded...); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return compiled, nil
}

// compileSchema compiles the schema of an id out of those given. The order is
// what keeps it closed: with Validate on, Compile would check the schema by
// compiling the metaschema, which brings back a loader that fetches.
func compileSchema(id string, embedded ...gojsonschema.JSONLoader) (*gojsonschema.Schema, error) {
	sl := gojsonschema.NewSchemaLoader()
	sl.Draft, sl.AutoDetect, sl.Validate = gojsonschema.Draft7, false, true
	if err := sl.AddSchemas(embedded...); err != nil {
		return nil, err
	}
	sl.Validate = false
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

// pathMark parts the steps of a place in a document. A key cannot hold it:
// YAML has no such character.
const pathMark = "\x00"

// checkSchema returns what a schema has against a node that stands at a path.
func checkSchema(name schemaName, n *node, path string) (Problems, error) {
	compiled, err := schemas()
	if err != nil {
		return nil, err
	}
	result, err := compiled[name].Validate(gojsonschema.NewRawLoader(n.value()))
	if err != nil {
		return nil, err
	}
	var problems Problems
	for _, fault := range result.Errors() {
		addFault(&problems, fault, n, path)
	}
	return problems, nil
}

// wanted turns the types of JSON Schema into our words. Where text will do a
// number is taken as well, which nobody needs to be told.
var wanted = strings.NewReplacer("string/number", "text", "number/string", "a number", "integer/string", "a number", "integer", "a number",
	"string/object", "text or a mapping", "array/string", "a list", "array", "a list", "object", "a mapping", "boolean", "true or false", "string", "text")

// addFault says a fault in our words, at its place in the file.
func addFault(problems *Problems, fault gojsonschema.ResultError, root *node, path string) {
	n := root
	for _, step := range strings.Split(fault.Context().String(pathMark), pathMark)[1:] {
		if i, err := strconv.Atoi(step); n.form == list && err == nil && i < len(n.items) {
			n, path = n.items[i], fmt.Sprintf("%s[%d]", path, i)
		} else if next := n.get(step); next != nil {
			n, path = next, join(path, step)
		}
	}
	property := fmt.Sprint(fault.Details()["property"])
	switch fault.Type() {
	case "additional_property_not_allowed":
		at := n.at
		for _, e := range n.entries {
			if e.key == property {
				at = e.at
			}
		}
		problems.add(at, join(path, property), "remove it or correct its name", "unknown key %s", quote(property))
	case "required":
		problems.add(n.at, join(path, property), "add it", "key %s is missing", quote(property))
	case "invalid_type":
		problems.add(n.at, path, "", "%s is wanted here, this is %s", wanted.Replace(fmt.Sprint(fault.Details()["expected"])), n.form)
	case "enum":
		problems.add(n.at, path, "", "%s is not one of %v", quote(n.text), fault.Details()["allowed"])
	case "pattern":
		problems.add(n.at, path, "", "%s does not match %v", quote(n.text), fault.Details()["pattern"])
	default:
		words := fault.Description()
		problems.add(n.at, path, "", "%s", strings.ToLower(words[:1])+words[1:])
	}
}
