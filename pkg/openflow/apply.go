package openflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A mod is a message that changes a rule, and the rule for when it fails.
type mod struct {
	verb string
	rule fmt.Stringer
	ofp.Message
}

// A plan is a change as messages, in the order in which they are sent.
type plan struct {
	before []mod // meters, which Open vSwitch does not take in a bundle
	bundle []mod
	after  []mod // meters that no flow uses any more
}

// Apply carries a change out. When it returns nil the switch has confirmed
// everything; when it returns an error nothing of the bundle of groups and
// flows is in place.
func (s *Session) Apply(ctx context.Context, c flow.Change) error {
	if c.Empty() {
		return nil
	}
	p, err := s.rules.plan(c)
	if err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.done:
		return s.lost()
	case <-ctx.Done():
		return slice.Errorf(slice.Unavailable, "change of switch %s waits for another: %w", s.DPID(), ctx.Err())
	}
	if err := s.plain(ctx, p.before); err != nil {
		return err
	}
	if err := s.bundle(ctx, p.bundle); err != nil {
		return err
	}
	return s.plain(ctx, p.after)
}

// plan makes the messages of a change: what is pointed at comes before what
// points, and goes after it.
func (k *codec) plan(c flow.Change) (plan, error) {
	var p plan
	for _, m := range c.PutMeters {
		d, err := putMeter(m, putCommand(c.HeldMeters[m.ID]))
		if err != nil {
			return p, err
		}
		p.before = append(p.before, mod{"put meter", m, d})
	}
	for _, g := range c.PutGroups {
		m, err := putGroup(g, putCommand(c.HeldGroups[g.ID]))
		if err != nil {
			return p, err
		}
		p.bundle = append(p.bundle, mod{"put group", g, m})
	}
	for _, f := range c.PutFlows {
		m, err := k.putFlow(f)
		if err != nil {
			return p, err
		}
		p.bundle = append(p.bundle, mod{"put flow", f, m})
	}
	for _, f := range c.TakeFlows {
		m, err := k.takeFlow(f)
		if err != nil {
			return p, err
		}
		p.bundle = append(p.bundle, mod{"take flow", f, m})
	}
	for _, g := range c.TakeGroups {
		p.bundle = append(p.bundle, mod{"take group", g, &ofp.GroupMod{Command: ofp.GroupDelete, ID: g.ID}})
	}
	for _, m := range c.TakeMeters {
		p.after = append(p.after, mod{"take meter", m, &ofp.MeterMod{Command: ofp.MeterDelete, ID: m.ID}})
	}
	return p, nil
}

func putCommand(held bool) ofp.Command {
	if held {
		return ofp.Modify
	}
	return ofp.Add
}

// plain sends messages one by one and waits until they are done.
func (s *Session) plain(ctx context.Context, mods []mod) error {
	if len(mods) == 0 {
		return nil
	}
	err := s.stream(ctx, mods, func(m ofp.Message) ofp.Message { return m })
	if err == nil {
		err = s.barrier(ctx)
	}
	return s.verdict(mods, err)
}

// bundle sends messages that the switch carries out all or not at all, and in
// their order. It is closed before it is committed: Open vSwitch drops a
// message that it cannot read from the bundle and commits the rest, so that
// every message must be known to be in before.
func (s *Session) bundle(ctx context.Context, mods []mod) error {
	if len(mods) == 0 {
		return nil
	}
	const flags = ofp.BundleAtomic | ofp.BundleOrdered
	id := s.bundles.Add(1)
	step := func(ctx context.Context, n ofp.BundleStep) error {
		var got ofp.BundleControl
		if err := s.ask(ctx, &ofp.BundleControl{ID: id, Step: n, Flags: flags}, &got); err != nil {
			return err
		}
		if got.ID != id || got.Step != n+1 {
			return fmt.Errorf("step %d of bundle %d answers step %d of bundle %d", got.Step, got.ID, n, id)
		}
		return nil
	}
	if err := step(ctx, ofp.BundleOpen); err != nil {
		return fmt.Errorf("open bundle: %w", err)
	}
	wrap := func(m ofp.Message) ofp.Message { return &ofp.BundleAdd{ID: id, Flags: flags, Message: m} }
	err := s.stream(ctx, mods, wrap)
	if err == nil {
		err = step(ctx, ofp.BundleClose)
	}
	if err != nil || s.anyFailed() {
		// Even if the caller has given up. The switch may have dropped the
		// bundle already, so an error says nothing.
		_ = step(context.WithoutCancel(ctx), ofp.BundleDiscard)
		return s.verdict(mods, err)
	}
	return s.verdict(mods, s.commit(context.WithoutCancel(ctx), step))
}

// commit does not end with the context of the caller, who could not know then
// what the switch holds. If the switch does not say, the connection ends: the
// next begins with reading the rules.
func (s *Session) commit(ctx context.Context, step func(context.Context, ofp.BundleStep) error) error {
	err := step(ctx, ofp.BundleCommit)
	if err == nil {
		err = s.barrier(ctx)
	}
	var refusal *ofp.Error
	if err != nil && !errors.As(err, &refusal) {
		s.end(fmt.Errorf("commit: %w", err))
	}
	return err
}

// chunk is how many bytes of messages are queued at once.
const chunk = 32 << 10

// stream sends messages whose errors the batch of the session collects.
func (s *Session) stream(ctx context.Context, mods []mod, wrap func(ofp.Message) ofp.Message) error {
	first := s.expect(len(mods)).first
	b := make([]byte, 0, chunk)
	for i, m := range mods {
		var err error
		if b, err = wrap(m.Message).Append(b, first+uint32(i)); err != nil {
			return slice.Errorf(slice.Invalid, "%s %s: %w", m.verb, m.rule, err)
		}
		s.counters.count(m.Message)
		if len(b) < chunk && i < len(mods)-1 {
			continue
		}
		if err := s.post(ctx, b); err != nil {
			return err
		}
		b = make([]byte, 0, chunk)
	}
	return nil
}

func (c *counters) count(m ofp.Message) {
	switch m.(type) {
	case *ofp.FlowMod:
		c.flowMods.Add(1)
	case *ofp.GroupMod:
		c.groupMods.Add(1)
	case *ofp.MeterMod:
		c.meterMods.Add(1)
	}
}

func (s *Session) anyFailed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.batch != nil && len(s.batch.failures) > 0
}

// verdict names the rules at fault. If there are none, or the connection is
// gone, the error that was met stands.
func (s *Session) verdict(mods []mod, met error) error {
	var list []error
	kind := slice.Invalid
	for _, f := range s.settle() {
		m := mods[f.at]
		if d, ok := m.Message.(*ofp.MeterMod); ok && d.Command == ofp.MeterDelete && f.err.Error() == "METER_MOD_FAILED UNKNOWN_METER" {
			continue // removing what is absent is success
		}
		kind = kindOf(f.err)
		list = append(list, fmt.Errorf("%s %s: %w", m.verb, m.rule, f.err))
	}
	if len(list) == 0 {
		return met
	}
	return slice.Errorf(kind, "switch %s: %w", s.DPID(), errors.Join(list...))
}
