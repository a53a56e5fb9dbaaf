//go:build lab

package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

const bin = "../../bin"

// Two replicas over one etcd, and one node with two workloads. The one that
// leads is killed under traffic, and its heir is paused for longer than its
// lease: no frame is lost, no rule is touched, and the one that was paused
// changes nothing when it goes on.
func TestF15ReplicasTakeOver(t *testing.T) {
	h := newHouse(t)
	h.replica(0)
	h.await("replica 0 leads", func() bool { return h.leads(0) })
	h.replica(1)
	h.await("replica 1 is a standby", func() bool { return strings.Contains(h.ready(1), "leader is 127.0.0.1:7002") })
	h.agent()
	h.order("voice", 1, 2)
	stop := h.traffic(1)
	before := h.flows()

	h.kill(0)
	h.await("replica 1 leads", func() bool { return h.leads(1) && h.ready(1) == "" })
	h.same(1, before)
	h.order("video", 3, 4)
	stop()

	h.replica(0)
	h.await("replica 0 is a standby", func() bool { return strings.Contains(h.ready(0), "leader is 127.0.0.1:7003") })
	stop = h.traffic(1)
	before = h.flows()
	h.must(h.programs[1].Process.Signal(syscall.SIGSTOP))
	h.await("replica 0 leads", func() bool { return h.leads(0) && h.ready(0) == "" })
	h.same(0, before)
	h.order("data", 5, 6)
	before = h.flows()
	h.must(h.programs[1].Process.Signal(syscall.SIGCONT))
	h.await("replica 1 leads no more", func() bool { return strings.Contains(h.ready(1), "leader is 127.0.0.1:7002") })
	if !h.leads(0) || h.ready(0) != "" {
		t.Errorf("replica 0 leads: %v, ready: %q; want it undisturbed", h.leads(0), h.ready(0))
	}
	if after := h.flows(); after != before {
		t.Errorf("rules changed when the other went on:\n%s\n%s", before, after)
	}
	stop()
	if len(h.networks()) != 3 {
		t.Errorf("networks: %v, want voice, video and data", h.networks())
	}
}

// house is a namespace with etcd, replicas, an agent and a switch.
type house struct {
	*testing.T
	dir, ns  string
	pods     []string
	programs [2]*exec.Cmd
	socket   string // of the switch's database
	stream   probe.Stream
}

func newHouse(t *testing.T) *house {
	t.Helper()
	for _, program := range []string{"sdnc", "sps"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			t.Skipf("bin/%s is not there: make build", program)
		}
	}
	if _, err := exec.LookPath("etcd"); err != nil {
		t.Skip("etcd is not installed: deploy/setup.sh test installs it")
	}
	dir, err := os.MkdirTemp("", "rep") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &house{T: t, dir: dir, ns: namespace(t)}
	for range 6 {
		h.pods = append(h.pods, namespace(t))
	}
	h.must(pki.Init(dir))
	h.must(pki.Issue(dir, "sdnc", pki.SDNC("a")))
	h.must(pki.Issue(dir, "sco", pki.SCO))
	h.must(pki.Issue(dir, "n1", pki.Node("a", "n1")))
	h.start("etcd", "--name=one", "--data-dir="+dir+"/etcd", "--listen-client-urls=http://127.0.0.1:2379",
		"--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380", "--initial-cluster=one=http://127.0.0.1:2380")
	h.must(netns.Connect(netns.End{Namespace: h.ns, Name: "eth0"}, netns.End{Namespace: h.ns, Name: "far"}))
	h.socket = filepath.Join(dir, "db.sock")
	h.must(exec.CommandContext(t.Context(), "ovsdb-tool", "create", dir+"/conf.db", "/usr/share/openvswitch/vswitch.ovsschema").Run())
	h.start("ovsdb-server", "-vconsole:off", dir+"/conf.db", "--remote=punix:"+h.socket, "--unixctl="+dir+"/db.ctl")
	h.must(exec.CommandContext(t.Context(), "ovs-vsctl", "--retry", "--timeout=10", "--db=unix:"+h.socket, "--no-wait", "init").Run())
	h.start("ovs-vswitchd", "-vconsole:off", "unix:"+h.socket, "--unixctl="+dir+"/vs.ctl", "--disable-system")
	return h
}

