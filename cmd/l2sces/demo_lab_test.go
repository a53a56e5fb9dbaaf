//go:build lab

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
)

// flat builds two slices out of plain kernel bridges: one bridge per network,
// or one for all, which is a network that keeps nobody apart.
type flat struct {
	t     *testing.T
	lab   lab.Lab
	hub   string
	leaky bool
	ports int
}

func (f *flat) build() (fire, press intent.Status) {
	f.lab.Prefix = fmt.Sprintf("t%06x", rand.Uint32N(1<<24))
	f.hub = f.namespace("hub")
	fire = intent.Status{ID: "fire", Networks: []intent.NetworkStatus{
		f.network("video", "192.0.2.11 cam", "192.0.2.21 wall", "192.0.2.31 rec"),
		f.network("voice", "198.51.100.11 sip-a", "198.51.100.21 sip-b"),
		f.network("raw", "- wall", "- sim"),
	}}
	press = intent.Status{ID: "press", Networks: []intent.NetworkStatus{
		f.network("live", "192.0.2.11 press-cam", "192.0.2.31 press-rec"),
	}}
	return fire, press
}

func (f *flat) namespace(name string) string {
	f.t.Helper()
	ns := f.lab.Namespace(name)
	f.must(netns.Make(ns))
	f.t.Cleanup(func() { f.must(netns.Delete(ns)) })
	return ns
}

func (f *flat) network(name string, ports ...string) intent.NetworkStatus {
	f.t.Helper()
	n := intent.NetworkStatus{Name: slice.NetworkName(name), MTU: 1500}
	bridge := "br-" + name
	if f.leaky {
		bridge = "br"
	}
	f.bridge(bridge)
	for _, p := range ports {
		address, workload, _ := strings.Cut(p, " ")
		m := intent.MemberStatus{Name: slice.Workload(workload), Domain: "field"}
		f.ports++
		m.MAC = slice.MAC{2, 0, 0, 0, 1, byte(f.ports)}
		if address != "-" {
			m.Address = netip.MustParseAddr(address)
			m.MAC = slice.MACOf(m.Address)
		}
		f.plug(bridge, name, m)
		n.Members = append(n.Members, m)
	}
	return n
}

func (f *flat) bridge(name string) {
	f.t.Helper()
	f.must(netns.Do(f.hub, func() error {
		if _, err := netlink.LinkByName(name); err == nil {
			return nil
		}
		return netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}})
	}))
	f.must(netns.Up(f.hub, name))
}

func (f *flat) plug(bridge, network string, m intent.MemberStatus) {
	f.t.Helper()
	ns := f.lab.Namespace(string(m.Name))
	if all, err := netns.List(); err != nil || !contains(all, ns) {
		f.namespace(string(m.Name))
	}
	near := netns.End{Namespace: f.hub, Name: fmt.Sprintf("p%d", f.ports)}
	f.must(netns.Connect(near, netns.End{Namespace: ns, Name: network, MAC: m.MAC}))
	if m.Address.IsValid() {
		f.must(netns.Address(ns, network, netip.PrefixFrom(m.Address, 24)))
	}
	f.must(netns.Do(f.hub, func() error {
		port, err := netlink.LinkByName(near.Name)
		if err != nil {
			return err
		}
		br, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(port, br)
	}))
}

func (f *flat) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// TestChecksTellNetworksApart runs the checks of the demo over networks that
// are apart, and over one that is not: the control of all negative checks.
func TestChecksTellNetworksApart(t *testing.T) {
	tests := []struct {
		name  string
		leaky bool
		fail  []string
	}{
		{name: "apart"},
		{name: "one bridge for all", leaky: true, fail: []string{
			"frames of fire/raw", "frames of fire/video", "frames of fire/voice", "frames of press/live",
			"pings across networks and slices",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &flat{t: t, leaky: tt.leaky}
			fire, press := f.build()
			d := &demo{say: t.Logf}
			ms, err := openMembers(f.lab, fire, press)
			f.must(err)
			t.Cleanup(func() { f.must(ms.close()) })
			for _, check := range []func(context.Context, members) error{
				d.checkPings, d.checkForeignPings, d.checkFrames, d.checkCasts, d.checkSizes,
			} {
				f.must(check(t.Context(), ms))
			}
			failed := map[string]bool{}
			for _, c := range d.report.Checks {
				failed[c.Name] = !c.Pass
			}
			var missed []string
			for _, name := range tt.fail {
				if !failed[name] {
					missed = append(missed, name)
				}
				delete(failed, name)
			}
			if !tt.leaky {
				for name, f := range failed {
					if f {
						missed = append(missed, name)
					}
				}
			}
			if diff := cmp.Diff([]string(nil), missed); diff != "" {
				t.Errorf("checks that gave the wrong answer (-want +got):\n%s", diff)
			}
		})
	}
}
