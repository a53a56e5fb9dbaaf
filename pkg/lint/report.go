package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A Severity says what a finding means for whoever onboards the package.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // OSM refuses it, or fails with it
	Warning Severity = "warning" // OSM takes it and loses something, or it is fragile
	Note    Severity = "note"    // advice
)

// maxFindings bounds the findings of one package: whoever wrote more than that
// reads no list.
const maxFindings = 1000

// A Finding is one complaint of a rule.
type Finding struct {
	Severity Severity `json:"severity"`
	descriptor.Problem
	Waived string `json:"waived,omitempty"` // the reason for silence about it
}

// String returns an error as it stands in the file, and what is less with its
// severity in front.
func (f Finding) String() string {
	if f.Severity == Error {
		return f.Problem.String()
	}
	return string(f.Severity) + ": " + f.Problem.String()
}

// A Report is what one call found.
type Report struct {
	Packages []string  `json:"packages"`
	Findings []Finding `json:"findings"`
	Waived   []Finding `json:"waived,omitempty"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Notes    int       `json:"notes"`
}

// count sorts the findings by file and place, and counts them.
func (r *Report) count() {
	slices.SortStableFunc(r.Findings, compare)
	slices.SortStableFunc(r.Waived, compare)
	for _, f := range r.Findings {
		switch f.Severity {
		case Error:
			r.Errors++
		case Warning:
			r.Warnings++
		default:
			r.Notes++
		}
	}
}

func compare(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
}

// Text writes one line for every finding, and one that sums them up.
func (r *Report) Text(w *strings.Builder) {
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintln(w, r.Summary())
}

// Summary says in a line what was found.
func (r *Report) Summary() string {
	s := fmt.Sprintf("%s: %s, %s, %s", plural(len(r.Packages), "package"), plural(r.Errors, "error"),
		plural(r.Warnings, "warning"), plural(r.Notes, "note"))
	if len(r.Waived) > 0 {
		s += fmt.Sprintf("; %d waived", len(r.Waived))
	}
	return s
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
