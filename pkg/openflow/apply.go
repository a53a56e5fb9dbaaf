package openflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// chunk is how many bytes of messages are queued at once.
const chunk = 64 << 10

// Apply carries a change out. When it returns nil the switch has confirmed
// everything; when it returns an error nothing of the bundle of groups and
// flows is in place.
//
// A bundle is closed before it is committed: Open vSwitch drops a message that
// it cannot read from the bundle and commits the rest, so that every message
// must be known to be in before. There is no other wait: what comes before the
// close, and what comes after it, goes out in one piece. A small change goes
// out as a whole if this switch has taken messages of each of its forms before.
func (s *Session) Apply(ctx context.Context, c flow.Change) error {
	if c.Empty() {
		return nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.done:
		return s.lost()
	case <-ctx.Done():
		return slice.Errorf(slice.Unavailable, "change of switch %s waits for another: %w", s.DPID(), ctx.Err())
	}
	o := &s.order
	o.begin(ctx, s, &c)
	defer o.end()
	if err := o.bundle(); err != nil {
		return err
	}
	if len(c.TakeMeters) == 0 {
		return nil
	}
	return o.takeMeters(ctx)
}

// An order is a change on its way to the switch, as bytes. Its memory is used
// again by the next.
type order struct {
	ctx  context.Context //nolint:containedctx // of the one call of Apply that uses the order
	s    *Session
	c    *flow.Change
	buf  []byte // what is not posted yet
	next uint32 // xid of the next message
	sent bool   // something was posted
	id   uint32 // of the bundle
	scratch
}

func (o *order) begin(ctx context.Context, s *Session, c *flow.Change) {
	o.ctx, o.s, o.c = ctx, s, c
	o.buf, o.sent = o.buf[:0], false
}

// end lets go of what a large change has taken.
func (o *order) end() {
	o.ctx, o.c = nil, nil
	o.scratch = scratch{}
	if cap(o.buf) > keepOut {
		o.buf = nil
	}
}

const bundleFlags = ofp.BundleAtomic | ofp.BundleOrdered

// bundle sends the meters, which Open vSwitch does not take in a bundle, and
// then the bundle.
func (o *order) bundle() error {
	s := o.s
	count := o.c.Mods() - len(o.c.TakeMeters)
	if count == 0 {
		return nil
	}
	o.id = s.bundles.Add(1)
	o.next = s.expect(count).first
	opened := s.newCall()
	defer s.forget(opened)
	forms := formsOf(o.c)
	if s.forms.hold(forms) {
		return o.atOnce(opened)
	}
	closed := s.newCall()
	defer s.forget(closed)
	err := o.write(opened)
	if err == nil {
		err = o.step(closed, ofp.BundleClose)
	}
	if err == nil {
		err = o.post()
	}
	if err == nil {
		err = o.control(opened, ofp.BundleOpen)
		if err != nil {
			err = fmt.Errorf("open bundle: %w", err)
		}
	}
	if err == nil {
		err = o.control(closed, ofp.BundleClose)
	}
	if err != nil || s.anyFailed() {
		if o.sent {
			o.discard()
		}
		return s.verdict(s.settle(), inBundle(o.c), err)
	}
	if err = o.commit(); err == nil {
		s.forms.learn(forms)
	}
	return s.verdict(s.settle(), inBundle(o.c), err)
}

// atOnce sends the bundle and its commit in one piece. The commit closes the
// bundle as well, which saves the switch an answer.
func (o *order) atOnce(opened *call) error {
	s := o.s
	commit, barrier := s.newCall(), s.newCall()
	defer s.forget(commit, barrier)
	err := o.write(opened)
	if err == nil {
		err = o.last(commit, barrier)
	}
	if err != nil {
		return s.verdict(s.settle(), inBundle(o.c), err) // nothing was posted, or the switch is lost
	}
	o.ctx = context.WithoutCancel(o.ctx)
	err = o.committed(commit, barrier)
	if err = errors.Join(o.control(opened, ofp.BundleOpen), err); err != nil || s.anyFailed() {
		s.forms.forget()
	}
	return s.verdict(s.settle(), inBundle(o.c), err)
}

// write writes everything up to the close of the bundle. What has no form on
// the wire is found before anything is sent, if the change is small.
func (o *order) write(opened *call) error {
	k := o.s.rules
	for i := range o.c.PutMeters {
		m := &o.c.PutMeters[i]
		d, err := putMeter(m, putCommand(o.c.HeldMeters[m.ID]))
		if err == nil {
			err = o.plain(d)
		}
		if err != nil {
			return err
		}
	}
	if err := o.step(opened, ofp.BundleOpen); err != nil {
		return err
	}
	if err := o.groups(); err != nil {
		return err
	}
	for i := range o.c.PutFlows {
		if err := k.putFlow(&o.mod, &o.c.PutFlows[i]); err != nil {
			return err
		}
		if err := o.add(&o.mod); err != nil {
			return err
		}
	}
	return o.takes()
}

func (o *order) groups() error {
	for i := range o.c.PutGroups {
		g := &o.c.PutGroups[i]
		m, err := putGroup(g, putCommand(o.c.HeldGroups[g.ID]))
		if err != nil {
			return err
		}
		if err := o.add(m); err != nil {
			return slice.Errorf(slice.Invalid, "put group %s: %w", g, err)
		}
	}
	return nil
}

