package world

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A Fault is what is wrong with the line between a switch and its controller.
type Fault int

// The faults.
const (
	None     Fault = iota
	Cut            // it breaks, and every new one at once
	HalfOpen       // nothing passes, and nobody is told
	Slow           // the switch reads a kilobyte in a tenth of a second
)

// wires are the lines of one switch.
type wires struct {
	mu    sync.Mutex
	fault Fault
	all   map[*wire]bool
}

// Line sets what is wrong with the line of a node's switch. A line that was
// half open breaks when it is mended, because bytes are missing.
func (n *Node) Line(f Fault) {
	w := &n.wires
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.fault
	w.fault = f
	for c := range w.all {
		if f == Cut || before == HalfOpen && f != HalfOpen {
			_ = c.Conn.Close() // whoever reads is told
			continue
		}
		c.set(f)
	}
}

// listener takes the lines of one switch.
type listener struct {
	net.Listener
	wires *wires
}

// Accept returns a line that has the faults of its switch.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: conn, of: l.wires, closed: make(chan struct{})}
		l.wires.mu.Lock()
		w.fault = l.wires.fault
		cut := w.fault == Cut
		if !cut {
			if l.wires.all == nil {
				l.wires.all = map[*wire]bool{}
			}
			l.wires.all[w] = true
		}
		l.wires.mu.Unlock()
		if !cut {
			return w, nil
		}
		_ = conn.Close() // as one that nobody answers
	}
}

// wire is one line.
type wire struct {
	net.Conn
	of     *wires
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	fault Fault
	late  time.Time // when a write has to end
}

func (w *wire) set(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = f
}

func (w *wire) now() (Fault, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault, w.late
}

// Close forgets the line.
func (w *wire) Close() error {
	w.once.Do(func() {
		close(w.closed)
		w.of.mu.Lock()
		defer w.of.mu.Unlock()
		delete(w.of.all, w)
	})
	return w.Conn.Close()
}

// Read throws away what comes in by a line that is half open.
func (w *wire) Read(b []byte) (int, error) {
	for {
		n, err := w.Conn.Read(b)
		if f, _ := w.now(); f == HalfOpen && err == nil {
			continue
		}
		return n, err
	}
}

// SetWriteDeadline sets when a write has to end.
func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	w.late = t
	w.mu.Unlock()
	return w.Conn.SetWriteDeadline(t)
}

// SetDeadline sets when everything has to end.
func (w *wire) SetDeadline(t time.Time) error {
	return errors.Join(w.SetWriteDeadline(t), w.SetReadDeadline(t))
}

// piece is what a slow switch takes at a time.
const (
	piece = 1 << 10
	rest  = 100 * time.Millisecond
)

// Write takes everything and sends nothing where the line is half open.
func (w *wire) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		f, late := w.now()
		size := len(b) - sent
		switch f {
		case HalfOpen:
			return len(b), nil
		case Slow:
			size = min(piece, size)
			timer := time.NewTimer(rest)
			select {
			case <-timer.C:
			case <-w.closed:
				timer.Stop()
				return sent, net.ErrClosed
			}
			if !late.IsZero() && time.Now().After(late) {
				return sent, os.ErrDeadlineExceeded
			}
		case None, Cut:
		}
		n, err := w.Conn.Write(b[sent : sent+size])
		if sent += n; err != nil {
			return sent, err
		}
	}
	return sent, nil
}
