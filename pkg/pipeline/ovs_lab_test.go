//go:build lab

package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A realSwitch is a private ovs-vswitchd whose ports carry nothing. It is asked
// what it would do with a frame.
type realSwitch struct{ dir string }

func newRealSwitch(t *testing.T, ports ...slice.Port) realSwitch {
	t.Helper()
	dir, err := os.MkdirTemp("", "l2pl") //nolint:usetesting // a short name: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := realSwitch{dir}
	db := filepath.Join(dir, "conf.db")
	s.run(t, "ovsdb-tool", "create", db, "/usr/share/openvswitch/vswitch.ovsschema")
	s.start(t, "db.sock", "ovsdb-server", db, "--remote=punix:"+filepath.Join(dir, "db.sock"))
	s.vsctl(t, "--no-wait", "init")
	s.start(t, "v.ctl", "ovs-vswitchd", "unix:"+filepath.Join(dir, "db.sock"), "--enable-dummy=override", "--disable-system", "--unixctl="+filepath.Join(dir, "v.ctl"))
	args := []string{"add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail_mode=secure", "protocols=OpenFlow13"}
	for _, p := range ports {
		name := fmt.Sprintf("p%d", p)
		args = append(args, "--", "add-port", "br0", name, "--", "set", "interface", name, "type=dummy", fmt.Sprintf("ofport_request=%d", p))
	}
	s.vsctl(t, args...)
	return s
}

func (s realSwitch) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+s.dir, "OVS_LOGDIR="+s.dir, "OVS_DBDIR="+s.dir, "OVS_SYSCONFDIR="+s.dir)
	return cmd
}

// start runs a daemon that ends with the test, and waits for its socket.
func (s realSwitch) start(t *testing.T, socket, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := s.command(ctx, name, append(args, "-vconsole:off", "--no-chdir")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed, which is no news
	})
	late := time.After(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		if _, err := os.Stat(filepath.Join(s.dir, socket)); err == nil {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s does not make %s", name, socket)
		}
	}
}

