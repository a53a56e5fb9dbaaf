package lint

import (
	"errors"
	"io/fs"
	"path"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/translate"
)

// annexPath is where the package of a template has its annex.
const annexPath = "l2sces/intents.yaml"

// intents translates a template, and refuses what cannot become a slice. What
// the translator only warns of is told where no rule has said it.
func (u *unit) intents() {
	in := translate.Input{NST: u.doc, NSDs: map[string]*descriptor.Document{}}
	if u.Bare == "" {
		u.strays()
		annex, err := u.read(annexPath)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			u.refused("intents", annexPath, err)
			return
		default:
			in.Annex = annex
		}
	}
	if u.broken {
		u.annexAlone(in.Annex)
		return
	}
	for id, service := range u.set.byID[descriptor.KindNSD] {
		if _, _, err := service.doc.NSD(); err == nil {
			in.NSDs[id] = service.doc
		}
	}
	_, warnings, err := translate.Intents(in)
	var problems descriptor.Problems
	if err != nil && !errors.As(err, &problems) {
		u.addAt("intents", u.body.At(), "", "%v", err)
	}
	for _, p := range problems {
		if !general(p.Rule) {
			p.Rule = "intents"
		}
		u.keep(p)
	}
	lines := map[int]bool{}
	for _, f := range u.findings {
		if f.File == u.doc.Name() {
			lines[f.Line] = true
		}
	}
	for _, w := range warnings {
		if !lines[w.Line] && w.Path != u.body.Path() { // what the template lacks as a whole has rules of its own
			w.Rule = "intents-lost"
			u.keep(w)
		}
	}
}

// annexAlone checks an annex whose template is not worth translating.
func (u *unit) annexAlone(annex *descriptor.Document) {
	if annex == nil {
		return
	}
	if _, err := annex.Annex(); err != nil {
		u.refused("intents", annexPath, err)
	}
}

// strays tells of an annex under a name that nobody looks for.
func (u *unit) strays() {
	for _, name := range []string{"l2sces/intents.yml", "l2sces/intents.json", "l2sces/annex.yaml", "intents/intents.yaml", "intents/slice.yaml"} {
		if _, err := fs.Stat(u.Files, path.Clean(name)); err == nil {
			u.addFile("intents-place", name, "nobody looks for the annex here")
		}
	}
}
