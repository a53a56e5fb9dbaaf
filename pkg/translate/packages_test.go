package translate_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

var repository = os.DirFS("../..")

// TestEveryDescriptor reads every descriptor of the repository, and holds the
// services to what OSM takes silently and gets wrong later.
func TestEveryDescriptor(t *testing.T) {
	vnfds, nsds := readVNFDs(t), map[string]descriptor.NSD{}
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
			checkNamed(t, file, nsd.ID)
			checkNSD(t, nsd, vnfds)
			nsds[nsd.ID] = nsd
		})
	}
	for _, dir := range glob(t, "descriptors/nst/*") {
		t.Run(dir, func(t *testing.T) {
			_, warnings, err := translate.File(repository, translate.Files{Template: dir, NSDs: []string{"nsd"}})
			if err != nil || len(warnings) > 0 {
				t.Errorf("warnings %v, %v", warnings, err)
			}
			checkNST(t, dir, nsds)
		})
	}
}

// TestEveryStructure holds every descriptor to OSM's model.
func TestEveryStructure(t *testing.T) {
	for _, pattern := range []string{"vnfd/*/*.yaml", "nsd/*/*.yaml", "descriptors/nst/*/nst.yaml"} {
		for _, file := range glob(t, pattern) {
			doc, err := descriptor.ReadFile(repository, file, descriptor.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if problems := doc.Structure(); len(problems) > 0 {
				t.Error(problems)
			}
		}
	}
}

// TestEveryParameters holds the parameters to their template and services.
func TestEveryParameters(t *testing.T) {
	for _, file := range glob(t, "descriptors/params/*.yaml") {
		doc, err := descriptor.ReadFile(repository, file, descriptor.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := doc.Params(); err != nil {
			t.Error(err)
		}
		dir := "descriptors/nst/" + strings.TrimSuffix(path.Base(file), ".yaml")
		if _, err := fs.Stat(repository, dir+"/nst.yaml"); err != nil {
			t.Errorf("%s is of no template: %v", file, err)
		}
	}
	for _, dir := range glob(t, "descriptors/nst/*") {
		if _, err := fs.Stat(repository, "descriptors/params/"+path.Base(dir)+".yaml"); err != nil {
			t.Errorf("%s has no parameters: %v", dir, err)
		}
	}
}

var place = regexp.MustCompile(`\b(?:vnfd|nsd|descriptors|deploy|docs)/[a-z0-9_/.-]*[a-z0-9]`)

// TestOnboarding wants all that the page names to be there.
func TestOnboarding(t *testing.T) {
	text, err := fs.ReadFile(repository, "docs/onboarding.md")
	if err != nil {
		t.Fatal(err)
	}
	places := place.FindAllString(string(text), -1)
	for _, name := range places {
		if _, err := fs.Stat(repository, name); err != nil {
			t.Error(err)
		}
	}
	if len(places) < 10 {
		t.Errorf("the page names %d places", len(places))
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

// checkNamed wants a descriptor to be called like its file and its folder.
func checkNamed(t *testing.T, file, id string) {
	t.Helper()
	name := strings.TrimSuffix(path.Base(file), ".yaml")
	if name != path.Base(path.Dir(file)) || name != strings.ReplaceAll(id, "-", "_") || !slice.IsLabel(id) {
		t.Errorf("%s has the id %q", file, id)
	}
	if entries, err := fs.Glob(repository, path.Dir(file)+"/*.y*ml"); err != nil || len(entries) != 1 {
		t.Errorf("%s lies beside other descriptors: %v, %v", file, entries, err)
	}
}

func checkNSD(t *testing.T, nsd descriptor.NSD, vnfds map[string]vnfd) {
	t.Helper()
	links := map[string]bool{}
	for _, l := range nsd.Links {
		links[l.ID] = true
	}
	if len(nsd.Flavor) != 1 || len(nsd.SAPDs) == 0 {
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
			if l.Points[0].Element != p.ID || !v.has(l.Points[0].Point) {
				t.Errorf("member %s: link %s ends at %+v", p.ID, l.Link, l.Points[0])
			}
		}
	}
}

var hex6 = regexp.MustCompile(`^[0-9a-f]{6}$`)

// checkNST wants what OSM needs of a template to make its slice, and to make
// it whole.
func checkNST(t *testing.T, dir string, nsds map[string]descriptor.NSD) {
	t.Helper()
	doc, err := descriptor.ReadFile(repository, dir+"/nst.yaml", descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	nst, _, err := doc.NST()
	if err != nil {
		t.Fatal(err)
	}
	if nst.ID != path.Base(dir) || nst.Name != nst.ID || nst.QoS == nil || !hex6.MatchString(nst.SNSSAI.Differentiator) {
		t.Errorf("template %s, name %s, differentiator %q, quality %v", nst.ID, nst.Name, nst.SNSSAI.Differentiator, nst.QoS)
	}
	subnets := map[string]descriptor.NSD{}
	for _, s := range nst.Subnets {
		nsd, ok := nsds[s.NSDRef]
		if !ok || s.Description == "" {
			t.Errorf("subnet %s: service %s, description %q", s.ID, s.NSDRef, s.Description)
		}
		subnets[s.ID] = nsd
	}
	for _, l := range nst.VLDs {
		if l.Name != l.ID || len(l.Points) == 0 {
			t.Errorf("link %s: name %q, %d points", l.ID, l.Name, len(l.Points))
		}
		for _, p := range l.Points {
			if !slices.ContainsFunc(subnets[p.SubnetRef].SAPDs, func(s descriptor.SAPD) bool { return s.ID == p.ConnectionPoint }) {
				t.Errorf("link %s: subnet %s has no sapd %s", l.ID, p.SubnetRef, p.ConnectionPoint)
			}
		}
	}
}
