package restconf_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/l2sces/l2sces/plugin/restconf"
)

var form = reflect.TypeFor[model]()

const before = `{"m:sites":{"site":[{"id":"a","mtu":9,"tag":["x"]},{"id":"b","ports":{"port":[{"slot":"s","number":1}]}}]}}`

func TestTree(t *testing.T) {
	for _, test := range []struct {
		name, op, path, body string
		want                 string // the data afterwards, or what was got; empty: as before
		status               int    // of the error
		tag                  restconf.Tag
	}{
		{name: "get all", op: "get", path: "m:sites", want: before},
		{name: "get an entry", op: "get", path: "m:sites/site=b/ports", want: `{"m:ports":{"port":[{"number":1,"slot":"s"}]}}`},
		{name: "get an entry by two keys", op: "get", path: "m:sites/site=b/ports/port=s,1", want: `{"m:port":[{"number":1,"slot":"s"}]}`},
		{name: "get a leaf", op: "get", path: "m:sites/site=a/mtu", want: `{"m:mtu":9}`},
		{name: "get a list", op: "get", path: "m:sites/site=b/ports/port", want: `{"m:port":[{"number":1,"slot":"s"}]}`},
		{name: "get a value", op: "get", path: "m:sites/site=a/tag=x", want: `{"m:tag":["x"]}`},
		{name: "get what is absent", op: "get", path: "m:sites/site=c", status: 404, tag: restconf.InvalidValue},
		{name: "get below what is absent", op: "get", path: "m:sites/site=a/ports/port=s,1", status: 404, tag: restconf.InvalidValue},
		{name: "get what the model does not have", op: "get", path: "m:sites/colour", status: 404, tag: restconf.InvalidValue},
		{name: "get below a leaf", op: "get", path: "m:sites/site=a/mtu/x", status: 404, tag: restconf.InvalidValue},
		{name: "get without module", op: "get", path: "sites", status: 404, tag: restconf.InvalidValue},
		{name: "get of another module", op: "get", path: "m:sites/x:site=a", status: 404, tag: restconf.InvalidValue},
		{name: "get below a list", op: "get", path: "m:sites/site/mtu", status: 400, tag: restconf.InvalidValue},
		{name: "get with too few keys", op: "get", path: "m:sites/site=b/ports/port=s", status: 400, tag: restconf.InvalidValue},
		{name: "get a container by key", op: "get", path: "m:sites=a", status: 400, tag: restconf.InvalidValue},

		{
			name: "create an entry", op: "create", path: "m:sites", body: `{"m:site":[{"id":"c"}]}`,
			want: `{"m:sites":{"site":[{"id":"a","mtu":9,"tag":["x"]},{"id":"b","ports":{"port":[{"number":1,"slot":"s"}]}},{"id":"c"}]}}`,
		},
		{
			name: "create in a container that is not there", op: "create", path: "m:sites/site=a/ports", body: `{"m:port":[{"slot":"s","number":2}]}`,
			want: `{"m:sites":{"site":[{"id":"a","mtu":9,"ports":{"port":[{"number":2,"slot":"s"}]},"tag":["x"]},{"id":"b","ports":{"port":[{"number":1,"slot":"s"}]}}]}}`,
		},
		{name: "create what is there", op: "create", path: "m:sites", body: `{"m:site":[{"id":"a"}]}`, status: 409, tag: restconf.DataExists},
		{name: "create two", op: "create", path: "m:sites", body: `{"m:site":[{"id":"c"},{"id":"d"}]}`, status: 400, tag: restconf.Malformed},
		{name: "create nothing", op: "create", path: "m:sites", body: `{}`, status: 400, tag: restconf.Malformed},
		{name: "create in an entry that is not there", op: "create", path: "m:sites/site=z", body: `{"m:mtu":1}`, status: 404, tag: restconf.InvalidValue},

		{
			name: "replace an entry", op: "replace", path: "m:sites/site=b", body: `{"m:site":[{"id":"b","mtu":1}]}`,
			want: `{"m:sites":{"site":[{"id":"a","mtu":9,"tag":["x"]},{"id":"b","mtu":1}]}}`,
		},
		{
			name: "replace a leaf", op: "replace", path: "m:sites/site=a/mtu", body: `{"m:mtu":1}`,
			want: `{"m:sites":{"site":[{"id":"a","mtu":1,"tag":["x"]},{"id":"b","ports":{"port":[{"number":1,"slot":"s"}]}}]}}`,
		},
		{name: "replace with another key", op: "replace", path: "m:sites/site=b", body: `{"m:site":[{"id":"c"}]}`, status: 400, tag: restconf.InvalidValue},
		{name: "replace with another node", op: "replace", path: "m:sites/site=b", body: `{"m:ports":{}}`, status: 400, tag: restconf.Malformed},
		{name: "replace all", op: "replace", path: "m:sites", body: `{"m:sites":{}}`, want: `{"m:sites":{}}`},

		{
			name: "merge", op: "merge", path: "m:sites", body: `{"m:sites":{"site":[{"id":"b","ports":{"port":[{"slot":"s","number":1,"name":"n"},{"slot":"s","number":2}]}},{"id":"a","tag":["x","y"],"mtu":8},{"id":"c"}]}}`,
			want: `{"m:sites":{"site":[{"id":"a","mtu":8,"tag":["x","y"]},{"id":"b","ports":{"port":[{"name":"n","number":1,"slot":"s"},{"number":2,"slot":"s"}]}},{"id":"c"}]}}`,
		},
		{name: "merge into what is not there", op: "merge", path: "m:sites/site=c", body: `{"m:site":[{"id":"c"}]}`, status: 404, tag: restconf.InvalidValue},

		{name: "remove an entry", op: "remove", path: "m:sites/site=b", want: `{"m:sites":{"site":[{"id":"a","mtu":9,"tag":["x"]}]}}`},
		{name: "remove a leaf", op: "remove", path: "m:sites/site=a/mtu", want: `{"m:sites":{"site":[{"id":"a","tag":["x"]},{"id":"b","ports":{"port":[{"number":1,"slot":"s"}]}}]}}`},
		{name: "remove the last entry", op: "remove", path: "m:sites/site=b/ports/port=s,1", want: `{"m:sites":{"site":[{"id":"a","mtu":9,"tag":["x"]},{"id":"b","ports":{}}]}}`},
		{name: "remove what is absent", op: "remove", path: "m:sites/site=a/ports", status: 404, tag: restconf.InvalidValue},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := restconf.Read([]byte(before), "m")
			if err != nil {
				t.Fatal(err)
			}
			tree := restconf.Tree{Module: "m", Data: data, Form: form}
			steps, err := restconf.ParsePath(test.path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := carry(&tree, test.op, steps, test.body)
			if err != nil {
				entries, status := restconf.ErrorsOf(err)
				if status != test.status || entries[0].Tag != test.tag {
					t.Errorf("got %d %s (%v), want %d %s", status, entries[0].Tag, err, test.status, test.tag)
				}
				return
			}
			if test.status != 0 {
				t.Fatalf("it was done, want %d", test.status)
			}
			same(t, got, test.want)
		})
	}
}