// replica starts a replica, or starts it again.
func (h *house) replica(i int) {
	h.Helper()
	h.programs[i] = h.start(bin+"/sdnc", "--domain=a", "--store=etcd://127.0.0.1:2379/l2sces/a?lease=4s",
		fmt.Sprintf("--listen=127.0.0.1:%d", 7002+i), fmt.Sprintf("--openflow=127.0.0.1:%d", 6653+i),
		fmt.Sprintf("--replicas=127.0.0.1:%d", 6654-i), fmt.Sprintf("--unix=%s/calls%d", h.dir, i),
		fmt.Sprintf("--admin=unix:%s/admin%d", h.dir, i),
		"--tls-cert="+h.dir+"/sdnc.crt", "--tls-key="+h.dir+"/sdnc.key", "--tls-ca="+h.dir+"/ca.crt")
}

func (h *house) agent() {
	h.Helper()
	args := []string{
		"--domain=a", "--node=n1", "--controller=127.0.0.1:7002,127.0.0.1:7003", "--ovsdb=" + h.socket,
		"--uplink=eth0", "--tunnel-address=192.0.2.1/24", "--admin=unix:" + h.dir + "/sps",
		"--tls-cert=" + h.dir + "/n1.crt", "--tls-key=" + h.dir + "/n1.key", "--tls-ca=" + h.dir + "/ca.crt",
	}
	for i, pod := range h.pods {
		args = append(args, fmt.Sprintf("--workload=w%d=netns:%s", i+1, pod))
	}
	h.start(bin+"/sps", args...)
	h.await("the agent has joined", func() bool { return h.ready(0) == "" })
}

// kill ends a replica without warning.
func (h *house) kill(i int) {
	h.Helper()
	h.must(h.programs[i].Process.Kill())
	_ = h.programs[i].Wait() // says that it was killed
}

// order has whoever leads make a network of two workloads, and pings.
func (h *house) order(name string, workloads ...int) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 20*time.Second)
	defer cancel()
	segment := intent.Segment{ID: slice.NetworkID{Slice: "s1", Network: slice.NetworkName(name)}, Type: slice.VNet, MTU: 1400}
	for _, w := range workloads {
		segment.Ports = append(segment.Ports, intent.SegmentPort{
			Workload: slice.Workload(fmt.Sprint("w", w)), Interface: "l2s0", MAC: slice.MAC{2, 0, 0, 0, 0, byte(w)},
			Address: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(w)}), 24),
		})
	}
	all, err := h.domain().Apply(ctx, []intent.Segment{segment})
	h.must(err)
	if len(all) != 1 || !all[0].Ready {
		h.Fatalf("network %s: %+v, want it ready", name, all)
	}
	answers, err := h.port(workloads[0]).Echo(ctx, probe.Echo{To: segment.Ports[1].Address.Addr(), Stream: h.next(), Count: 3})
	h.must(err)
	if len(answers.Lost) > 0 {
		h.Errorf("network %s: %d of %d echo requests lost", name, len(answers.Lost), answers.Sent)
	}
}

func (h *house) networks() []intent.SegmentStatus {
	h.Helper()
	all, err := h.domain().List(h.Context())
	h.must(err)
	return all
}

// domain is the domain as the SCO sees it, which knows both replicas.
func (h *house) domain() api.DomainClient {
	h.Helper()
	conf, err := pki.ClientTLS(h.dir+"/sco.crt", h.dir+"/sco.key", h.dir+"/ca.crt", pki.SDNC("a"))
	h.must(err)
	conn, err := api.Dial(fmt.Sprintf("unix:%s/calls0,unix:%[1]s/calls1", h.dir), conf)
	h.must(err)
	h.Cleanup(func() { _ = conn.Close() })
	return api.NewDomainClient(conn)
}

