//go:build kube

package charttest

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

// The custom resources of the charts, as the server has them: every definition
// is established, and there is a good object of each in testdata/objects, which
// is taken as it is and comes back as it was.
func TestCustomResources(t *testing.T) {
	defined(t)
	var have []string
	for _, file := range glob(t, "testdata/objects/*.yaml") {
		resource := title(file)
		have = append(have, resource+".l2sces.io")
		t.Run(resource, func(t *testing.T) {
			ns := namespace(t, "restricted")
			good := specimen(t, resource)
			a := write(t, http.MethodPost, ns, resource, good)
			if a.Refusal() != "" || len(a.Warnings) > 0 {
				t.Fatalf("refused or warned of: %s %q", a.Refusal(), a.Warnings)
			}
			got := list(t, path(ns, resource))
			if len(got) != 1 {
				t.Fatalf("%d objects", len(got))
			}
			lost := missing(good["spec"], got[0]["spec"])
			if len(lost) > 0 {
				t.Errorf("the server dropped or changed %v", lost)
			}
		})
	}
	var want []string
	for _, d := range list(t, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions") {
		name, _ := nested(d, "metadata", "name").(string)
		if !strings.HasSuffix(name, ".l2sces.io") {
			continue
		}
		want = append(want, name)
		if status := condition(d, "Established"); status != "True" {
			t.Errorf("%s: Established is %q", name, status)
		}
		// A schema that contradicts the rules for such schemas is taken, and served to nobody.
		if status := condition(d, "NonStructuralSchema"); status == "True" {
			t.Errorf("%s has a schema that is not structural", name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("specimens of definitions (-definition +specimen):\n%s", diff)
	}
}

// What is refused, and for what reason. A patch of the specimen's spec makes it
// bad: when it is created, or afterwards, when it is changed.
func TestCustomResourcesRefuse(t *testing.T) {
	defined(t)
	const create, change = false, true
	tests := []struct {
		resource string
		change   bool
		patch    string // JSON merge patch of the spec
		want     string
	}{
		{"slices", create, `{"tenant": null}`, "spec.tenant: Required value"},
		{"slices", create, `{"tenant": "Fire Brigade"}`, "spec.tenant"},
		{"slices", create, `{"tenants": "a"}`, `unknown field "spec.tenants"`},
		{"slices", create, `{"domains": []}`, "spec.domains"},
		{"slices", create, `{"domains": [{"name": "a"}, {"name": "a"}]}`, "Duplicate value"},
		{"slices", create, `{"snssai": {"sst": "embb"}}`, "Unsupported value"},
		{"slices", create, `{"qos": {"id": "82"}}`, "must be of type integer"},
		{"slices", create, `{"qos": {"id": 65536}}`, "less than or equal to 65535"},
		{"slices", create, `{"networks": [{"name": "a", "type": "tunnel", "domains": ["field"]}]}`, "Unsupported value"},
		{"slices", create, `{"overlay": {"links": []}}`, "an explicit overlay needs links"},
		{"slices", create, `{"overlay": {"links": [{"from": "a", "to": "a"}]}}`, "a link joins two different ends"},
		{"slices", create, `{"overlay": {"encryption": "rot13"}}`, "Unsupported value"},
		{"slices", create, `{"paths": [{"network": "voice", "from": "a", "to": "a"}]}`, "a path joins two different domains"},
		{"slices", create, `{"paths": [{"network": "voice", "from": "a", "to": "b", "mode": "explicit"}]}`, "needs hops"},
		{"slices", change, `{"tenant": "another"}`, "tenant cannot be changed"},
		{"slices", change, `{"networks": [{"name": "voice", "type": "ext-vnet", "domains": ["field"], "cidr": "192.0.2.0/24"}]}`, "type cannot be changed"},
		{"slices", change, `{"networks": [{"name": "voice", "type": "vnet", "domains": ["field"]}]}`, "cidr cannot be changed or taken away"},
		{"domains", create, `{"driver": "carrier-pigeon"}`, "Unsupported value"},
		{"domains", create, `{"addresses": null}`, "a direct domain needs addresses"},
		{"domains", create, `{"addresses": ["nowhere"]}`, "spec.addresses[0]"},
		{"domains", create, `{"driver": "kube"}`, "a kube domain needs credentialsSecret"},
		{"domains", create, `{"capacity": {"slices": -1}}`, "greater than or equal to 0"},
		{"domains", change, `{"driver": "kube", "credentialsSecret": "a"}`, "driver cannot be changed"},
		{"providerprofiles", create, `{"provider": null}`, "spec.provider: Required value"},
		{"providerprofiles", create, `{"provider": {"addresses": ["a:1", "a:1"]}}`, "Duplicate value"},
		{"providerprofiles", change, `{"provider": {"name": "another"}}`, "name cannot be changed"},
		{"l2networks", create, `{"cidr": "192.0.2.0"}`, "spec.cidr"},
		{"l2networks", create, `{"mtu": 65536}`, "less than or equal to 65535"},
		{"l2networks", create, `{"slice": null}`, "only a network of a slice goes on in other domains"},
		{"l2networks", change, `{"type": "vlink"}`, "type cannot be changed"},
		{"l2networks", change, `{"cidr": "198.51.100.0/24"}`, "cidr cannot be changed or taken away"},
		{"l2networks", change, `{"network": null}`, "network cannot be changed or taken away"},
		{"overlays", create, `{"shape": "explicit", "links": null}`, "an explicit overlay needs links"},
		{"overlays", create, `{"shape": "moebius"}`, "Unsupported value"},
		{"overlays", create, `{"nodes": ["a", "a"]}`, "Duplicate value"},
		{"overlays", change, `{"links": [{"from": "a", "to": "a"}]}`, "a link joins two different ends"},
		{"networkedgedevices", create, `{"node": null}`, "spec.node: Required value"},
		{"networkedgedevices", create, `{"tunnelAddress": "example.org"}`, "spec.tunnelAddress"},
		{"networkedgedevices", change, `{"node": "field-2"}`, "node cannot be changed"},
		{"networkedgedevices", change, `{"provider": "another"}`, "provider cannot be changed"},
	}
	for _, tt := range tests {
		t.Run(tt.resource+"/"+tt.want, func(t *testing.T) {
			ns := namespace(t, "restricted")
			good := specimen(t, tt.resource)
			if tt.change {
				if a := write(t, http.MethodPost, ns, tt.resource, good); a.Refusal() != "" {
					t.Fatal(a.Refusal())
				}
			}
			bad := merge(good, object{"spec": patched(t, good["spec"], tt.patch)})
			method := http.MethodPost
			if tt.change {
				method = http.MethodPut
				bad["metadata"] = list(t, path(ns, tt.resource))[0]["metadata"]
			}
			if got := write(t, method, ns, tt.resource, bad).Refusal(); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// defined makes the server know the definitions of the charts.
func defined(t *testing.T) {
	t.Helper()
	for _, c := range charts(t) {
		crds(t, c)
	}
}

func specimen(t *testing.T, resource string) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "objects", resource+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := yaml.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func path(namespace, resource string) string {
	return "/apis/l2sces.io/v1alpha1/namespaces/" + namespace + "/" + resource
}

// write creates or replaces an object, with strict validation.
func write(t *testing.T, method, namespace, resource string, o object) kubetest.Answer {
	t.Helper()
	at := path(namespace, resource)
	if method == http.MethodPut {
		at += "/" + nested(o, "metadata", "name").(string) //nolint:errcheck,forcetypeassert // every object has one
	}
	a, err := server(t).Call(t.Context(), kubetest.Request{Method: method, Path: at + "?fieldValidation=Strict", Body: o})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// patched returns a value with a JSON merge patch (RFC 7396) laid over it. JSON
// is YAML, so that both are read alike.
func patched(t *testing.T, value any, patch string) any {
	t.Helper()
	var p any
	if err := yaml.Unmarshal([]byte(patch), &p); err != nil {
		t.Fatal(err)
	}
	return lay(value, p)
}

func lay(value, patch any) any {
	p, ok := patch.(object)
	if !ok {
		return patch
	}
	old, _ := value.(object)
	result := merge(old, nil)
	for key, v := range p {
		if v == nil {
			delete(result, key)
			continue
		}
		result[key] = lay(result[key], v)
	}
	return result
}

// missing names the fields of want that got has not, or has otherwise. Defaults
// may come on top.
func missing(want, got any) []string {
	switch w := want.(type) {
	case object:
		g, _ := got.(object)
		var lost []string
		for key, v := range w {
			for _, m := range missing(v, g[key]) {
				lost = append(lost, key+"."+m)
			}
		}
		return lost
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return []string{"length"}
		}
		var lost []string
		for i, v := range w {
			lost = append(lost, missing(v, g[i])...)
		}
		return lost
	case int:
		if f, ok := got.(float64); ok && f == float64(w) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{"value"}
}

// condition returns the status of a condition of an object.
func condition(o object, kind string) string {
	conditions, _ := nested(o, "status", "conditions").([]any)
	for _, c := range conditions {
		if nested(c, "type") == kind {
			status, _ := nested(c, "status").(string)
			return status
		}
	}
	return ""
}

// Golden files are of charts that there are.
func TestGoldenOfCharts(t *testing.T) {
	names := map[string]bool{}
	for _, c := range charts(t) {
		names[c.name] = true
	}
	for _, file := range append(glob(t, "testdata/rights/*"), glob(t, "testdata/security/*")...) {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !names[name] {
			t.Errorf("%s: there is no chart %s", file, name)
		}
	}
}
