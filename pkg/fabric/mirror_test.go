package fabric_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A mirror port comes, moves to another switch and goes while the network is
// there. Every frame is delivered as before and copied once, and a restart
// changes nothing.
func TestMirrorComesAndGoes(t *testing.T) {
	in(t, mesh, func(w *world) {
		row(w, 0xa1, 0xb2, 0xc3)
		at := func(d slice.DPID, p slice.Port) fabric.Attachment {
			return fabric.Attachment{Node: fabric.GuestName(d), Port: p}
		}
		n := fabric.Network{ID: id("n"), Type: slice.VNet, Attachments: []fabric.Attachment{at(0xa1, 5), at(0xb2, 7)}}
		to := flowtest.End{Switch: 0xb2, Port: 7}
		for _, step := range []struct {
			mirror fabric.Attachment
			want   []flowtest.End
		}{
			{at(0xc3, 9), []flowtest.End{to, {Switch: 0xc3, Port: 9}}},
			{at(0xa1, 9), []flowtest.End{{Switch: 0xa1, Port: 9}, to}},
			{at(0xb2, 9), []flowtest.End{to, {Switch: 0xb2, Port: 9}}},
			{fabric.Attachment{}, []flowtest.End{to}},
		} {
			n.Mirror = step.mirror
			if _, err := w.Put(n); err != nil {
				t.Fatal(err)
			}
			w.settle()
			if diff := cmp.Diff(step.want, leaves(w, 0xa1, 5, slice.Broadcast)); diff != "" {
				t.Errorf("mirror port on %s (-want +got)\n%s", step.mirror.Node, diff)
			}
			if s, err := w.Status(n.ID); err != nil || !s.Ready || s.Message != "" {
				t.Errorf("mirror port on %s: %+v, %v", step.mirror.Node, s, err)
			}
		}
		n.Mirror = at(0xc3, 9)
		if _, err := w.Put(n); err != nil {
			t.Fatal(err)
		}
		w.settle()
		<-time.After(time.Second) // the network is marked as settled
		w.restart()
		for name, m := range w.mem {
			again := m.Reconnect()
			w.mem[name] = again
			go func() { _ = w.Engine().Serve(w.ctx, again) }() // ends with its context
		}
		synctest.Wait()
		for name, m := range w.mem {
			if m.Mods() != 0 {
				t.Errorf("switch %s got %d changes after a restart", name, m.Mods())
			}
		}
		if got := leaves(w, 0xa1, 5, slice.Broadcast); len(got) != 2 {
			t.Errorf("after a restart: %v", got)
		}
		other := fabric.Network{ID: id("o"), Type: slice.VNet, Attachments: []fabric.Attachment{at(0xc3, 9)}}
		if _, err := w.Put(other); err != nil {
			t.Fatal(err)
		}
		if s, err := w.Status(other.ID); err != nil || s.Ready {
			t.Errorf("a mirror port is a port of another network: %+v, %v", s, err)
		}
	})
}
