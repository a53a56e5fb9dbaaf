package openflow

import (
	"errors"
	"fmt"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

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
func (s *Session) verdict(failures []failure, name func(at int) string, met error) error {
	var list []error
	kind := slice.Invalid
	for _, f := range failures {
		kind = kindOf(f.err)
		list = append(list, fmt.Errorf("%s: %w", name(f.at), f.err))
	}
	if len(list) == 0 {
		return met
	}
	return slice.Errorf(kind, "switch %s: %w", s.DPID(), errors.Join(list...))
}

// inBundle names the message at a place of a change, in the order in which
// they are sent before meters are taken.
func inBundle(c *flow.Change) func(at int) string {
	return func(at int) string {
		for _, part := range []struct {
			verb string
			n    int
			text func(int) string
		}{
			{"put meter", len(c.PutMeters), func(i int) string { return c.PutMeters[i].String() }},
			{"put group", len(c.PutGroups), func(i int) string { return c.PutGroups[i].String() }},
			{"put flow", len(c.PutFlows), func(i int) string { return c.PutFlows[i].String() }},
			{"take flow", len(c.TakeFlows), func(i int) string { return c.TakeFlows[i].String() }},
			{"take group", len(c.TakeGroups), func(i int) string { return c.TakeGroups[i].String() }},
			{"forget network", len(c.Forget), func(i int) string { return fmt.Sprint(c.Forget[i]) }},
		} {
			if at < part.n {
				return part.verb + " " + part.text(at)
			}
			at -= part.n
		}
		return "message"
	}
}

// absent reports whether a removal failed because there is nothing to remove,
// which is success.
func absent(err *ofp.Error) bool { return err.Error() == "METER_MOD_FAILED UNKNOWN_METER" }
