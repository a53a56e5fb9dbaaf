package access

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/l2sces/l2sces/pkg/intent"
)

// rotated is a file of lines, and its predecessors.
type rotated struct {
	cfg   AuditConfig
	file  *os.File
	size  int64 // of whole lines
	dirty bool  // something is not on the disk yet
}

// openRotated opens the file and returns the newest entries of it and of the
// one before.
func openRotated(cfg AuditConfig) (*rotated, []intent.AuditEntry, error) {
	if cfg.Size == 0 {
		cfg.Size = 16 << 20
	}
	if cfg.Keep == 0 {
		cfg.Keep = 8
	}
	before, _, err := readEntries(numbered(cfg.File, 1))
	if err != nil {
		return nil, nil, err
	}
	entries, whole, err := readEntries(cfg.File)
	if err != nil {
		return nil, nil, err
	}
	f, err := openLines(cfg.File)
	if err != nil {
		return nil, nil, fmt.Errorf("open the audit log: %w", err)
	}
	r := &rotated{cfg: cfg, file: f, size: whole}
	entries = append(before, entries...)
	if err := r.cut(); err != nil { // half a line, from a crash
		return nil, nil, errors.Join(fmt.Errorf("open the audit log: %w", err), f.Close())
	}
	return r, entries[max(0, len(entries)-auditKept):], nil
}

func openLines(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

func numbered(name string, n int) string { return fmt.Sprintf("%s.%d", name, n) }

// readEntries reads the entries of a file, and how many bytes are whole lines.
// A line that is none of ours is skipped.
func readEntries(name string) (entries []intent.AuditEntry, whole int64, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // only read from
	lines := bufio.NewReader(f)
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, whole, nil
		}
		if err != nil {
			return nil, 0, err
		}
		whole += int64(len(text))
		var e intent.AuditEntry
		if json.Unmarshal(text, &e) == nil && e.Number > 0 {
			entries = append(entries, e)
		}
		if len(entries) > 2*auditKept {
			entries = append([]intent.AuditEntry(nil), entries[auditKept:]...)
		}
	}
}

// line is an entry as it is written.
func line(e intent.AuditEntry) []byte {
	text, err := json.Marshal(e)
	if err != nil {
		text = fmt.Appendf(nil, `{"number":%d,"method":%q,"result":"internal","error":"the entry cannot be written"}`, e.Number, e.Method)
	}
	return append(text, '\n')
}

// write appends a line, all of it or nothing.
func (r *rotated) write(text []byte) error {
	if r.file == nil { // it was closed, and a call has ended since
		var err error
		if r.file, err = openLines(r.cfg.File); err != nil {
			return err
		}
	}
	if r.size > 0 && r.size+int64(len(text)) > r.cfg.Size {
		if err := r.turn(); err != nil {
			return err
		}
	}
	if _, err := io.Copy(r.file, bytes.NewReader(text)); err != nil {
		return errors.Join(err, r.cut())
	}
	r.size += int64(len(text))
	r.dirty = true
	return nil
}

// cut takes half a line away.
func (r *rotated) cut() error { return r.file.Truncate(r.size) }

// turn begins a new file. The old ones move up by one, and the oldest goes.
func (r *rotated) turn() error {
	if err := r.sync(); err != nil {
		return err
	}
	for n := r.cfg.Keep; n > 1; n-- {
		if err := os.Rename(numbered(r.cfg.File, n-1), numbered(r.cfg.File, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(r.cfg.File, numbered(r.cfg.File, 1)); err != nil {
		return err
	}
	next, err := openLines(r.cfg.File)
	if err != nil {
		return errors.Join(err, os.Rename(numbered(r.cfg.File, 1), r.cfg.File))
	}
	old := r.file
	r.file, r.size = next, 0
	return errors.Join(old.Close(), syncFolder(filepath.Dir(r.cfg.File)))
}

// sync brings what was written to the disk.
func (r *rotated) sync() error {
	if !r.dirty || r.file == nil {
		return nil
	}
	err := r.file.Sync()
	r.dirty = err != nil
	return err
}

func (r *rotated) close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.sync(), r.file.Close())
	r.file = nil
	return err
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
