package fabric_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// whole is a store that makes several changes at once.
type whole struct{ *fabrictest.Store }

func (s whole) WriteAll(values map[string]map[string][]byte) error {
	for bucket, keys := range values {
		for key, value := range keys {
			var err error
			if value == nil {
				err = s.Delete(bucket, key)
			} else {
				err = s.Put(bucket, key, value)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

var fiveNodes = []slice.Node{"n1", "n2", "n3", "n4", "n5"}

// An op is one thing that happens to a fabric.
type op struct {
	Kind     int
	Networks []fabric.Network
	Link     int
	Yes      bool
	Node     slice.Node
	Rest     bool // afterwards
}

// drawNetwork draws one of a few networks, in any of many forms.
func drawNetwork(t *rapid.T, meshed bool) fabric.Network {
	name := rapid.SampledFrom([]slice.NetworkName{"a", "b", "c", "d"}).Draw(t, "network")
	n := vnet(name)
	n.BandwidthKbps = rapid.SampledFrom([]uint32{0, 1000}).Draw(t, "bandwidth")
	nodes := rapid.Permutation(fiveNodes).Draw(t, "nodes")
	for i, node := range nodes[:rapid.IntRange(1, 4).Draw(t, "ports")] {
		if rapid.Bool().Draw(t, "hand-off") {
			n.Attachments = append(n.Attachments, handOff(node, slice.VLAN(rapid.IntRange(1, 3).Draw(t, "label")), byte(i)))
			continue
		}
		w := slice.Workload(fmt.Sprint(name, rapid.IntRange(1, 3).Draw(t, "workload")))
		n.Attachments = append(n.Attachments, at(node, w, byte(i)))
	}
	if meshed {
		return n
	}
	for range rapid.IntRange(0, 6).Draw(t, "links") {
		pair := rapid.Permutation(fiveNodes).Draw(t, "link")
		n.Links = append(n.Links, fabric.Link{Name: string(pair[0] + "-" + pair[1]), A: pair[0], B: pair[1]})
	}
	return n
}

func drawOp(t *rapid.T, meshed bool) op {
	return op{
		Kind:     rapid.IntRange(0, 7).Draw(t, "kind"),
		Networks: []fabric.Network{drawNetwork(t, meshed), drawNetwork(t, meshed)},
		Link:     rapid.IntRange(0, 99).Draw(t, "which"),
		Yes:      rapid.Bool().Draw(t, "yes"),
		Node:     rapid.SampledFrom(fiveNodes).Draw(t, "node"),
		Rest:     rapid.Bool().Draw(t, "rest"),
	}
}

// do carries an op out. What the fabric refuses is no fault.
func (w *world) do(o op) {
	links := w.Links()
	switch {
	case o.Kind < 3:
		_, _ = w.Put(o.Networks[0])
	case o.Kind == 3:
		_, _ = w.PutAll(o.Networks)
	case o.Kind == 4:
		w.remove(o.Networks[0].ID)
	case o.Kind == 7:
		if w.mem[o.Node] == nil {
			w.plug(o.Node)
		}
		w.join(o.Node)
	case len(links) == 0:
	case o.Kind == 5:
		l := links[o.Link%len(links)]
		w.SetLink(l.A, l.B, fabric.LinkState{Up: o.Yes})
	default:
		l := links[o.Link%len(links)]
		w.PortDown(l.B.Switch, l.B.Port, o.Yes, "")
	}
	if o.Rest {
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

// live does all of that, and compares after each.
func (w *world) live(ops []op) string {
	for i, o := range ops {
		w.do(o)
		if s := w.Reference(); s != "" {
			return fmt.Sprintf("after %d: %s", i, s)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if s := w.Reference(); s != "" {
		return "at rest: " + s
	}
	w.restart()
	if s := w.Reference(); s != "" {
		return "after a restart: " + s
	}
	return ""
}

// What the fabric keeps from change to change is what it would compute from
// nothing.
func TestChangesEqualReference(t *testing.T) {
	for _, meshed := range []bool{true, false} {
		t.Run(fmt.Sprintf("mesh %v", meshed), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				var ops []op
				for range rapid.IntRange(1, 20).Draw(rt, "steps") {
					ops = append(ops, drawOp(rt, meshed))
				}
				var fault string
				synctest.Test(t, func(t *testing.T) {
					w := &world{T: t, store: &fabrictest.Store{}, agents: map[slice.Node]*agent{}, mem: map[slice.Node]*flowtest.Memory{}}
					w.cfg = fabric.Config{Bridge: bridge.SPS, Mesh: meshed, Store: whole{w.store}}
					w.start()
					defer func() { w.stop(); synctest.Wait() }()
					fault = w.live(ops)
				})
				if fault != "" {
					rt.Fatal(fault)
				}
			})
		})
	}
}
