package nbi_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/topology"
)

const users = "# comment\n\nkaraf = secret,_g_:admingroup\nreader=public, viewer\n_g_\\:admingroup = group,admin\n"

// onos is the door of the original before a controller that knows three guests
// in a row: a1 - b2 - c3.
type onos struct {
	*testing.T
	path    string
	control *sdnc.Controller
	handler http.Handler
	user    string
	secret  string
}

func newOnos(t *testing.T) *onos {
	t.Helper()
	o := &onos{T: t, path: filepath.Join(t.TempDir(), "s.db"), user: "karaf", secret: "secret"}
	o.start()
	f := o.control.Fabric()
	for _, d := range []slice.DPID{0xa1, 0xb2, 0xc3} {
		if err := f.Guest(d); err != nil {
			t.Fatal(err)
		}
	}
	link := func(a slice.DPID, p slice.Port, b slice.DPID, q slice.Port) {
		f.SetLink(topology.End{Switch: a, Port: p}, topology.End{Switch: b, Port: q}, fabric.LinkState{Up: true})
	}
	link(0xa1, 20, 0xb2, 21)
	link(0xb2, 20, 0xc3, 21)
	return o
}

// start starts the controller from its store.
func (o *onos) start() {
	o.Helper()
	s, err := store.Open(o.path)
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() { _ = s.Close() }) // every write was synced
	if o.control, err = sdnc.New(sdnc.Config{Domain: "a", Store: s}); err != nil {
		o.Fatal(err)
	}
	list, err := nbi.ReadOnosUsers(strings.NewReader(users))
	if err != nil {
		o.Fatal(err)
	}
	o.handler = nbi.NewOnos(nbi.OnosConfig{Networks: o.control.Guests(), Links: o.control.Guests(), Users: list})
}

