package onboard_test

import (
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPackages(t *testing.T) {
	w := newWorld(t)
	plan := w.desk
	plan.DryRun = true
	results, err := plan.Packages(t.Context(), w.packages())
	must(t, err)
	const planned = "any-knf:create:planned b-ns:create:planned a-ns:create:planned town:create:planned"
	if got := acts(results); got != planned || w.changes() > 0 || len(w.said) > 0 {
		t.Errorf("the plan is %q, %d changes", got, w.changes())
	}
	results, err = w.desk.Packages(t.Context(), w.packages())
	must(t, err)
	if got := acts(results); got != "any-knf:create:done b-ns:create:done a-ns:create:done town:create:done" {
		t.Errorf("got %q", got)
	}
	for _, r := range w.nbi.Requests() {
		if r.Method == "PUT" && (r.Header.Get("Digest") == "" || r.Header.Get("Content-File-MD5") == "") {
			t.Errorf("%s has no digest", r.Path)
		}
	}
	if want := []string{"vnfd any-knf create done", "nsd b-ns create done", "nsd a-ns create done", "nst town create done"}; !slices.Equal(w.said, want) {
		t.Errorf("said %q", w.said)
	}

	before := w.changes()
	results, err = w.desk.Packages(t.Context(), w.packages())
	must(t, err)
	if got := acts(results); got != "any-knf:keep:done b-ns:keep:done a-ns:keep:done town:keep:done" || w.changes() != before {
		t.Errorf("again: %q, %d changes", got, w.changes()-before)
	}

	changed := w.packages()
	changed[3] = w.one(osm.VNFD, "any-knf", vnfdText+"  version: '2'\n")
	results, err = w.desk.Packages(t.Context(), changed)
	must(t, err)
	if got := acts(results); got != "any-knf:update:done b-ns:keep:done a-ns:keep:done town:keep:done" {
		t.Errorf("changed: %q", got)
	}
	found, err := w.desk.NBI.Find(t.Context(), osm.VNFD, "any-knf")
	must(t, err)
	if found.Revision != 2 || found.ID != results[0].ID {
		t.Errorf("got %+v", found)
	}
}

func TestPackagesMissing(t *testing.T) {
	w := newWorld(t)
	_, err := w.desk.Packages(t.Context(), w.packages()[:2])
	wantErr(t, err, slice.Invalid, "nsd b-ns needs vnfd any-knf; nst town needs nsd a-ns: neither given nor in OSM")
	_, err = w.desk.Packages(t.Context(), append(w.packages(), w.one(osm.NST, "town", nstText)))
	wantErr(t, err, slice.Invalid, "both nst town")
	if w.changes() > 0 {
		t.Error("something was changed")
	}
	_, err = w.desk.Packages(t.Context(), w.packages()[3:])
	must(t, err)
	results, err := w.desk.Packages(t.Context(), w.packages()[1:2]) // what is in OSM counts
	must(t, err)
	if got := acts(results); got != "b-ns:create:done" {
		t.Errorf("got %q", got)
	}
}

// A run that fails half way says what it did, and the next one goes on.
func TestPackagesHalfWay(t *testing.T) {
	w := newWorld(t)
	w.nbi.Next("PUT", "/nsd/v1/ns_descriptors", osmtest.Trouble{}, osmtest.Trouble{Status: 422})
	results, err := w.desk.Packages(t.Context(), w.packages())
	wantErr(t, err, slice.Invalid, "nsd a-ns: ", "2 of 4 are done: run it again to go on")
	if got := acts(results); got != "any-knf:create:done b-ns:create:done a-ns:create:failed town:create:left" {
		t.Errorf("got %q", got)
	}
	w.nbi.Disturb(nil)
	results, err = w.desk.Packages(t.Context(), w.packages())
	must(t, err)
	if got := acts(results); got != "any-knf:keep:done b-ns:keep:done a-ns:create:done town:create:done" {
		t.Errorf("again: %q", got)
	}
}

func TestPackagesRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.desk.Packages(t.Context(), w.packages())
	must(t, err)
	changed := []onboard.Package{w.one(osm.VNFD, "any-knf", vnfdText+"  version: '2'\n")}
	w.nbi.Next("PUT", "/vnfpkgm/v1/vnf_packages", osmtest.Trouble{Status: 422})
	_, err = w.desk.Packages(t.Context(), changed)
	wantErr(t, err, slice.Invalid, "of a package in use OSM changes little", "0 of 1")

	// What OSM cannot give back is taken for something else.
	w.nbi.Next("GET", "/vnfpkgm/v1/vnf_packages/", osmtest.Trouble{Status: 400})
	results, err := w.desk.Packages(t.Context(), w.packages()[3:])
	must(t, err)
	if got := acts(results); got != "any-knf:update:done" {
		t.Errorf("got %q", got)
	}
	w.nbi.Disturb(func(osmtest.Request) osmtest.Trouble { return osmtest.Trouble{Status: 503} })
	_, err = w.desk.Packages(t.Context(), w.packages())
	wantErr(t, err, slice.Unavailable)
}
