package fabric

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The buckets of the store, in the order in which they are written where the
// store cannot write all at once: a crash in between loses a number and never
// gives one twice.
const (
	bucketRing     = "fabric-numbers"
	bucketResting  = "fabric-resting" // numbers that were given back a moment ago
	bucketPorts    = "fabric-ports"   // where each node looks for its next number
	bucketNodes    = "fabric-nodes"
	bucketNetworks = "fabric-networks"
	bucketLinks    = "fabric-links" // that are down
)

// keyRound is the key of the last round among the numbers.
const keyRound = "round"

// writer is a Store that makes several changes at once: all, or none. A value
// of nil removes the key.
type writer interface {
	WriteAll(values map[string]map[string][]byte) error
}

// writes are values by bucket and key that become durable together.
type writes map[string]map[string][]byte

func (w writes) put(bucket, key string, value []byte) {
	if w[bucket] == nil {
		w[bucket] = map[string][]byte{}
	}
	w[bucket][key] = value
}

// load reads what an earlier run left.
func (f *Fabric) load() error {
	if err := each(f.cfg.Store, bucketNodes, func(_ string, n *node) {
		if n.Ports == nil {
			n.Ports = map[string]slice.Port{}
		}
		f.nodes[n.Name] = n
	}); err != nil {
		return err
	}
	if err := each(f.cfg.Store, bucketPorts, func(name string, next *uint32) {
		if n := f.nodes[slice.Node(name)]; n != nil {
			n.Ring.Next = *next
		}
	}); err != nil {
		return err
	}
	if err := each(f.cfg.Store, bucketLinks, f.recallLink); err != nil {
		return err
	}
	if err := each(f.cfg.Store, bucketNetworks, func(_ string, n *network) { f.recall(n) }); err != nil {
		return err
	}
	if err := each(f.cfg.Store, bucketResting, f.recallRest); err != nil {
		return err
	}
	return each(f.cfg.Store, bucketRing, func(key string, n *uint32) {
		switch key {
		case "next":
			f.numbers.Next = *n
		case keyRound:
			f.round = uint16(*n) //nolint:gosec // it was written as one
		}
	})
}

// nextRound begins another round of cookies. Zero is none.
func (f *Fabric) nextRound() error {
	f.round = max(f.round+1, 1)
	return f.save(bucketRing, keyRound, f.round)
}

// Round returns the number of this run of the controller, which is written
// into the cookie of every flow that it makes (ADR 0010).
func (f *Fabric) Round() uint16 { return f.round }

// recall enters a network as it was stored.
func (f *Fabric) recall(n *network) {
	f.networks[n.ID] = n
	f.enroll(n)
	for _, second := range []slice.Network{n.Backup, n.Copies} {
		if second != 0 {
			f.shadows[second] = n.Number
		}
	}
	for i, a := range n.Attachments {
		at := f.nodes[a.Node]
		if at == nil || i >= len(n.Numbers) || n.Numbers[i] == 0 {
			continue
		}
		at.Ports[workloadKey(n.ID, a.Workload)] = n.Numbers[i]
	}
}

// each decodes every value of a bucket.
func each[T any](s Store, bucket string, take func(string, *T)) error {
	all, err := s.List(bucket)
	if err != nil {
		return err
	}
	for key, text := range all {
		v := new(T)
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("%s/%s: %w", bucket, key, err)
		}
		take(key, v)
	}
	return nil
}

// saveNode makes a node durable, without the ports of workloads: networks keep
// those numbers, so that no network's change writes those of all others.
func (f *Fabric) saveNode(n *node) error {
	out := *n
	out.Ports = maps.Clone(n.Ports)
	maps.DeleteFunc(out.Ports, func(key string, _ slice.Port) bool { return isWorkload(key) })
	return f.save(bucketNodes, string(n.Name), out)
}

// saveNetwork makes a network durable before anything is done for it.
func (f *Fabric) saveNetwork(n, have *network) error {
	if have == nil {
		if err := f.save(bucketRing, "next", f.numbers.Next); err != nil {
			return err
		}
	}
	return f.save(bucketNetworks, n.ID.String(), n)
}

// save makes a value durable, now or with the next commit if one is open.
func (f *Fabric) save(bucket, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s/%s: %w", bucket, key, err)
	}
	if f.tx != nil {
		f.tx.put(bucket, key, text)
		return nil
	}
	return f.write(writes{bucket: {key: text}})
}

// commit makes durable what was saved since the transaction was opened.
func (f *Fabric) commit() error {
	w := f.tx
	f.tx = nil
	return f.write(w)
}

func (f *Fabric) write(w writes) error {
	if len(w) == 0 {
		return nil
	}
	if err := f.failpoint("write"); err != nil {
		return err
	}
	if all, ok := f.cfg.Store.(writer); ok && len(w) > 1 {
		if err := all.WriteAll(w); err != nil {
			return fmt.Errorf("save the fabric: %w", err)
		}
		return f.failpoint("written")
	}
	for _, bucket := range []string{bucketRing, bucketResting, bucketPorts, bucketNodes, bucketLinks, bucketNetworks} {
		for key, value := range w[bucket] {
			if err := f.writeOne(bucket, key, value); err != nil {
				return fmt.Errorf("save %s/%s: %w", bucket, key, err)
			}
		}
	}
	return f.failpoint("written")
}

func (f *Fabric) writeOne(bucket, key string, value []byte) error {
	if value == nil {
		return f.cfg.Store.Delete(bucket, key)
	}
	return f.cfg.Store.Put(bucket, key, value)
}

// failpoint is a place where a test can end the process.
func (f *Fabric) failpoint(name string) error {
	if f.cfg.Failpoint == nil {
		return nil
	}
	return f.cfg.Failpoint(name)
}
