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
	"gopkg.in/yaml.v3"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// order is what the parameters of a service, or of a subnet of a slice, say to
// the charts of its members.
type order struct {
	ID  string `yaml:"id"`
	VNF []struct {
		Member string `yaml:"member-vnf-index"`
	} `yaml:"vnf"`
	Members []struct {
		Member string `yaml:"member-vnf-index"`
		KDUs   []struct {
			Name   string         `yaml:"kdu_name"`
			Values map[string]any `yaml:"additionalParams"`
		} `yaml:"additionalParamsForKdu"`
	} `yaml:"additionalParamsForVnf"`
}

// TestEveryValue holds the values in parameters of slices and services to the
// charts that get them, and to what OSM can carry.
func TestEveryValue(t *testing.T) {
	vnfds := readVNFDs(t)
	for _, file := range glob(t, "nsd/*/examples/*.yaml") {
		var o order
		read(t, file, &o)
		checkOrder(t, file, readNSD(t, path.Dir(path.Dir(file))), o, vnfds)
	}
	for _, file := range glob(t, "descriptors/params/*.yaml") {
		var p struct {
			Subnets []order `yaml:"netslice-subnet"`
		}
		read(t, file, &p)
		var nst struct {
			NST []struct {
				Subnets []struct {
					ID  string `yaml:"id"`
					NSD string `yaml:"nsd-ref"`
				} `yaml:"netslice-subnet"`
			} `yaml:"nst"`
		}
		read(t, "descriptors/nst/"+strings.TrimSuffix(path.Base(file), ".yaml")+"/nst.yaml", &nst)
		if len(p.Subnets) != len(nst.NST[0].Subnets) {
			t.Errorf("%s: %d subnets, the template has %d", file, len(p.Subnets), len(nst.NST[0].Subnets))
		}
		for i, s := range nst.NST[0].Subnets {
			if p.Subnets[i].ID != s.ID {
				t.Errorf("%s: subnet %s, want %s", file, p.Subnets[i].ID, s.ID)
			}
			checkOrder(t, file, readNSD(t, "nsd/"+strings.ReplaceAll(s.NSD, "-", "_")), p.Subnets[i], vnfds)
		}
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	text, err := fs.ReadFile(repository, file)
	if err == nil {
		err = yaml.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
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
func checkOrder(t *testing.T, file string, nsd descriptor.NSD, o order, vnfds map[string]vnfd) {
	t.Helper()
	profiles := nsd.Flavor[0].Profiles
	if len(o.Members) != len(profiles) {
		t.Errorf("%s: values for %d members of %s, which has %d", file, len(o.Members), nsd.ID, len(profiles))
	}
	at := func(member string) int {
		return slices.IndexFunc(profiles, func(p descriptor.VNFProfile) bool { return p.ID == member })
	}
	for _, m := range o.Members {
		i := at(m.Member)
		if i < 0 {
			t.Errorf("%s: %s has no member %s", file, nsd.ID, m.Member)
			continue
		}
		v := vnfds[profiles[i].VNFD]
		for _, k := range m.KDUs {
			j := slices.IndexFunc(v.KDUs, func(o kdu) bool { return o.Name == k.Name })
			if j < 0 {
				t.Errorf("%s: %s has no kdu %s", file, v.ID, k.Name)
				continue
			}
			chart := path.Join("vnfd", strings.ReplaceAll(v.ID, "-", "_"), "helm-chart-v3s", v.KDUs[j].HelmChart)
			checkValues(t, file, chart, k.Values)
		}
	}
	for _, m := range o.VNF {
		if at(m.Member) < 0 {
			t.Errorf("%s: %s has no member %s", file, nsd.ID, m.Member)
		}
	}
}

// checkValues lays values over those of the chart, as Helm does, and holds
// them to its schema.
func checkValues(t *testing.T, file, chart string, values map[string]any) {
	t.Helper()
	checkKeys(t, file, values)
	all := map[string]any{}
	read(t, chart+"/values.yaml", &all)
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
