package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/l2sces/l2sces/pkg/slice"
)

const lockTimeout = 2 * time.Second

// Open opens the file at path, or makes a new one. One process at a time has
// it. It refuses a file that is torn, that something else wrote, or that a later
// version of the house wrote, and leaves such a file as it is.
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
	f := file{db}
	err = f.mark()
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &Store{f}, nil
}

// syncDir makes a new file's name as durable as what it holds.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// file keeps values in a bbolt file.
type file struct{ db *bbolt.DB }

// mark puts our mark on a new file and checks that of an old one.
func (f file) mark() error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(markBucket))
		if b == nil {
			if first, _ := tx.Cursor().First(); first != nil {
				return slice.Errorf(slice.Invalid, "the file was written by another program: its data is not ours")
			}
			var err error
			if b, err = tx.CreateBucket([]byte(markBucket)); err != nil {
				return err
			}
			return b.Put([]byte(markKey), []byte(schemaName(len(migrations))))
		}
		return upgrade(fileKeys{tx}, string(b.Get([]byte(markKey))), migrations)
	})
}

func (f file) view(read func(keys) error) error {
	return f.db.View(func(tx *bbolt.Tx) error { return read(fileKeys{tx}) })
}

func (f file) update(change func(keys) error) error {
	return f.db.Update(func(tx *bbolt.Tx) error { return change(fileKeys{tx}) })
}

func (f file) close() error { return f.db.Close() }

// fileKeys are the values of a file within a transaction.
type fileKeys struct{ tx *bbolt.Tx }

func (k fileKeys) put(bucket, key string, value []byte) error {
	b, err := k.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	return b.Put([]byte(key), value)
}

func (k fileKeys) remove(bucket, key string) error {
	if b := k.tx.Bucket([]byte(bucket)); b != nil {
		return b.Delete([]byte(key))
	}
	return nil
}

func (k fileKeys) get(bucket, key string) ([]byte, bool, error) {
	if b := k.tx.Bucket([]byte(bucket)); b != nil {
		if v := b.Get([]byte(key)); v != nil {
			return bytes.Clone(v), true, nil
		}
	}
	return nil, false, nil
}

func (k fileKeys) list(bucket string) (map[string][]byte, error) {
	values := map[string][]byte{}
	b := k.tx.Bucket([]byte(bucket))
	if b == nil {
		return values, nil
	}
	err := b.ForEach(func(k, v []byte) error {
		values[string(k)] = bytes.Clone(v)
		return nil
	})
	return values, err
}

func (k fileKeys) each(f func(bucket, key string, value []byte) error) error {
	return k.tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		if string(name) == markBucket {
			return nil
		}
		return b.ForEach(func(key, value []byte) error { return f(string(name), string(key), value) })
	})
}
