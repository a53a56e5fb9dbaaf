package descriptor

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/l2sces/l2sces/descriptors"
)

// A model is what a schema says beyond the validator's reach: the keys of
// lists, and which type is meant where several are taken.
type model struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"`
	Key         []string          `json:"x-key"`
	Properties  map[string]*model `json:"properties"`
	Items       *model            `json:"items"`
	Definitions map[string]*model `json:"definitions"`
}

// models are read when one is first asked for, and each once.
var models = map[schemaName]func() (*model, error){
	vnfdSchema: readModel(vnfdSchema),
	nsdSchema:  readModel(nsdSchema),
	nstSchema:  readModel(nstSchema),
}

func readModel(name schemaName) func() (*model, error) {
	return sync.OnceValues(func() (*model, error) {
		data, err := descriptors.Schema.ReadFile(name.file())
		if err != nil {
			return nil, err
		}
		m := &model{}
		if err := json.Unmarshal(data, m); err != nil {
			return nil, err
		}
		m.link(m.Definitions)
		return m, nil
	})
}

// link puts definitions where they are referred to. Ours do not refer to
// themselves: they are made of trees.
func (m *model) link(definitions map[string]*model) {
	for _, below := range []map[string]*model{m.Definitions, m.Properties} {
		for name, p := range below {
			below[name] = p.linked(definitions)
		}
	}
	if m.Items != nil {
		m.Items = m.Items.linked(definitions)
	}
}

func (m *model) linked(definitions map[string]*model) *model {
	if name, ok := strings.CutPrefix(m.Ref, "#/definitions/"); ok && definitions[name] != nil {
		return definitions[name].linked(definitions)
	}
	m.link(definitions)
	return m
}

// walk calls f with every node that the model knows, from the top down.
func (m *model) walk(n *node, path string, f func(*model, *node, string)) {
	f(m, n, path)
	for _, e := range n.entries {
		if below := m.Properties[e.key]; below != nil {
			below.walk(e.value, join(path, e.key), f)
		}
	}
	for i, item := range n.items {
		if m.Items != nil {
			m.Items.walk(item, element(path, i), f)
		}
	}
}

// gross returns the first faults of a document that is wrong nearly everywhere,
// and none of any other. The validator takes its time over each fault, and would
// over a hundred thousand.
func gross(name schemaName, n *node, path string) (Problems, error) {
	read, ok := models[name]
	if !ok {
		return nil, nil
	}
	m, err := read()
	if err != nil {
		return nil, err
	}
	var problems Problems
	m.walk(n, path, func(m *model, n *node, path string) {
		one, _ := m.Type.(string)
		if want, sure := map[string]Form{"object": mapping, "array": list}[one]; sure && n.form != want {
			problems.add(RuleType, n.at, path, "", "%s is wanted here, this is %s", want, n.form)
			return
		}
		for _, e := range n.entries {
			if m.Properties[e.key] == nil {
				problems.add(RuleUnknownKey, e.at, join(path, e.key), "remove it or correct its name", "unknown key %s", quote(e.key))
			}
		}
	})
	if len(problems) < maxProblems {
		return nil, nil
	}
	return problems, nil
}

// meant returns the form that a value should have where several are taken: the
// first type that the schema names.
func (m *model) meant() Form {
	types, _ := m.Type.([]any)
	if len(types) < 2 {
		return null
	}
	return map[any]Form{"string": text, "integer": number, "number": number, "boolean": boolean, "array": list}[types[0]]
}

// repeated complains about elements of a list that share what tells them apart,
// where that is neither id nor name: those may not occur twice in any list.
func repeated(m *model, n *node, path string, problems *Problems) {
	if len(m.Key) == 0 || len(m.Key) == 1 && (m.Key[0] == "id" || m.Key[0] == "name") {
		return
	}
	seen := map[string]int{}
	for i, item := range n.items {
		values := make([]string, len(m.Key))
		complete := true
		for j, key := range m.Key {
			values[j] = quote(item.scalar(key))
			complete = complete && item.get(key) != nil
		}
		key := strings.Join(m.Key, ", ") + " " + strings.Join(values, ", ")
		if line, twice := seen[key]; twice && complete {
			problems.add(RuleDuplicate, item.at, element(path, i), "give each a value of its own", "%s is there already, on line %d", key, line)
		}
		seen[key] = item.at.Line
	}
}

// loose complains about a value that OSM takes and turns into what is meant.
func loose(m *model, n *node, path string, problems *Problems) {
	switch want := m.meant(); {
	case want == text && (n.form == number || n.form == boolean):
		problems.add(RuleLooseText, n.at, path, "put quotes around it", "text is meant here, %s is %s", n.text, n.form)
	case want == list && n.form == text:
		problems.add(RuleLooseList, n.at, path, "put it in square brackets", "a list is meant here, %s is text", quote(n.text))
	case (want == number || want == boolean) && n.form == text:
		problems.add(RuleLooseNumber, n.at, path, "drop the quotes", "%s is meant here, %s is text", want, quote(n.text))
	}
}
