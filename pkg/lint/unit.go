package lint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A unit is one package while it is looked at.
type unit struct {
	Package
	set      *set
	kind     descriptor.Kind
	doc      *descriptor.Document // nil when it cannot be read
	body     descriptor.Node      // the descriptor inside its envelope
	broken   bool                 // its structure is wrong: what is typed cannot be made of it
	findings []Finding
	reached  map[string]targets // in this descriptor, by path
	seen     map[string]bool    // of findings, so that a place is complained about once by a rule
}

// open reads the descriptor of a package.
func (s *set) open(p Package) *unit {
	u := &unit{Package: p, set: s, seen: map[string]bool{}, reached: map[string]targets{}}
	for _, problem := range p.Refused {
		u.keep(problem)
	}
	if p.Files == nil {
		return u
	}
	name := u.descriptor()
	if name == "" {
		return u
	}
	doc, err := u.read(name)
	if err != nil {
		u.refused("package-file", name, err)
		return u
	}
	u.doc, u.kind = doc, doc.Kind()
	body, problems := doc.Body()
	if len(problems) == 0 {
		u.body = body
	}
	for _, p := range problems {
		u.keep(p)
	}
	return u
}

// id returns the id of the descriptor, if it has one.
func (u *unit) id() string { return u.body.Get("id").Text() }

// check looks at everything within the package, and at what it refers to.
func (u *unit) check() {
	if u.Files != nil && u.Bare == "" {
		u.layout()
	}
	if u.doc == nil || !u.body.Exists() {
		return
	}
	problems := u.doc.Structure()
	u.broken = len(problems) > 0
	for _, p := range append(problems, u.doc.Loose()...) {
		u.keep(p)
	}
	u.texts()
	u.references()
	switch u.kind {
	case descriptor.KindVNFD:
		u.vnfd()
	case descriptor.KindNSD:
		u.nsd()
	case descriptor.KindNST:
		u.nst()
	}
}

// read reads a YAML file of the package, under the name that people know.
func (u *unit) read(name string) (*descriptor.Document, error) {
	data, err := u.bytes(name, 1<<20)
	if err != nil {
		return nil, err
	}
	return descriptor.Read(u.path(name), data, u.set.limits)
}

// bytes reads a file of the package up to one byte more than a limit, so that
// whoever judges the size sees that it is too much.
func (u *unit) bytes(name string, limit int64) ([]byte, error) {
	f, err := u.plain(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	return data, errors.Join(err, f.Close())
}

// errNotPlain is a pipe or a device, which whoever opens it might wait for.
var errNotPlain = errors.New("it is no plain file")

// plain opens a plain file.
func (u *unit) plain(name string) (fs.File, error) {
	info, err := fs.Stat(u.Files, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotPlain
	}
	return u.Files.Open(name)
}

// path is the name of a file as people know it.
func (u *unit) path(name string) string { return path.Join(u.Name, name) }

// refused keeps what a reader complained about, or else that it failed.
func (u *unit) refused(rule, name string, err error) {
	var problems descriptor.Problems
	if !errors.As(err, &problems) {
		u.addAt(rule, descriptor.Position{File: u.path(name)}, "", "it cannot be read: %v", pathless(err))
		return
	}
	for _, p := range problems {
		if p.Rule == "" {
			p.Rule = rule
		}
		u.keep(p)
	}
}

// pathless leaves out the path that an error of a file system begins with.
func pathless(err error) error {
	var fault *fs.PathError
	if errors.As(err, &fault) {
		return fault.Err
	}
	return err
}

// add notes a finding about a value.
func (u *unit) add(rule string, n descriptor.Node, format string, args ...any) {
	u.addAt(rule, n.At(), n.Path(), format, args...)
}

// addFile notes a finding about a file as a whole.
func (u *unit) addFile(rule, name, format string, args ...any) {
	u.addAt(rule, descriptor.Position{File: u.path(name)}, "", format, args...)
}

// addAt notes a finding about a place.
func (u *unit) addAt(rule string, at descriptor.Position, path, format string, args ...any) {
	u.keep(descriptor.Problem{Position: at, Rule: rule, Path: path, Message: fmt.Sprintf(format, args...)})
}

// full reports whether nobody would read further findings.
func (u *unit) full() bool { return len(u.findings) >= maxFindings }

// keep notes a finding with the severity of its rule.
func (u *unit) keep(p descriptor.Problem) {
	key := p.Rule + " " + p.Position.String() + " " + p.Message
	if u.seen[key] || u.full() {
		return
	}
	u.seen[key] = true
	r := rule(p.Rule)
	if p.Remedy == "" {
		p.Remedy = r.Remedy
	}
	f := Finding{Severity: r.Severity, Problem: p}
	if p.Rule == "package-absent" && u.set.closed {
		f.Severity = Error
	}
	u.findings = append(u.findings, f)
}

// distinct returns the findings without those of the model that a rule of OSM
// says better about the same value.
func (u *unit) distinct() []Finding {
	better := map[string]bool{}
	for _, f := range u.findings {
		if r, ok := find(f.Rule); ok && r.better {
			better[f.Position.String()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(u.findings), func(f Finding) bool {
		return general(f.Rule) && better[f.Position.String()]
	})
}

// quoted is a text as a complaint shows it, cut where somebody else chose the
// length.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
