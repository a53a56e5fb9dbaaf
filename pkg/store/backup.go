package store

import (
	"fmt"
	"io"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Export writes everything that callers have stored, as it is at one moment.
// Writers wait for nothing but the file's own growth.
func (s *Store) Export(w io.Writer) (Image, error) {
	out := newImageWriter(w)
	var i Image
	err := s.in.view(func(k keys) error {
		text, _, err := k.get(markBucket, generationKey)
		if err != nil {
			return err
		}
		i = Image{Schema: schemaName(len(migrations)), Buckets: map[string]int{}, generation: string(text)}
		if err := out.value(imageHead{Format: imageFormat, Version: imageVersion, Schema: i.Schema, Generation: i.generation}); err != nil {
			return err
		}
		return k.each(func(bucket, key string, value []byte) error {
			line, err := lineOf(bucket, key, value)
			if err != nil {
				return err
			}
			i.count(bucket, value)
			return out.line(line)
		})
	})
	if err == nil {
		err = out.end(i.Values)
	}
	if err != nil {
		return i, fmt.Errorf("export: %w", err)
	}
	return i, nil
}

// Import fills an empty store with what an image holds, brought to the schema
// of this program, or does nothing. It refuses a store that holds something,
// and an image that is torn or of a later schema.
func (s *Store) Import(r io.Reader) (Image, error) {
	var i Image
	err := s.in.update(func(k keys) error {
		full := slice.Errorf(slice.Conflict, "the store is not empty: import into a new one")
		if err := k.each(func(string, string, []byte) error { return full }); err != nil {
			return err
		}
		var err error
		i, err = ReadImage(r, Tx{k}.Put)
		if err != nil {
			return err
		}
		if err := upgrade(k, i.Schema, migrations); err != nil {
			return err
		}
		if i.generation == "" {
			return nil
		}
		return k.put(markBucket, generationKey, []byte(i.generation))
	})
	if err != nil {
		return i, fmt.Errorf("import: %w", err)
	}
	return i, nil
}

// CheckImage reads an image to its end and tells what it holds, without a
// store. It refuses what Import would refuse.
func CheckImage(r io.Reader) (Image, error) {
	i, err := ReadImage(r, func(string, string, []byte) error { return nil })
	if err == nil {
		_, err = schemaNumber(i.Schema, len(migrations))
	}
	return i, err
}