// traffic sends a thousand echo requests a second from a workload to the next
// one. The function that it returns stops it and wants an answer to each.
func (h *house) traffic(from int) (stop func()) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.Context())
	echo := probe.Echo{To: netip.AddrFrom4([4]byte{198, 51, 100, byte(from + 1)}), Stream: h.next(), Every: time.Millisecond, Patience: 2 * time.Second}
	port := h.port(from)
	var sending sync.WaitGroup
	var answers probe.Answers
	var fault error
	sending.Go(func() { answers, fault = port.Echo(ctx, echo) })
	return func() {
		h.Helper()
		cancel()
		sending.Wait()
		h.must(fault)
		h.Logf("%d echo requests, %d lost", answers.Sent, len(answers.Lost))
		if len(answers.Lost)+answers.Again > 0 || answers.Sent < 1000 {
			h.Errorf("%d lost and %d twice of %d echo requests, want none of many", len(answers.Lost), answers.Again, answers.Sent)
		}
	}
}

func (h *house) port(workload int) probe.Port {
	h.Helper()
	ports, err := probe.Ports(func(f func() error) error { return netns.Do(h.pods[workload-1], f) })
	h.must(err)
	if len(ports) != 1 {
		h.Fatalf("workload w%d has %d interfaces, want one", workload, len(ports))
	}
	return ports[0]
}

func (h *house) next() probe.Stream {
	h.stream++
	return h.stream
}

// counters are what a rule has in common with no other dump of it.
var counters = regexp.MustCompile(` (duration|n_packets|n_bytes|idle_age|hard_age)=[^,]*,`)

// flows are the rules of the switch.
func (h *house) flows() string {
	h.Helper()
	return counters.ReplaceAllString(h.ofctl("dump-flows"), "") + h.ofctl("dump-groups") + h.ofctl("dump-meters")
}

func (h *house) ofctl(command string) string {
	h.Helper()
	text, err := exec.CommandContext(h.Context(), "ovs-ofctl", "-O", "OpenFlow13", command, "unix:"+h.dir+"/br-sps.mgmt").Output()
	h.must(err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, " ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// same fails the test if a new leader has changed a rule.
func (h *house) same(i int, before string) {
	h.Helper()
	if after := h.flows(); after != before {
		h.Errorf("the rules before and after replica %d took over differ:\n%s\n%s", i, before, after)
	}
	if got := h.metric(i, "l2sces_openflow_mods_total"); got != "0" {
		h.Errorf("replica %d sent %q mods to take over, want 0", i, got)
	}
}

func (h *house) leads(i int) bool { return h.metric(i, "l2sces_sdnc_leader") == "1" }

// ready is what a replica says that it waits for, and nothing if it is ready.
func (h *house) ready(i int) string {
	status, text := h.get(i, "/readyz")
	if status == http.StatusOK {
		return ""
	}
	return "not ready: " + text
}

func (h *house) metric(i int, name string) string {
	_, text := h.get(i, "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (h *house) get(i int, path string) (int, string) {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", fmt.Sprintf("%s/admin%d", h.dir, i))
		},
	}}
	req, err := http.NewRequestWithContext(h.Context(), http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	answer, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// start starts a program inside the namespace for the time of the test.
func (h *house) start(name string, args ...string) *exec.Cmd {
	h.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(h.Context()), name, args...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+h.dir, "OVS_LOGDIR="+h.dir, "OVS_DBDIR="+h.dir, "OVS_SYSCONFDIR="+h.dir)
	var out bytes.Buffer
	cmd.Stderr = &out
	h.must(netns.Start(h.ns, cmd))
	h.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(syscall.SIGCONT) // if it was paused
			h.must(cmd.Process.Signal(syscall.SIGTERM))
			_ = cmd.Wait() // says how it was ended
		}
		if h.Failed() && !strings.Contains(name, "etcd") {
			h.Logf("%s:\n%s", name, out.String())
		}
	})
	return cmd
}

func (h *house) await(what string, ok func() bool) {
	h.Helper()
	begin := time.Now()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			h.Fatalf("not within 30 s: %s; replicas: %q, %q", what, h.ready(0), h.ready(1))
		case <-tick.C:
		}
	}
	h.Logf("%s after %s", what, time.Since(begin).Round(time.Millisecond))
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func namespace(t *testing.T) string {
	t.Helper()
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	name := "r" + hex.EncodeToString(b)
	if err := netns.Make(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netns.Delete(name); err != nil {
			t.Error(err)
		}
	})
	return name
}
