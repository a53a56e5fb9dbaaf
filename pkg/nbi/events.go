package nbi

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
)

// maxEvents is how many events are kept for clients that come back.
const maxEvents = 4096

// Events keeps what happened of late, for those who follow it. Its zero value
// is empty. A number begins anew with the process; the epoch tells clients
// that come back to another one.
type Events struct {
	Now func() time.Time // of the events; nil: they have no time

	mu    sync.Mutex
	epoch string
	last  uint64
	kept  []rest.Event // the newest, in order; the numbers have no gaps
	more  chan struct{}
}

// Add enters an event.
func (e *Events) Add(kind rest.EventKind, subject, message string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last++
	ev := rest.Event{Id: e.id(e.last), Kind: kind, Subject: subject, Message: text(message)}
	if e.Now != nil {
		now := e.Now().UTC()
		if e.epoch == "" {
			e.epoch = strconv.FormatInt(now.UnixNano(), 36)
			ev.Id = e.id(e.last)
		}
		ev.Time = &now
	}
	if len(e.kept) >= maxEvents {
		e.kept = append(e.kept[:0:0], e.kept[maxEvents/4:]...)
	}
	e.kept = append(e.kept, ev)
	if e.more != nil {
		close(e.more)
		e.more = nil
	}
}

func (e *Events) id(n uint64) string { return e.epoch + "-" + strconv.FormatUint(n, 10) }

// place returns where a client goes on that has an event, and whether it is
// known what came behind it. Without an event it is from now on.
func (e *Events) place(id string) (at uint64, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if id == "" {
		return e.last, true
	}
	epoch, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || epoch != e.epoch || n > e.last {
		return 0, false // of another process
	}
	return n, true
}

// after returns the events behind a place, whether there were some that are not
// kept any more, and a channel that is closed when there are more.
func (e *Events) after(at uint64) (events []rest.Event, lost bool, more <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.more == nil {
		e.more = make(chan struct{})
	}
	first := e.last - uint64(len(e.kept)) // the place before the first that is kept
	return slices.Clone(e.kept[max(at, first)-first:]), at < first, e.more
}

// A Look is what can be seen at one moment: by subject, how it is. An absent
// subject is not there.
type Look struct {
	Switches map[string]bool   // connected
	Links    map[string]string // why it is down, empty if it is up
	Networks map[string]string // why it is not ready, empty if it is
}

// pace is the shortest time between two looks.
const pace = 500 * time.Millisecond

// Watch compares what it sees with what it saw, whenever something has changed,
// and enters the difference, until ctx ends. What comes and goes between two
// looks is not seen.
func (e *Events) Watch(ctx context.Context, look func() Look, changes func() (nodes, switches <-chan struct{})) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var have Look
	for {
		nodes, switches := changes()
		now := look()
		e.compare(have, now)
		have = now
		select {
		case <-ctx.Done():
			return
		case <-nodes:
		case <-switches:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Events) compare(have, now Look) {
	for name, up := range now.Switches {
		switch {
		case up && !have.Switches[name]:
			e.Add(rest.SwitchUp, name, "")
		case !up && have.Switches[name]:
			e.Add(rest.SwitchDown, name, "")
		}
	}
	e.states(have.Links, now.Links, rest.LinkUp, rest.LinkDown, rest.LinkDown)
	e.states(have.Networks, now.Networks, rest.NetworkReady, rest.NetworkFailed, rest.NetworkGone)
}

// states enters what became good, bad or absent.
func (e *Events) states(have, now map[string]string, good, bad, gone rest.EventKind) {
	for name, why := range now {
		was, known := have[name]
		switch {
		case known && was == why:
		case why == "":
			e.Add(good, name, "")
		default:
			e.Add(bad, name, why)
		}
	}
	for name := range have {
		if _, still := now[name]; !still {
			e.Add(gone, name, "it is no more")
		}
	}
}
