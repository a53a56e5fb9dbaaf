package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap" //nolint:depguard // what etcd's client logs with, which here is not at all

	"github.com/l2sces/l2sces/pkg/slice"
)

// A SeatConfig says who takes a seat.
type SeatConfig struct {
	Owner string      // whose values they are: the same for all replicas
	Self  string      // what the others are told of this process
	TLS   *tls.Config // for etcd that is not on loopback
	Now   func() time.Time
}

// A Seat is the place of one process at a store: of the only one at a file,
// and of one replica at etcd, where it leads for a term and waits otherwise.
type Seat struct {
	cfg    SeatConfig
	alone  *Store // in a file; nil: in etcd
	place  place
	client *clientv3.Client

	mu     sync.Mutex
	leader string
	fault  error
}

// Take takes a seat at a location: the path of a file, or
// etcd://HOST:PORT[,HOST:PORT...]/PREFIX. It does not wait for etcd.
func Take(location string, cfg SeatConfig) (*Seat, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Seat{cfg: cfg}
	var err error
	if !Shared(location) {
		s.alone, err = Open(location)
		return s, err
	}
	if s.place, err = parsePlace(location); err != nil {
		return nil, err
	}
	conf := clientv3.Config{
		Endpoints:         s.place.endpoints,
		DialKeepAliveTime: minLease, DialKeepAliveTimeout: minLease,
		MaxCallSendMsgSize: 2 * mostBytes,
		Logger:             zap.NewNop(),
	}
	if s.place.tls {
		if cfg.TLS == nil {
			return nil, slice.Errorf(slice.Invalid, "store %s: a certificate is needed", location)
		}
		conf.TLS = cfg.TLS
	}
	s.client, err = clientv3.New(conf)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", location, err)
	}
	return s, nil
}

// Alone reports whether no other process can lead.
func (s *Seat) Alone() bool { return s.alone != nil }

// Waits says what a process that does not lead waits for.
func (s *Seat) Waits() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fault != nil:
		return s.fault
	case s.leader != "":
		return slice.Errorf(slice.Unavailable, "standby, leader is %s", s.leader)
	}
	return slice.Errorf(slice.Unavailable, "standby, no leader is known yet")
}

func (s *Seat) note(leader string, fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leader, s.fault = leader, fault
}

// Close leaves the seat. Its term must have ended.
func (s *Seat) Close() error {
	if s.alone != nil {
		return s.alone.Close()
	}
	return s.client.Close()
}

// Lead waits until this process leads. Etcd that is away is waited for as
// well; an error is one that waiting does not mend.
func (s *Seat) Lead(ctx context.Context) (*Term, error) {
	if s.alone != nil {
		generation, err := s.alone.next(s.cfg.Now())
		if err != nil {
			return nil, err
		}
		return &Term{Store: s.alone, Generation: generation, lost: make(chan struct{}), cause: func() error { return nil }, end: func() {}}, nil
	}
	s.note("", nil) // it may have been this process itself
	for {
		t, err := s.campaign(ctx)
		switch {
		case err == nil:
			s.note(s.cfg.Self, nil)
			return t, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case slice.KindOf(err) != slice.Unavailable && !errors.Is(err, context.DeadlineExceeded):
			return nil, err
		}
		s.note("", err)
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// A Term is the time for which a process leads.
type Term struct {
	Store *Store
	// Generation is larger than that of every earlier term.
	Generation uint64

	lost  <-chan struct{}
	cause func() error
	end   func()
	check func(ctx context.Context)
}

// Lost is closed when the process does not lead any more, or cannot know that
// it does. From then on the store refuses changes.
func (t *Term) Lost() <-chan struct{} { return t.lost }

// Cause says why the term is lost.
func (t *Term) Cause() error { return t.cause() }

// Check asks whether the process still leads. If it does not, the term is
// lost.
func (t *Term) Check(ctx context.Context) {
	if t.check != nil {
		t.check(ctx)
	}
}

// End gives the lead away, so that another need not wait for the lease.
func (t *Term) End() { t.end() }