// takes writes what goes: what points goes before what is pointed at.
func (o *order) takes() error {
	for i := range o.c.TakeFlows {
		if err := o.s.rules.takeFlow(&o.mod, &o.c.TakeFlows[i]); err != nil {
			return err
		}
		if err := o.add(&o.mod); err != nil {
			return err
		}
	}
	for _, g := range o.c.TakeGroups {
		if err := o.add(&ofp.GroupMod{Command: ofp.GroupDelete, ID: g.ID}); err != nil {
			return err
		}
	}
	for _, n := range o.c.Forget {
		o.s.rules.forget(&o.mod, n)
		if err := o.add(&o.mod); err != nil {
			return err
		}
	}
	return nil
}

func putCommand(held bool) ofp.Command {
	if held {
		return ofp.Modify
	}
	return ofp.Add
}

// add writes a message as part of the bundle.
func (o *order) add(m ofp.Message) error {
	o.s.counters.count(m)
	o.wrap = ofp.BundleAdd{ID: o.id, Flags: bundleFlags, Message: m}
	return o.append(&o.wrap)
}

// plain writes a message by itself.
func (o *order) plain(m ofp.Message) error {
	o.s.counters.count(m)
	return o.append(m)
}

func (o *order) append(m ofp.Message) (err error) {
	if o.buf, err = m.Append(o.buf, o.next); err != nil {
		return slice.Errorf(slice.Invalid, "write to switch %s: %w", o.s.DPID(), err)
	}
	o.next++
	if len(o.buf) < chunk {
		return nil
	}
	return o.post()
}

// step writes a step of the bundle, whose answer goes to the call.
func (o *order) step(c *call, n ofp.BundleStep) (err error) {
	o.buf, err = (&ofp.BundleControl{ID: o.id, Step: n, Flags: bundleFlags}).Append(o.buf, c.xid)
	return err
}

func (o *order) post() error {
	o.sent = true
	err := o.s.post(o.ctx, o.buf)
	o.buf = o.buf[:0]
	return err
}

// control waits for the answer to a step.
func (o *order) control(c *call, n ofp.BundleStep) error {
	msg, err := o.s.wait(o.ctx, c, ofp.TypeExperimenter)
	if err != nil {
		return err
	}
	var got ofp.BundleControl
	if err := got.Decode(msg); err != nil {
		return err
	}
	if got.ID != o.id || got.Step != n+1 {
		return fmt.Errorf("step %d of bundle %d answers step %d of bundle %d", got.Step, got.ID, n, o.id)
	}
	return nil
}

// discard gives the bundle up, even if the caller has given up. The switch may
// have dropped it already, so that an error says nothing.
func (o *order) discard() {
	o.ctx = context.WithoutCancel(o.ctx)
	c := o.s.newCall()
	defer o.s.forget(c)
	o.buf = o.buf[:0]
	if o.step(c, ofp.BundleDiscard) == nil && o.post() == nil {
		_ = o.control(c, ofp.BundleDiscard)
	}
}

// commit does not end with the context of the caller, who could not know then
// what the switch holds. If the switch does not say, the connection ends: the
// next begins with reading the rules.
func (o *order) commit() error {
	o.ctx = context.WithoutCancel(o.ctx)
	commit, barrier := o.s.newCall(), o.s.newCall()
	defer o.s.forget(commit, barrier)
	if err := o.last(commit, barrier); err != nil {
		o.s.end(fmt.Errorf("commit: %w", err))
		return err
	}
	return o.committed(commit, barrier)
}

// last posts what waits, the commit and a barrier.
func (o *order) last(commit, barrier *call) error {
	err := o.step(commit, ofp.BundleCommit)
	if err == nil {
		o.buf, err = (&ofp.Raw{Type: ofp.TypeBarrierRequest}).Append(o.buf, barrier.xid)
	}
	if err == nil {
		err = o.post()
	}
	return err
}

// committed waits until the switch has carried out everything.
func (o *order) committed(commit, barrier *call) error {
	// The barrier is the last to be answered: who waits for it first wakes once.
	_, err := o.s.wait(o.ctx, barrier, ofp.TypeBarrierRequest)
	if err == nil {
		err = o.control(commit, ofp.BundleCommit)
	}
	var refusal *ofp.Error
	if err != nil && !errors.As(err, &refusal) {
		o.s.end(fmt.Errorf("commit: %w", err))
	}
	return err
}

// takeMeters removes the meters that no flow uses any more. Removing what is
// absent is success.
func (o *order) takeMeters(ctx context.Context) error {
	s, list := o.s, o.c.TakeMeters
	o.ctx, o.buf = ctx, o.buf[:0]
	o.next = s.expect(len(list)).first
	for _, m := range list {
		if err := o.plain(&ofp.MeterMod{Command: ofp.MeterDelete, ID: m.ID}); err != nil {
			return err
		}
	}
	barrier := s.newCall()
	defer s.forget(barrier)
	b, err := (&ofp.Raw{Type: ofp.TypeBarrierRequest}).Append(o.buf, barrier.xid)
	if o.buf = b; err == nil {
		err = o.post()
	}
	if err == nil {
		_, err = s.wait(ctx, barrier, ofp.TypeBarrierRequest)
	}
	failures := slices.DeleteFunc(s.settle(), func(f failure) bool { return absent(f.err) })
	return s.verdict(failures, func(at int) string { return "take meter " + list[at].String() }, err)
}
