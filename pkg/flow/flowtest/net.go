package flowtest

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An End is one end of a wire: a port of a switch.
type End struct {
	Switch slice.DPID
	Port   slice.Port
}

// A Wire joins ports of two switches. A tunnel carries the VNI of a frame to
// the other end; a patch does not. Both carry tags.
type Wire struct {
	Name   string
	A, B   End
	Tunnel bool
}

// A Net is several switches and the wires between them.
type Net struct {
	Switches map[slice.DPID]Switch
	Wires    []Wire
}

// A Delivery is a frame that left the net by a port without a wire.
type Delivery struct {
	End
	Frame Frame
}

// A Trace tells what became of a frame that was sent into a net.
type Trace struct {
	Delivered []Delivery     // by switch and port
	Up        []Delivery     // what the controller got, by the end at which it came in
	Crossed   map[string]int // how often it crossed each wire, by name; absent is never
	Loop      bool           // it was still on its way after maxHops; the rest of the trace is then cut short
}

// maxHops is more than a frame can need in a net of a test. maxCopies stops a
// loop that multiplies the frame.
const (
	maxHops   = 64
	maxCopies = 10_000
)

// Send sends a frame into a switch by f.Port and follows all its copies.
func (n Net) Send(into slice.DPID, f Frame) Trace {
	t := Trace{Crossed: map[string]int{}}
	n.follow(&t, into, f)
	slices.SortStableFunc(t.Delivered, func(x, y Delivery) int {
		return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port))
	})
	return t
}

// follow takes the copies of a frame from switch to switch, all of them one
// hop at a time.
func (n Net) follow(t *Trace, into slice.DPID, f Frame) {
	moving := []Delivery{{End{into, f.Port}, f}}
	for hop := 0; len(moving) > 0; hop++ {
		if hop > maxHops || len(moving) > maxCopies {
			t.Loop = true
			return
		}
		var next []Delivery
		for _, m := range moving {
			r := n.Switches[m.Switch].Send(m.Frame)
			for _, f := range r.Up {
				t.Up = append(t.Up, Delivery{m.End, f})
			}
			for _, o := range r.Out {
				d, crosses := n.cross(t, End{m.Switch, o.Port}, o.Frame)
				if crosses {
					next = append(next, d)
				} else {
					t.Delivered = append(t.Delivered, d)
				}
			}
		}
		moving = next
	}
}

// cross takes a frame over the wire at an end, if there is one.
func (n Net) cross(t *Trace, at End, f Frame) (Delivery, bool) {
	for _, w := range n.Wires {
		far := w.B
		switch at {
		case w.A:
		case w.B:
			far = w.A
		default:
			continue
		}
		t.Crossed[w.Name]++
		f.Port = far.Port
		if !w.Tunnel {
			f.Tunnel = 0
		}
		return Delivery{far, f}, true
	}
	return Delivery{at, f}, false
}
