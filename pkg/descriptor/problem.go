package descriptor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxProblems bounds the complaints about one file.
const maxProblems = 100

// A Position is a place in a file. Line and column count from 1; without a
// line it is the whole file.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns the position in the form that editors follow.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// A Problem is one complaint about what somebody wrote.
type Problem struct {
	Position
	Path    string `json:"path,omitempty"` // of the value in the document
	Rule    string `json:"rule,omitempty"` // by which it is documented and waived
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String returns position, rule, message and remedy.
func (p Problem) String() string {
	s := p.Position.String() + ": "
	if p.Rule != "" {
		s += p.Rule + ": "
	}
	s += p.Message
	if p.Remedy != "" {
		s += " (" + p.Remedy + ")"
	}
	return s
}

// Problems are all complaints about the files of one request. As an error they
// print one per line.
type Problems []Problem

// Error returns one line per complaint.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the complaints, in the order of the files, as an error of kind
// Invalid, and nil when there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return slice.Errorf(slice.Invalid, "%w", p.sorted())
}

// sorted returns the complaints in the order of the files, each once.
func (p Problems) sorted() Problems {
	sorted := slices.Clone(p)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(sorted)
}

// add notes a complaint, up to a bound.
func (p *Problems) add(rule string, at Position, path, remedy, format string, args ...any) {
	if len(*p) < maxProblems {
		*p = append(*p, Problem{Position: at, Path: path, Rule: rule, Message: fmt.Sprintf(format, args...), Remedy: remedy})
	}
}
