package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/l2sces/l2sces/pkg/slice"
)

// compactBytes is how much one transaction copies at most.
const compactBytes = 1 << 20

// Compact writes the file at path anew, without the pages that are free: a file
// grows to the most that it ever held, and does not shrink by itself. Nobody
// may have it open. Whatever happens, the file is the old one or the new one.
func Compact(path string) error {
	if err := inspect(path); err != nil {
		return fmt.Errorf("compact %s: %w", path, err)
	}
	old, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return slice.Errorf(slice.Conflict, "compact %s: another process has it open", path)
	}
	if err != nil {
		return fmt.Errorf("compact %s: %w", path, err)
	}
	beside := path + ".compact"
	if err = os.Remove(beside); errors.Is(err, os.ErrNotExist) {
		err = nil // an earlier try has left none
	}
	if err == nil {
		err = copyTo(beside, old)
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err = errors.Join(err, old.Close()); err != nil {
		return fmt.Errorf("compact %s: %w", path, err)
	}
	return nil
}

// copyTo copies everything into a new file, and makes it durable.
func copyTo(path string, from *bbolt.DB) error {
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if err != nil {
		return err
	}
	err = bbolt.Compact(to, from, compactBytes)
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}
