package sco

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// changes are values by bucket and key that become durable together, if the
// store can do that. A value of nil removes the key.
type changes map[string]map[string][]byte

func (c changes) put(bucket, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s/%s: %w", bucket, key, err)
	}
	c.set(bucket, key, text)
	return nil
}

func (c changes) drop(bucket, key string) { c.set(bucket, key, nil) }

func (c changes) set(bucket, key string, text []byte) {
	if c[bucket] == nil {
		c[bucket] = map[string][]byte{}
	}
	c[bucket][key] = text
}

// write makes the changes durable: all at once, or one after the other.
func (c changes) write(s Store) error {
	if all, ok := s.(interface {
		WriteAll(values map[string]map[string][]byte) error
	}); ok {
		return all.WriteAll(c)
	}
	for _, bucket := range slices.Sorted(maps.Keys(c)) {
		for _, key := range slices.Sorted(maps.Keys(c[bucket])) {
			var err error
			if text := c[bucket][key]; text == nil {
				err = s.Delete(bucket, key)
			} else {
				err = s.Put(bucket, key, text)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
