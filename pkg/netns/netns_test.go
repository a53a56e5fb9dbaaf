//go:build lab

package netns_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/netns/netnstest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNamespaces(t *testing.T) {
	name := netnstest.Namespace(t)
	must(t, netns.Make(name)) // again
	names, err := netns.List()
	must(t, err)
	if !slices.Contains(names, name) {
		t.Errorf("namespace %s is not among %v", name, names)
	}
	must(t, netns.Do(name, func() error {
		all, err := net.Interfaces()
		if len(all) != 1 || all[0].Flags&net.FlagUp == 0 {
			t.Errorf("interfaces = %v, want lo alone, and up", all)
		}
		return err
	}))
	must(t, netns.Delete(name))
	must(t, netns.Delete(name)) // again
	if err := netns.Do(name, func() error { return nil }); slice.KindOf(err) != slice.NotFound {
		t.Errorf("entering a deleted namespace: %v, want not found", err)
	}
}

func TestNameOfNamespace(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "../x"} {
		if err := netns.Make(name); slice.KindOf(err) != slice.Invalid {
			t.Errorf("Make(%q) = %v, want invalid", name, err)
		}
	}
}

func TestDoComesBack(t *testing.T) {
	name := netnstest.Namespace(t)
	before, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	var within string
	must(t, netns.Do(name, func() (err error) {
		within, err = os.Readlink("/proc/thread-self/ns/net")
		return err
	}))
	if within == before {
		t.Error("the function ran in the old namespace")
	}
	for range 50 {
		if after, err := os.Readlink("/proc/thread-self/ns/net"); err != nil || after != before {
			t.Fatalf("after Do the namespace is %s (%v), want %s", after, err, before)
		}
	}
}

func TestStart(t *testing.T) {
	name := netnstest.Namespace(t)
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), "readlink", "/proc/self/ns/net")
	cmd.Stdout = &out
	must(t, netns.Start(name, cmd))
	must(t, cmd.Wait())
	must(t, netns.Do(name, func() error {
		want, err := os.Readlink("/proc/thread-self/ns/net")
		if got := strings.TrimSpace(out.String()); got != want {
			t.Errorf("the process ran in %s, want %s", got, want)
		}
		return err
	}))
}

func TestConnect(t *testing.T) {
	a := netns.End{Namespace: netnstest.Namespace(t), Name: "left", MAC: slice.MAC{2, 0, 0, 0, 0, 1}, MTU: 1400}
	b := netns.End{Namespace: netnstest.Namespace(t), Name: "right", MAC: slice.MAC{2, 0, 0, 0, 0, 2}, MTU: 1400}
	must(t, netns.Connect(a, b))
	before := index(t, a)
	must(t, netns.Connect(a, b))
	if index(t, a) != before {
		t.Error("the second call made a new pair")
	}
	for _, e := range []netns.End{a, b} {
		mtu, err := netns.MTU(e.Namespace, e.Name)
		must(t, err)
		mac, err := netns.MAC(e.Namespace, e.Name)
		must(t, err)
		if mtu != e.MTU || mac != e.MAC {
			t.Errorf("%s has MTU %d and address %s, want %d and %s", e, mtu, mac, e.MTU, e.MAC)
		}
	}
	a.MTU, a.MAC = 1300, slice.MAC{2, 0, 0, 0, 0, 3}
	must(t, netns.Connect(a, b))
	if mtu, err := netns.MTU(a.Namespace, a.Name); mtu != 1300 || err != nil {
		t.Errorf("MTU = %d, %v, want 1300", mtu, err)
	}
	must(t, netns.Remove(a.Namespace, a.Name))
	must(t, netns.Remove(b.Namespace, b.Name)) // went with the other end
	if _, err := netns.MTU(b.Namespace, b.Name); slice.KindOf(err) != slice.NotFound {
		t.Errorf("MTU of a removed interface: %v, want not found", err)
	}
}

func TestConnectReplacesStrangers(t *testing.T) {
	one, two, three := netnstest.Namespace(t), netnstest.Namespace(t), netnstest.Namespace(t)
	must(t, netns.Connect(netns.End{Namespace: one, Name: "x"}, netns.End{Namespace: three, Name: "x"}))
	must(t, netns.Connect(netns.End{Namespace: one, Name: "x"}, netns.End{Namespace: two, Name: "x"}))
	if _, err := netns.MTU(three, "x"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("the old pair is still there: %v", err)
	}
	if _, err := netns.MTU(two, "x"); err != nil {
		t.Errorf("the new pair is not there: %v", err)
	}
}

