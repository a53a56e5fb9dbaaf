package translate_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

var repository = os.DirFS("../..")

// TestEveryDescriptor reads every descriptor of the repository, and holds the
// services to what OSM takes silently and gets wrong later.
func TestEveryDescriptor(t *testing.T) {
	vnfds := map[string]vnfd{}
	for _, file := range glob(t, "vnfd/*/*.yaml") {
		v := readVNFD(t, file)
		checkVNFD(t, path.Dir(file), v)
		vnfds[v.ID] = v
	}
	for _, file := range glob(t, "nsd/*/*.yaml") {
		t.Run(file, func(t *testing.T) {
			doc, err := descriptor.ReadFile(repository, file, descriptor.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			nsd, _, err := doc.NSD()
			if err != nil {
				t.Fatal(err)
			}
			checkNSD(t, nsd, vnfds)
		})
	}
	for _, dir := range glob(t, "descriptors/nst/*") {
		t.Run(dir, func(t *testing.T) {
			_, warnings, err := translate.File(repository, translate.Files{Template: dir, NSDs: []string{"nsd"}})
			if err != nil || len(warnings) > 0 {
				t.Errorf("warnings %v, %v", warnings, err)
			}
		})
	}
	for _, file := range glob(t, "descriptors/params/*.yaml") {
		doc, err := descriptor.ReadFile(repository, file, descriptor.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := doc.Params(); err != nil {
			t.Error(err)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := fs.Glob(repository, pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	return files
}

// vnfd is the part of a function descriptor that a KNF of ours may use. OSM's
// model has more; whoever needs it adds it here.
type vnfd struct {
	ID              string  `json:"id"`
	Provider        string  `json:"provider"`
	ProductName     string  `json:"product-name"`
	SoftwareVersion string  `json:"software-version"`
	Version         string  `json:"version"`
	Description     string  `json:"description"`
	ExtCPDs         []extCP `json:"ext-cpd"`
	MgmtCP          string  `json:"mgmt-cp"`
	Cluster         struct {
		Nets []named `json:"nets"`
	} `json:"k8s-cluster"`
	KDUs []struct {
		Name        string `json:"name"`
		HelmChart   string `json:"helm-chart"`
		HelmVersion string `json:"helm-version"`
	} `json:"kdu"`
	DFs []any `json:"df"`
}

type extCP struct {
	ID  string `json:"id"`
	Net string `json:"k8s-cluster-net"`
}

type named struct {
	ID string `json:"id"`
}

// readVNFD reads a function descriptor, strictly.
func readVNFD(t *testing.T, file string) vnfd {
	t.Helper()
	data, err := fs.ReadFile(repository, file)
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		VNFD vnfd `json:"vnfd"`
	}
	if err := descriptor.FromYAML(file, data, &v); err != nil {
		t.Errorf("%v", err)
	}
	return v.VNFD
}

var helmChart = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9]/)?([a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func checkVNFD(t *testing.T, dir string, v vnfd) {
	t.Helper()
	if !slice.IsLabel(v.ID) || v.Provider == "" || v.ProductName == "" || v.SoftwareVersion == "" || v.Version == "" || len(v.DFs) == 0 {
		t.Errorf("%s: something is missing: %+v", dir, v)
	}
	if !slices.ContainsFunc(v.ExtCPDs, func(c extCP) bool { return c.ID == v.MgmtCP }) {
		t.Errorf("%s: mgmt-cp %s is no ext-cpd", dir, v.MgmtCP)
	}
	for _, c := range v.ExtCPDs {
		if !slices.Contains(v.Cluster.Nets, named{c.Net}) {
			t.Errorf("%s: ext-cpd %s is on no net of the cluster", dir, c.ID)
		}
	}
	for _, k := range v.KDUs {
		if !helmChart.MatchString(k.HelmChart) || k.HelmVersion != "v3" {
			t.Errorf("%s: kdu %+v", dir, k)
		}
		if _, err := fs.Stat(repository, path.Join(dir, "helm-chart-v3s", k.HelmChart)); err != nil {
			t.Errorf("%s: the package lacks its chart: %v", dir, err)
		}
	}
}

func checkNSD(t *testing.T, nsd descriptor.NSD, vnfds map[string]vnfd) {
	t.Helper()
	links := map[string]bool{}
	for _, l := range nsd.Links {
		links[l.ID] = true
	}
	if len(nsd.Flavor) != 1 || len(nsd.SAPDs) == 0 || !slice.IsLabel(nsd.ID) {
		t.Fatalf("%s has %d flavours and %d sapd", nsd.ID, len(nsd.Flavor), len(nsd.SAPDs))
	}
	for _, s := range nsd.SAPDs {
		if !links[s.Link] {
			t.Errorf("sapd %s is tied to no link", s.ID)
		}
	}
	for _, p := range nsd.Flavor[0].Links {
		if !links[p.Link] {
			t.Errorf("profile %s is of no link", p.ID)
		}
	}
	for _, p := range nsd.Flavor[0].Profiles {
		v, ok := vnfds[p.VNFD]
		if !ok || !slices.Contains(nsd.VNFDs, p.VNFD) || len(p.Links) == 0 {
			t.Errorf("member %s: function %s, %d links", p.ID, p.VNFD, len(p.Links))
		}
		for _, l := range p.Links {
			if !links[l.Link] || len(l.Points) != 1 {
				t.Fatalf("member %s: link %s with %d points", p.ID, l.Link, len(l.Points))
			}
			known := slices.ContainsFunc(v.ExtCPDs, func(c extCP) bool { return c.ID == l.Points[0].Point })
			if l.Points[0].Element != p.ID || !known {
				t.Errorf("member %s: link %s ends at %+v", p.ID, l.Link, l.Points[0])
			}
		}
	}
}
