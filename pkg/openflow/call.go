package openflow

import (
	"context"
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A call waits for the answer to one message.
type call struct {
	xid    uint32
	kind   ofp.Kind // of an answer in parts
	body   []byte   // what came of it so far
	result chan result
}

type result struct {
	msg []byte // a copy of the answer, or the joined bodies of its parts
	err error
}

// A batch waits for errors of messages that are not answered.
type batch struct {
	first, count uint32 // the xids of the messages
	failures     []failure
}

type failure struct {
	at  int // in the batch
	err *ofp.Error
}

// mostFailures is how many errors of a batch are kept.
const mostFailures = 8

type decoder interface{ Decode(msg []byte) error }

// ask sends a message and decodes its answer.
func (s *Session) ask(ctx context.Context, m ofp.Message, answer decoder) error {
	msg, err := s.call(ctx, m, 0)
	if err != nil {
		return err
	}
	return answer.Decode(msg)
}

// list sends a request and returns the joined body of an answer in parts.
func (s *Session) list(ctx context.Context, kind ofp.Kind, body []byte) ([]byte, error) {
	return s.call(ctx, &ofp.Multipart{Kind: kind, Body: body}, kind)
}

// barrier returns when the switch has done everything that was sent before.
func (s *Session) barrier(ctx context.Context) error {
	_, err := s.call(ctx, &ofp.Raw{Type: ofp.TypeBarrierRequest}, 0)
	return err
}

func (s *Session) call(ctx context.Context, m ofp.Message, kind ofp.Kind) ([]byte, error) {
	c := s.newCall()
	c.kind = kind
	defer s.forget(c)
	b, err := m.Append(nil, c.xid)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, s.config.Request)
	defer cancel()
	if err := s.post(within, b); err != nil {
		return nil, err
	}
	return s.wait(within, c, ofp.Type(b[1]))
}

// wait waits for the answer to a call, which is of a type.
func (s *Session) wait(ctx context.Context, c *call, t ofp.Type) ([]byte, error) {
	limit := time.NewTimer(s.config.Request)
	defer limit.Stop()
	select {
	case r := <-c.result:
		return r.msg, r.err
	case <-s.done:
		return nil, s.lost()
	case <-ctx.Done():
		return nil, slice.Errorf(slice.Unavailable, "switch %s does not answer a %s: %w", s.DPID(), t, ctx.Err())
	case <-limit.C:
		return nil, slice.Errorf(slice.Unavailable, "switch %s does not answer a %s: %w", s.DPID(), t, context.DeadlineExceeded)
	}
}

// newCall finds an xid for which nobody waits: the counter may have gone
// round.
func (s *Session) newCall() *call {
	c := &call{result: make(chan result, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.xid = s.xid.Add(1)
	for s.calls[c.xid] != nil || s.batch.has(c.xid) {
		c.xid = s.xid.Add(1)
	}
	s.calls[c.xid] = c
	return c
}

func (s *Session) forget(calls ...*call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range calls {
		delete(s.calls, c.xid)
	}
}

// expect begins a batch of so many messages.
func (s *Session) expect(count int) *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint32(count)
	b := &batch{first: s.xid.Add(n) - n + 1, count: n}
	for xid := range s.calls {
		if b.has(xid) { // once round: begin behind it
			b.first = s.xid.Add(n) - n + 1
		}
	}
	s.batch = b
	return b
}

// settle ends the batch and returns what failed.
func (s *Session) settle() []failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch == nil {
		return nil
	}
	list := s.batch.failures
	s.batch = nil
	return list
}

func (b *batch) has(xid uint32) bool { return b != nil && xid-b.first < b.count }

// answer gives a message to who waits for it. One that nobody waits for came
// too late.
func (s *Session) answer(xid uint32, msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[xid]; c != nil {
		delete(s.calls, xid)
		c.result <- result{msg: append([]byte(nil), msg...)}
	}
}

// collect joins the parts of an answer.
func (s *Session) collect(xid uint32, msg []byte) error {
	var m ofp.Multipart
	if err := m.Decode(msg); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[xid]
	if c == nil {
		return nil
	}
	var r result
	switch {
	case m.Kind != c.kind:
		r.err = fmt.Errorf("answer of kind %d to a request of kind %d", m.Kind, c.kind)
	case len(c.body)+len(m.Body) > s.config.MaxReply:
		r.err = slice.Errorf(slice.Exhausted, "answer of more than %d bytes", s.config.MaxReply)
	default:
		c.body = append(c.body, m.Body...)
		if m.Flags&ofp.More != 0 {
			return nil
		}
		r.msg = c.body
	}
	delete(s.calls, xid)
	c.result <- r
	return nil
}

// failed gives an error to who sent the message at fault.
func (s *Session) failed(xid uint32, msg []byte) error {
	m := &ofp.Error{}
	if err := m.Decode(msg); err != nil {
		return err
	}
	m.Data = append([]byte(nil), m.Data...)
	s.counters.errors.Add(1)
	if !s.blame(xid, m) {
		s.queue(Event{Session: s, Err: m})
	}
	return s.superseded(m)
}

func (s *Session) blame(xid uint32, m *ofp.Error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[xid]; c != nil {
		delete(s.calls, xid)
		c.result <- result{err: slice.Errorf(kindOf(m), "switch %s: %w", s.DPID(), m)}
		return true
	}
	if !s.batch.has(xid) {
		return false
	}
	if len(s.batch.failures) < mostFailures {
		s.batch.failures = append(s.batch.failures, failure{int(xid - s.batch.first), m})
	}
	return true
}

// kindOf says what can be done about an error of a switch.
func kindOf(m *ofp.Error) slice.Kind {
	switch m.Error() {
	case "FLOW_MOD_FAILED TABLE_FULL", "GROUP_MOD_FAILED OUT_OF_GROUPS", "GROUP_MOD_FAILED OUT_OF_BUCKETS",
		"METER_MOD_FAILED OUT_OF_METERS", "METER_MOD_FAILED OUT_OF_BANDS":
		return slice.Exhausted
	case "BAD_REQUEST IS_SLAVE", "BAD_REQUEST EPERM", "ROLE_REQUEST_FAILED STALE":
		return slice.Denied
	default:
		return slice.Invalid
	}
}
