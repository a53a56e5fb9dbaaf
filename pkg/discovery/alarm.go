package discovery

import (
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/topology"
)

// A Kind says what was wrong with a frame, or with a port.
type Kind uint8

// The kinds of alarm.
const (
	Forged    Kind = iota // a probe that this prober did not make
	Replayed              // a probe that has come up before
	Stale                 // a probe of long ago
	Misplaced             // a probe of another link
	Intruder              // any discovery frame from a port of a tenant
	Amnesiac              // a port that changes between tenant and link
	Contested             // a port whose probe came up at two ports
	kinds
)

var kindNames = [kinds]string{"forged", "replayed", "stale", "misplaced", "intruder", "amnesiac", "contested"}

// String returns the kind as one word.
func (k Kind) String() string { return kindNames[k] }

// An Alarm tells of an attempt to make a link where none is.
type Alarm struct {
	Kind Kind
	At   topology.End // where it came up
	From topology.End // whom it claims to come from, if it is ours
}

// String returns a line for a log.
func (a Alarm) String() string {
	return fmt.Sprintf("%s discovery frame at port %d of switch %s", a.Kind, a.At.Port, a.At.Switch)
}

// quiet is the time between two alarms of one kind and port.
const quiet = time.Second

type alarmKey struct {
	kind Kind
	at   topology.End
}

// alarm counts, and tells unless it has just told the same. The lock is held.
func (p *Prober) alarm(k Kind, at, from topology.End) {
	p.stats.Alarms[k]++
	now, key := p.clock.read(), alarmKey{k, at}
	if last, ok := p.alarmed[key]; ok && now-last < quiet {
		return
	}
	if len(p.alarmed) >= mostAlarms {
		clear(p.alarmed)
	}
	p.alarmed[key] = now
	p.tell(func() { p.cfg.Alarm(Alarm{k, at, from}) })
}

// mostAlarms bounds what is remembered of alarms.
const mostAlarms = 4096
