package translate_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/xeipuuv/gojsonschema"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// TestEveryValue holds the values in parameters of slices and services to the
// charts that get them, and to what OSM can carry.
func TestEveryValue(t *testing.T) {
	vnfds := readVNFDs(t)
	for _, file := range glob(t, "nsd/*/examples/*.yaml") {
		checkOrder(t, file, readNSD(t, path.Dir(path.Dir(file))), root(t, file), vnfds)
	}
	for _, file := range glob(t, "descriptors/params/*.yaml") {
		orders := root(t, file).Get("netslice-subnet").Items()
		nst := root(t, "descriptors/nst/"+strings.TrimSuffix(path.Base(file), ".yaml")+"/nst.yaml")
		subnets := nst.Get("nst").Items()[0].Get("netslice-subnet").Items()
		if len(orders) != len(subnets) {
			t.Fatalf("%s: %d subnets, the template has %d", file, len(orders), len(subnets))
		}
		for i, s := range subnets {
			if got, want := orders[i].Get("id").Text(), s.Get("id").Text(); got != want {
				t.Errorf("%s: subnet %s, want %s", file, got, want)
			}
			nsd := "nsd/" + strings.ReplaceAll(s.Get("nsd-ref").Text(), "-", "_")
			checkOrder(t, file, readNSD(t, nsd), orders[i], vnfds)
		}
	}
}

func root(t *testing.T, file string) descriptor.Node {
	t.Helper()
	doc, err := descriptor.ReadFile(repository, file, descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// plain makes of a document what encoding/json would make of it.
func plain(n descriptor.Node) any {
	switch n.Form() {
	case descriptor.FormMapping:
		out := map[string]any{}
		for _, e := range n.Entries() {
			out[e.Key] = plain(e.Value)
		}
		return out
	case descriptor.FormList:
		out := []any{}
		for _, item := range n.Items() {
			out = append(out, plain(item))
		}
		return out
	case descriptor.FormNumber:
		return json.Number(n.Text())
	case descriptor.FormBoolean:
		return n.Bool()
	case descriptor.FormText:
		return n.Text()
	}
	return nil
}

func readNSD(t *testing.T, dir string) descriptor.NSD {
	t.Helper()
	doc, err := descriptor.ReadFile(repository, path.Join(dir, path.Base(dir)+".yaml"), descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	nsd, _, err := doc.NSD()
	if err != nil {
		t.Fatal(err)
	}
	return nsd
}

// checkOrder wants every member of a service to be named, and its KDU.
func checkOrder(t *testing.T, file string, nsd descriptor.NSD, o descriptor.Node, vnfds map[string]vnfd) {
	t.Helper()
	profiles := nsd.Flavor[0].Profiles
	at := func(member descriptor.Node) int {
		return slices.IndexFunc(profiles, func(p descriptor.VNFProfile) bool { return p.ID == member.Text() })
	}
	members := o.Get("additionalParamsForVnf").Items()
	if len(members) != len(profiles) {
		t.Errorf("%s: values for %d members of %s, which has %d", file, len(members), nsd.ID, len(profiles))
	}
	for _, m := range members {
		i := at(m.Get("member-vnf-index"))
		if i < 0 {
			t.Errorf("%s: %s has no member %s", file, nsd.ID, m.Get("member-vnf-index").Text())
			continue
		}
		for _, k := range m.Get("additionalParamsForKdu").Items() {
			checkKDU(t, file, vnfds[profiles[i].VNFD], k)
		}
	}
	for _, m := range o.Get("vnf").Items() {
		if at(m.Get("member-vnf-index")) < 0 {
			t.Errorf("%s: %s has no member %s", file, nsd.ID, m.Get("member-vnf-index").Text())
		}
	}
}

// checkKDU lays the values for a KDU over those of its chart, as Helm does,
// and holds them to its schema.
func checkKDU(t *testing.T, file string, v vnfd, k descriptor.Node) {
	t.Helper()
	i := slices.IndexFunc(v.KDUs, func(o kdu) bool { return o.Name == k.Get("kdu_name").Text() })
	if i < 0 {
		t.Errorf("%s: %s has no kdu %s", file, v.ID, k.Get("kdu_name").Text())
		return
	}
	values, ok := plain(k.Get("additionalParams")).(map[string]any)
	if !ok {
		t.Fatalf("%s: no values for %s", file, v.ID)
	}
	checkKeys(t, file, values)
	chart := path.Join("vnfd", strings.ReplaceAll(v.ID, "-", "_"), "helm-chart-v3s", v.KDUs[i].HelmChart)
	all, ok := plain(root(t, chart+"/values.yaml")).(map[string]any)
	if !ok {
		t.Fatalf("%s has no values", chart)
	}
	overlay(all, values)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := fs.ReadFile(repository, chart+"/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewBytesLoader(text))
	if err != nil {
		t.Fatalf("%s: %v", chart, err)
	}
	for _, e := range result.Errors() {
		t.Errorf("%s: chart %s: %s", file, chart, e)
	}
}

// checkKeys refuses keys that OSM's database cannot hold.
func checkKeys(t *testing.T, file string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.ContainsAny(key, ".$") {
				t.Errorf("%s: OSM takes no key %q", file, key)
			}
			checkKeys(t, file, v[key])
		}
	case []any:
		for _, item := range v {
			checkKeys(t, file, item)
		}
	}
}

func overlay(below, above map[string]any) {
	for key, v := range above {
		under, both := below[key].(map[string]any)
		over, deep := v.(map[string]any)
		if both && deep {
			overlay(under, over)
		} else {
			below[key] = v
		}
	}
}
