package openflow

import "sync"

// A mailbox holds events that are to be told, in order. It has a goroutine
// only while there are any: most switches say nothing most of the time.
type mailbox struct {
	mu      sync.Mutex
	list    []Event
	open    bool          // the switch is ready: what is there may be told
	telling bool          // a goroutine is at it
	room    chan struct{} // closed when there is room again; nil if nobody waits
}

// openMail begins to tell. Nobody hears of a switch that was refused.
func (s *Session) openMail() {
	s.events.mu.Lock()
	s.events.open = true
	start := s.events.begin()
	s.events.mu.Unlock()
	if start {
		s.tell()
	}
}

// begin reports whether a goroutine has to be started; the lock is held.
func (m *mailbox) begin() bool {
	if !m.open || m.telling || len(m.list) == 0 {
		return false
	}
	m.telling = true
	return true
}

// offer takes an event if there is room for it; else it returns what to wait
// for.
func (s *Session) offer(e Event) (room <-chan struct{}) {
	m := &s.events
	m.mu.Lock()
	if len(m.list) >= s.config.Queue {
		defer m.mu.Unlock()
		if m.room == nil {
			m.room = make(chan struct{})
		}
		return m.room
	}
	m.list = append(m.list, e)
	start := m.begin()
	m.mu.Unlock()
	if start {
		s.tell()
	}
	return nil
}

// queue waits for room: these events must not be lost.
func (s *Session) queue(e Event) {
	for {
		room := s.offer(e)
		if room == nil {
			return
		}
		select {
		case <-room:
		case <-s.done:
			return
		}
	}
}

// tell hands events to whom they concern until there are none.
func (s *Session) tell() {
	s.running.Go(func() {
		err := s.guard(func() error {
			for {
				e, ok := s.events.next()
				if !ok {
					return nil
				}
				s.config.Events(e)
			}
		})
		if err != nil {
			s.end(err)
		}
	})
}

// next takes the first event. Without one the goroutine is over.
func (m *mailbox) next() (e Event, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) == 0 {
		m.telling = false
		m.list = nil
		return e, false
	}
	e, m.list = m.list[0], m.list[1:]
	if m.room != nil {
		close(m.room)
		m.room = nil
	}
	return e, true
}
