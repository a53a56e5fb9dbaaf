//go:build lab

package main_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/pki"
)

// The devices of the lab, as an operator computes them, and their places.
var devices = []string{"of:00000000000000a1", "of:00000000000000b2", "of:00000000000000c3"}

// TestOnosDrivesSwitchesOfOthers replays what the operator of the original
// does: sdnc runs as the program that it is, the switches are stock Open
// vSwitch without an agent, joined by VXLAN with key=flow in a triangle.
func TestOnosDrivesSwitchesOfOthers(t *testing.T) {
	w := newGuests(t)
	w.triangle()
	for range 2 {
		w.want("GET", "/onos/ui", "", 200, "")
	}
	w.want("GET", "/onos/vnets/api/status", "", 200, "")
	w.want("GET", "/onos/vlinks/api/status", "", 200, "")
	t.Run("networks", w.networks)
	t.Run("links", w.links)
}

// networks is the order of calls of the operator.
func (w *guests) networks(t *testing.T) {
	a, b, third := devices[0]+"/5", devices[1]+"/5", devices[0]+"/6"
	w.want("POST", "/onos/vnets/api", `{"networkId":"ping-network"}`, 204, "")
	w.want("POST", "/onos/vnets/api", `{"networkId":"ping-network"}`, 204, "")
	w.want("POST", "/onos/vnets/api/", `{"networkId":"other"}`, 204, "")
	w.want("POST", "/onos/vnets/api/port", ports("other", third), 204, "")
	w.want("POST", "/onos/vnets/api/port", ports("ping-network", a), 204, "")
	w.want("POST", "/onos/vnets/api/port", ports("ping-network", b), 204, "")
	w.want("POST", "/onos/vnets/api/port", ports("nobody", b), 409, "")
	w.want("GET", "/onos/vnets/api/nobody", "", 404, "")
	shown := w.ask("GET", "/onos/vnets/api/ping-network", "", "text/plain")
	if want := "Id: ping-network\nEndpoints: \n -" + a + "\n -" + b + "\nTunnel Ids: \n -"; !strings.HasPrefix(shown.body, want) || !strings.HasSuffix(shown.body, "\nMirror Port: null\n") {
		t.Errorf("shown as %q", shown.body)
	}

	w.reaches(t, "h1", "198.51.100.2", true)
	w.explains(t, a, b, true)
	w.explains(t, a, third, false)
	before := w.heard(t, "h3")
	w.reaches(t, "h1", "198.51.100.3", false) // broadcasts a question on the way
	if got := w.heard(t, "h3"); got != before {
		t.Errorf("%d frames reached a port that is not in the network", got-before)
	}

	w.want("DELETE", "/onos/vnets/api/port", ports("other", third), 200, "")
	w.mirrors(t, "ping-network", third)
	w.want("DELETE", "/onos/vnets/api/port", ports("ping-network", b), 200, "")
	w.want("DELETE", "/onos/vnets/api/port", ports("nobody", b), 409, "")
	if got := w.ask("DELETE", "/onos/vnets/api/port", ports("ping-network", b), ""); got.status != 500 || got.body == "" {
		t.Errorf("a port that the network does not have: %d %q, want 500 with a text", got.status, got.body)
	}
	w.reaches(t, "h1", "198.51.100.2", false)
	for range 2 {
		w.want("DELETE", "/onos/vnets/api/ping-network", "", 204, "")
	}
	w.want("GET", "/onos/vnets/api/ping-network", "", 404, "")
	w.want("DELETE", "/onos/vnets/api/other", "", 204, "")
}

