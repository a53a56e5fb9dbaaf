package model

import (
	"maps"
	"sync"
)

// Memory is a store that forgets everything with its process.
type Memory struct {
	mu      sync.Mutex
	buckets map[string]map[string][]byte
}

// Put keeps a value.
func (m *Memory) Put(bucket, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.buckets == nil {
		m.buckets = map[string]map[string][]byte{}
	}
	if m.buckets[bucket] == nil {
		m.buckets[bucket] = map[string][]byte{}
	}
	m.buckets[bucket][key] = value
	return nil
}

// Delete drops a value; an absent one is no error.
func (m *Memory) Delete(bucket, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.buckets[bucket], key)
	return nil
}

// All returns the values of all buckets.
func (m *Memory) All() map[string]map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]map[string][]byte{}
	for bucket, values := range m.buckets {
		all[bucket] = maps.Clone(values)
	}
	return all
}

// List returns the values of a bucket.
func (m *Memory) List(bucket string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.buckets[bucket]), nil
}