func TestConnectWithoutNamespace(t *testing.T) {
	err := netns.Connect(netns.End{Namespace: netnstest.Namespace(t), Name: "x"}, netns.End{Namespace: "absent-0", Name: "x"})
	if slice.KindOf(err) != slice.NotFound {
		t.Errorf("Connect = %v, want not found", err)
	}
}

func TestAddressAndRoute(t *testing.T) {
	a, b := netns.End{Namespace: netnstest.Namespace(t), Name: "a"}, netns.End{Namespace: netnstest.Namespace(t), Name: "b"}
	must(t, netns.Connect(a, b))
	want := netip.MustParsePrefix("192.0.2.1/28")
	for range 2 {
		must(t, netns.Address(a.Namespace, a.Name, want))
		must(t, netns.Route(a.Namespace, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("192.0.2.2")))
	}
	got, err := netns.Addresses(a.Namespace, a.Name)
	must(t, err)
	if diff := cmp.Diff([]string{want.String()}, strs(got)); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	must(t, netns.Do(a.Namespace, func() error {
		c, err := new(net.Dialer).DialContext(t.Context(), "udp", "198.51.100.1:9") // needs the route, sends nothing
		if err != nil {
			return err
		}
		return c.Close()
	}))
	must(t, netns.Flush(a.Namespace, a.Name))
	if got, err := netns.Addresses(a.Namespace, a.Name); len(got) != 0 || err != nil {
		t.Errorf("after Flush: %v, %v", got, err)
	}
}

func strs(all []netip.Prefix) (s []string) {
	for _, p := range all {
		s = append(s, p.String())
	}
	return s
}

func TestForwarding(t *testing.T) {
	name := netnstest.Namespace(t)
	must(t, netns.Forwarding(name))
	must(t, netns.Do(name, func() error {
		b, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
		if strings.TrimSpace(string(b)) != "1" {
			t.Errorf("ip_forward = %q", b)
		}
		return err
	}))
	if err := netns.Sysctl(name, "kernel.hostname", "x"); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a parameter of the whole machine: %v, want invalid", err)
	}
}

func TestNoOffload(t *testing.T) {
	a := netns.End{Namespace: netnstest.Namespace(t), Name: "a"}
	must(t, netns.Connect(a, netns.End{Namespace: a.Namespace, Name: "b"}))
	offload := func() string {
		var out strings.Builder
		cmd := exec.CommandContext(t.Context(), "ethtool", "-k", "a")
		cmd.Stdout = &out
		must(t, netns.Start(a.Namespace, cmd))
		must(t, cmd.Wait())
		_, rest, _ := strings.Cut(out.String(), "tx-checksumming: ")
		word, _, _ := strings.Cut(rest, "\n")
		return word
	}
	if got := offload(); got != "on" {
		t.Fatalf("tx-checksumming of a new pair = %q, want on", got)
	}
	must(t, netns.NoOffload(a.Namespace, "a"))
	must(t, netns.NoOffload(a.Namespace, "a"))
	if got := offload(); got != "off" {
		t.Errorf("tx-checksumming = %q, want off", got)
	}
	if err := netns.NoOffload(a.Namespace, "absent"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("absent interface: %v, want not found", err)
	}
}

