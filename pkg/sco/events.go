package sco

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

const bucketEvents = "events"

// The bounds of the log of events: how many it keeps, and how many it returns
// where nobody says how many.
const (
	keptEvents  = 2000
	usualEvents = 500
)

// flushPause is the time between two flushes.
const flushPause = 100 * time.Millisecond

// A chronicle is the log of events. What happens is written down together with
// what happens at about the same time, and only then told: a number that
// somebody has seen is never given again. The same, in a row, of one object is
// one event with a count. A crash loses what was not written yet; the next run
// finds the state that it led to and tells of that.
type chronicle struct {
	store Store

	flushing sync.Mutex // of one flush after another

	mu    sync.Mutex
	all   []intent.Event // durable, oldest first
	fresh []intent.Event // not yet
	last  uint32         // number of the last one
	told  chan struct{}  // closed and renewed when there are more
	news  chan struct{}  // something is fresh
}

// openChronicle reads the events of earlier runs.
func openChronicle(s Store) (*chronicle, error) {
	stored, err := s.List(bucketEvents)
	if err != nil {
		return nil, fmt.Errorf("load the events: %w", err)
	}
	c := &chronicle{store: s, told: make(chan struct{}), news: make(chan struct{}, 1)}
	for key, text := range stored {
		var e intent.Event
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("load event %s: %w", key, err)
		}
		c.all = append(c.all, e)
		c.last = max(c.last, e.Number)
	}
	slices.SortFunc(c.all, func(a, b intent.Event) int { return cmp.Compare(a.Number, b.Number) })
	return c, nil
}

// add takes an event in. It waits for nobody and may be called under any lock
// but those of the chronicle.
func (c *chronicle) add(e intent.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Count = 1
	if i := latest(c.fresh, e); i >= 0 && same(c.fresh[i], e) {
		c.fresh[i].Count, c.fresh[i].Time = c.fresh[i].Count+1, e.Time
		return
	}
	if len(c.fresh) < keptEvents { // a flood of them is cut off, not kept
		c.fresh = append(c.fresh, e)
		poke(c.news)
	}
}

// latest returns where the last event of the object of an event is, or less
// than zero.
func latest(all []intent.Event, e intent.Event) int {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Slice == e.Slice && all[i].Domain == e.Domain && all[i].Object == e.Object {
			return i
		}
	}
	return -1
}

// same reports whether an event tells nothing new after another one of the
// same object.
func same(last, e intent.Event) bool {
	return last.Reason == e.Reason && last.Message == e.Message && last.Warning == e.Warning && last.Tenant == e.Tenant
}

// flush makes durable what has happened, and tells those who watch. Should the
// store fail, it is with the next flush.
func (c *chronicle) flush() error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	fresh, all, last := c.fresh, slices.Clone(c.all), c.last
	c.fresh = nil
	c.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	all, last, err := c.save(fresh, all, last)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fresh = append(fresh, c.fresh...)
		return fmt.Errorf("save the events: %w", err)
	}
	c.all, c.last = all, last
	close(c.told)
	c.told = make(chan struct{})
	return nil
}

// save makes fresh events durable behind all that are, and returns both.
func (c *chronicle) save(fresh, all []intent.Event, last uint32) ([]intent.Event, uint32, error) {
	w := changes{}
	for _, e := range fresh {
		last++
		if i := latest(all, e); i >= 0 && same(all[i], e) {
			e.Count += all[i].Count
			w.drop(bucketEvents, eventKey(all[i].Number))
			all = slices.Delete(all, i, i+1)
		}
		e.Number = last
		all = append(all, e)
		if err := w.put(bucketEvents, eventKey(last), e); err != nil {
			return nil, 0, err
		}
	}
	for len(all) > keptEvents {
		w.drop(bucketEvents, eventKey(all[0].Number))
		all = all[1:]
	}
	return all, last, w.write(c.store)
}

// run flushes soon after something has happened, until ctx ends.
func (c *chronicle) run(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-c.news:
		}
		if err := c.flush(); err != nil {
			failed(err)
			poke(c.news)
		}
		_ = rest(ctx, flushPause) // the loop sees that ctx has ended
	}
}

func eventKey(n uint32) string { return fmt.Sprintf("%010d", n) }

// read returns the events that a query chooses, and a channel that closes when
// there are more.
func (c *chronicle) read(q intent.EventQuery) ([]intent.Event, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := int(cmp.Or(q.Limit, usualEvents))
	var found []intent.Event
	for i := len(c.all) - 1; i >= 0 && len(found) < limit && c.all[i].Number > q.After; i-- {
		if chosen(q, c.all[i]) {
			found = append(found, c.all[i])
		}
	}
	slices.Reverse(found)
	return found, c.told
}

// chosen reports whether a query chooses an event. To a tenant what belongs to
// nobody is not shown.
func chosen(q intent.EventQuery, e intent.Event) bool {
	return (q.Slice == "" || q.Slice == e.Slice) && (q.Tenant == "" || q.Tenant == e.Tenant) && (q.Domain == "" || q.Domain == e.Domain)
}

// Events returns the newest events that a query chooses, oldest first.
func (s *SCO) Events(_ context.Context, q intent.EventQuery) ([]intent.Event, error) {
	if err := s.events.flush(); err != nil {
		return nil, err
	}
	all, _ := s.events.read(q)
	return all, nil
}

// WatchEvents tells the same events as Events and then every new one, until ctx
// ends or tell returns an error. A watcher that is slow misses those that the
// log has let go meanwhile, and holds nobody up.
func (s *SCO) WatchEvents(ctx context.Context, q intent.EventQuery, tell func(intent.Event) error) error {
	if err := s.events.flush(); err != nil {
		return err
	}
	for {
		all, more := s.events.read(q)
		for _, e := range all {
			q.After = e.Number
			if err := tell(e); err != nil {
				return err
			}
		}
		q.Limit = keptEvents
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

// happened writes down what happened to a slice, or to an object of it.
func (s *SCO) happened(r *record, warning bool, reason, format string, args ...any) {
	id := r.Intents.Slice.ID
	s.events.add(intent.Event{
		Time: s.cfg.Now().UTC(), Slice: id, Tenant: r.Intents.Slice.Tenant, Object: "slice/" + string(id),
		Warning: warning, Reason: reason, Message: fmt.Sprintf(format, args...),
	})
}

// happenedTo writes down what happened to a domain, or to a link between two.
func (s *SCO) happenedTo(d slice.Domain, object string, warning bool, reason, message string) {
	s.events.add(intent.Event{
		Time: s.cfg.Now().UTC(), Domain: d, Object: object, Warning: warning, Reason: reason, Message: message,
	})
}

// refused writes down that an order was refused, if that is what went wrong.
// Whose slice it would be is known from the order, or from what is there.
func (s *SCO) refused(id slice.ID, tenant slice.Tenant, what string, err error) {
	switch slice.KindOf(err) {
	case slice.Invalid, slice.Conflict, slice.Exhausted, slice.Stale, slice.Denied:
	default:
		return
	}
	if r := s.record(id); tenant == "" && r != nil {
		tenant = r.Intents.Slice.Tenant
	}
	if !slice.IsLabel(string(id)) || !slice.IsLabel(string(tenant)) {
		return // nobody could ask for it
	}
	s.events.add(intent.Event{
		Time: s.cfg.Now().UTC(), Slice: id, Tenant: tenant, Object: "slice/" + string(id), Warning: true,
		Reason: "Refused", Message: fmt.Sprintf("%s: %.500s", what, err.Error()),
	})
}
