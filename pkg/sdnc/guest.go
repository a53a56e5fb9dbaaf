package sdnc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// bucketGuests holds the networks over switches without an agent.
const bucketGuests = "guests"

// guestSlice begins the name of the slice of a guest network; the type of the
// network follows. No slice of a tenant is called so: a label has no dot.
const guestSlice = "guests."

// A GuestNetwork is a network over ports of switches without an agent, as
// somebody who knows their numbers asks for it. Its number is given by the
// fabric. Nobody is bound to an address in it.
type GuestNetwork struct {
	Name string            `json:"name"`
	Type slice.NetworkType `json:"type"`
	Ends []topology.End    `json:"ends,omitempty"`
	Path []slice.DPID      `json:"path,omitempty"` // from the first end to the second; none: any
	// Mirror gets a copy of every frame. The zero end is none.
	Mirror topology.End `json:"mirror,omitzero"`
}

func (n GuestNetwork) id() slice.NetworkID { return guestID(n.Type, n.Name) }

func guestID(t slice.NetworkType, name string) slice.NetworkID {
	return slice.NetworkID{Slice: slice.ID(guestSlice + string(t)), Network: slice.NetworkName(name)}
}

// Guests keeps the networks over switches without an agent.
type Guests struct {
	store  fabric.Store
	fabric *fabric.Fabric

	mu       sync.Mutex
	networks map[slice.NetworkID]GuestNetwork
}

// Guests returns the keeper of the networks over switches without an agent.
func (c *Controller) Guests() *Guests { return c.guests }

// loadGuests reads what an earlier run left, and hands it to the fabric.
func loadGuests(s fabric.Store, f *fabric.Fabric) (*Guests, error) {
	g := &Guests{store: s, fabric: f, networks: map[slice.NetworkID]GuestNetwork{}}
	stored, err := s.List(bucketGuests)
	if err != nil {
		return nil, err
	}
	for key, text := range stored {
		var n GuestNetwork
		if err := json.Unmarshal(text, &n); err != nil {
			return nil, fmt.Errorf("guest network %s: %w", key, err)
		}
		g.networks[n.id()] = n
		if _, err := f.Put(n.wanted()); err != nil {
			return nil, fmt.Errorf("guest network %s: %w", key, err)
		}
	}
	return g, nil
}

// wanted returns what the network means on the fabric.
func (n GuestNetwork) wanted() fabric.Network {
	w := fabric.Network{ID: n.id(), Type: slice.ExtVNet}
	for _, e := range n.Ends {
		w.Attachments = append(w.Attachments, fabric.Attachment{Node: fabric.GuestName(e.Switch), Port: e.Port})
	}
	if n.Mirror != (topology.End{}) {
		w.Mirror = fabric.Attachment{Node: fabric.GuestName(n.Mirror.Switch), Port: n.Mirror.Port}
	}
	if len(n.Path) > 1 {
		var path []slice.Node
		for _, d := range n.Path {
			path = append(path, fabric.GuestName(d))
		}
		w.Paths = append(w.Paths, fabric.Explicit(path...))
	}
	return w
}

// Network returns a network and its number.
func (g *Guests) Network(t slice.NetworkType, name string) (GuestNetwork, slice.Network, error) {
	g.mu.Lock()
	n, ok := g.networks[guestID(t, name)]
	g.mu.Unlock()
	if !ok {
		return n, 0, slice.Errorf(slice.NotFound, "there is no network %s", name)
	}
	status, err := g.fabric.Status(n.id())
	return n, status.Number, err
}

// Create makes a network without ports, unless it is there.
func (g *Guests) Create(t slice.NetworkType, name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.networks[guestID(t, name)]; ok {
		return nil
	}
	return g.put(GuestNetwork{Name: name, Type: t})
}

// CreateLink makes a network of two ports whose frames keep to a path. Every
// switch has to be known, and every pair of neighbours joined.
func (g *Guests) CreateLink(name string, from, to topology.End, path []slice.DPID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.networks[guestID(slice.VLink, name)]; ok {
		return slice.Errorf(slice.Conflict, "there is a network %s already", name)
	}
	if err := g.check(from, to, path); err != nil {
		return err
	}
	if from.Switch == to.Switch {
		path = nil
	}
	return g.put(GuestNetwork{Name: name, Type: slice.VLink, Ends: []topology.End{from, to}, Path: path})
}

