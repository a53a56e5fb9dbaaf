package lint

import (
	"cmp"
	"slices"
	"strings"
)

// A Rule is one thing that packages are held to.
type Rule struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	What     string   `json:"what"`    // it finds
	Why      string   `json:"why"`     // it matters
	Remedy   string   `json:"remedy"`  // as every finding says it, where it says nothing closer
	Example  Example  `json:"example"` // of the fault

	better bool // it says the same as a rule of the model, but closer
}

// An Example is an edit that makes a good package a bad one.
type Example struct {
	File  string `json:"file"`
	Old   string `json:"old,omitempty"` // text of the file; empty: the whole file, if there is one
	New   string `json:"new,omitempty"` // what stands there instead; with neither the file is taken away
	Again string `json:"again,omitempty"`
	Times int    `json:"times,omitempty"` // that Again follows New, %d being the number of each
	Also  Edit   `json:"also,omitzero"`   // what the fault needs beside it
	To    string `json:"to,omitempty"`    // the file is renamed
	Pipe  bool   `json:"pipe,omitempty"`  // the file is a pipe
	Built bool   `json:"built,omitempty"` // the package is out of an archive, and as it is

	At   string `json:"at,omitempty"`   // text that the finding points at; empty: where New begins; "-": the file as a whole
	In   string `json:"in,omitempty"`   // the file of the finding, where it is another
	With string `json:"with,omitempty"` // a second rule that cannot but find the same
}

// An Edit is one text for another.
type Edit struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Rules returns all rules, by name.
func Rules() []Rule {
	var all []Rule
	for _, group := range [][]Rule{packageRules, modelRules, textRules, vnfdRules, configRules, artifactRules, nsdRules, addressRules, nstRules} {
		all = append(all, group...)
	}
	slices.SortFunc(all, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// find returns the rule of a name.
func find(id string) (Rule, bool) {
	for _, group := range [][]Rule{packageRules, modelRules, textRules, vnfdRules, configRules, artifactRules, nsdRules, addressRules, nstRules} {
		for _, r := range group {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Rule{}, false
}

// rule returns the rule of a name. What a reader of archives or of YAML refuses
// has a rule of its own there, and is an error here.
func rule(id string) Rule {
	if r, ok := find(id); ok {
		return r
	}
	return Rule{ID: id, Severity: Error}
}

// general reports whether a rule is one of the model, which knows nothing of
// what a value is for.
func general(id string) bool { return strings.HasPrefix(id, "schema-") }
