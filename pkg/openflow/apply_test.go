package openflow_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	second = &flow.Table{ID: 5, Name: "Second"}
	first  = &flow.Table{ID: 2, Name: "First", Next: []*flow.Table{second}}
)

// change has one of everything that a change can have.
func change() flow.Change {
	f := func(p flow.Priority, a ...flow.Action) flow.Flow {
		return flow.Flow{Table: first, Priority: p, Owner: 9, Match: []flow.Match{flow.InPort(3)}, Actions: a}
	}
	g := func(id uint32) flow.Group {
		return flow.Group{ID: id, Buckets: []flow.Bucket{{Actions: []flow.Action{flow.Output(1)}}}}
	}
	return flow.Change{
		PutMeters:  []flow.Meter{{ID: 1, Kbps: 10, Burst: 1}, {ID: 2, Kbps: 10, Burst: 1}},
		PutGroups:  []flow.Group{g(3), g(4)},
		PutFlows:   []flow.Flow{f(5, flow.ToGroup(3)), f(6, flow.Goto(second))},
		TakeFlows:  []flow.Flow{f(7)},
		TakeGroups: []flow.Group{g(8)},
		TakeMeters: []flow.Meter{{ID: 9}},
		HeldMeters: map[uint32]bool{2: true, 9: true},
		HeldGroups: map[uint32]bool{4: true, 8: true},
	}
}

// A step is what a switch is told, in short.
func step(msg []byte) string {
	m, err := ofp.Decode(msg)
	if err != nil {
		return err.Error()
	}
	switch m := m.(type) {
	case *ofp.FlowMod:
		return fmt.Sprintf("flow %d command %d", m.Priority, m.Command)
	case *ofp.GroupMod:
		return fmt.Sprintf("group %d command %d", m.ID, m.Command)
	case *ofp.MeterMod:
		return fmt.Sprintf("meter %d command %d", m.ID, m.Command)
	case *ofp.Experimenter:
		var c ofp.BundleControl
		if c.Decode(msg) == nil {
			return fmt.Sprintf("bundle %d flags %d", c.Step, c.Flags)
		}
		var a ofp.BundleAdd
		if err := a.Decode(msg); err != nil {
			return err.Error()
		}
		if !slices.Equal(msg[4:8], a.Inner[4:8]) {
			return "the message in the bundle has another xid"
		}
		return fmt.Sprintf("add flags %d: %s", a.Flags, step(a.Inner))
	default:
		return ofp.Type(msg[1]).String()
	}
}

// play answers barriers and bundle steps until the change is over, and returns
// what the switch was told. It answers a step of faults with the error.
func (f *fake) play(faults map[string]*ofp.Error, over <-chan outcome[struct{}]) ([]string, error) {
	f.t.Helper()
	var told []string
	for {
		select {
		case o := <-over:
			return told, o.err
		default:
		}
		msg := f.poll()
		if msg == nil {
			continue
		}
		s := step(msg)
		told = append(told, s)
		f.reply(msg, faults[s])
	}
}

func (f *fake) reply(msg []byte, fault *ofp.Error) {
	f.t.Helper()
	xid := binary.BigEndian.Uint32(msg[4:])
	var c ofp.BundleControl
	switch {
	case fault != nil:
		e := *fault
		e.Data = msg[:min(len(msg), 64)]
		f.send(xid, &e)
	case ofp.Type(msg[1]) == ofp.TypeBarrierRequest:
		f.send(xid, &ofp.Raw{Type: ofp.TypeBarrierReply})
	case c.Decode(msg) == nil:
		c.Step++
		f.send(xid, &c)
	}
}

func apply(s *openflow.Session, c flow.Change) <-chan outcome[struct{}] {
	return async(func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Apply(ctx, c) })
}

var whole = []string{
	"meter 1 command 0", "meter 2 command 1",
	"bundle 0 flags 3",
	"add flags 3: group 3 command 0", "add flags 3: group 4 command 1",
	"add flags 3: flow 5 command 0", "add flags 3: flow 6 command 0", "add flags 3: flow 7 command 4",
	"add flags 3: group 8 command 2",
	"bundle 2 flags 3", "bundle 4 flags 3", "barrier request",
	"meter 9 command 2", "barrier request",
}

