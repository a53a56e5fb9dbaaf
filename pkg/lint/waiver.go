package lint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// waiverPath is where a package keeps its waivers: in a subfolder, which OSM
// does not look into.
const waiverPath = "l2sces/lint.yaml"

// A Waiver silences findings of one rule, everywhere or below one place. What
// a package waives by itself may not be an error: OSM would not listen.
type Waiver struct {
	Rule   string `json:"rule"`
	Path   string `json:"path,omitempty"` // of the value in the document, or the file; what is below it counts
	Reason string `json:"reason"`

	hits int
}

// ParseWaiver reads RULE or RULE@PATH.
func ParseWaiver(text string) (Waiver, error) {
	rule, path, _ := strings.Cut(text, "@")
	if _, known := find(rule); !known {
		return Waiver{}, slice.Errorf(slice.Invalid, "waiver %q: there is no rule %q: see `l2sces package rules`", text, rule)
	}
	return Waiver{Rule: rule, Path: path, Reason: "asked for"}, nil
}

// String returns the form that ParseWaiver reads.
func (w Waiver) String() string {
	if w.Path == "" {
		return w.Rule
	}
	return w.Rule + "@" + w.Path
}

// covers reports whether a finding is what is meant.
func (w Waiver) covers(f Finding) bool {
	return w.Rule == f.Rule && (w.Path == "" || below(f.Path, w.Path) || below(f.File, w.Path))
}

// below reports whether a path is another one or leads on from it.
func below(path, top string) bool {
	rest, ok := strings.CutPrefix(path, top)
	return ok && (rest == "" || strings.ContainsRune(".[/", rune(rest[0])))
}

func (w Waiver) unused(at descriptor.Position) Finding {
	return Finding{Severity: Warning, Problem: descriptor.Problem{
		Position: at, Rule: "waiver-unused", Message: fmt.Sprintf("nothing is found that %s would waive", w), Remedy: rule("waiver-unused").Remedy,
	}}
}

// waivers are those that a package brings along, each with its place.
func (u *unit) waivers() ([]Waiver, []descriptor.Node) {
	doc, err := u.read(waiverPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		u.refused("waiver-form", waiverPath, err)
		return nil, nil
	}
	var found []Waiver
	var places []descriptor.Node
	root := doc.Root()
	u.closedKeys("waiver-form", root, "waivers")
	for _, n := range root.Get("waivers").Items() {
		u.closedKeys("waiver-form", n, "rule", "path", "reason")
		w := Waiver{Rule: n.Get("rule").Text(), Path: n.Get("path").Text(), Reason: strings.TrimSpace(n.Get("reason").Text())}
		r, known := find(w.Rule)
		switch {
		case !known:
			u.add("waiver-form", or(n.Get("rule"), n), "there is no rule %q", w.Rule)
		case w.Reason == "":
			u.add("waiver-form", n, "the waiver of %s has no reason", w.Rule)
		case r.Severity == Error:
			u.add("waiver-form", n.Get("rule"), "%s finds what OSM will not forgive: a package cannot waive it", w.Rule)
		default:
			found, places = append(found, w), append(places, n)
		}
	}
	return found, places
}

// closedKeys complains about keys that a mapping of ours does not have.
func (u *unit) closedKeys(rule string, n descriptor.Node, keys ...string) {
	for _, e := range n.Entries() {
		if !contains(keys, e.Key) {
			u.addAt(rule, e.Value.KeyAt(), e.Value.Path(), "unknown key %s", quoted(e.Key))
		}
	}
}

// settle moves the findings of a package into the report, less what is waived.
func (u *unit) settle(r *Report, asked []Waiver) {
	var own []Waiver
	var places []descriptor.Node
	if u.Bare == "" && u.Files != nil {
		own, places = u.waivers()
	}
	for _, f := range u.distinct() {
		if w := waived(f, asked, own); w != nil {
			w.hits++
			f.Waived = w.Reason
			r.Waived = append(r.Waived, f)
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	for i, w := range own {
		if w.hits == 0 {
			r.Findings = append(r.Findings, w.unused(places[i].At()))
		}
	}
}

// waived returns the waiver of a finding, or nil.
func waived(f Finding, asked, own []Waiver) *Waiver {
	for i := range asked {
		if asked[i].covers(f) {
			return &asked[i]
		}
	}
	for i := range own {
		if f.Severity != Error && own[i].covers(f) {
			return &own[i]
		}
	}
	return nil
}
