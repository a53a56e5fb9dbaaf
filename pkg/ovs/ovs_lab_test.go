//go:build lab

package ovs_test

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/ovs"
	"github.com/l2sces/l2sces/pkg/slice"
)

func example() bridge.Bridge {
	return bridge.Bridge{
		Name: bridge.SPS, DPID: 0x11, Datapath: "netdev",
		Controllers: []string{"ssl:192.0.2.1:6653", "ssl:192.0.2.2:6653"},
		Ports: []bridge.Port{
			{Name: "t2", Kind: bridge.Tunnel, Number: 12, Remote: netip.MustParseAddr("192.0.2.9")},
			{Name: bridge.PatchName, Kind: bridge.Patch, Number: 13, Peer: bridge.PatchPeer},
			{
				Name: "w1", Kind: bridge.Workload, Number: 7, Workload: "voice", Interface: "l2s0",
				MAC: slice.MAC{2, 0, 0, 0, 0, 1}, Address: netip.MustParsePrefix("198.51.100.1/24"), MTU: 1450,
			},
		},
	}
}

var equal = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func device(t *testing.T, d *daemon, name string) {
	t.Helper()
	must(t, netns.Connect(netns.End{Namespace: d.namespace, Name: name}, netns.End{Namespace: d.namespace, Name: name + "p"}))
}

// reach applies what is missing and returns the changes.
func reach(t *testing.T, db *ovs.Database, want bridge.Bridge) []bridge.Change {
	t.Helper()
	have, _, _, err := db.Read(t.Context(), want.Name)
	must(t, err)
	changes := bridge.Diff(have, want)
	must(t, db.Apply(t.Context(), want.Name, changes))
	return changes
}

func check(t *testing.T, db *ovs.Database, want bridge.Bridge) {
	t.Helper()
	have, states, there, err := db.Read(t.Context(), want.Name)
	must(t, err)
	if !there {
		t.Fatalf("bridge %s is not there", want.Name)
	}
	if diff := cmp.Diff(want, have, equal); diff != "" {
		t.Errorf("bridge (-want +got):\n%s", diff)
	}
	for i, s := range states {
		if p := want.Ports[i]; s.Name != p.Name || s.Number != p.Number {
			t.Errorf("port = %+v, want %s with number %d", s, p.Name, p.Number)
		}
	}
}

func TestMakesAndChangesBridges(t *testing.T) {
	d := start(t)
	device(t, d, "w1")
	db := d.open(t, ovs.Config{Local: netip.MustParseAddr("192.0.2.3")})
	peer := bridge.Bridge{Name: bridge.NED, DPID: 0x12, Datapath: "netdev", Ports: []bridge.Port{
		{Name: bridge.PatchPeer, Kind: bridge.Patch, Number: 1, Peer: bridge.PatchName},
	}}
	reach(t, db, peer)
	if _, _, there, err := db.Read(t.Context(), bridge.SPS); there || err != nil {
		t.Fatalf("bridge there before it is made: %v, %v", there, err)
	}
	want := example()
	reach(t, db, want)
	check(t, db, want)
	check(t, db, peer)
	if again := reach(t, db, want); again != nil {
		t.Errorf("a second pass changes %v", again)
	}
	if got := d.vsctl(t, "--columns=options", "--bare", "list", "interface", "t2"); !strings.Contains(got, "key=flow") ||
		!strings.Contains(got, "remote_ip=192.0.2.9") || !strings.Contains(got, "local_ip=192.0.2.3") {
		t.Errorf("options of the tunnel = %q", got)
	}
	if got := d.vsctl(t, "get-fail-mode", bridge.SPS); got != "secure" {
		t.Errorf("fail mode = %q", got)
	}

	steps := []struct {
		name   string
		change func(*bridge.Bridge)
	}{
		{"numbers swapped", func(b *bridge.Bridge) { b.Ports[0].Number, b.Ports[1].Number = b.Ports[1].Number, b.Ports[0].Number }},
		{"tunnel turned", func(b *bridge.Bridge) { b.Ports[0].Remote = netip.MustParseAddr("192.0.2.10") }},
		{"tunnel watched", func(b *bridge.Bridge) { b.Ports[0].BFD = 300 }},
		{"tunnel watched faster than is good", func(b *bridge.Bridge) { b.Ports[0].BFD = 10 }},
		{"tunnel watched no more", func(b *bridge.Bridge) { b.Ports[0].BFD = 0 }},
		{"workload changed", func(b *bridge.Bridge) { b.Ports[2].MTU = 1400 }},
		{"controller gone", func(b *bridge.Bridge) { b.Controllers = b.Controllers[:1] }},
		{"identifier changed", func(b *bridge.Bridge) { b.DPID = 0x13 }},
		{"port becomes another", func(b *bridge.Bridge) {
			b.Ports[1] = bridge.Port{Name: bridge.PatchName, Kind: bridge.Tunnel, Number: 20, Remote: netip.MustParseAddr("192.0.2.11")}
		}},
		{"port gone", func(b *bridge.Bridge) { b.Ports = slices.Delete(b.Ports, 0, 1) }},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			want.Ports = slices.Clone(want.Ports)
			s.change(&want)
			reach(t, db, want)
			check(t, db, want)
		})
	}
}

