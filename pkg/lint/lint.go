// Package lint says what is wrong with packages before OSM does, and what OSM
// would take without a word and lose later. It is stricter than OSM's
// northbound interface: it holds descriptors to their model, to every
// reference within and between packages, to OSM's own rules of names and
// folders, and templates to what package translate makes of them. It opens no
// archives, runs no charts and asks no OSM.
//
//	report := lint.Check([]lint.Package{{Name: "vnfd/sco_knf", Files: os.DirFS("vnfd/sco_knf")}}, lint.Options{})
package lint

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A Package is one package that is to be checked, as whoever opened it found
// it.
type Package struct {
	Name    string              // what complaints call its folder
	Files   fs.FS               // its top folder, or the folder of a bare descriptor
	Bare    string              // file name of a bare descriptor; empty: Files is a whole package
	Built   bool                // it came out of an archive: all that OSM needs must be in it
	Refused descriptor.Problems // what kept it from being opened; then Files is not read
}

// Options say how strictly packages are looked at. The zero value will do.
type Options struct {
	Against []Package         // packages that may be referred to, and are not checked themselves
	Closed  bool              // nothing else will be in OSM: an absent package is an error
	Waivers []Waiver          // findings to be silent about, of whoever asks
	Limits  descriptor.Limits // of every file that is read
}

// Check looks at packages together: what one refers to may be in another.
func Check(packages []Package, o Options) Report {
	s := &set{closed: o.Closed, limits: o.Limits, byID: map[descriptor.Kind]map[string]*unit{}}
	given := map[string]bool{} // the same package may be named in more than one way
	for _, p := range packages {
		if key := p.Name + "/" + p.Bare; !given[key] {
			given[key] = true
			s.units = append(s.units, s.open(p))
		}
	}
	for _, p := range o.Against {
		if !given[p.Name+"/"+p.Bare] {
			s.near = append(s.near, s.open(p))
		}
	}
	s.index()
	for _, u := range s.units {
		u.check()
	}
	return s.report(o.Waivers)
}

// set is all that is known of the packages of one call.
type set struct {
	closed bool
	limits descriptor.Limits
	units  []*unit // that are checked
	near   []*unit // that may only be referred to
	byID   map[descriptor.Kind]map[string]*unit
}

// index makes every package known under its id. OSM takes an id once.
func (s *set) index() {
	for _, u := range slices.Concat(s.near, s.units) {
		id := u.id()
		if id == "" {
			continue
		}
		if s.byID[u.kind] == nil {
			s.byID[u.kind] = map[string]*unit{}
		}
		if other, taken := s.byID[u.kind][id]; taken && form(other.Name) != form(u.Name) || taken && u.Bare != "" {
			u.add("id-taken", u.body.Get("id"), "%s has the id %q as well", other.doc.Name(), id)
			continue
		}
		s.byID[u.kind][id] = u
	}
}

// form is the name of an archive without that of its format: one package may
// be there in two.
func form(name string) string {
	for _, ext := range []string{".tar.gz", ".tgz", ".zip", ".csar"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// find returns the package of a kind and an id, or nil.
func (s *set) find(kind descriptor.Kind, id string) *unit { return s.byID[kind][id] }

// report gathers what was found, less what is waived.
func (s *set) report(waivers []Waiver) Report {
	r := Report{Findings: []Finding{}}
	waivers = slices.Clone(waivers) // they count
	for _, u := range s.units {
		r.Packages = append(r.Packages, u.Name)
		u.settle(&r, waivers)
	}
	for _, w := range waivers {
		if w.hits == 0 {
			r.Findings = append(r.Findings, w.unused(descriptor.Position{File: "--waive " + w.String()}))
		}
	}
	r.count()
	return r
}
