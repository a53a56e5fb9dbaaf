package store

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/l2sces/l2sces/pkg/slice"
)

// inspect walks every page of a file before anything is written to it. bbolt
// itself trusts its pages: it would read past the end of a torn file and take
// the process down.
func inspect(path string) (err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // new
	}
	if err != nil {
		return err
	}
	// A page that lies past the end of the file is a fault of memory, a wrong
	// one is a panic; both come out here.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = slice.Errorf(slice.Invalid, "the file is torn: %v", r)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return slice.Errorf(slice.Conflict, "another process has it open")
	case errors.As(err, &system):
		return err
	case err != nil:
		return slice.Errorf(slice.Invalid, "the file is torn, or is not a store: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return check(db)
}

// check reads the whole file, first in the caller's goroutine, where a fault
// can be caught, and then as bbolt checks itself: free pages, order of keys.
func check(db *bbolt.DB) error {
	return db.View(func(tx *bbolt.Tx) error {
		info, err := os.Stat(db.Path())
		if err != nil {
			return err
		}
		if info.Size() < tx.Size() {
			return slice.Errorf(slice.Invalid, "the file is torn: it has %d bytes of %d", info.Size(), tx.Size())
		}
		if err := tx.ForEach(walk); err != nil {
			return err
		}
		var faults []error
		for err := range tx.Check() {
			faults = append(faults, err)
		}
		if len(faults) > 0 {
			return slice.Errorf(slice.Invalid, "the file is torn: %w", faults[0])
		}
		return nil
	})
}

// walk touches every byte of a bucket that a later read would.
func walk(_ []byte, b *bbolt.Bucket) error {
	touch := crc32.NewIEEE()
	return b.ForEach(func(k, v []byte) error {
		_, err := touch.Write(k)
		if err == nil {
			_, err = touch.Write(v)
		}
		return err
	})
}
