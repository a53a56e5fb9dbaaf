package fabric_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

func TestGuestNames(t *testing.T) {
	for name, want := range map[slice.Node]bool{
		"of:00000000000000a1": true, "of:00000000000000A1": false, "of:a1": false, "n1": false, "of:": false,
		"of:000000000000000000a1": false,
	} {
		d, ok := fabric.GuestDPID(name)
		if ok != want || ok && (d != 0xa1 || fabric.GuestName(d) != name) {
			t.Errorf("%s: %s, %v", name, d, ok)
		}
	}
}

func TestGuestsAreRefused(t *testing.T) {
	in(t, mesh, func(w *world) {
		w.join("n1")
		if err := w.Guest(w.dpid("n1")); slice.KindOf(err) != slice.Denied {
			t.Errorf("the switch of a node with an agent: %v, want it denied", err)
		}
		if err := w.Guest(0); slice.KindOf(err) != slice.Invalid {
			t.Errorf("A22: datapath id 0: %v, want it invalid", err)
		}
		for range 2 {
			if err := w.Guest(0xa1); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestGuestsCarryANetwork joins two guests over a third, and asks where frames
// go, before and after a restart.
func TestGuestsCarryANetwork(t *testing.T) {
	in(t, mesh, func(w *world) {
		row(w, 0xa1, 0xb2, 0xc3)
		id := put(w, "n", fabric.Attachment{Node: "of:00000000000000a1", Port: 5}, fabric.Attachment{Node: "of:00000000000000c3", Port: 7})
		put(w, "other", fabric.Attachment{Node: "of:00000000000000a1", Port: 6})
		check := func(t *testing.T) {
			t.Helper()
			if s, err := w.Status(id); err != nil || !s.Ready {
				t.Errorf("status %+v, %v", s, err)
			}
			for _, to := range []slice.MAC{slice.Broadcast, {2, 0, 0, 0, 0, 9}} {
				if diff := cmp.Diff([]flowtest.End{{Switch: 0xc3, Port: 7}}, leaves(w, 0xa1, 5, to)); diff != "" {
					t.Errorf("to %s (-want +got):\n%s", to, diff)
				}
			}
			if got := leaves(w, 0xa1, 6, slice.Broadcast); len(got) != 0 {
				t.Errorf("from another network: %v", got)
			}
			if got := leaves(w, 0xb2, 9, slice.Broadcast); len(got) != 0 {
				t.Errorf("from a port of no network: %v", got)
			}
		}
		check(t)

		// What a restarted controller wants is what the switches have.
		w.restart()
		for name, m := range w.mem {
			again := m.Reconnect()
			w.mem[name] = again
			go func() { _ = w.Engine().Serve(w.ctx, again) }() // ends with its context
		}
		synctest.Wait()
		check(t)
		for name, m := range w.mem {
			if m.Mods() != 0 {
				t.Errorf("%s got %d mods after a restart", name, m.Mods())
			}
		}
	})
}

func TestGuestPortsAreNotShared(t *testing.T) {
	in(t, mesh, func(w *world) {
		row(w, 0xa1, 0xb2, 0xc3)
		put(w, "n", fabric.Attachment{Node: "of:00000000000000a1", Port: 5})
		// What a tenant has is no link, whatever is found there.
		before := w.Links()
		w.SetLink(topology.End{Switch: 0xa1, Port: 5}, topology.End{Switch: 0xc3, Port: 9}, fabric.LinkState{Up: true})
		if diff := cmp.Diff(before, w.Links()); diff != "" {
			t.Errorf("a tenant's port became a link (-want +got):\n%s", diff)
		}
		id := put(w, "m", fabric.Attachment{Node: "of:00000000000000a1", Port: 5})
		if s, err := w.Status(id); err != nil || s.Ready {
			t.Errorf("a second network on a port: %+v, %v", s, err)
		}
	})
}

// row connects guests that are joined in a row: port 20 leads to the next one,
// port 21 to the one before.
func row(w *world, all ...slice.DPID) {
	w.Helper()
	for _, d := range all {
		if err := w.Guest(d); err != nil {
			w.Fatal(err)
		}
		sw := flowtest.NewMemory(d)
		w.mem[fabric.GuestName(d)] = sw
		go func() { _ = w.Engine().Serve(w.ctx, sw) }() // ends with its context
	}
	for i, d := range all[1:] {
		w.SetLink(topology.End{Switch: all[i], Port: 20}, topology.End{Switch: d, Port: 21}, fabric.LinkState{Up: true})
	}
	synctest.Wait()
}

// put makes a network of ports of guests.
func put(w *world, name slice.NetworkName, at ...fabric.Attachment) slice.NetworkID {
	w.Helper()
	id := slice.NetworkID{Slice: "guests.vnet", Network: name}
	if _, err := w.Put(fabric.Network{ID: id, Type: slice.VNet, Attachments: at}); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
	return id
}

// leaves returns where a frame from a port of a guest leaves the fabric.
func leaves(w *world, from slice.DPID, p slice.Port, to slice.MAC) []flowtest.End {
	net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}}
	for _, m := range w.mem {
		net.Switches[m.DPID()] = m.Switch()
	}
	for _, l := range w.Links() {
		net.Wires = append(net.Wires, flowtest.Wire{Name: l.Name, A: flowtest.End(l.A), B: flowtest.End(l.B), Tunnel: true})
	}
	var ends []flowtest.End
	for _, d := range net.Send(from, flowtest.Frame{Port: p, From: slice.MAC{2, 0, 0, 0, 0, 8}, To: to, Type: 0x88b5}).Delivered {
		ends = append(ends, d.End)
	}
	return ends
}
