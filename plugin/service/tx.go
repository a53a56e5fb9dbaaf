package service

import (
	"maps"
	"slices"
)

// A Tx is what a door has of one account, with its own changes.
type Tx struct {
	door, account string
	services      map[string]Service // by id
	notes         map[string][]byte
	changed       map[string]bool // ids of services
	noted         map[string]bool // names of notes
	next          uint64          // number of a service that is new
	back          *Tx             // that is taken back: services are as old as before it
}

// begin returns the Tx of a door and account as they are.
func (b *Book) begin(door, account string) *Tx {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &Tx{
		door: door, account: account, services: map[string]Service{}, notes: map[string][]byte{},
		changed: map[string]bool{}, noted: map[string]bool{}, next: b.number + 1,
	}
	maps.Copy(t.notes, b.notes[[2]string{door, account}])
	for k, s := range b.services {
		if k.Door == door && k.Account == account {
			t.services[k.ID] = s
		}
	}
	return t
}

// Services returns the services in the order in which they came.
func (t *Tx) Services() []Service {
	all := slices.Collect(maps.Values(t.services))
	slices.SortFunc(all, byNumber)
	return all
}

// Service returns one by its id.
func (t *Tx) Service(id string) (Service, bool) {
	s, ok := t.services[id]
	return s, ok
}

// Put adds a service, or replaces the one with its id. Door and account of its key
// are those of the Tx.
func (t *Tx) Put(s Service) {
	s.Key.Door, s.Key.Account = t.door, t.account
	if have, ok := t.services[s.Key.ID]; ok {
		s.Number, s.Since = have.Number, have.Since
	} else {
		s.Number = t.next
		t.next++
	}
	t.services[s.Key.ID] = s
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
func (t *Tx) Note(name string) []byte { return t.notes[name] }

// SetNote keeps a text; nil removes it.
func (t *Tx) SetNote(name string, text []byte) {
	t.noted[name] = true
	if text == nil {
		delete(t.notes, name)
		return
	}
	t.notes[name] = text
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
