package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/compat/compattest"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// entrance is the whole system in memory with its doors open.
type entrance struct {
	*testing.T
	world *model.World
	doors doors
	old   compattest.Client
	web   *http.Client
}

// free returns an address on loopback that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // only its address was wanted
	return l.Addr().String()
}

func enter(t *testing.T) *entrance {
	t.Helper()
	const file = "../../deploy/lab/three-domains.yaml"
	text, err := os.ReadFile(file)
	must(t, err)
	var l lab.Lab
	must(t, descriptor.FromYAML(file, text, &l))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	world, err := model.New(ctx, l, model.Config{})
	must(t, err)
	gate, err := access.New(access.Config{Store: &fabrictest.Store{}, Holdings: world.SCO})
	must(t, err)
	e := &entrance{T: t, world: world, doors: doors{rest: free(t), legacy: free(t), tenant: "old"}}
	must(t, e.doors.check())
	var actor controller.Actor
	e.doors.open(&actor, services{
		slices: gate.Slices(world.SCO), events: gate.Events(world.SCO), admit: gate.Admit, log: slog.New(slog.DiscardHandler),
	})
	dir := t.TempDir()
	must(t, pki.Init(dir))
	must(t, pki.Issue(dir, "sco", pki.SCO))
	must(t, pki.Issue(dir, "ann", pki.User("ann")))
	server, err := pki.ServerTLS(dir+"/sco.crt", dir+"/sco.key", dir+"/ca.crt")
	must(t, err)
	client, err := pki.ClientTLS(dir+"/ann.crt", dir+"/ann.key", dir+"/ca.crt", pki.SCO)
	must(t, err)
	var open sync.WaitGroup
	for _, door := range actor.Doors {
		open.Go(func() {
			if err := door(ctx, server); err != nil {
				t.Error(err)
			}
		})
	}
	conn, err := grpc.NewClient(e.doors.legacy, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	e.old.Conn = conn
	e.web = &http.Client{Transport: &http.Transport{TLSClientConfig: client}}
	t.Cleanup(func() {
		_ = conn.Close() // its calls have ended
		e.web.CloseIdleConnections()
		cancel()
		open.Wait()
		world.Wait()
	})
	e.ready(server)
	return e
}

// ready waits until both doors are open.
func (e *entrance) ready(*tls.Config) {
	e.Helper()
	dialer := net.Dialer{Timeout: 10 * time.Millisecond}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, addr := range []string{e.doors.rest, e.doors.legacy} {
		for n := 0; ; n++ {
			conn, err := dialer.DialContext(e.Context(), "tcp", addr)
			if err == nil {
				_ = conn.Close() // it was only a question
				break
			}
			if n > 1000 {
				e.Fatal(err)
			}
			<-tick.C
		}
	}
}

// call makes a call of the original that has to succeed with a text.
func (e *entrance) call(method, request, want string) {
	e.Helper()
	ctx, cancel := context.WithTimeout(e.Context(), 10*time.Second) // as the original's client
	defer cancel()
	a, err := e.old.Call(ctx, method, request)
	if err != nil || a.Message != want {
		e.Fatalf("%s: %q, %v", method, a.Message, err)
	}
}

// ask sends a request to the REST door and decodes the answer.
func ask[T any](e *entrance, want int, method, path, body string, headers ...string) T {
	e.Helper()
	req, err := http.NewRequestWithContext(e.Context(), method, "https://"+e.doors.rest+path, strings.NewReader(body))
	must(e.T, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := e.web.Do(req)
	must(e.T, err)
	defer func() { _ = res.Body.Close() }() // read to its end
	text, err := io.ReadAll(res.Body)
	must(e.T, err)
	if res.StatusCode != want {
		e.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, text, want)
	}
	var v T
	if len(bytes.TrimSpace(text)) > 0 {
		must(e.T, json.Unmarshal(text, &v))
	}
	return v
}

// end returns the port of a member of a network.
func (e *entrance) end(n intent.NetworkStatus, name slice.Workload) (flowtest.End, slice.MAC) {
	e.Helper()
	i := slices.IndexFunc(n.Members, func(m intent.MemberStatus) bool { return m.Name == name })
	if i < 0 {
		e.Fatalf("%s is no member: %v", name, n.Members)
	}
	sw := e.world.Switch(n.Members[i].Node, bridge.SPS)
	for _, p := range sw.Wanted().Ports {
		if p.Workload == name && p.Interface == string(n.Name) {
			return flowtest.End{Switch: sw.Memory.DPID(), Port: p.Number}, n.Members[i].MAC
		}
	}
	e.Fatalf("%s has no port", name)
	return flowtest.End{}, slice.MAC{}
}

// flows reports whether a frame of one member comes to another, and nowhere
// else.
func (e *entrance) flows(n intent.NetworkStatus, from, to slice.Workload) bool {
	e.Helper()
	a, mac := e.end(n, from)
	b, dest := e.end(n, to)
	t := e.world.Net().Send(a.Switch, flowtest.Frame{Port: a.Port, From: mac, To: dest})
	return !t.Loop && len(t.Delivered) == 1 && t.Delivered[0].End == b
}

const (
	oldSlice   = `{"namespace": "l2sm-system", "slice": {"provider": {"name": "ring", "domain": "192.0.2.10"}, "clusters": [{"name": "field", "gatewayNode": {"name": "field-2"}}, {"name": "fire"}, {"name": "private"}]}}`
	oldNetwork = `{"namespace": "l2sm-system", "network": {"name": "video", "provider": {"name": "ring"}, "podCidr": "10.1.0.0/16", "type": "vnet", "clusters": [{"name": "field"}, {"name": "fire"}]}}`
)

// A client of the original makes a slice and a network; workloads join, as the
// operator of a cluster would have them; frames flow; and the client takes all
// of it off again.
func TestOriginalClientToFrames(t *testing.T) {
	e := enter(t)
	e.call("CreateSlice", oldSlice, "Slice created succesfully") //nolint:misspell // the original spells it so
	e.call("CreateNetwork", oldNetwork, "Network created successfully")
	const members = "/v1/slices/l2sm-system--ring/networks/video/members"
	ask[intent.Status](e, 200, "POST", members, `{"name": "cam", "domain": "field"}`)
	s := ask[intent.Status](e, 200, "POST", members, `{"name": "video-wall", "domain": "fire"}`)
	if s.Phase != intent.Ready || s.Tenant != "old" {
		t.Fatalf("%s of tenant %s: %s", s.Phase, s.Tenant, s.Message)
	}
	n := s.Networks[0]
	for _, m := range n.Members { // block 1 and block 2 of the original's split
		if want := map[slice.Domain]string{"field": "10.1.64.", "fire": "10.1.128."}[m.Domain]; !strings.HasPrefix(m.Address.String(), want) {
			t.Errorf("%s in %s has %s, want it to begin with %s", m.Name, m.Domain, m.Address, want)
		}
	}
	if !e.flows(n, "cam", "video-wall") || !e.flows(n, "video-wall", "cam") {
		t.Error("frames do not flow between two clusters")
	}
	// A third cluster joins while they flow, and leaves.
	e.call("AddCluster", `{"sliceName": "ring", "cluster": {"name": "hospital"}}`, "Cluster added successfully")
	s = ask[intent.Status](e, 200, "POST", members, `{"name": "sip-hospital", "domain": "hospital"}`)
	if n = s.Networks[0]; !e.flows(n, "cam", "sip-hospital") || !e.flows(n, "cam", "video-wall") {
		t.Error("frames do not flow to the cluster that came")
	}
	e.call("RemoveCluster", `{"overlayName": "ring", "clusterName": "hospital"}`, "Cluster removed successfully")
	e.call("DeleteNetwork", oldNetwork, "Network deleted successfully")
	e.call("DeleteSlice", oldSlice, "Slice deleted successfully")
	for _, sw := range e.world.Switches {
		for _, f := range sw.Memory.Held().Flows {
			if f.Owner != 0 {
				t.Errorf("%s on %s keeps %s", sw.Bridge, sw.Node, f)
			}
		}
	}
	ask[any](e, 404, "GET", "/v1/slices/l2sm-system--ring", "")
}

// The address of the original's clients serves nothing else.
func TestLegacyDoorServesTheOriginalOnly(t *testing.T) {
	e := enter(t)
	_, err := api.NewSliceClient(e.old.Conn).List(t.Context(), intent.Query{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("our own service without a certificate: %v", err)
	}
	_, err = e.old.Call(t.Context(), "CreateSlice", `{"slice": {"clusters": [{"name": "field", "restConfig": {"bearerToken": "hush"}}]}}`)
	if status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret: %v", err)
	}
}

// Over REST a slice is made, read, edited under its tag, followed to its end;
// what names another state, an unknown shape or nothing at all is refused with
// the field at fault.
func TestRestToSwitches(t *testing.T) {
	e := enter(t)
	const in = `{"slice": {"id": "desk", "tenant": "t", "domains": [{"name": "field"}, {"name": "fire"}, {"name": "private"}],
		"networks": [{"name": "voice", "cidr": "192.0.2.0/24", "members": [{"name": "sip-field", "domain": "field"}, {"name": "sip-fire", "domain": "fire"}]}]}}`
	s := ask[intent.Status](e, 201, "POST", "/v1/slices", in)
	if s.Phase != intent.Ready || !e.flows(s.Networks[0], "sip-field", "sip-fire") {
		t.Fatalf("%s: %s", s.Phase, s.Message)
	}
	ask[any](e, 409, "POST", "/v1/slices", in)
	ask[any](e, 412, "PUT", "/v1/slices/desk", in, "If-None-Match", "*")
	ask[any](e, 412, "DELETE", "/v1/slices/desk", "", "If-Match", `"99"`)
	s = ask[intent.Status](e, 200, "PUT", "/v1/slices/desk/networks/voice/paths/field/fire",
		`{"mode": "explicit", "hops": ["field", "private", "fire"]}`, "If-Match", `"1"`)
	if s.Generation != 2 || !e.flows(s.Networks[0], "sip-field", "sip-fire") {
		t.Errorf("with a path: %+v", s)
	}
	type problem struct{ Errors intent.Faults }
	p := ask[problem](e, 400, "POST", "/v1/slices", `{"slice": {"id": "x", "tenant": "t", "domains": [{"name": "field"}]}, "overlay": {"shape": "cube"}}`)
	if len(p.Errors) != 1 || p.Errors[0].Path != "overlay.shape" {
		t.Errorf("an unknown shape: %v", p.Errors)
	}
	if p = ask[problem](e, 400, "POST", "/v1/slices", `{"slice": null}`); len(p.Errors) < 3 {
		t.Errorf("nothing at all: %v", p.Errors)
	}
	d := ask[intent.Difference](e, 200, "POST", "/v1/plan", `{"id": "desk", "delete": true}`)
	if len(d.Changes) == 0 {
		t.Error("a plan to delete has no changes")
	}
	ask[any](e, 204, "DELETE", "/v1/slices/desk", "", "If-Match", `"2"`)
	ask[any](e, 204, "DELETE", "/v1/slices/desk", "")
}

// A door that would be open by mistake is refused.
func TestDoorsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		doors doors
		says  string
	}{
		"no tenant":      {doors{legacy: "127.0.0.1:50051"}, "--legacy-tenant"},
		"everybody":      {doors{legacy: "0.0.0.0:50051", tenant: "old"}, "--legacy-anywhere"},
		"every address":  {doors{legacy: ":50051", tenant: "old"}, "--legacy-anywhere"},
		"a name":         {doors{legacy: "example.org:50051", tenant: "old"}, "--legacy-anywhere"},
		"no port":        {doors{legacy: "127.0.0.1", tenant: "old"}, "HOST:PORT"},
		"an odd tenant":  {doors{tenant: "Old!"}, "--legacy-tenant"},
		"on purpose":     {doors{legacy: "0.0.0.0:50051", tenant: "old", anywhere: true}, ""},
		"loopback":       {doors{legacy: "[::1]:50051", tenant: "old"}, ""},
		"none":           {doors{}, ""},
		"REST of no use": {doors{rest: ":8443"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.doors.check()
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("%v, want it to say %q", err, test.says)
			}
		})
	}
}
