package model_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// templates returns the names of all templates of the repository.
func templates(t *testing.T) []string {
	t.Helper()
	dirs, err := fs.Glob(os.DirFS(house), "descriptors/nst/*")
	if err != nil || len(dirs) < 6 {
		t.Fatalf("templates %v, %v", dirs, err)
	}
	for i := range dirs {
		dirs[i] = path.Base(dirs[i])
	}
	return dirs
}

// Every template of the repository becomes a slice that is ready, whose frames
// come to all members of their network and to nobody else.
func TestPackagesBecomeSlices(t *testing.T) {
	for _, name := range templates(t) {
		t.Run(name, func(t *testing.T) {
			w := three(t, model.Config{})
			before := w.everything()
			all := w.members(w.ready(template(t, name)))
			net := w.Net()
			pairs := 0
			for _, from := range all {
				var others []string
				for _, to := range all {
					if to.network != from.network || to.at == from.at {
						continue
					}
					others = append(others, to.String())
					trace := net.Send(from.at.Switch, unicast(from, to))
					if got := where(all, trace); !slices.Equal(got, []string{to.String()}) {
						t.Errorf("from %s to %s: it comes to %v", from, to, got)
					}
					pairs++
				}
				slices.Sort(others)
				frame := unicast(from, from)
				frame.To = slice.Broadcast
				if diff := cmp.Diff(others, where(all, net.Send(from.at.Switch, frame)), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("a broadcast of %s (-want +got)\n%s", from, diff)
				}
			}
			if pairs < 2 {
				t.Errorf("%d members, %d pairs: nothing was asked", len(all), pairs)
			}
			w.gone(template(t, name).Slice.ID)
			if diff := cmp.Diff(before, w.everything(), values); diff != "" {
				t.Errorf("something is left (-want +got)\n%s", diff)
			}
		})
	}
}

func unicast(from, to member) flowtest.Frame {
	return flowtest.Frame{Port: from.at.Port, From: from.MAC, To: to.MAC, Type: 0x0800, Inside: flowtest.Packet{Source: from.Address}}
}

// All templates are slices at the same time, those with the same addresses
// too, and no frame of one comes to another.
func TestPackagesTogether(t *testing.T) {
	w := three(t, model.Config{})
	var all []member
	for _, name := range templates(t) {
		all = append(all, w.members(w.ready(template(t, name)))...)
	}
	net := w.Net()
	for _, from := range all {
		for _, to := range all {
			trace := net.Send(from.at.Switch, unicast(from, to))
			for _, at := range where(all, trace) {
				if !strings.HasPrefix(at, from.network.String()+"/") {
					t.Errorf("a frame from %s to %s comes to %s", from, to, at)
				}
			}
		}
	}
}

// The star sends everything through its hub.
func TestStarPassesItsHub(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(template(t, "embb-star")))
	net := w.Net()
	for _, from := range all {
		for _, to := range all {
			if to.network != from.network || to.at == from.at {
				continue
			}
			used := links(net.Send(from.at.Switch, unicast(from, to)))
			if len(used) == 0 || slices.ContainsFunc(used, func(l string) bool { return !strings.Contains(l, "private-2") }) {
				t.Errorf("from %s to %s: links %v", from, to, used)
			}
		}
	}
}

// Whatever link between two domains fails, each network of urllc-protected
// goes on without a controller.
func TestF10ProtectedPackage(t *testing.T) {
	w := three(t, model.Config{})
	all := w.members(w.ready(template(t, "urllc-protected")))
	for _, broken := range []string{fieldFire, fieldPrivate, firePrivate} {
		net := w.Net()
		cut(t, net, broken)
		for _, from := range all {
			for _, to := range all {
				if to.network != from.network || to.at == from.at {
					continue
				}
				trace := net.Send(from.at.Switch, unicast(from, to))
				if got := where(all, trace); !slices.Equal(got, []string{to.String()}) {
					t.Errorf("without %s, from %s to %s: it comes to %v", broken, from, to, got)
				}
			}
		}
	}
}

// cut takes both ends of a tunnel between two domains down.
func cut(t *testing.T, net flowtest.Net, link string) {
	t.Helper()
	i := slices.IndexFunc(net.Wires, func(x flowtest.Wire) bool { return x.Tunnel && x.Name == "br-ned/"+link })
	if i < 0 {
		t.Fatalf("there is no link %s", link)
	}
	for _, e := range []flowtest.End{net.Wires[i].A, net.Wires[i].B} {
		s := net.Switches[e.Switch]
		s.Down = map[slice.Port]bool{e.Port: true}
		net.Switches[e.Switch] = s
	}
}
