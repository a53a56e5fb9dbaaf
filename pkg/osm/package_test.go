package osm_test

import (
	"net/http"
	"testing"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	nsd = "nsd:\n  nsd:\n  - id: a-ns\n    name: a-ns\n    vnfd-id: [any-knf]\n    virtual-link-desc: [{id: data}]\n    sapd: [{id: data-sap, virtual-link-desc: data}]\n    df: [{id: d}]\n"
	nst = "nst:\n- id: two\n  name: two\n  netslice-subnet:\n  - {id: a, description: a, nsd-ref: a-ns}\n  - {id: b, description: b, nsd-ref: a-ns}\n"
)

// onboard uploads a function, a service and a template.
func onboard(t *testing.T, c *osm.Client) (ids map[osm.Kind]string) {
	t.Helper()
	ids = map[osm.Kind]string{}
	for _, p := range []struct {
		kind osm.Kind
		text string
	}{{osm.VNFD, vnfd}, {osm.NSD, nsd}, {osm.NST, nst}} {
		id, err := c.Upload(t.Context(), p.kind, string(p.kind), osmtest.Archive(t, "any", map[string]string{"d.yaml": p.text, "l2sces/intents.yaml": "apiVersion: l2sces/v1\n"}))
		if err != nil {
			t.Fatal(err)
		}
		ids[p.kind] = id
	}
	return ids
}

func TestPackages(t *testing.T) {
	nbi, c := open(t, nil)
	ids := onboard(t, c)
	got, err := c.Find(t.Context(), osm.NST, "two")
	if err != nil || got.ID != ids[osm.NST] || got.Revision != 1 || got.State != "ONBOARDED" || got.Name != "two" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.Find(t.Context(), osm.NST, "tw,o"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("an absent one: %v", err)
	}
	if text, err := c.Artifact(t.Context(), osm.NST, got.ID, "l2sces/intents.yaml"); err != nil || string(text) != "apiVersion: l2sces/v1\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := c.Artifact(t.Context(), osm.NST, got.ID, "l2sces/other %2f.yaml"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("an absent file: %v", err)
	}
	if text, err := c.Descriptor(t.Context(), osm.NST, got.ID); err != nil || string(text) != nst {
		t.Errorf("%q, %v", text, err)
	}
	if err := c.Update(t.Context(), osm.NST, got.ID, "two", osmtest.Archive(t, "two", map[string]string{"d.yaml": nst})); err != nil {
		t.Error(err)
	}
	if got, err = c.Package(t.Context(), osm.NST, got.ID); err != nil || got.Revision != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := c.Remove(t.Context(), osm.NSD, ids[osm.NSD]); slice.KindOf(err) != slice.Conflict {
		t.Errorf("one in use: %v", err)
	}
	for _, k := range []osm.Kind{osm.NST, osm.NSD, osm.VNFD} {
		for range 2 {
			if err := c.Remove(t.Context(), k, ids[k]); err != nil {
				t.Error(err)
			}
		}
	}
	for _, r := range nbi.Requests() {
		if r.Header.Get("Accept") == "" || r.Method == http.MethodPut && (r.Header.Get("Content-Type") != "application/gzip" || r.Header.Get("Digest") == "" || r.Header.Get("Content-File-MD5") == "" || r.Header.Get("Content-Filename") == "") {
			t.Errorf("%s %s: %v", r.Method, r.Path, r.Header)
		}
	}
}

// A refused package leaves nothing behind, and one that came with a lost answer
// is there once.
func TestUpload(t *testing.T) {
	nbi, c := open(t, nil)
	for name, tc := range map[string]struct {
		content []byte
		kind    slice.Kind
	}{
		"no archive":         {[]byte("nst: []"), slice.Invalid},
		"nothing":            {nil, slice.Invalid},
		"no descriptor":      {osmtest.Archive(t, "x", map[string]string{"a/b.yaml": nsd}), slice.Invalid},
		"two descriptors":    {osmtest.Archive(t, "x", map[string]string{"a.yaml": nsd, "b.yaml": nsd}), slice.Invalid},
		"names with a dot":   {osmtest.Archive(t, "./x", map[string]string{"a.yaml": nsd}), slice.Invalid},
		"a way out":          {osmtest.Archive(t, "x", map[string]string{"../a.yaml": nsd}), slice.Invalid},
		"nothing it needs":   {osmtest.Archive(t, "x", map[string]string{"a.yaml": nsd}), slice.Conflict},
		"another descriptor": {osmtest.Archive(t, "x", map[string]string{"a.yaml": vnfd}), slice.Invalid},
	} {
		if _, err := c.Upload(t.Context(), osm.NSD, name, tc.content); err == nil || slice.KindOf(err) != tc.kind {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := c.Packages(t.Context(), osm.NSD); err != nil || len(all) != 0 {
			t.Errorf("%s: left %v, %v", name, all, err)
		}
	}
	nbi.Next(http.MethodPut, "/vnfpkgm", osmtest.Trouble{Lost: true}, osmtest.Trouble{Status: 503})
	content := osmtest.Archive(t, "x", map[string]string{"a.yaml": vnfd})
	if _, err := c.Upload(t.Context(), osm.VNFD, "x", content); err != nil {
		t.Error(err)
	}
	if _, err := c.Upload(t.Context(), osm.VNFD, "x", content); slice.KindOf(err) != slice.Conflict {
		t.Errorf("a second of the same id: %v", err)
	}
	if all, err := c.Packages(t.Context(), osm.VNFD); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// A delete whose answer was lost is done when the next try finds nothing.
func TestRemoveLost(t *testing.T) {
	nbi, c := open(t, nil)
	ids := onboard(t, c)
	nbi.Next(http.MethodDelete, "/nst", osmtest.Trouble{Lost: true})
	if err := c.Remove(t.Context(), osm.NST, ids[osm.NST]); err != nil {
		t.Error(err)
	}
}

// An id is a word of somebody else: it cannot lead to another place.
func TestIDs(t *testing.T) {
	nbi, c := open(t, nil)
	for _, id := range []string{"a/b", "../../admin/v1/users", "a?b=c", "a#b", "%2e%2e", "ä b", "!!yaml x", "a\nb"} {
		nbi.Forget()
		if _, err := c.Package(t.Context(), osm.NST, id); slice.KindOf(err) != slice.NotFound {
			t.Errorf("%q: %v", id, err)
		}
		for _, r := range nbi.Requests() {
			if r.Method == http.MethodGet && len(r.Path) <= len("/nst/v1/netslice_templates/") {
				t.Errorf("%q became %s", id, r.Path)
			}
		}
	}
	nbi.Forget()
	for _, id := range []string{"", ".", ".."} {
		if err := c.Remove(t.Context(), osm.NST, id); slice.KindOf(err) != slice.Invalid || len(nbi.Requests()) != 0 {
			t.Errorf("%q: %v", id, err)
		}
	}
}