func (o *onos) ask(method, path, body string, headers ...string) reply {
	req := httptest.NewRequestWithContext(o.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if o.user != "" {
		req.SetBasicAuth(o.user, o.secret)
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, req)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func (o *onos) want(status int, says, method, path, body string, headers ...string) {
	o.Helper()
	r := o.ask(method, path, body, headers...)
	if r.status != status || !strings.Contains(r.body, says) || says == "" && r.body != "" {
		o.Errorf("%s %s %s: %d %q, want %d and %q", method, path, body, r.status, r.body, status, says)
	}
}

const (
	vnets  = "/onos/vnets/api"
	vlinks = "/onos/vlinks/api"
	portA  = "of:00000000000000a1/5"
	portB  = "of:00000000000000b2/5"
)

func TestOnosNetworks(t *testing.T) {
	o := newOnos(t)
	o.want(200, "", "GET", vnets+"/status", "")
	for range 2 {
		o.want(204, "", "POST", vnets, `{"networkId":"n"}`)
	}
	o.want(204, "", "POST", vnets+"/", "networkId: y\n", "Content-Type", "application/yaml")
	o.want(204, "", "POST", vnets+"/port", `{"networkId":"n","networkEndpoints":["`+portA+`"]}`)
	o.want(204, "", "POST", vnets+"/port", `{"networkId":"n","networkEndpoints":["`+portA+`","of:00000000000000ff/1"]}`)
	o.want(409, "is in network n", "POST", vnets+"/port", `{"networkId":"y","networkEndpoints":["`+portA+`"]}`)
	o.want(409, "", "POST", vnets+"/port", `{"networkId":"nobody","networkEndpoints":["`+portB+`"]}`)
	o.want(400, "link", "POST", vnets+"/port", `{"networkId":"n","networkEndpoints":["of:00000000000000a1/20"]}`)
	_, number, _, err := o.control.Guests().Find(slice.VNet, "n")
	if err != nil {
		t.Fatal(err)
	}
	vni := strconv.Itoa(int(number))
	o.want(200, `{"networkId":"n","networkEndpoints":["`+portA+`","of:00000000000000ff/1"],"tunnelList":[`+vni+`],"mirrorPort":null}`, "GET", vnets+"/n/", "")
	text := "Id: n\nEndpoints: \n -" + portA + "\n -of:00000000000000ff/1\nTunnel Ids: \n -" + vni + "\nMirror Port: null\n"
	if diff := cmp.Diff(text, o.ask("GET", vnets+"/n", "", "Accept", "text/plain").body); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	o.want(200, "", "DELETE", vnets+"/port", `{"networkId":"n","networkEndpoints":["`+portA+`"]}`)
	o.want(500, "is not in network n", "DELETE", vnets+"/port", `{"networkId":"n","networkEndpoints":["`+portA+`"]}`)
	o.want(409, "", "DELETE", vnets+"/port", `{"networkId":"nobody","networkEndpoints":["`+portA+`"]}`)
	for range 2 {
		o.want(204, "", "DELETE", vnets+"/n", "")
	}
	o.want(404, "", "GET", vnets+"/n", "")
}

func TestOnosRefuses(t *testing.T) {
	o := newOnos(t)
	o.want(204, "", "POST", vnets, `{"networkId":"n"}`)
	end := func(s string) string { return `{"networkId":"n","networkEndpoints":["` + s + `"]}` }
	for name, test := range map[string]struct{ method, path, body, says string }{
		"unknown key":          {"POST", vnets, `{"networkId":"n","colour":"red"}`, "colour"},
		"no id":                {"POST", vnets, `{}`, "network id"},
		"no body":              {"POST", vnets, ``, "PARSING_ERROR"},
		"a reserved id":        {"POST", vnets, `{"networkId":"status"}`, "status"},
		"an id with a slash":   {"POST", vnets, `{"networkId":"a/b"}`, "network id"},
		"no ports":             {"POST", vnets + "/port", `{"networkId":"n"}`, "networkEndpoints"},
		"A22: device 0":        {"POST", vnets + "/port", end("of:0000000000000000/1"), "connect point"},
		"A22: capitals":        {"POST", vnets + "/port", end("of:00000000000000A1/1"), "connect point"},
		"A22: above 64 bits":   {"POST", vnets + "/port", end("of:100000000000000a1/1"), "connect point"},
		"A22: port 0":          {"POST", vnets + "/port", end("of:00000000000000a1/0"), "port"},
		"A22: a reserved port": {"POST", vnets + "/port", end("of:00000000000000a1/4294967041"), "port"},
		"A22: a port in words": {"POST", vnets + "/port", end("of:00000000000000a1/LOCAL"), "port"},
		"mirror without port":  {"POST", vnets + "/mirror-port", `{"networkId":"n"}`, "mirrorPort"},
	} {
		t.Run(name, func(t *testing.T) {
			o.T = t
			r := o.ask(test.method, test.path, test.body)
			if r.status != 400 || !strings.Contains(r.body, test.says) || !strings.Contains(r.body, "PARSING_ERROR") {
				t.Errorf("%d %s, want 400 and %q", r.status, r.body, test.says)
			}
		})
	}
	o.T = t
	o.want(415, "application/json", "POST", vnets, `{}`, "Content-Type", "text/xml")
	o.want(404, "Not Found", "PUT", vnets+"/status", "")
}

// A mirror port is there when the answer says so, is shown, survives a restart
// and is no port for anything else. What cannot be copied is refused.
func TestOnosMirror(t *testing.T) {
	o := newOnos(t)
	mirror := func(id, port string) string { return `{"networkId":"` + id + `","mirrorPort":"` + port + `"}` }
	ports := func(id, port string) string { return `{"networkId":"` + id + `","networkEndpoints":["` + port + `"]}` }
	const far, unknown, alone = "of:00000000000000c3/9", "of:00000000000000ff/1", "of:00000000000000d4/1"
	o.want(204, "", "POST", vnets, `{"networkId":"n","networkEndpoints":["`+portA+`","`+portB+`"]}`)
	o.want(409, "", "POST", vnets+"/mirror-port", mirror("nobody", far))
	o.want(400, "connect point", "POST", vnets+"/mirror-port", mirror("n", "c3/9"))
	o.want(409, "has never connected", "POST", vnets+"/mirror-port", mirror("n", unknown))
	o.want(409, "a mirror port is in none", "POST", vnets+"/mirror-port", mirror("n", portA))
	o.want(400, "is the end of link", "POST", vnets+"/mirror-port", mirror("n", "of:00000000000000c3/21"))
	if err := o.control.Fabric().Guest(0xd4); err != nil {
		t.Fatal(err)
	}
	o.want(409, "no link leads from switch of:00000000000000a1 to switch of:00000000000000d4", "POST", vnets+"/mirror-port", mirror("n", alone))
	for range 2 {
		o.want(204, "", "POST", vnets+"/mirror-port", mirror("n", far))
	}
	o.want(409, "is in network n", "POST", vnets, `{"networkId":"m","networkEndpoints":["`+far+`"]}`)
	o.want(409, "is in network n", "POST", vnets, mirror("m", far))
	o.want(404, "", "GET", vnets+"/m", "") // nothing of it is left
	o.want(409, "is the mirror port of network n", "POST", vnets+"/port", ports("n", far))
	copied := filepath.Join(t.TempDir(), "copy.db")
	copyFile(t, o.path, copied)
	o.path = copied
	o.start()
	o.want(200, "\nMirror Port: "+far+"\n", "GET", vnets+"/n", "", "Accept", "text/plain")
	o.want(200, `"mirrorPort":"`+far+`"`, "GET", vnets+"/n", "")
	copying := 0
	rules, err := o.control.Fabric().Rules(t.Context(), 0xb2, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rules.Flows {
		if f.Owner != 0 && f.Table == pipeline.Mirror {
			copying++
		}
	}
	if copying != 1 {
		t.Errorf("%d flows of switch b2 copy frames", copying)
	}
	o.want(204, "", "POST", vnets, mirror("own", "of:00000000000000c3/8"))
	o.want(200, "", "DELETE", vnets+"/port", ports("n", far))
	o.want(200, "Mirror Port: null", "GET", vnets+"/n", "", "Accept", "text/plain")
	o.want(204, "", "POST", vnets+"/port", ports("n", far))
}

func TestOnosLinks(t *testing.T) {
	o := newOnos(t)
	body := func(id, from, to, path string) string {
		return `{"linkNetworkId":"` + id + `","fromEndP":"` + from + `","toEndP":"` + to + `"` + path + `}`
	}
	a, b, c := "of:00000000000000a1", "of:00000000000000b2", "of:00000000000000c3"
	path := func(devices ...string) string { return `,"path":["` + strings.Join(devices, `","`) + `"]` }
	o.want(404, "of:00000000000000ff has never connected", "POST", vlinks, body("v", a+"/1", "of:00000000000000ff/1", ""))
	o.want(409, "no link between "+a+" and "+c, "POST", vlinks, body("v", a+"/1", c+"/1", path(a, c)))
	o.want(400, "does not lead", "POST", vlinks, body("v", a+"/1", c+"/1", path(a, b)))
	o.want(400, "twice", "POST", vlinks, body("v", a+"/1", c+"/1", path(a, b, a, c)))
	o.want(400, "both ends", "POST", vlinks, body("v", a+"/1", a+"/1", ""))
	o.want(404, "", "GET", vlinks+"/v", "")
	o.want(204, "", "POST", vlinks, body("v", a+"/1", c+"/1", path(a, b, c)))
	o.want(409, "already", "POST", vlinks, body("v", a+"/1", c+"/1", path(a, b, c)))
	o.want(409, "is in network", "POST", vlinks, body("w", a+"/1", b+"/1", ""))
	o.want(204, "", "POST", vlinks, body("ports", a+"/2", c+"/2", path(a+"/20", b+"/21", b+"/20", c+"/21")))
	o.want(204, "", "POST", vlinks, body("one", a+"/3", a+"/4", path(b)))
	o.want(200, "Id: v\nEndpoints: \n -"+a+"/1\n -"+c+"/1\nTunnel Ids: \n -", "GET", vlinks+"/v", "", "Accept", "text/plain")

	// What was promised survives the process.
	trace, err := o.control.Fabric().Trace(t.Context(), fabric.Question{
		Network: slice.NetworkID{Slice: "guests.vlink", Network: "v"}, From: a + "/1", To: c + "/1",
	})
	if err != nil || !trace.Reached || len(trace.Links) != 2 {
		t.Errorf("trace %+v, %v", trace, err)
	}
	o.want(204, "", "DELETE", vlinks+"/v", "")
	o.want(404, "", "DELETE", vlinks+"/v", "")
}

func TestOnosSurvivesARestart(t *testing.T) {
	o := newOnos(t)
	o.want(204, "", "POST", vnets, `{"networkId":"n"}`)
	o.want(204, "", "POST", vnets+"/port", `{"networkId":"n","networkEndpoints":["`+portA+`","`+portB+`"]}`)
	shown := func() string { // but for the number, which a network that no switch has confirmed gets anew
		text, _, _ := strings.Cut(o.ask("GET", vnets+"/n", "").body, `,"tunnelList"`)
		return text
	}
	before := shown()
	copied := filepath.Join(t.TempDir(), "copy.db")
	copyFile(t, o.path, copied)
	o.path = copied
	o.start()
	if diff := cmp.Diff(before, shown()); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	trace, err := o.control.Fabric().Trace(t.Context(), fabric.Question{
		Network: slice.NetworkID{Slice: "guests.vnet", Network: "n"}, From: portA, To: portB,
	})
	if err != nil || !trace.Reached {
		t.Errorf("trace %+v, %v", trace, err)
	}
}

func TestOnosUsers(t *testing.T) {
	o := newOnos(t)
	tests := map[string]struct {
		user, secret, method, path string
		status                     int
	}{
		"the page of probes is open": {"", "", "GET", "/onos/ui", 200},
		"nobody":                     {"", "", "GET", vnets + "/status", 401},
		"the original's password":    {"karaf", "karaf", "GET", vnets + "/status", 401},
		"an empty password":          {"karaf", "", "GET", vnets + "/status", 401},
		"an unknown user":            {"root", "secret", "GET", vlinks + "/status", 401},
		"a reader reads":             {"reader", "public", "GET", vnets + "/status", 200},
		"a reader does not write":    {"reader", "public", "DELETE", vnets + "/n", 403},
		"an administrator writes":    {"karaf", "secret", "DELETE", vnets + "/n", 204},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o.T, o.user, o.secret = t, test.user, test.secret
			r := o.ask(test.method, test.path, "")
			if r.status != test.status {
				t.Errorf("%d, want %d", r.status, test.status)
			}
			if got := r.header.Get("WWW-Authenticate"); (got == `Basic realm="karaf"`) != (test.status == 401) {
				t.Errorf("challenge %q", got)
			}
		})
	}
	for _, list := range []string{"", "# none\n", "karaf\n", "karaf = ,admin\n", "karaf = secret\n", "karaf = secret,guest\n"} {
		if _, err := nbi.ReadOnosUsers(strings.NewReader(list)); slice.KindOf(err) != slice.Invalid {
			t.Errorf("users %q: %v, want it refused", list, err)
		}
	}
}