func TestApply(t *testing.T) {
	discarded := append(slices.Clone(whole[:10]), "bundle 6 flags 3")
	badGroup := &ofp.Error{Type: ofp.ErrorBadAction, Code: 9}
	failed := &ofp.Error{Type: ofp.ErrorExperimenter, Code: 2313, Experimenter: ofp.ONF}
	for name, c := range map[string]struct {
		faults map[string]*ofp.Error
		told   []string
		fault  []string
		kind   slice.Kind
	}{
		"all is well": {told: whole},
		"meter refused": {
			faults: map[string]*ofp.Error{"meter 2 command 1": {Type: ofp.ErrorMeterModFailed, Code: 10}},
			told:   discarded, fault: []string{"put meter " + change().PutMeters[1].String(), "METER_MOD_FAILED OUT_OF_METERS"}, kind: slice.Exhausted,
		},
		"bundle refused": {
			faults: map[string]*ofp.Error{"bundle 0 flags 3": {Type: 1, Code: 5}},
			told:   discarded, fault: []string{"open bundle", "EPERM"}, kind: slice.Denied,
		},
		"flow refused when added": {
			faults: map[string]*ofp.Error{"add flags 3: flow 5 command 0": badGroup},
			told:   discarded, fault: []string{"put flow " + change().PutFlows[0].String(), "BAD_ACTION BAD_OUT_GROUP"}, kind: slice.Invalid,
		},
		"close refused": {
			faults: map[string]*ofp.Error{"bundle 2 flags 3": failed},
			told:   discarded, fault: []string{"BUNDLE_FAILED MSG_FAILED"}, kind: slice.Invalid,
		},
		"commit refused": {
			faults: map[string]*ofp.Error{"bundle 4 flags 3": failed},
			told:   whole[:12], fault: []string{"BUNDLE_FAILED MSG_FAILED"}, kind: slice.Invalid,
		},
		"meter to take is absent": {
			faults: map[string]*ofp.Error{"meter 9 command 2": {Type: ofp.ErrorMeterModFailed, Code: 3}},
			told:   whole,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := serve(t, openflow.Config{})
			f, s := join(t, k, 1)
			told, err := f.play(c.faults, apply(s, change()))
			if diff := cmp.Diff(c.told, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if (err != nil) != (c.fault != nil) || err != nil && slice.KindOf(err) != c.kind {
				t.Errorf("error %v of kind %s", err, slice.KindOf(err))
			}
			for _, w := range c.fault {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func TestApplyNothing(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	if err := s.Apply(context.Background(), flow.Diff(flow.Rules{}, flow.Rules{})); err != nil {
		t.Error(err)
	}
	f.alive() // fails if anything else was sent
	if n := k.Stats().Mods(); n != 0 {
		t.Errorf("%d messages sent", n)
	}
}

// TestApplyCannotBeSaid changes nothing and sends nothing when a rule has no
// form on the wire.
func TestApplyCannotBeSaid(t *testing.T) {
	put := func(f flow.Flow) flow.Change { f.Table = first; return flow.Change{PutFlows: []flow.Flow{f}} }
	match := func(m flow.Match) flow.Change { return put(flow.Flow{Match: []flow.Match{m}}) }
	acts := func(a ...flow.Action) flow.Change { return put(flow.Flow{Actions: a}) }
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	for name, c := range map[string]flow.Change{
		"mask of a port":        match(flow.Match{Field: flow.FieldInPort, Value: 1, Mask: 1}),
		"mask of a type":        match(flow.Match{Field: flow.FieldEthType, Value: 1, Mask: 1}),
		"mask of nothing":       match(flow.Match{Field: flow.FieldEthDst}),
		"value beside its mask": match(flow.Match{Field: flow.FieldEthDst, Value: 3, Mask: 1}),
		"mask beyond the field": match(flow.Match{Field: flow.FieldVLAN, Value: 1, Mask: 0xffff}),
		"field without number":  match(flow.Match{Field: 99, Mask: 1}),
		"goto before mark":      acts(flow.Goto(second), flow.Mark(1)),
		"output after mark":     acts(flow.Mark(1), flow.Output(1)),
		"two meters":            acts(flow.Limit(1), flow.Limit(2)),
		"unknown action":        acts(flow.Action{Verb: flow.VerbUnknown}),
		"foreign flow":          put(flow.Flow{Foreign: true}),
		"bytes that are none":   {TakeFlows: []flow.Flow{{Table: first, Raw: "x"}}},
		"bucket":                {PutGroups: []flow.Group{{Buckets: []flow.Bucket{{Actions: []flow.Action{{Verb: flow.VerbUnknown}}}}}}},
		"meter without rate":    {PutMeters: []flow.Meter{{ID: 1, Burst: 1}}},
		"meter without burst":   {PutMeters: []flow.Meter{{ID: 1, Kbps: 1}}},
	} {
		c.PutFlows = append([]flow.Flow{{Table: first, Priority: 1}}, c.PutFlows...)
		if err := s.Apply(context.Background(), c); slice.KindOf(err) != slice.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.alive()
}

// TestApplyTooLong sends nothing when a message does not fit, and gives the
// bundle up if it has begun.
func TestApplyTooLong(t *testing.T) {
	g := flow.Group{ID: 1, Buckets: make([]flow.Bucket, 5000)}
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	told, err := f.play(nil, apply(s, flow.Change{PutGroups: []flow.Group{g}}))
	if slice.KindOf(err) != slice.Invalid || len(told) != 0 {
		t.Errorf("%.200v, told %q", err, told)
	}
	list := make([]flow.Flow, 2000)
	for i := range list {
		list[i].Table = first
	}
	list[1999].Match = []flow.Match{{Field: 99}}
	told, err = f.play(nil, apply(s, flow.Change{PutFlows: list}))
	if slice.KindOf(err) != slice.Invalid || len(told) < 3 || told[0] != "bundle 0 flags 3" || told[len(told)-1] != "bundle 6 flags 3" || slices.Contains(told, "bundle 4 flags 3") {
		t.Errorf("%.200v, told %d messages", err, len(told))
	}
}

// TestCommitUnanswered closes the connection: nobody knows what the switch
// holds.
func TestCommitUnanswered(t *testing.T) {
	k := serve(t, openflow.Config{Request: 100 * time.Millisecond})
	f, s := join(t, k, 1)
	over := apply(s, flow.Change{PutFlows: []flow.Flow{{Table: first}}})
	for range 3 {
		msg, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		f.reply(msg, nil)
	}
	f.take(ofp.TypeExperimenter)
	f.closed()
	if o := receive(t, "the change ends", over); slice.KindOf(o.err) != slice.Unavailable {
		t.Errorf("commit without an answer: %v", o.err)
	}
}

// TestManyFlows sends more than fits one write, from two callers.
func TestManyFlows(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	var c flow.Change
	for i := range 3000 {
		c.PutFlows = append(c.PutFlows, flow.Flow{Table: first, Priority: flow.Priority(i), Match: []flow.Match{flow.InPort(1)}})
	}
	both := async(func(ctx context.Context) (struct{}, error) {
		other := apply(s, c) //nolint:contextcheck // it is a caller of its own
		if err := s.Apply(ctx, c); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, (<-other).err
	})
	told, err := f.play(nil, both)
	if err != nil {
		t.Fatal(err)
	}
	one := []string{"bundle 0 flags 3"}
	for i := range 3000 {
		one = append(one, fmt.Sprintf("add flags 3: flow %d command 0", i))
	}
	one = append(one, "bundle 2 flags 3", "bundle 4 flags 3", "barrier request")
	if !slices.Equal(told, append(slices.Clone(one), one...)) {
		t.Errorf("%d messages, not two changes one after the other", len(told))
	}
	if n := k.Stats().FlowMods; n != 6000 {
		t.Errorf("%d flow-mods counted", n)
	}
}
