package access

import (
	"log/slog"
	"os"
	"sync"
	"time"
)

// policyFile is a policy that is read again when its file changes. While the
// file is broken or away, the last good policy holds.
type policyFile struct {
	file string // empty: the open policy
	log  *slog.Logger

	mu   sync.Mutex
	last *Policy
	seen stamp
	told string
}

// stamp tells two states of a file apart.
type stamp struct {
	time time.Time
	size int64
	is   os.FileInfo
}

func (s stamp) same(info os.FileInfo) bool {
	return s.is != nil && os.SameFile(s.is, info) && s.time.Equal(info.ModTime()) && s.size == info.Size()
}

// openPolicy reads a policy for the first time, when it has to be good.
func openPolicy(file string, log *slog.Logger) (*policyFile, error) {
	f := &policyFile{file: file, log: log}
	if file == "" {
		f.last = open()
		return f, nil
	}
	return f, f.read()
}

// now returns the policy that holds.
func (f *policyFile) now() *Policy {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == "" {
		return f.last
	}
	if info, err := os.Stat(f.file); err == nil && f.seen.same(info) {
		return f.last
	}
	before := f.last
	err := f.read()
	switch {
	case err == nil && before != f.last:
		f.told = ""
		f.log.Info("policy read again", "file", f.file)
	case err != nil && err.Error() != f.told:
		f.told = err.Error()
		f.log.Warn("policy is not as it should be, the last good one holds", "file", f.file, "reason", f.told)
	}
	return f.last
}

func (f *policyFile) read() error {
	info, err := os.Stat(f.file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		return err
	}
	p, err := ReadPolicy(f.file, text)
	// A broken file is not read again until it changes.
	f.seen = stamp{info.ModTime(), info.Size(), info}
	if err != nil {
		return err
	}
	f.last = p
	return nil
}