func TestStraysAreSeenAndMended(t *testing.T) {
	d := start(t)
	device(t, d, "w1")
	device(t, d, "x")
	db := d.open(t, ovs.Config{})
	want := example()
	reach(t, db, want)
	for _, c := range []struct {
		name  string
		harm  []string
		fault string
	}{
		{"standalone", []string{"set-fail-mode", bridge.SPS, "standalone"}, "standalone"},
		{"no fail mode", []string{"del-fail-mode", bridge.SPS}, "not set"},
		{"in-band", []string{"remove", "bridge", bridge.SPS, "other_config", "disable-in-band"}, "in-band"},
		{"protocols", []string{"set", "bridge", bridge.SPS, "protocols=OpenFlow10,OpenFlow13"}, "OpenFlow10"},
		{"identifier", []string{"set", "bridge", bridge.SPS, "other_config:datapath-id=0000000000000099"}, ""},
		{"controllers", []string{"del-controller", bridge.SPS}, ""},
		{"another controller", []string{"set-controller", bridge.SPS, "tcp:192.0.2.66:6653"}, ""},
		{"port added", []string{"add-port", bridge.SPS, "x"}, ""},
		{"port deleted", []string{"del-port", bridge.SPS, "t2"}, ""},
		{"tunnel turned", []string{"set", "interface", "t2", "options:remote_ip=192.0.2.66"}, ""},
		{"tunnel watched by a stranger", []string{"set", "interface", "t2", "bfd:enable=true"}, ""},
		{"mark erased", []string{"clear", "interface", "t2", "external_ids"}, ""},
		{"bridge deleted", []string{"del-br", bridge.SPS}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			drain(db)
			d.vsctl(t, c.harm...)
			eventually(t, "the change is told", func() bool {
				select {
				case <-db.Changed():
				default:
				}
				have, _, _, err := db.Read(t.Context(), bridge.SPS)
				must(t, err)
				return bridge.Diff(have, want) != nil
			})
			have, _, _, err := db.Read(t.Context(), bridge.SPS)
			must(t, err)
			if got := strings.Join(have.Faults, " "); !strings.Contains(got, c.fault) || (got == "") != (c.fault == "") {
				t.Errorf("faults = %q, want a word of %q", got, c.fault)
			}
			reach(t, db, want)
			check(t, db, want)
		})
	}
}

func drain(db *ovs.Database) {
	for {
		select {
		case <-db.Changed():
		default:
			return
		}
	}
}

func TestChangedTellsOnce(t *testing.T) {
	d := start(t)
	db := d.open(t, ovs.Config{})
	drain(db)
	d.vsctl(t, "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
	<-db.Changed()
}

func TestSwitchKilled(t *testing.T) {
	d := start(t)
	device(t, d, "w1")
	db := d.open(t, ovs.Config{})
	want := example()
	reach(t, db, want)
	kill(t, d.vswitchd)
	d.startSwitch(t)
	eventually(t, "the ports are back", func() bool {
		_, states, _, err := db.Read(t.Context(), bridge.SPS)
		must(t, err)
		return states[2].Up
	})
	check(t, db, want)
}

func TestSwitchAwayIsAnError(t *testing.T) {
	d := start(t)
	db := d.open(t, ovs.Config{Wait: 300e6})
	kill(t, d.vswitchd)
	if err := db.Apply(t.Context(), bridge.SPS, bridge.Diff(bridge.Bridge{}, example())); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("Apply without a switch = %v, want unavailable", err)
	}
}

func TestDatabaseRestarted(t *testing.T) {
	d := start(t)
	device(t, d, "w1")
	db := d.open(t, ovs.Config{})
	want := example()
	reach(t, db, want)
	kill(t, d.database)
	eventually(t, "the loss is seen", func() bool {
		_, _, _, err := db.Read(t.Context(), bridge.SPS)
		return slice.KindOf(err) == slice.Unavailable
	})
	must(t, os.Remove(d.file("db.sock")))
	drain(db)
	d.startDatabase(t)
	took := eventually(t, "the database is back", func() bool {
		_, _, there, err := db.Read(t.Context(), bridge.SPS)
		return there && err == nil
	})
	t.Logf("back after %s", took)
	<-db.Changed()
	want.Ports = want.Ports[1:]
	reach(t, db, want)
	check(t, db, want)
}

func TestTLS(t *testing.T) {
	d := start(t)
	db := d.open(t, ovs.Config{})
	for range 2 {
		must(t, db.TLS(t.Context(), "/k.pem", "/c.pem", "/ca.pem"))
		if got := d.vsctl(t, "get-ssl"); !strings.Contains(got, "/k.pem") || !strings.Contains(got, "/ca.pem") {
			t.Errorf("get-ssl = %q", got)
		}
	}
	must(t, db.TLS(t.Context(), "/k2.pem", "/c.pem", "/ca.pem"))
	if got := d.vsctl(t, "get-ssl"); !strings.Contains(got, "/k2.pem") {
		t.Errorf("get-ssl = %q", got)
	}
}
