package l2vpn

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/restconf"
)

// maxBody is what a body may have, in bytes.
const maxBody = 1 << 20

// document is the form of the data resource.
type document struct {
	Config config `json:"l2vpn-svc"`
}

// A request is what a client wants of a resource.
type request struct {
	method string
	steps  []restconf.Step // of the target, from l2vpn-svc on
	body   map[string]any
	match  string // If-Match
}

// read returns the edit that a client sends.
func read(c echo.Context) (request, error) {
	steps, err := restconf.PathOf(c)
	if err != nil {
		return request{}, err
	}
	for name := range c.QueryParams() {
		return request{}, restconf.Errorf(restconf.InvalidValue, "", "the query parameter %.64q is not served", name)
	}
	in := request{method: c.Request().Method, steps: steps, match: c.Request().Header.Get("If-Match")}
	if len(steps) > 1 && steps[1].Name == "vpn-profiles" || steps[len(steps)-1].Module == statusModule {
		return in, restconf.Errorf(restconf.NotSupported, "", "%s is read only", steps[len(steps)-1].Name)
	}
	if in.method == http.MethodDelete {
		return in, nil
	}
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
	in.body, err = restconf.Body(c, module)
	return in.addressed(), err
}

// addressed corrects a stray of OSM's connector: what it sends to the container of
// accesses is one access.
func (r request) addressed() request {
	last := r.steps[len(r.steps)-1]
	if _, one := r.body["site-network-access"]; one && r.method == http.MethodPut && last.Name == "site-network-accesses" {
		r.steps = r.child()
	}
	return r
}

// child returns the path of the only entry that the body has for a list; where
// there is none, it is that of the target.
func (r request) child() []restconf.Step {
	keys := map[string]string{"vpn-service": "vpn-id", "site": "site-id", "site-network-access": "network-access-id"}
	for name, value := range r.body {
		list, _ := value.([]any)
		if len(list) == 0 {
			return r.steps
		}
		entry, _ := list[0].(map[string]any)
		if key, _ := entry[keys[name]].(string); key != "" {
			return append(slices.Clone(r.steps), restconf.Step{Name: name, Keys: []string{key}})
		}
	}
	return r.steps
}

// apply changes a configuration. It returns the path of what was made, if
// something was.
func (r request) apply(old config) (wanted config, made []restconf.Step, err error) {
	tree, err := treeOf(old)
	if err != nil {
		return wanted, nil, err
	}
	t := restconf.Tree{Module: module, Data: tree, Form: reflect.TypeFor[document]()}
	created := false
	switch r.method {
	case http.MethodPost:
		made, err = t.Create(r.steps, r.body)
	case http.MethodPut:
		if created, err = t.Replace(r.steps, r.body); created {
			made = r.steps
		}
	case http.MethodPatch:
		err = t.Merge(r.steps, r.body)
	default:
		err = t.Remove(r.steps)
	}
	if err != nil {
		return wanted, nil, err
	}
	var d document
	if err := t.Fill(&d); err != nil {
		return wanted, nil, err
	}
	wanted = d.Config
	wanted.read()
	if err := check(reflect.ValueOf(wanted), rootPath); err != nil {
		return wanted, nil, err
	}
	return wanted, made, wanted.consistent()
}

// treeOf returns a configuration as restconf.Read would have it.
func treeOf(c config) (map[string]any, error) {
	text, err := json.Marshal(document{c})
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	return tree, d.Decode(&tree)
}

// acceptable reports whether a client takes what we answer (RFC 9110, section
// 12.5.1).
func acceptable(accept string) bool {
	if strings.TrimSpace(accept) == "" {
		return true
	}
	for one := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(one)
		if err == nil && params["q"] != "0" && slices.Contains([]string{"*/*", "application/*", "application/json", restconf.MediaType}, kind) {
			return true
		}
	}
	return false
}

func notAcceptable() error {
	return web.Errorf(http.StatusNotAcceptable, "what is here is %s and nothing else", restconf.MediaType)
}
