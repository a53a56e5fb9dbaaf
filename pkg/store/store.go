// Package store keeps values on disk, so that what was promised survives the
// process. A value is there when the call that wrote it has returned. It does
// not know what the values mean.
//
//	s, err := store.Open("/var/lib/l2sces/sco.db")
//	err = s.Put("slices", "press", text)
package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The mark of our files. Its bucket is closed to callers.
const (
	markBucket = "_store"
	markKey    = "schema"
	schema     = "1"
)

const lockTimeout = 2 * time.Second

// A Store is an open file. One process at a time has it. Its methods may be
// called by several goroutines.
type Store struct{ db *bbolt.DB }

// Open opens the store at path, or makes a new one. It refuses a file that is
// torn, that something else wrote, or that a later version of the house wrote,
// and leaves such a file as it is.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := inspect(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, slice.Errorf(slice.Conflict, "open %s: another process has it open", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Store{db}
	err = s.mark()
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return s, nil
}

// mark puts our mark on a new file and checks that of an old one.
func (s *Store) mark() error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(markBucket))
		if b == nil {
			if first, _ := tx.Cursor().First(); first != nil {
				return slice.Errorf(slice.Invalid, "the file was written by another program: its data is not ours")
			}
			var err error
			if b, err = tx.CreateBucket([]byte(markBucket)); err != nil {
				return err
			}
			return b.Put([]byte(markKey), []byte(schema))
		}
		if got := string(b.Get([]byte(markKey))); got != schema {
			return slice.Errorf(slice.Invalid, "the file has schema %q and this program knows %q: use the version that wrote it", got, schema)
		}
		return nil
	})
}

// Put writes a value.
func (s *Store) Put(bucket, key string, value []byte) error {
	return s.Update(func(tx Tx) error { return tx.Put(bucket, key, value) })
}

// Delete removes a value. An absent one is no error.
func (s *Store) Delete(bucket, key string) error {
	return s.Update(func(tx Tx) error { return tx.Delete(bucket, key) })
}

// Get returns a value. An absent one is an error of kind NotFound.
func (s *Store) Get(bucket, key string) ([]byte, error) {
	var value []byte
	err := s.db.View(func(tx *bbolt.Tx) error {
		var err error
		value, err = Tx{tx}.Get(bucket, key)
		return err
	})
	return value, err
}

// List returns everything in a bucket by key. A bucket that nobody wrote to is
// empty.
func (s *Store) List(bucket string) (map[string][]byte, error) {
	values := map[string][]byte{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		found, err := Tx{tx}.List(bucket)
		maps.Copy(values, found)
		return err
	})
	return values, err
}

// Update makes all the changes of f, or none if f returns an error. It waits
// for other updates: f must not call the store, only its Tx.
func (s *Store) Update(f func(Tx) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return f(Tx{tx}) })
}

// Close lets the file go, after the calls that are under way.
func (s *Store) Close() error { return s.db.Close() }

// syncDir makes a new file's name as durable as what it holds.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A Tx is a set of changes that become true together. It lives as long as the
// function that was given it.
type Tx struct{ tx *bbolt.Tx }

// Put writes a value.
func (t Tx) Put(bucket, key string, value []byte) error {
	if bucket == markBucket || bucket == "" || key == "" {
		return slice.Errorf(slice.Invalid, "store %q in %q: not a key or a bucket for callers", key, bucket)
	}
	b, err := t.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return fmt.Errorf("make bucket %s: %w", bucket, err)
	}
	if err := b.Put([]byte(key), value); err != nil {
		return fmt.Errorf("store %s in %s: %w", key, bucket, err)
	}
	return nil
}

// Delete removes a value. An absent one is no error.
func (t Tx) Delete(bucket, key string) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil || bucket == markBucket {
		return nil
	}
	if err := b.Delete([]byte(key)); err != nil {
		return fmt.Errorf("remove %s from %s: %w", key, bucket, err)
	}
	return nil
}

// Get returns a value. An absent one is an error of kind NotFound.
func (t Tx) Get(bucket, key string) ([]byte, error) {
	if b := t.tx.Bucket([]byte(bucket)); b != nil {
		if v := b.Get([]byte(key)); v != nil {
			return bytes.Clone(v), nil
		}
	}
	return nil, slice.Errorf(slice.NotFound, "there is no %s in %s", key, bucket)
}

// List returns everything in a bucket by key.
func (t Tx) List(bucket string) (map[string][]byte, error) {
	values := map[string][]byte{}
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return values, nil
	}
	err := b.ForEach(func(k, v []byte) error {
		values[string(k)] = bytes.Clone(v)
		return nil
	})
	return values, err
}
