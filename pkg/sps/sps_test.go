package sps_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/sps"
)

func TestParseWorkload(t *testing.T) {
	for _, c := range []struct {
		text string
		name slice.Workload
		want sps.Place
	}{
		{"voice=netns:pod-1", "voice", sps.Place{Namespace: "pod-1"}},
		{"camera=if:eth1", "camera", sps.Place{Interface: "eth1"}},
		{"", "", sps.Place{}},
		{"voice", "", sps.Place{}},
		{"voice=", "", sps.Place{}},
		{"=netns:x", "", sps.Place{}},
		{"voice=netns:", "", sps.Place{}},
		{"voice=pod:x", "", sps.Place{}},
	} {
		t.Run(c.text, func(t *testing.T) {
			name, place, err := sps.ParseWorkload(c.text)
			if name != c.name || place != c.want {
				t.Errorf("ParseWorkload(%q) = %q, %+v, want %q, %+v", c.text, name, place, c.name, c.want)
			}
			if (c.name == "") != (slice.KindOf(err) == slice.Invalid) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// kernel is a node in memory.
type kernel struct {
	namespaces map[string]bool
	plugged    map[string]sps.Inside // by port
	lent       map[string]string     // port to interface
}

func (k kernel) Present(ns string) bool { return k.namespaces[ns] }

func (k kernel) Plug(port string, in sps.Inside) (bool, error) {
	_, old := k.plugged[port]
	k.plugged[port] = in
	return !old, nil
}

func (k kernel) Unplug(port string) error {
	delete(k.plugged, port)
	return nil
}

func (k kernel) Borrow(ifname, port string) (bool, error) {
	_, old := k.lent[port]
	k.lent[port] = ifname
	return !old, nil
}

func (k kernel) GiveBack(_, port string) error {
	delete(k.lent, port)
	return nil
}

func node() (kernel, sps.Plugger) {
	k := kernel{map[string]bool{"pod-1": true}, map[string]sps.Inside{}, map[string]string{}}
	return k, sps.Plugger{
		Workloads: map[slice.Workload]sps.Place{
			"voice": {Namespace: "pod-1"}, "gone": {Namespace: "pod-2"}, "camera": {Interface: "eth1"},
		},
		Links: k, Interfaces: k,
	}
}

func TestPlug(t *testing.T) {
	voice := bridge.Port{
		Name: "w1", Kind: bridge.Workload, Workload: "voice", Interface: "l2s0",
		MAC: slice.MAC{2, 0, 0, 0, 0, 1}, Address: netip.MustParsePrefix("192.0.2.1/24"), Address6: netip.MustParsePrefix("2001:db8::1/64"), MTU: 1450,
	}
	nameless := voice
	nameless.Interface = ""
	for _, c := range []struct {
		name    string
		port    bridge.Port
		plugged map[string]sps.Inside
		lent    map[string]string
		kind    slice.Kind
	}{
		{"namespace", voice, map[string]sps.Inside{"w1": {
			Namespace: "pod-1", Interface: "l2s0", MAC: voice.MAC, Addresses: []netip.Prefix{voice.Address, voice.Address6}, MTU: 1450,
		}}, nil, 0},
		{"interface", bridge.Port{Name: "w2", Workload: "camera"}, nil, map[string]string{"w2": "eth1"}, 0},
		{"namespace away", bridge.Port{Name: "w3", Workload: "gone", Interface: "l2s0"}, nil, nil, slice.NotFound},
		{"unknown workload", bridge.Port{Name: "w4", Workload: "x"}, nil, nil, slice.NotFound},
		{"no interface named", nameless, nil, nil, slice.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, g := node()
			fresh, err := g.Plug(t.Context(), c.port)
			if fresh != (c.kind == 0) {
				t.Errorf("fresh = %v", fresh)
			}
			if (err != nil) != (c.kind != 0) || err != nil && slice.KindOf(err) != c.kind {
				t.Errorf("error = %v, want kind %s", err, c.kind)
			}
			same(t, c.plugged, k.plugged)
			same(t, c.lent, k.lent)
			if err := g.Unplug(t.Context(), c.port); err != nil {
				t.Fatal(err)
			}
			same(t, nil, k.plugged)
			same(t, nil, k.lent)
		})
	}
}

func same[V any](t *testing.T, want, got map[string]V) {
	t.Helper()
	equal := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMembers(t *testing.T) {
	_, g := node()
	if diff := cmp.Diff([]slice.Workload{"camera", "voice"}, g.Members()); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}
