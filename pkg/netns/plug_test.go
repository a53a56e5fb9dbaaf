//go:build lab

package netns_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/netns/netnstest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPlug(t *testing.T) {
	port := netns.End{Namespace: netnstest.Namespace(t), Name: "w1", MTU: 1450}
	inside := netns.End{Namespace: netnstest.Namespace(t), Name: "l2s0", MAC: slice.MAC{2, 0, 0, 0, 0, 1}, MTU: 1450}
	for _, c := range []struct {
		name    string
		address string
		harm    func()
		fresh   bool
	}{
		{"first", "192.0.2.1/24", func() {}, true},
		{"again", "192.0.2.1/24", func() {}, false},
		{"another address", "192.0.2.7/24", func() {}, false},
		{"guard gone", "192.0.2.7/24", func() { must(t, netns.Unguard(port.Namespace, port.Name)) }, false},
		{"port gone", "192.0.2.7/24", func() { must(t, netns.Remove(port.Namespace, port.Name)) }, true},
		{"namespace made anew", "192.0.2.7/24", func() {
			must(t, netns.Delete(inside.Namespace))
			must(t, netns.Make(inside.Namespace))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.harm()
			fresh, err := netns.Plug(port, inside, netip.MustParsePrefix(c.address))
			must(t, err)
			if fresh != c.fresh {
				t.Errorf("fresh = %v, want %v", fresh, c.fresh)
			}
			got, err := netns.Addresses(inside.Namespace, inside.Name)
			must(t, err)
			if diff := cmp.Diff([]string{c.address}, strs(got)); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
			if ok, err := netns.Guarded(port.Namespace, port.Name); !ok || err != nil {
				t.Errorf("Guarded = %v, %v", ok, err)
			}
			if mac, err := netns.MAC(inside.Namespace, inside.Name); mac != inside.MAC || err != nil {
				t.Errorf("hardware address = %s, %v", mac, err)
			}
		})
	}
	for range 2 {
		must(t, netns.Unplug(port.Namespace, port.Name))
	}
	if _, err := netns.MTU(inside.Namespace, inside.Name); slice.KindOf(err) != slice.NotFound {
		t.Errorf("the inner end is left: %v", err)
	}
}

func TestPlugSparesWhatIsNotOurs(t *testing.T) {
	sw, workload, far := netnstest.Namespace(t), netnstest.Namespace(t), netnstest.Namespace(t)
	own := netns.End{Namespace: workload, Name: "eth0"}
	must(t, netns.Connect(own, netns.End{Namespace: far, Name: "x"}))
	must(t, netns.Address(workload, "eth0", netip.MustParsePrefix("192.0.2.5/24")))
	_, err := netns.Plug(netns.End{Namespace: sw, Name: "w1"}, own, netip.MustParsePrefix("198.51.100.1/24"))
	if slice.KindOf(err) != slice.Conflict {
		t.Errorf("Plug = %v, want a conflict", err)
	}
	if got, err := netns.Addresses(workload, "eth0"); err != nil || len(got) != 1 || got[0].String() != "192.0.2.5/24" {
		t.Errorf("the workload's own interface has %v, %v", got, err)
	}
	// What hangs on a port of the same switch may change hands.
	inside := netns.End{Namespace: workload, Name: "l2s0"}
	for _, port := range []string{"w1", "w2"} {
		if _, err := netns.Plug(netns.End{Namespace: sw, Name: port}, inside, netip.MustParsePrefix("198.51.100.1/24")); err != nil {
			t.Errorf("Plug %s: %v", port, err)
		}
	}
}