func TestGuard(t *testing.T) {
	a, b := netns.End{Namespace: netnstest.Namespace(t), Name: "a"}, netns.End{Namespace: netnstest.Namespace(t), Name: "b"}
	join := func() {
		must(t, netns.Connect(a, b))
		must(t, netns.Address(a.Namespace, a.Name, netip.MustParsePrefix("192.0.2.1/24")))
		must(t, netns.Address(b.Namespace, b.Name, netip.MustParsePrefix("192.0.2.2/24")))
	}
	join()
	if !answers(t, b.Namespace, a.Namespace) {
		t.Fatal("no answer without a guard: the test proves nothing")
	}
	must(t, netns.Guard(a.Namespace, a.Name))
	must(t, netns.Guard(a.Namespace, a.Name))
	if answers(t, b.Namespace, a.Namespace) {
		t.Error("answer through the guard")
	}
	// An interface that comes back under its name is guarded anew.
	must(t, netns.Remove(a.Namespace, a.Name))
	join()
	must(t, netns.Guard(a.Namespace, a.Name))
	if ok, err := netns.Guarded(a.Namespace, a.Name); !ok || err != nil {
		t.Errorf("Guarded = %v, %v", ok, err)
	}
	if answers(t, b.Namespace, a.Namespace) {
		t.Error("answer through the second guard")
	}
	must(t, netns.Unguard(a.Namespace, a.Name))
	must(t, netns.Unguard(a.Namespace, a.Name))
	for deadline := time.Now().Add(5 * time.Second); !answers(t, b.Namespace, a.Namespace); {
		if time.Now().Before(deadline) {
			continue // the kernel forgets slowly that nobody was there
		}
		t.Fatal("no answer after the guard went")
	}
}

// answers reports whether a listener in one namespace can be reached at
// 192.0.2.1 from another.
func answers(t *testing.T, from, to string) bool {
	t.Helper()
	var l net.Listener
	must(t, netns.Do(to, func() (err error) {
		l, err = new(net.ListenConfig).Listen(t.Context(), "tcp4", "192.0.2.1:0")
		return err
	}))
	defer func() { must(t, l.Close()) }()
	return netns.Do(from, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		c, err := new(net.Dialer).DialContext(ctx, "tcp4", l.Addr().String())
		if err != nil {
			return err
		}
		return c.Close()
	}) == nil
}

func index(t *testing.T, e netns.End) int {
	t.Helper()
	var i *net.Interface
	must(t, netns.Do(e.Namespace, func() (err error) {
		i, err = net.InterfaceByName(e.Name)
		return err
	}))
	return i.Index
}

func TestBorrow(t *testing.T) {
	ns := netnstest.Namespace(t)
	must(t, netns.Connect(netns.End{Namespace: ns, Name: "eth1"}, netns.End{Namespace: ns, Name: "far"}))
	must(t, netns.Address(ns, "eth1", netip.MustParsePrefix("192.0.2.1/24")))
	for i := range 2 {
		fresh, err := netns.Borrow(ns, "eth1", "w1")
		must(t, err)
		if fresh != (i == 0) {
			t.Errorf("call %d: fresh = %v", i, fresh)
		}
		if ok, err := netns.Guarded(ns, "w1"); !ok || err != nil {
			t.Errorf("Guarded = %v, %v", ok, err)
		}
		if have, err := netns.Addresses(ns, "w1"); len(have) != 0 || err != nil {
			t.Errorf("addresses = %v, %v, want none", have, err)
		}
	}
	for range 2 {
		must(t, netns.GiveBack(ns, "eth1", "w1"))
		if _, err := netns.MTU(ns, "eth1"); err != nil {
			t.Errorf("the interface is not back: %v", err)
		}
	}
}

func TestBareAndCarry(t *testing.T) {
	ns := netnstest.Namespace(t)
	must(t, netns.Connect(netns.End{Namespace: ns, Name: "eth0", MTU: 1420}, netns.End{Namespace: ns, Name: "phy"}))
	must(t, netns.Address(ns, "eth0", netip.MustParsePrefix("192.0.2.1/28")))
	for range 2 {
		_, mtu, err := netns.Bare(ns, "eth0")
		must(t, err)
		if mtu != 1420 {
			t.Errorf("MTU = %d, want 1420", mtu)
		}
		must(t, netns.Carry(ns, "phy", netip.MustParsePrefix("192.0.2.1/28"), netip.MustParseAddr("192.0.2.14")))
	}
	if have, err := netns.Addresses(ns, "eth0"); len(have) != 0 || err != nil {
		t.Errorf("addresses of the uplink = %v, %v, want none", have, err)
	}
	if have, err := netns.Addresses(ns, "phy"); len(have) != 1 || err != nil {
		t.Errorf("addresses of the bridge = %v, %v, want one", have, err)
	}
	if _, _, err := netns.Bare(ns, "absent"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("absent uplink: %v, want not found", err)
	}
}
