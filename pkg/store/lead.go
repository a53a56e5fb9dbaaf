package store

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Beside the mark of the store: whose it is, and who leads.
const (
	ownerKey  = markBucket + "/owner"
	leaderKey = markBucket + "/leader"
)

// campaign waits until this process leads, for as long as its lease lasts.
func (s *Seat) campaign(ctx context.Context) (*Term, error) {
	if err := s.mark(ctx); err != nil {
		return nil, err
	}
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	revision, err := s.vote(ctx, session)
	if err != nil {
		s.leave(ctx, session)
		return nil, err
	}
	t, err := s.begin(ctx, session, revision)
	if err != nil {
		s.leave(ctx, session)
		return nil, err
	}
	return t, nil
}

// mark puts our mark on keys where there are none yet, and refuses those of
// somebody else.
func (s *Seat) mark(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.place.lease)
	defer cancel()
	mark, owner := s.place.prefix+markBucket+"/"+markKey, s.place.prefix+ownerKey
	answer, err := s.client.Txn(ctx).Then(
		clientv3.OpGet(mark), clientv3.OpGet(owner),
		clientv3.OpGet(s.place.prefix, clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly()),
	).Commit()
	if err != nil {
		return unavailable(err)
	}
	found := func(i int) string {
		for _, kv := range answer.Responses[i].GetResponseRange().Kvs {
			return string(kv.Value)
		}
		return ""
	}
	switch any := len(answer.Responses[2].GetResponseRange().Kvs) > 0; {
	case !any:
		_, err := s.client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(mark), "=", 0)).
			Then(clientv3.OpPut(mark, schemaName(len(migrations))), clientv3.OpPut(owner, s.cfg.Owner)).Commit()
		if err != nil {
			return unavailable(err)
		}
		return s.mark(ctx) // another may have been faster
	case found(0) == "":
		return slice.Errorf(slice.Invalid, "the keys below %s in etcd were written by another program: they are not ours", s.place.prefix)
	case found(1) != s.cfg.Owner:
		return slice.Errorf(slice.Invalid, "the keys below %s in etcd belong to %s and not to %s: choose another prefix", s.place.prefix, found(1), s.cfg.Owner)
	}
	if _, err := schemaNumber(found(0), len(migrations)); err != nil {
		return fmt.Errorf("the keys below %s in etcd: %w", s.place.prefix, err)
	}
	return nil
}

// session takes a lease and keeps it alive. Whoever does not hear of etcd for
// its length gives it up.
func (s *Seat) session(ctx context.Context) (*concurrency.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.place.lease)
	defer cancel()
	lease, err := s.client.Grant(ctx, int64(s.place.lease/time.Second))
	if err != nil {
		return nil, unavailable(err)
	}
	session, err := concurrency.NewSession(s.client, concurrency.WithLease(lease.ID), concurrency.WithTTL(int(s.place.lease/time.Second)))
	if err != nil {
		return nil, unavailable(err)
	}
	return session, nil
}

// leave gives a lease back, and does not wait long for it: it ends by itself as
// well.
func (s *Seat) leave(ctx context.Context, session *concurrency.Session) {
	session.Orphan()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), minLease)
	defer cancel()
	_, _ = s.client.Revoke(ctx, session.Lease()) // as said above
}

// vote puts this process's name where the leader's stands, as soon as there is
// none, and returns the revision of that. The key goes with the lease.
func (s *Seat) vote(ctx context.Context, session *concurrency.Session) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(session.Ctx(), cancel)() //nolint:contextcheck // that of the lease, beside ours
	key := s.place.prefix + leaderKey
	for {
		answer, err := s.client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
			Then(clientv3.OpPut(key, s.cfg.Self, clientv3.WithLease(session.Lease()))).
			Else(clientv3.OpGet(key)).Commit()
		if err != nil {
			return 0, unavailable(err)
		}
		if answer.Succeeded {
			return answer.Header.Revision, nil
		}
		for _, kv := range answer.Responses[0].GetResponseRange().Kvs {
			s.note(string(kv.Value), nil)
		}
		if err := s.gone(ctx, key, answer.Header.Revision+1); err != nil {
			return 0, err
		}
	}
}

// gone waits until a key is removed.
func (s *Seat) gone(ctx context.Context, key string, from int64) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	for w := range s.client.Watch(ctx, key, clientv3.WithRev(from)) {
		if err := w.Err(); err != nil {
			return unavailable(err)
		}
		for _, e := range w.Events {
			if e.Type == mvccpb.DELETE {
				return nil
			}
		}
	}
	return slice.Errorf(slice.Unavailable, "etcd: the watch has ended")
}

// begin starts a term: it finishes what an earlier leader has begun to write,
// and takes a generation.
func (s *Seat) begin(ctx context.Context, session *concurrency.Session, revision int64) (*Term, error) { //nolint:contextcheck // a term lasts as long as its lease
	lease, lose := context.WithCancelCause(session.Ctx())
	key := s.place.prefix + leaderKey
	r := &remote{
		client: s.client, prefix: s.place.prefix, lease: lease, fault: lose,
		fence: clientv3.Compare(clientv3.CreateRevision(key), "=", revision),
	}
	t := &Term{
		Store: &Store{r}, lost: lease.Done(),
		cause: func() error {
			if err := context.Cause(lease); err != context.Canceled { //nolint:errorlint // the bare one says that the lease has ended
				return err
			}
			return slice.Errorf(slice.Unavailable, "the lease has ended")
		},
		end: func() { s.leave(ctx, session) },
	}
	t.check = func(ctx context.Context) {
		answer, err := s.client.Get(ctx, key)
		if err == nil && (len(answer.Kvs) == 0 || answer.Kvs[0].CreateRevision != revision) {
			lose(slice.Errorf(slice.Unavailable, "another process leads"))
		}
	}
	within, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := r.replay(within); err != nil {
		return nil, err
	}
	err := r.update(func(k keys) error { //nolint:contextcheck // an update is bounded by the lease
		have, _, err := k.get(markBucket, markKey)
		if err != nil || string(have) == schemaName(len(migrations)) {
			return err
		}
		return upgrade(k, string(have), migrations)
	})
	if err != nil {
		return nil, err
	}
	t.Generation, err = t.Store.next(s.cfg.Now())
	return t, err
}
