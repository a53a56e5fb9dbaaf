package sco

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// bucketViews holds since when the conditions of slices are what they are.
const bucketViews = "slice-conditions"

// settleTime is how long after the start a slice is not blamed for what it has
// lost sight of: domains and NEDs are coming back.
const settleTime = 15 * time.Second

// A view is what was observed of a slice last.
type view struct {
	Phase      intent.Phase    `json:"phase"`
	Generation uint32          `json:"generation"`
	Marks      map[string]mark `json:"marks,omitempty"` // by object and type of the condition

	changed bool // since it was saved
}

// A mark tells since when a condition is true, or not.
type mark struct {
	Status bool      `json:"status"`
	Since  time.Time `json:"since"`
}

// loadViews reads what an earlier run observed.
func (s *SCO) loadViews() error {
	stored, err := s.cfg.Store.List(bucketViews)
	if err != nil {
		return fmt.Errorf("load the conditions: %w", err)
	}
	s.views, s.begun, s.lostViews = map[slice.ID]*view{}, s.cfg.Now().UTC(), map[slice.ID]bool{}
	for key, text := range stored {
		v := &view{}
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("load the conditions of slice %s: %w", key, err)
		}
		if id := slice.ID(key); s.records[id] != nil {
			s.views[id] = v
		} else {
			s.lostViews[id] = true
		}
	}
	return nil
}

// date writes into a status since when its conditions are what they are. What
// has changed has changed now, so that whoever asks again hears the same.
func (s *SCO) date(r *record, out *intent.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.Intents.Slice.ID
	if s.records[id] == nil || s.records[id].Generation != r.Generation {
		return // it is a plan, or over
	}
	v := s.views[id]
	if v == nil {
		v = &view{Marks: map[string]mark{}}
		s.views[id] = v
	}
	p := &pen{view: v, now: s.cfg.Now().UTC(), begun: s.begun, sure: s.sure(r), used: map[string]bool{}}
	if t := s.tries[id]; t != nil {
		p.generation = t.generation
	}
	p.write("slice", out.Conditions)
	for _, d := range out.Domains {
		p.write("domain/"+string(d.Name), d.Conditions)
	}
	for _, l := range out.Links {
		p.write("link/"+l.Name, l.Conditions)
	}
	for _, n := range out.Networks {
		p.write("network/"+string(n.Name), n.Conditions)
		for _, m := range n.Members {
			p.write("member/"+string(n.Name)+"/"+string(m.Name)+"@"+string(m.Domain), m.Conditions)
		}
	}
	p.forget()
}

// sure reports whether what is seen of a slice is the truth, and not the
// blindness after a start; the lock is held.
func (s *SCO) sure(r *record) bool {
	if t := s.tries[r.Intents.Slice.ID]; t != nil && t.why == "" && !r.Deleting {
		return true
	}
	return s.cfg.Now().Sub(s.begun) >= settleTime
}

// A pen dates the conditions of one slice.
type pen struct {
	view       *view
	now, begun time.Time
	sure       bool
	generation uint32
	used       map[string]bool
}

func (p *pen) write(object string, all []intent.Condition) {
	for i := range all {
		c := &all[i]
		key := object + " " + c.Type
		p.used[key] = true
		m, known := p.view.Marks[key]
		switch {
		case known && m.Status == c.Status:
		case known && !p.sure:
			m.Since = p.begun
		default:
			m = mark{c.Status, p.now}
			p.view.Marks[key], p.view.changed = m, true
		}
		c.Since, c.ObservedGeneration = m.Since, p.generation
	}
}

// forget drops the marks of objects that are no more.
func (p *pen) forget() {
	for key := range p.view.Marks {
		if !p.used[key] {
			delete(p.view.Marks, key)
			p.view.changed = true
		}
	}
}

// observe notes in which phase a slice is, and tells what is new.
func (s *SCO) observe(r *record, now intent.Status) {
	s.mu.Lock()
	v := s.views[r.Intents.Slice.ID]
	if v == nil || !s.sure(r) && v.Phase != "" || s.records[r.Intents.Slice.ID] == nil {
		s.mu.Unlock()
		return
	}
	was, generation := v.Phase, v.Generation
	if was == now.Phase && generation == r.Generation {
		s.mu.Unlock()
		return
	}
	v.Phase, v.Generation, v.changed = now.Phase, r.Generation, true
	s.mu.Unlock()
	switch {
	case now.Phase == intent.Ready && was == intent.Degraded && generation == r.Generation:
		s.happened(r, false, "Repaired", "everything of generation %d is true again", r.Generation)
	case now.Phase == intent.Ready:
		s.happened(r, false, "Ready", "generation %d is true everywhere", r.Generation)
	case now.Phase == intent.Degraded:
		s.happened(r, true, "Degraded", "%.500s", now.Message)
	case now.Phase == intent.Pending:
		s.happened(r, true, "Pending", "%.500s", now.Message)
	}
}

// observeAll looks at every slice, at the links between domains, and makes
// durable what is new.
func (s *SCO) observeAll() {
	for _, r := range s.sortedRecords() {
		s.observe(r, s.statusOf(r))
	}
	s.observeLinks()
	if err := s.saveViews(); err != nil {
		s.cfg.Logger.Error("conditions were not saved", "error", err.Error())
	}
}

// observeLinks tells of links between NEDs that went down or came up.
func (s *SCO) observeLinks() {
	now := map[string]string{}
	for _, l := range s.fabric.Links() {
		now["link/"+l.Name] = l.Reason
	}
	s.mu.Lock()
	before := s.links
	s.links = now
	s.mu.Unlock()
	for name, why := range now {
		switch was, known := before[name]; {
		case why != "" && was == "":
			s.happenedTo("", name, true, "LinkDown", why)
		case why == "" && known && was != "":
			s.happenedTo("", name, false, "LinkUp", "frames pass again")
		}
	}
}

// saveViews makes the views that have changed durable, all at once.
func (s *SCO) saveViews() error {
	w := changes{}
	s.mu.Lock()
	var saved []*view
	var gone []slice.ID
	for id, v := range s.views {
		if !v.changed {
			continue
		}
		if err := w.put(bucketViews, string(id), v); err != nil {
			s.mu.Unlock()
			return err
		}
		v.changed = false
		saved = append(saved, v)
	}
	for id := range s.lostViews {
		if s.views[id] == nil {
			w.drop(bucketViews, string(id))
		}
		gone = append(gone, id)
	}
	clear(s.lostViews)
	s.mu.Unlock()
	if len(w) == 0 {
		return nil
	}
	err := w.write(s.cfg.Store)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range saved {
		v.changed = true
	}
	for _, id := range gone {
		s.lostViews[id] = true
	}
	return err
}

// forgetView drops what was observed of a slice that is gone; the lock is held.
func (s *SCO) forgetView(id slice.ID) {
	delete(s.views, id)
	s.lostViews[id] = true
}
