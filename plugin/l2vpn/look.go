package l2vpn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// represent returns the document of the resource that steps lead to, and its tag
// (RFC 8040, section 3.5.2).
func represent(c config, steps []restconf.Step) (body []byte, tag string, err error) {
	c.show()
	value, err := look(reflect.ValueOf(document{c}), steps, "/"+module+":")
	if err != nil {
		return nil, "", err
	}
	body, err = json.Marshal(map[string]any{module + ":" + steps[len(steps)-1].Name: value})
	sum := sha256.Sum256(body)
	return body, `"` + hex.EncodeToString(sum[:12]) + `"`, err
}

// look goes down to a node.
func look(v reflect.Value, steps []restconf.Step, path string) (any, error) {
	step := steps[0]
	path += step.Name
	if v.Kind() != reflect.Struct {
		return nil, restconf.NotFoundf(path, "a leaf has no nodes")
	}
	f, known := restconf.Nodes(v.Type())[step.Name]
	if !known || step.Module != "" && step.Module != module {
		return nil, restconf.NotFoundf(path, "there is no such node here, or it is not taken")
	}
	v = reflect.Indirect(v.FieldByIndex(f.Index))
	keys := restconf.KeysOf(f)
	switch {
	case len(step.Keys) > 0 && len(step.Keys) != len(keys):
		return nil, restconf.Errorf(restconf.InvalidValue, path, "%d keys are given and %d wanted", len(step.Keys), len(keys))
	case !v.IsValid() || v.Kind() == reflect.String && v.Len() == 0:
		return nil, absent(path)
	case len(step.Keys) == 0 && v.Kind() == reflect.Slice && len(steps) > 1:
		return nil, restconf.Errorf(restconf.InvalidValue, path, "an entry of the list is wanted: name it, list=key")
	case len(step.Keys) > 0:
		i := entryOf(v, keys, step.Keys)
		for k, key := range keys {
			path += predicate(key, step.Keys[k])
		}
		if i < 0 {
			return nil, absent(path)
		}
		if len(steps) == 1 {
			return v.Slice(i, i+1).Interface(), nil
		}
		v = v.Index(i)
	}
	if len(steps) > 1 {
		return look(v, steps[1:], path+"/")
	}
	return v.Interface(), nil
}

// entryOf finds an entry of a list by its keys.
func entryOf(list reflect.Value, keys, values []string) int {
	for i := range list.Len() {
		nodes := restconf.Nodes(list.Index(i).Type())
		have := make([]string, len(keys))
		for k, key := range keys {
			have[k] = list.Index(i).FieldByIndex(nodes[key].Index).String()
			if nodes[key].Type == reflect.TypeFor[identity]() {
				values[k] = bare(values[k])
			}
		}
		if slices.Equal(have, values) {
			return i
		}
	}
	return -1
}

func absent(path string) error { return restconf.NotFoundf(path, "it is not there") }
