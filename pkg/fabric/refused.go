package fabric

import "github.com/l2sces/l2sces/pkg/slice"

// Refuse notes that a switch was not let in.
func (e *Engine) Refuse(d slice.DPID, err error) {
	reason := "other"
	switch slice.KindOf(err) {
	case slice.Conflict:
		reason = "duplicate"
	case slice.Denied:
		reason = "denied"
	}
	e.log.Warn("switch was not let in", "dpid", d.String(), "reason", err.Error())
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refusals == nil {
		e.refusals = map[string]uint64{}
	}
	e.refusals[reason]++
}

// Refused returns how many switches were not let in, by reason: duplicate, for
// an identifier that a connected switch has; denied, for a certificate that is
// another's, or none; other.
func (e *Engine) Refused() map[string]uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]uint64{"duplicate": 0, "denied": 0, "other": 0}
	for reason, n := range e.refusals {
		all[reason] = n
	}
	return all
}
