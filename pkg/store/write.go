package store

import (
	"maps"
	"slices"
)

// WriteAll makes all changes, or none: values by bucket and key. A value of nil
// removes the key.
func (s *Store) WriteAll(values map[string]map[string][]byte) error {
	return s.Update(func(tx Tx) error {
		for _, bucket := range slices.Sorted(maps.Keys(values)) {
			for key, value := range values[bucket] {
				var err error
				if value == nil {
					err = tx.Delete(bucket, key)
				} else {
					err = tx.Put(bucket, key, value)
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