// mirrors has the third host hear both directions of a ping between the first
// two, of which the answers come from another switch. It hears and is not
// heard.
func (w *guests) mirrors(t *testing.T, network, port string) {
	t.Helper()
	w.want("POST", "/onos/vnets/api/mirror-port", fmt.Sprintf(`{"networkId":%q,"mirrorPort":%q}`, network, port), 204, "")
	if shown := w.ask("GET", "/onos/vnets/api/"+network, "", "text/plain"); !strings.HasSuffix(shown.body, "\nMirror Port: "+port+"\n") {
		t.Errorf("shown as %q", shown.body)
	}
	w.reaches(t, "h1", "198.51.100.2", true)
	before := w.heard(t, "h3")
	w.pings(t, "h1", "198.51.100.2", 20)
	if got := w.heard(t, "h3") - before; got < 40 || got > 50 {
		t.Errorf("the mirror port got %d copies of 20 questions and 20 answers", got)
	}
	w.reaches(t, "h3", "198.51.100.1", false)
}

// links asks for a way that is not the shortest one, and looks whether the
// frames take it.
func (w *guests) links(t *testing.T) {
	link := func(id, path string) string {
		return fmt.Sprintf(`{"linkNetworkId":%q,"fromEndP":"%s/5","toEndP":"%s/5","path":[%s]}`, id, devices[0], devices[1], path)
	}
	around := `"` + devices[0] + `","` + devices[2] + `","` + devices[1] + `"`
	unknown := w.ask("POST", "/onos/vlinks/api", link("v", `"`+devices[0]+`","of:00000000000000ff","`+devices[1]+`"`), "")
	if unknown.status != 404 || !strings.Contains(unknown.body, "of:00000000000000ff") {
		t.Errorf("an unknown device: %d %s, want 404 and its name", unknown.status, unknown.body)
	}
	w.want("POST", "/onos/vlinks/api", link("v", around), 204, "")
	if again := w.ask("POST", "/onos/vlinks/api", link("v", around), ""); again.status != 409 {
		t.Errorf("a second one: %d %s", again.status, again.body)
	}
	w.reaches(t, "h1", "198.51.100.2", true)
	direct, via := w.sent(t, 0, "to-1"), w.sent(t, 2, "to-1")
	w.pings(t, "h1", "198.51.100.2", 20)
	// A switch tells what a tunnel carried some time after it has.
	eventually(t, "20 frames have taken the path that was asked for", func() bool { return w.sent(t, 2, "to-1")-via >= 20 })
	if d := w.sent(t, 0, "to-1") - direct; d >= 20 {
		t.Errorf("of 20 frames %d took the direct link", d)
	}
	w.want("GET", "/onos/vlinks/api/nobody", "", 404, "")
	w.want("DELETE", "/onos/vlinks/api/v", "", 204, "")
	w.want("DELETE", "/onos/vlinks/api/v", "", 404, "")
	w.reaches(t, "h1", "198.51.100.2", false)
}

// explains asks the other door why a frame gets from one port to another, by
// what is wanted and by what the switches hold.
func (w *guests) explains(t *testing.T, from, to string, want bool) {
	t.Helper()
	config, err := pki.ClientTLS(filepath.Join(w.dir, "ann.crt"), filepath.Join(w.dir, "ann.key"), filepath.Join(w.dir, "ca.crt"), pki.SDNC("a"))
	must(t, err)
	c := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: config, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(w.dir, "rest.sock"))
		},
	}}
	for _, source := range []string{"wanted", "switch"} {
		query := url.Values{"network": {"guests.vnet/ping-network"}, "from": {from}, "to": {"all"}, "source": {source}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sdnc/v1/trace?"+query.Encode(), nil)
		must(t, err)
		res, err := c.Do(req)
		must(t, err)
		var got rest.Trace
		must(t, json.NewDecoder(res.Body).Decode(&got))
		must(t, res.Body.Close())
		reached := got.Delivered != nil && slices.ContainsFunc(*got.Delivered, func(e rest.End) bool {
			return fmt.Sprintf("of:%s/%d", e.Switch, e.Port) == to
		})
		if reached != want {
			t.Errorf("by the rules of %s, from %s to %s: %+v", source, from, to, got)
		}
	}
}

