package fabric

import (
	"encoding/json"
	"fmt"
)

// The buckets of the store.
const (
	bucketNodes    = "fabric-nodes"
	bucketNetworks = "fabric-networks"
	bucketRing     = "fabric-numbers"
)

// load reads what an earlier run left.
func (f *Fabric) load() error {
	if err := each(f.cfg.Store, bucketNodes, func(n *node) { f.nodes[n.Name] = n }); err != nil {
		return err
	}
	if err := each(f.cfg.Store, bucketNetworks, func(n *network) { f.networks[n.ID] = n }); err != nil {
		return err
	}
	return each(f.cfg.Store, bucketRing, func(next *uint32) { f.numbers.Next = *next })
}

// each decodes every value of a bucket.
func each[T any](s Store, bucket string, take func(*T)) error {
	all, err := s.List(bucket)
	if err != nil {
		return err
	}
	for key, text := range all {
		v := new(T)
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("%s/%s: %w", bucket, key, err)
		}
		take(v)
	}
	return nil
}

func (f *Fabric) saveNode(n *node) error { return f.save(bucketNodes, string(n.Name), n) }

// saveNetwork makes a network durable before anything is done for it. The
// ring goes first: a crash in between loses a number and never gives one
// twice.
func (f *Fabric) saveNetwork(n, have *network) error {
	if have == nil {
		if err := f.save(bucketRing, "next", f.numbers.Next); err != nil {
			return err
		}
	}
	return f.save(bucketNetworks, n.ID.String(), n)
}

func (f *Fabric) save(bucket, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s/%s: %w", bucket, key, err)
	}
	if err := f.cfg.Store.Put(bucket, key, text); err != nil {
		return fmt.Errorf("save %s/%s: %w", bucket, key, err)
	}
	return nil
}
