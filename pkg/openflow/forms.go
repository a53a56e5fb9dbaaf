package openflow

import "github.com/l2sces/l2sces/pkg/flow"

// lastPort is the highest number of a port that every switch can read.
const lastPort = 65279

// A form is what tells whether a switch can read a message: its table, fields
// and verbs, but none of their values.
type form uint64

// forms are those of which a switch has taken messages.
type forms map[form]bool

// mostMods is the size of the largest change whose forms are looked at: a
// large one does not gain from a round trip less.
const mostMods = 64

// formsOf returns the forms of a change, or none if it is too large.
func formsOf(c *flow.Change) []form {
	if c.Mods() > mostMods {
		return nil
	}
	var all []form
	for i := range c.PutFlows {
		all = append(all, flowForm(&c.PutFlows[i], 1))
	}
	for i := range c.TakeFlows {
		all = append(all, flowForm(&c.TakeFlows[i], 2))
	}
	for _, g := range c.PutGroups {
		h := newForm(3).with(uint64(g.Type))
		for _, b := range g.Buckets {
			all = append(all, h.verbs(b.Actions))
		}
		if len(g.Buckets) == 0 {
			all = append(all, h)
		}
	}
	if len(c.TakeGroups) > 0 {
		all = append(all, newForm(4))
	}
	if len(c.Forget) > 0 {
		all = append(all, newForm(5))
	}
	return all
}

// flowForm is the form of a flow. A foreign one is like no other.
func flowForm(f *flow.Flow, kind uint64) form {
	h := newForm(kind).with(uint64(f.Table.ID)).with(uint64(len(f.Raw))).with(uint64(min(f.Idle, 1)))
	for i := range f.Match {
		h = h.with(uint64(f.Match[i].Field))
		if f.Match[i].Exact() {
			h = h.with(1)
		}
	}
	for i := range len(f.Raw) {
		h = h.with(uint64(f.Raw[i]))
	}
	return h.verbs(f.Actions)
}

func newForm(kind uint64) form { return form(14695981039346656037).with(kind) }

// with is one step of FNV-1a.
func (h form) with(v uint64) form { return (h ^ form(v)) * 1099511628211 }

func (h form) verbs(list []flow.Action) form {
	for i := range list {
		h = h.with(uint64(list[i].Verb) + 256)
		if list[i].Verb == flow.VerbOutput && list[i].Arg > lastPort {
			h = h.with(list[i].Arg) // some switches know no such ports
		}
	}
	return h
}

// hold reports whether a switch has taken all of some forms.
func (f forms) hold(list []form) bool {
	for _, x := range list {
		if !f[x] {
			return false
		}
	}
	return len(list) > 0
}

func (f forms) learn(list []form) {
	for _, x := range list {
		f[x] = true
	}
}

// forget begins anew: something that was thought to be readable was not.
func (f forms) forget() { clear(f) }