// check reports an end or a path that the fabric does not have.
func (g *Guests) check(from, to topology.End, path []slice.DPID) error {
	if from == to {
		return slice.Errorf(slice.Invalid, "both ends are port %d of switch of:%s", from.Port, from.Switch)
	}
	if err := g.free(slice.NetworkID{}, from, to); err != nil {
		return err
	}
	known := map[slice.DPID]bool{}
	for _, n := range g.fabric.Nodes() {
		known[n.DPID] = n.Guest
	}
	for _, d := range append([]slice.DPID{from.Switch, to.Switch}, path...) {
		if !known[d] {
			return slice.Errorf(slice.NotFound, "switch of:%s has never connected", d)
		}
	}
	if len(path) == 0 || from.Switch == to.Switch {
		return nil
	}
	if path[0] != from.Switch || path[len(path)-1] != to.Switch {
		return slice.Errorf(slice.Invalid, "the path does not lead from of:%s to of:%s", from.Switch, to.Switch)
	}
	joined := map[[2]slice.DPID]bool{}
	for _, l := range g.fabric.Links() {
		joined[[2]slice.DPID{l.A.Switch, l.B.Switch}], joined[[2]slice.DPID{l.B.Switch, l.A.Switch}] = l.Up, l.Up
	}
	for i, d := range path[1:] {
		if !joined[[2]slice.DPID{path[i], d}] {
			return slice.Errorf(slice.Conflict, "there is no link between of:%s and of:%s", path[i], d)
		}
		if slices.Contains(path[:i+1], d) {
			return slice.Errorf(slice.Invalid, "the path comes to of:%s twice", d)
		}
	}
	return nil
}

// Attach adds ports to a network. Those that it has stay as they are.
func (g *Guests) Attach(t slice.NetworkType, name string, ends []topology.End) error {
	return g.change(t, name, func(n *GuestNetwork) error {
		if err := g.free(n.id(), ends...); err != nil {
			return err
		}
		for _, e := range ends {
			if e == n.Mirror {
				return slice.Errorf(slice.Conflict, "port %d of switch of:%s is the mirror port of network %s: take it off first", e.Port, e.Switch, name)
			}
			if !slices.Contains(n.Ends, e) {
				n.Ends = append(n.Ends, e)
			}
		}
		return nil
	})
}

// Detach takes ports off a network, all or none. The mirror port is one.
func (g *Guests) Detach(t slice.NetworkType, name string, ends []topology.End) error {
	return g.change(t, name, func(n *GuestNetwork) error {
		for _, e := range ends {
			i := slices.Index(n.Ends, e)
			if e == n.Mirror {
				n.Mirror = topology.End{}
				continue
			}
			if i < 0 {
				return slice.Errorf(slice.Exhausted, "port %d of switch of:%s is not in network %s", e.Port, e.Switch, name)
			}
			n.Ends = slices.Delete(n.Ends, i, i+1)
		}
		return nil
	})
}

// free reports a port that another network has, or that leads to another
// switch.
func (g *Guests) free(but slice.NetworkID, ends ...topology.End) error {
	leads := map[topology.End]string{}
	for _, l := range g.fabric.Links() {
		leads[l.A], leads[l.B] = l.Name, l.Name
	}
	for _, e := range ends {
		if other, ok := g.userOf(e); ok && other != but {
			return slice.Errorf(slice.Conflict, "port %d of switch of:%s is in network %s", e.Port, e.Switch, other.Network)
		}
		if l := leads[e]; l != "" {
			return slice.Errorf(slice.Invalid, "port %d of switch of:%s is the end of link %s", e.Port, e.Switch, l)
		}
	}
	return nil
}

func (g *Guests) userOf(e topology.End) (slice.NetworkID, bool) {
	for _, id := range slices.SortedFunc(maps.Keys(g.networks), func(x, y slice.NetworkID) int { return strings.Compare(x.String(), y.String()) }) {
		if slices.Contains(g.networks[id].Ends, e) || g.networks[id].Mirror == e {
			return id, true
		}
	}
	return slice.NetworkID{}, false
}

func (g *Guests) change(t slice.NetworkType, name string, f func(*GuestNetwork) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.networks[guestID(t, name)]
	if !ok {
		return slice.Errorf(slice.NotFound, "there is no network %s", name)
	}
	n.Ends = slices.Clone(n.Ends)
	if err := f(&n); err != nil {
		return err
	}
	return g.put(n)
}

// put hands a network to the fabric and makes it durable, or leaves everything
// as it was.
func (g *Guests) put(n GuestNetwork) error {
	have, had := g.networks[n.id()]
	if _, err := g.fabric.Put(n.wanted()); err != nil {
		return err
	}
	text, err := json.Marshal(n)
	if err == nil {
		err = g.store.Put(bucketGuests, n.id().String(), text)
	}
	if err == nil {
		g.networks[n.id()] = n
		return nil
	}
	if had {
		_, _ = g.fabric.Put(have.wanted()) // the first error counts
	} else {
		_ = g.fabric.Remove(n.id()) // the first error counts
	}
	return fmt.Errorf("save network %s: %w", n.Name, err)
}

// Delete takes a network off. An absent one is no error.
func (g *Guests) Delete(t slice.NetworkType, name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := guestID(t, name)
	if err := g.fabric.Remove(id); err != nil {
		return err
	}
	if err := g.store.Delete(bucketGuests, id.String()); err != nil {
		return fmt.Errorf("forget network %s: %w", name, err)
	}
	delete(g.networks, id)
	return nil
}

// Find returns the ports of a network, its number and its mirror port.
func (g *Guests) Find(t slice.NetworkType, name string) (ends []topology.End, number slice.Network, mirror topology.End, err error) {
	n, number, err := g.Network(t, name)
	return n.Ends, number, n.Mirror, err
}
