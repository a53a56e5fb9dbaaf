package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The limits of one transaction of etcd as it comes: operations, and bytes of
// keys and values. A list is read in pages.
const (
	mostOps   = 100
	mostBytes = 1 << 20
	pageSize  = 1000
)

// answerTimeout is how long etcd may take for an update.
const answerTimeout = 15 * time.Second

// remote keeps values in etcd for as long as a leader is the leader: every
// write is made only if its key is still there.
type remote struct {
	client *clientv3.Client
	prefix string
	fence  clientv3.Cmp
	lease  context.Context //nolint:containedctx // ends with the term, and all calls with it
	fault  func(error)     // told when this is not the leader, or when it cannot know what it wrote

	mu sync.RWMutex // of updates, which read before they write
}

func (r *remote) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.lease, answerTimeout)
}

func (r *remote) view(read func(keys) error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	ctx, cancel := r.context()
	defer cancel()
	return read(&remoteKeys{ctx: ctx, remote: r})
}

func (r *remote) update(change func(keys) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := r.context()
	defer cancel()
	k := &remoteKeys{ctx: ctx, remote: r, changes: map[string]op{}}
	if err := change(k); err != nil {
		return err
	}
	return r.write(ctx, k.ops())
}

// close has nothing to do: the term owns the client.
func (r *remote) close() error { return nil }

// write makes all changes, or none.
func (r *remote) write(ctx context.Context, ops []op) error {
	switch {
	case len(ops) == 0:
		return nil
	case len(ops) > mostOps || size(ops) > mostBytes:
		return r.writeLong(ctx, ops)
	}
	return r.commit(ctx, ops)
}

// commit makes changes in one transaction, if the leader still leads.
func (r *remote) commit(ctx context.Context, ops []op) error {
	then := make([]clientv3.Op, len(ops))
	for i, o := range ops {
		if o.Gone {
			then[i] = clientv3.OpDelete(r.prefix + string(o.Key))
		} else {
			then[i] = clientv3.OpPut(r.prefix+string(o.Key), string(o.Value))
		}
	}
	answer, err := r.client.Txn(ctx).If(r.fence).Then(then...).Commit()
	switch {
	case refused(err):
		return slice.Errorf(slice.Exhausted, "etcd refuses %d changes of %d bytes: %w", len(ops), size(ops), err)
	case err != nil:
		err = unavailable(err)
		r.fault(fmt.Errorf("a write that may have been made: %w", err))
		return err
	case !answer.Succeeded:
		err = slice.Errorf(slice.Unavailable, "another process leads: nothing was written")
		r.fault(err)
		return err
	}
	return nil
}

// refused tells errors after which nothing was written.
func refused(err error) bool {
	for _, e := range []error{rpctypes.ErrRequestTooLarge, rpctypes.ErrTooManyOps, rpctypes.ErrNoSpace, rpctypes.ErrPermissionDenied} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func unavailable(err error) error { return slice.Errorf(slice.Unavailable, "etcd: %w", err) }

// An op puts a value, or removes the key.
type op struct {
	Key   []byte `json:"key"` // below the prefix
	Value []byte `json:"value,omitempty"`
	Gone  bool   `json:"gone,omitempty"`
}

func size(ops []op) int {
	n := 0
	for _, o := range ops {
		n += len(o.Key) + len(o.Value)
	}
	return n
}

// remoteKeys are the values of etcd, and over them the changes of one update.
type remoteKeys struct {
	ctx     context.Context //nolint:containedctx // lives as long as the call that made it
	remote  *remote
	changes map[string]op // by key
}

func (k *remoteKeys) ops() []op {
	var all []op
	for _, key := range slices.Sorted(maps.Keys(k.changes)) {
		all = append(all, k.changes[key])
	}
	return all
}

func (k *remoteKeys) put(bucket, key string, value []byte) error {
	full := bucket + "/" + key
	k.changes[full] = op{Key: []byte(full), Value: bytes.Clone(value)}
	return nil
}

func (k *remoteKeys) remove(bucket, key string) error {
	full := bucket + "/" + key
	k.changes[full] = op{Key: []byte(full), Gone: true}
	return nil
}

func (k *remoteKeys) get(bucket, key string) ([]byte, bool, error) {
	if o, ok := k.changes[bucket+"/"+key]; ok {
		return bytes.Clone(o.Value), !o.Gone, nil
	}
	answer, err := k.remote.client.Get(k.ctx, k.remote.prefix+bucket+"/"+key)
	if err != nil {
		return nil, false, unavailable(err)
	}
	if len(answer.Kvs) == 0 {
		return nil, false, nil
	}
	return append([]byte{}, answer.Kvs[0].Value...), true, nil
}

func (k *remoteKeys) list(bucket string) (map[string][]byte, error) {
	values := map[string][]byte{}
	if bucket == "" {
		return values, nil
	}
	if err := k.remote.each(k.ctx, bucket+"/", func(key string, value []byte) error { values[key] = value; return nil }); err != nil {
		return nil, err
	}
	for full, o := range k.changes {
		key, ours := strings.CutPrefix(full, bucket+"/")
		switch {
		case !ours:
		case o.Gone:
			delete(values, key)
		default:
			values[key] = bytes.Clone(o.Value)
		}
	}
	return values, nil
}

func (k *remoteKeys) each(f func(bucket, key string, value []byte) error) error {
	return k.remote.each(k.ctx, "", func(full string, value []byte) error {
		bucket, key, ok := strings.Cut(full, "/")
		if !ok || bucket == markBucket {
			return nil
		}
		return f(bucket, key, value)
	})
}

// each reads every key below a prefix, all as they were at one moment.
func (r *remote) each(ctx context.Context, below string, take func(key string, value []byte) error) error {
	below = r.prefix + below
	end := clientv3.GetPrefixRangeEnd(below)
	for from, at := below, int64(0); ; {
		page, err := r.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(pageSize), clientv3.WithRev(at))
		if err != nil {
			return unavailable(err)
		}
		for _, kv := range page.Kvs {
			if err := take(strings.TrimPrefix(string(kv.Key), below), append([]byte{}, kv.Value...)); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		from, at = string(page.Kvs[len(page.Kvs)-1].Key)+"\x00", page.Header.Revision
	}
}
