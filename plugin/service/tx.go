package service

import (
	"cmp"
	"maps"
	"slices"
)

// A Tx is what a door has of one account, with its own changes.
type Tx struct {
	door, account string
	services      map[string]*Service // by id
	notes         map[string][]byte
	changed       map[string]bool // ids of services
	noted         map[string]bool // names of notes
	next          uint64          // number of a service that is new
	back          bool            // services that come back are as old as they were
	stuck         bool            // the SCO refused a slice before what this takes back
}

// begin returns the Tx of a door and account as they are.
func (b *Book) begin(door, account string) *Tx {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := [2]string{door, account}
	t := &Tx{
		door: door, account: account, services: maps.Clone(b.accounts[at]), notes: maps.Clone(b.notes[at]),
		changed: map[string]bool{}, noted: map[string]bool{}, next: b.number + 1,
	}
	if t.services == nil {
		t.services = map[string]*Service{}
	}
	if t.notes == nil {
		t.notes = map[string][]byte{}
	}
	return t
}

// Services returns the services in the order in which they came.
func (t *Tx) Services() []Service { return inOrder(maps.Values(t.services)) }

// Service returns one by its id.
func (t *Tx) Service(id string) (Service, bool) {
	s, ok := t.services[id]
	if !ok {
		return Service{}, false
	}
	return s.clone(), true
}

// Put adds a service, or replaces the one with its id. Door and account of its key
// are those of the Tx.
func (t *Tx) Put(s Service) {
	s = s.clone()
	s.Key.Door, s.Key.Account = t.door, t.account
	if have, ok := t.services[s.Key.ID]; ok {
		s.Number, s.Since = have.Number, have.Since
	} else {
		s.Number = t.next
		t.next++
	}
	t.services[s.Key.ID] = &s
	t.changed[s.Key.ID] = true
}

// Remove takes a service out. An absent one is no error.
func (t *Tx) Remove(id string) {
	if _, ok := t.services[id]; ok {
		delete(t.services, id)
		t.changed[id] = true
	}
}

// Note returns a text that the door keeps beside its services, nil if there is
// none. The book does not know what it means.
func (t *Tx) Note(name string) []byte { return slices.Clone(t.notes[name]) }

// SetNote keeps a text; nil removes it.
func (t *Tx) SetNote(name string, text []byte) {
	t.noted[name] = true
	if text == nil {
		delete(t.notes, name)
		return
	}
	t.notes[name] = append([]byte{}, text...)
}

// Notes returns the names of all texts, sorted.
func (t *Tx) Notes() []string { return slices.Sorted(maps.Keys(t.notes)) }

// removes reports whether the Tx only takes services out.
func (t *Tx) removes() bool {
	for id := range t.changed {
		if _, there := t.services[id]; there {
			return false
		}
	}
	return len(t.changed) > 0
}

// ids are those of changed services: new ones in the order in which they were put.
func (t *Tx) ids() []string {
	number := func(id string) uint64 {
		if s := t.services[id]; s != nil {
			return s.Number
		}
		return 0
	}
	return slices.SortedFunc(maps.Keys(t.changed), func(x, y string) int {
		return cmp.Or(cmp.Compare(number(x), number(y)), cmp.Compare(x, y))
	})
}

func (t *Tx) key(id string) Key { return Key{t.door, t.account, id} }

func (t *Tx) at() [2]string { return [2]string{t.door, t.account} }