// carry carries an operation out and returns what was got, or the data.
func carry(tree *restconf.Tree, op string, steps []restconf.Step, text string) (any, error) {
	var body map[string]any
	var err error
	if text != "" {
		if body, err = restconf.Read([]byte(text), "m"); err != nil {
			return nil, err
		}
	}
	switch op {
	case "get":
		return tree.Get(steps)
	case "create":
		_, err = tree.Create(steps, body)
	case "replace":
		_, err = tree.Replace(steps, body)
	case "merge":
		err = tree.Merge(steps, body)
	case "remove":
		err = tree.Remove(steps)
	}
	return map[string]any{"m:sites": tree.Data["sites"]}, err
}

func same(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(text, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// FuzzTree wants every edit to leave a tree that can be read again, or an error
// that has an answer.
func FuzzTree(f *testing.F) {
	for _, op := range []string{"get", "create", "replace", "merge", "remove"} {
		f.Add(op, "m:sites/site=b/ports", `{"m:port":[{"slot":"s","number":2}]}`)
		f.Add(op, "m:sites/site=a", `{"m:site":[{"id":"a","tag":["x"]}]}`)
		f.Add(op, "m:sites/site=a/tag=x", `{"m:tag":["x"]}`)
		f.Add(op, "m:sites", before)
	}
	f.Fuzz(func(t *testing.T, op, path, body string) {
		data, err := restconf.Read([]byte(before), "m")
		if err != nil {
			t.Fatal(err)
		}
		tree := restconf.Tree{Module: "m", Data: data, Form: form}
		steps, err := restconf.ParsePath(path)
		if err == nil {
			_, err = carry(&tree, op, steps, body)
		}
		if err == nil {
			err = tree.Fill(&model{})
		}
		if err != nil {
			if _, status := restconf.ErrorsOf(err); status < 400 || status >= http.StatusInternalServerError {
				t.Errorf("status %d of %v", status, err)
			}
		}
	})
}
