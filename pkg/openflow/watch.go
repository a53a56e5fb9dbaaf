package openflow

import (
	"errors"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// errSilent says that a switch did not answer three echo requests.
var errSilent = errors.New("switch is silent")

// A watch asks a switch that has been silent whether it is there. It has a
// timer and no goroutine: most switches are silent most of the time.
type watch struct {
	s *Session

	mu    sync.Mutex
	timer *time.Timer
	asked int // times in a row
	over  bool
}

// watch watches the connection until stop is called.
func (s *Session) watch() (stop func()) {
	w := &watch{s: s}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(s.config.Silence, w.look)
	return w.stop
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if w.asked++; w.s.heard.Swap(false) {
		w.asked = 0
	}
	if w.asked > 3 {
		w.s.end(errSilent)
		return
	}
	if w.asked > 0 {
		w.s.poke()
	}
	w.timer.Reset(w.s.config.Silence)
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

// poke sends an echo request, if there is room for it: if not, the writer is
// stuck, and its deadline will say so.
func (s *Session) poke() {
	b, err := (&ofp.Echo{}).Append(nil, s.xid.Add(1))
	if err != nil {
		s.end(err)
		return
	}
	s.out.offer(b, backlog)
}