func (s realSwitch) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := s.command(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

func (s realSwitch) vsctl(t *testing.T, args ...string) {
	t.Helper()
	s.run(t, "ovs-vsctl", append([]string{"--db=unix:" + filepath.Join(s.dir, "db.sock"), "--timeout=15"}, args...)...)
}

// put gives the switch rules in the words in which they print.
func (s realSwitch) put(t *testing.T, r flow.Rules) {
	t.Helper()
	for _, m := range r.Meters {
		s.run(t, "ovs-ofctl", "-O", "OpenFlow13", "add-meter", "br0", m.String())
	}
	for _, g := range r.Groups {
		s.run(t, "ovs-ofctl", "-O", "OpenFlow13", "add-group", "br0", g.String())
	}
	numbers := []string{}
	for _, table := range pipeline.Tables {
		n := fmt.Sprint(table.ID)
		numbers = append(numbers, "table="+table.Name+",", "table="+n+",", "goto_table:"+table.Name, "goto_table:"+n)
	}
	all := strings.NewReplacer(numbers...).Replace(text(flow.Rules{Flows: r.Flows}))
	file := filepath.Join(s.dir, "flows")
	if err := os.WriteFile(file, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(t, "ovs-ofctl", "-O", "OpenFlow13", "add-flows", "br0", file)
}

// passes reports whether the switch would send a frame anywhere.
func (s realSwitch) passes(t *testing.T, f flowtest.Frame) (sent bool, trace string) {
	t.Helper()
	trace = s.run(t, "ovs-appctl", "-t", filepath.Join(s.dir, "v.ctl"), "ofproto/trace", "br0", words(f))
	_, actions, ok := strings.Cut(trace, "Datapath actions: ")
	if !ok {
		t.Fatalf("the trace of %s tells no actions:\n%s", words(f), trace)
	}
	actions, _, _ = strings.Cut(actions, "\n")
	return actions != "drop" && !strings.HasPrefix(actions, "meter(") || strings.Contains(actions, "),"), trace
}

// words writes a frame in the way of ovs-ofctl.
func words(f flowtest.Frame) string {
	w := []string{fmt.Sprintf("in_port=%d,dl_src=%s,dl_dst=%s", f.Port, f.From, f.To)}
	add := func(format string, args ...any) { w = append(w, fmt.Sprintf(format, args...)) }
	if len(f.Tags) > 0 {
		add("vlan_tci=0x%04x", 0x1000|uint16(f.Tags[0]))
	}
	if f.Tunnel != 0 {
		add("tun_id=%#x", uint32(f.Tunnel))
	}
	p, ether := f.Inside, f.Type
	if len(f.Tags) > 1 {
		ether = 0x8100
	}
	if ether >= 0x600 {
		add("dl_type=%#x", ether)
	}
	switch ether {
	case flow.EtherARP:
		add("arp_op=%d,arp_sha=%s", p.ARPOp, p.ARPHardware)
		if p.Source.Is4() {
			add("arp_spa=%s", p.Source)
		}
	case flow.EtherIPv4:
		add("nw_proto=%d,nw_src=%s", p.Proto, p.Source)
	case flow.EtherIPv6:
		add("nw_proto=%d,ipv6_src=%s", p.Proto, p.Source)
	}
	switch {
	case ether == flow.EtherARP:
	case p.Proto == flow.ProtoUDP:
		add("udp_src=%d,udp_dst=%d", p.UDPFrom, p.UDPTo)
	case p.Proto == flow.ProtoICMPv6 && ether == flow.EtherIPv6:
		add("icmpv6_type=%d,icmpv6_code=0", p.ICMPv6)
		switch p.ICMPv6 {
		case flow.NeighbourSolicitation:
			add("nd_target=%s,nd_sll=%s", p.Target, p.NDSource)
		case flow.NeighbourAdvertisement:
			add("nd_target=%s,nd_tll=%s", p.Target, p.NDOwner)
		}
	}
	return strings.Join(w, ",")
}

// What the switch in memory says of frames, forged and not, a real one says too.
func TestA01RealSwitchAgrees(t *testing.T) {
	rules := pipeline.Base()
	for _, n := range []pipeline.Network{vnet, bound, open} {
		r := compile(t, n, triangle).Rules[1]
		rules.Flows, rules.Groups, rules.Meters = append(rules.Flows, r.Flows...), append(rules.Groups, r.Groups...), append(rules.Meters, r.Meters...)
	}
	s := newRealSwitch(t, 3, 4, 6, 7, 11, 102, 103)
	s.put(t, rules)
	memory := flowtest.Switch{Rules: rules}
	var all []flowtest.Frame
	me, other := mac(0x11), mac(0x21)
	for _, source := range []netip.Addr{own4, else4, zero4} {
		all = append(all, ip4(source), udp(ip4(source), 68, 67), udp(ip4(source), 67, 68))
		for _, sha := range []slice.MAC{me, other} {
			all = append(all, arp(1, source, sha), arp(2, source, sha))
		}
	}
	for _, source := range []netip.Addr{own6, ownLocal, else6, zero6} {
		all = append(all, ip6(source), udp(ip6(source), 546, 547), udp(ip6(source), 547, 546))
		for _, kind := range []uint8{128, 133, 134, 137, 143} {
			all = append(all, icmp(source, kind))
		}
		for _, names := range []slice.MAC{me, other, {}} {
			all = append(all, asks(source, names))
			for _, target := range []netip.Addr{own6, ownLocal, else6} {
				all = append(all, tells(source, target, names))
			}
		}
	}
	for _, c := range controls() {
		all = append(all, c)
	}
	all = append(all, flowtest.Frame{Type: 0x1234})
	passed := map[bool]int{}
	for _, at := range []flowtest.Frame{
		{Port: 11, From: me, To: other},
		{Port: 3, From: me, To: mac(0x12)},
		{Port: 102, Tunnel: 42, From: other, To: me},
	} {
		for _, f := range all {
			f.Port, f.Tunnel = at.Port, at.Tunnel
			if f.From.IsZero() {
				f.From = at.From
			}
			if f.To.IsZero() {
				f.To = at.To
			}
			want := len(memory.Send(f).Out) > 0
			got, trace := s.passes(t, f)
			if got != want {
				t.Errorf("%s: the switch in memory sends it: %t; the real one:\n%s", words(f), want, trace)
			}
			passed[got]++
		}
	}
	if passed[true] < 20 || passed[false] < 100 {
		t.Errorf("%d frames pass and %d do not: the test is blind", passed[true], passed[false])
	}
}
