package service

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The buckets of the store.
const (
	bucketServices = "services" // by key
	bucketNotes    = "notes"    // by door, account and name
	bucketSlices   = "slices"   // what the book keeps in the SCO
	bucketBook     = "book"
	keyNumber      = "number" // of the newest service
)

// changes are what is written in one transaction.
type changes map[string]map[string][]byte

func (c changes) put(bucket, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s of %s: %w", key, bucket, err)
	}
	c.raw(bucket, key, text)
	return nil
}

func (c changes) raw(bucket, key string, text []byte) {
	if c[bucket] == nil {
		c[bucket] = map[string][]byte{}
	}
	c[bucket][key] = text
}

// path makes one key of several names, whatever is in them.
func path(names ...string) string {
	var escaped []string
	for _, n := range names {
		escaped = append(escaped, url.PathEscape(n))
	}
	return strings.Join(escaped, "/")
}

func (k Key) path() string { return path(k.Door, k.Account, k.ID) }

// load reads what an earlier run left.
func (b *Book) load() error {
	for _, part := range []struct {
		bucket string
		take   func(key string, text []byte) error
	}{
		{bucketServices, b.loadService},
		{bucketNotes, b.loadNote},
		{bucketSlices, b.loadSlice},
		{bucketBook, b.loadNumber},
	} {
		all, err := b.cfg.Store.List(part.bucket)
		if err != nil {
			return fmt.Errorf("read the book: %w", err)
		}
		for key, text := range all {
			if err := part.take(key, text); err != nil {
				return fmt.Errorf("read the book: %s %s: %w", part.bucket, key, err)
			}
		}
	}
	return nil
}

func (b *Book) loadService(_ string, text []byte) error {
	s := &Service{}
	if err := json.Unmarshal(text, s); err != nil {
		return err
	}
	b.set(s)
	b.number = max(b.number, s.Number)
	return nil
}

// set notes a service, and unset forgets one.
func (b *Book) set(s *Service) {
	at := [2]string{s.Key.Door, s.Key.Account}
	if b.accounts[at] == nil {
		b.accounts[at] = map[string]*Service{}
	}
	b.services[s.Key], b.accounts[at][s.Key.ID] = s, s
	b.index.add(s)
}

func (b *Book) unset(k Key) {
	s := b.services[k]
	if s == nil {
		return
	}
	b.index.drop(s)
	delete(b.services, k)
	delete(b.accounts[[2]string{k.Door, k.Account}], k.ID)
	delete(b.of, k)
}

// settle puts into a transaction what came of orders to the SCO since the last one.
func (b *Book) settle(w changes) error {
	for id := range b.unsaved {
		if _, newer := w[bucketSlices][string(id)]; newer {
			continue
		}
		if k := b.slices[id]; k == nil {
			w.raw(bucketSlices, string(id), nil)
		} else if err := w.put(bucketSlices, string(id), k); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) loadNote(key string, text []byte) error {
	names := strings.Split(key, "/")
	if len(names) != 3 {
		return slice.Errorf(slice.Invalid, "it is not DOOR/ACCOUNT/NAME")
	}
	for i := range names {
		name, err := url.PathUnescape(names[i])
		if err != nil {
			return err
		}
		names[i] = name
	}
	b.setNote(names[0], names[1], names[2], text)
	return nil
}

func (b *Book) setNote(door, account, name string, text []byte) {
	at := [2]string{door, account}
	if text == nil {
		delete(b.notes[at], name)
		return
	}
	if b.notes[at] == nil {
		b.notes[at] = map[string][]byte{}
	}
	b.notes[at][name] = text
}

func (b *Book) loadSlice(key string, text []byte) error {
	k := &kept{}
	if err := json.Unmarshal(text, k); err != nil {
		return err
	}
	b.slices[slice.ID(key)] = k
	return nil
}

func (b *Book) loadNumber(_ string, text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	b.number = max(b.number, n)
	return err
}
