package ee

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/l2sces/l2sces/plugin/primitive"
)

// A Memory keeps settings, in a file if it has one. It holds no secrets.
type Memory struct {
	File string

	mu  sync.Mutex
	now *primitive.Settings
}

// Load returns the settings that were saved last, or none.
func (m *Memory) Load() (primitive.Settings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil {
		return *m.now, nil
	}
	var s primitive.Settings
	if m.File != "" {
		text, err := os.ReadFile(m.File)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if err == nil {
			if err := json.Unmarshal(text, &s); err != nil {
				return s, fmt.Errorf("%s: %w", m.File, err)
			}
		}
	}
	m.now = &s
	return s, nil
}

// Save keeps settings. The file is whole at every moment.
func (m *Memory) Save(s primitive.Settings) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.File != "" {
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if err := replace(m.File, text); err != nil {
			return err
		}
	}
	m.now = &s
	return nil
}

func replace(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it was of no use
	}
	return err
}
