package intent

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/l2sces/l2sces/pkg/slice"
)

// MaxEdits is how many edits one order may have.
const MaxEdits = 1000

// With returns the intents after some edits, with defaults and validated: all
// of the edits, or an error that names the one at fault. What an edit adds and
// is there already, or removes and is not there, changes nothing.
func (in Intents) With(edits ...Edit) (Intents, error) {
	if len(edits) > MaxEdits {
		return in, slice.Errorf(slice.Invalid, "edits: %d are more than %d: send them in parts", len(edits), MaxEdits)
	}
	out, err := in.edited(edits)
	if err != nil {
		return in, err
	}
	if err := out.Validate(); err != nil {
		return in, in.blame(edits, err)
	}
	return out, nil
}

// edited carries edits out, whatever comes of them.
func (in Intents) edited(edits []Edit) (Intents, error) {
	e := editor{in: in.Clone()}
	for i, edit := range edits {
		e.path = fmt.Sprintf("edits[%d]", i)
		if err := e.edit(edit); err != nil {
			return in, err
		}
		Default(&e.in) // the next edit sees this one as it will be
	}
	return e.in, nil
}

// Clone copies what edits and Default change, so that they can change it.
func (in Intents) Clone() Intents {
	in.Slice.Domains = slices.Clone(in.Slice.Domains)
	in.Slice.Networks = slices.Clone(in.Slice.Networks)
	for i := range in.Slice.Networks {
		n := &in.Slice.Networks[i]
		n.Domains, n.Members, n.Ranges = slices.Clone(n.Domains), slices.Clone(n.Members), slices.Clone(n.Ranges)
	}
	in.Overlay.Links = slices.Clone(in.Overlay.Links)
	in.Paths = slices.Clone(in.Paths)
	for i := range in.Paths {
		in.Paths[i].Avoid = slices.Clone(in.Paths[i].Avoid)
	}
	return in
}

// blame says which edit made intents wrong: the last one without which each
// fault is not there.
func (in Intents) blame(edits []Edit, err error) error {
	var faults Faults
	if !errors.As(err, &faults) {
		return err
	}
	after := map[int]Faults{}
	upTo := func(n int) Faults { // of the first n edits
		have, known := after[n]
		if !known {
			out, err := in.edited(edits[:n])
			if err == nil {
				err = out.Validate()
			}
			errors.As(err, &have) // or there are none
			after[n] = have
		}
		return have
	}
	const most = 10 // each costs some validations
	named := slices.Clone(faults[:min(len(faults), most)])
	for i, f := range named {
		guilty := sort.Search(len(edits), func(n int) bool {
			return slices.ContainsFunc(upTo(n), func(g Fault) bool { return g.Message == f.Message })
		})
		if guilty > 0 { // else it was wrong before
			named[i].Path = fmt.Sprintf("edits[%d].%s", guilty-1, edits[guilty-1].kind())
			named[i].Message = f.Path + ": " + f.Message
		}
	}
	return named.err()
}

// changes are the fields of an edit in their order.
func (e Edit) changes() []struct {
	name  string
	given bool
} {
	return []struct {
		name  string
		given bool
	}{
		{"addDomain", e.AddDomain != nil},
		{"removeDomain", e.RemoveDomain != ""},
		{"addLink", e.AddLink != nil},
		{"removeLink", e.RemoveLink != nil},
		{"addNetwork", e.AddNetwork != nil},
		{"removeNetwork", e.RemoveNetwork != ""},
		{"addMember", e.AddMember != nil},
		{"removeMember", e.RemoveMember != nil},
		{"setPath", e.SetPath != nil},
		{"removePath", e.RemovePath != nil},
	}
}

// kind returns the name of the field that is given: the first, if there are
// more, and nothing, if there is none.
func (e Edit) kind() string {
	for _, c := range e.changes() {
		if c.given {
			return c.name
		}
	}
	return ""
}

// check wants exactly one change.
func (e Edit) check() error {
	var given []string
	for _, c := range e.changes() {
		if c.given {
			given = append(given, c.name)
		}
	}
	switch len(given) {
	case 0:
		return errors.New("it says nothing: give one change")
	case 1:
		return nil
	}
	return fmt.Errorf("it says %v: give one change in each edit", given)
}