func ports(network, end string) string {
	return fmt.Sprintf(`{"networkId":%q,"networkEndpoints":[%q]}`, network, end)
}

// guests are three switches without an agent, three hosts, and a controller.
type guests struct {
	t        *testing.T
	dir      string
	control  string   // namespace of the controller
	switches []string // namespaces
	hosts    map[string]string
	client   *http.Client
}

func newGuests(t *testing.T) *guests {
	t.Helper()
	program := filepath.Join("..", "..", "bin", "sdnc")
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%s is not there: make build", program)
	}
	w := &guests{t: t, dir: t.TempDir(), control: namespace(t), hosts: map[string]string{}}
	must(t, pki.Init(w.dir))
	must(t, pki.Issue(w.dir, "sdnc", pki.SDNC("a")))
	must(t, pki.Issue(w.dir, "ann", pki.User("ann")))
	users := filepath.Join(w.dir, "users")
	must(t, os.WriteFile(users, []byte("# for the time of the change\nkaraf = karaf,_g_:admingroup\n"), 0o600))
	w.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
			err = netns.Do(w.control, func() (err error) {
				conn, err = new(net.Dialer).DialContext(ctx, network, addr)
				return err
			})
			return conn, err
		},
	}}
	file := func(name string) string { return filepath.Join(w.dir, name) }
	start(t, w.control, w.dir, program, "--domain=a", "--listen=127.0.0.1:7002", "--openflow=127.0.0.1:6653",
		"--store="+file("sdnc.db"), "--tls-cert="+file("sdnc.crt"), "--tls-key="+file("sdnc.key"), "--tls-ca="+file("ca.crt"),
		"--rest=unix:"+file("rest.sock"), "--openflow-guests=0.0.0.0:6633", "--onos=127.0.0.1:8181", "--onos-users="+users)
	eventually(t, "the controller serves", func() bool {
		res, err := w.client.Get("http://127.0.0.1:8181/onos/ui") //nolint:noctx // it has a timeout
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	return w
}

// triangle starts the switches and joins each with each.
func (w *guests) triangle() {
	for i, device := range devices {
		ns := namespace(w.t)
		w.switches = append(w.switches, ns)
		// The kernel there would speak to the hosts by itself.
		must(w.t, netns.Sysctl(ns, "net.ipv6.conf.all.disable_ipv6", "1"))
		must(w.t, netns.Connect(netns.End{Namespace: w.control, Name: fmt.Sprintf("m%d", i)}, netns.End{Namespace: ns, Name: "mgmt"}))
		must(w.t, netns.Address(w.control, fmt.Sprintf("m%d", i), netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/30", 4*i+1))))
		must(w.t, netns.Address(ns, "mgmt", netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/30", 4*i+2))))
		must(w.t, netns.Up(ns, "mgmt"))
		must(w.t, netns.Up(w.control, fmt.Sprintf("m%d", i)))
		dir := filepath.Join(w.dir, fmt.Sprint(i))
		must(w.t, os.Mkdir(dir, 0o700))
		switchIn(w.t, ns, dir)
		// As the original makes them: no fail mode, OpenFlow 1.3, its own number.
		w.vsctl(i, "add-br", "br", "--", "set", "bridge", "br", "datapath_type=netdev", "protocols=OpenFlow13",
			"other-config:datapath-id="+strings.TrimPrefix(device, "of:"))
	}
	for _, pair := range [][2]int{{0, 1}, {1, 2}, {0, 2}} {
		w.tunnel(pair[0], pair[1])
	}
	// A wire carries no VNI, and must not be taken for a link.
	must(w.t, netns.Connect(netns.End{Namespace: w.switches[0], Name: "wire1"}, netns.End{Namespace: w.switches[1], Name: "wire0"}))
	w.vsctl(0, "add-port", "br", "wire1", "--", "set", "interface", "wire1", "ofport_request=30")
	w.vsctl(1, "add-port", "br", "wire0", "--", "set", "interface", "wire0", "ofport_request=30")
	for i, host := range []struct {
		name string
		at   int
		port int
	}{{"h1", 0, 5}, {"h2", 1, 5}, {"h3", 0, 6}} {
		ns := namespace(w.t)
		w.hosts[host.name] = ns
		must(w.t, netns.Sysctl(ns, "net.ipv6.conf.all.disable_ipv6", "1"))
		must(w.t, netns.Connect(netns.End{Namespace: w.switches[host.at], Name: host.name}, netns.End{Namespace: ns, Name: "eth0"}))
		must(w.t, netns.Address(ns, "eth0", netip.MustParsePrefix(fmt.Sprintf("198.51.100.%d/24", i+1))))
		must(w.t, netns.Up(ns, "eth0"))
		must(w.t, netns.Up(w.switches[host.at], host.name))
		w.vsctl(host.at, "add-port", "br", host.name, "--", "set", "interface", host.name, fmt.Sprintf("ofport_request=%d", host.port))
	}
	for i := range devices {
		w.vsctl(i, "set-controller", "br", fmt.Sprintf("tcp:192.0.2.%d:6633", 4*i+1))
	}
	for i := range devices {
		eventually(w.t, "the switch is connected", func() bool {
			return strings.Contains(w.run(i, "ovs-vsctl", "--db=unix:"+w.file(i, "db.sock"), "get", "controller", "br", "is_connected"), "true")
		})
	}
}

// tunnel joins two switches by VXLAN over an underlay of its own.
func (w *guests) tunnel(i, j int) {
	net := 100 + 10*i + j
	must(w.t, netns.Connect(
		netns.End{Namespace: w.switches[i], Name: fmt.Sprintf("u%d", j)}, netns.End{Namespace: w.switches[j], Name: fmt.Sprintf("u%d", i)}))
	for _, end := range [][2]int{{i, j}, {j, i}} {
		here, there := end[0], end[1]
		ns, phy, up := w.switches[here], fmt.Sprintf("phy%d", there), fmt.Sprintf("u%d", there)
		must(w.t, netns.Up(ns, up))
		w.vsctl(here, "add-br", phy, "--", "set", "bridge", phy, "datapath_type=netdev", "--", "add-port", phy, up)
		must(w.t, netns.Address(ns, phy, netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/30", underlay(net, here < there)))))
		must(w.t, netns.Up(ns, phy))
		w.vsctl(here, "add-port", "br", fmt.Sprintf("to-%d", there), "--", "set", "interface", fmt.Sprintf("to-%d", there), "type=vxlan",
			"options:key=flow", "options:dst_port=7000", fmt.Sprintf("ofport_request=%d", 20+there),
			fmt.Sprintf("options:remote_ip=203.0.113.%d", underlay(net, there < here)),
			fmt.Sprintf("options:local_ip=203.0.113.%d", underlay(net, here < there)))
	}
}

// underlay numbers the ends of a tunnel.
func underlay(net int, first bool) int {
	base := map[int]int{101: 0, 112: 4, 102: 8}[net]
	if first {
		return base + 1
	}
	return base + 2
}

type answered struct {
	status int
	body   string
}

// ask asks as the operator does: with its user, and the type of the body in
// every request.
func (w *guests) ask(method, path, body, accept string) answered {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:8181"+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("karaf:karaf")))
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	res, err := w.client.Do(req)
	must(w.t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(res.Body)
	must(w.t, err)
	return answered{res.StatusCode, string(text)}
}

func (w *guests) want(method, path, body string, status int, text string) {
	w.t.Helper()
	if diff := cmp.Diff(answered{status, text}, w.ask(method, path, body, ""), cmp.AllowUnexported(answered{})); diff != "" {
		w.t.Errorf("%s %s %s (-want +got):\n%s", method, path, body, diff)
	}
}
