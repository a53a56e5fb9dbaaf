package vpls_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDocument writes anything. What is taken reads back as it was written, with what
// we put in; what is refused leaves nothing.
func FuzzDocument(f *testing.F) {
	f.Add(`{}`)
	f.Add(three(600).listing(svc{"one", []string{"ep-1", "ep-2", "ep-3"}, "VLAN"}).text(f))
	f.Add(`{"ports": {"of:0000000000000011/1": {}, "of:0000000000000012/1": {"interfaces": [{"name": "x", "vlan": "4094"}, {"ips": []}]}, "\u0061": null}, "x": [1.5e-7, true, [], {"a\"b": "\\"}]}`)
	f.Add(` {"apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [{"name": "a", "interfaces": ["ep-1", "lost"]}, {"name": "b"}], "k": null}, "more": 1}, "other": {}}} `)
	f.Add("{\"apps\": {\"org.onosproject\\u002evpls\": {\"vpls\": {\"vplsList\": null}}}}\n")
	admits := accounts(f)
	f.Fuzz(func(t *testing.T, body string) {
		h := newHouseOf(t, admits)
		status, out := h.as("onos", http.MethodPost, path, body)
		var want map[string]any
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		err := d.Decode(&want)
		switch {
		case status == http.StatusBadRequest:
			if left := len(h.networks()) + len(h.book.Services("")); left != 0 || len(inside(t, h.get("onos"), "ports")) != 0 {
				t.Errorf("%s left something", out)
			}
			return
		case status != http.StatusOK:
			t.Fatalf("%d %s", status, out)
		case err != nil || d.More():
			t.Fatalf("taken, and no JSON: %v", err)
		}
		got := h.get("onos")
		updated(t, got)
		repair(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the document does not read back (-want +got):\n%s", diff)
		}
		if h.post("onos", doc{}, http.StatusOK); len(h.networks())+len(h.book.Services("")) != 0 {
			t.Errorf("something is left of it")
		}
	})
}

// repair puts in what has to be there.
func repair(d map[string]any) {
	at := func(o map[string]any, key string) map[string]any {
		if o[key] == nil {
			o[key] = map[string]any{}
		}
		inner, _ := o[key].(map[string]any)
		return inner
	}
	config := at(at(at(d, "apps"), appName), "vpls")
	delete(config, "lastUpdateTime")
	if config["vplsList"] == nil {
		config["vplsList"] = []any{}
	}
	ports := at(d, "ports")
	for key := range ports {
		if port := at(ports, key); port["interfaces"] == nil {
			port["interfaces"] = []any{}
		}
	}
}
