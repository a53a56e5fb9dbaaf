package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/ee/wire"
)

// house is the root of the repository.
const house = "../.."

// stalling is an SCO that does not answer to orders.
type stalling struct{ api.Slices }

func (s stalling) Apply(ctx context.Context, _ intent.Intents, _ intent.Order) (intent.Status, error) {
	<-ctx.Done()
	return intent.Status{}, ctx.Err()
}

// near is a domain in this process.
type near struct{ *sdnc.Controller }

func (near) Close() error { return nil }

// serveWorld serves the SCO of a model over gRPC, as cmd/sco does, and returns
// its address. Wrap, if it is there, stands between the two.
func serveWorld(t *testing.T, dir string, wrap func(api.Slices) api.Slices) string {
	t.Helper()
	const file = house + "/deploy/lab/three-domains.yaml"
	var l lab.Lab
	must(t, descriptor.FromYAML(file, read(t, file), &l))
	ctx, cancel := context.WithCancel(t.Context())
	world, err := model.New(ctx, l, model.Config{})
	must(t, err)
	gate, err := access.New(access.Config{Holdings: world.SCO, Store: world.Stores[len(world.Stores)-1], Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	slices := gate.Slices(world.SCO)
	kept := api.Slices(slices)
	if wrap != nil {
		kept = wrap(kept)
	}
	domains, err := registry.New(registry.Config{
		Store: &fabrictest.Store{}, Use: world.SCO.Use,
		Open: func(_ context.Context, r intent.Registration) (registry.Driver, error) {
			if d := world.Domains[r.Name]; d != nil {
				return near{d}, nil
			}
			return nil, slice.Errorf(slice.Unavailable, "nobody is at %v", r.Addresses)
		},
	})
	must(t, err)
	config, err := pki.ServerTLS(dir+"/sco.crt", dir+"/sco.key", dir+"/ca.crt")
	must(t, err)
	s := api.NewServer(api.ServerConfig{
		TLS: config, Admit: gate.Admit,
		Identify: func(state tls.ConnectionState) (string, error) {
			id, err := pki.PeerIdentity(state)
			return string(id), err
		},
		Authorize: func(caller, method string) error { // as cmd/sco has it
			if caller == string(pki.Plugin) && (strings.HasPrefix(method, "/l2sces.v1.RegistryService/") || strings.HasPrefix(method, "/l2sces.v1.AdminService/")) {
				return slice.Errorf(slice.Denied, "%s may not call %s", caller, method)
			}
			return nil
		},
	})
	api.ServeSlices(s, kept)
	api.ServeRegistry(s, gate.Registry(domains))
	api.ServeEvents(s, gate.Events(world.SCO))
	api.ServeAdmin(s, gate.Admin(nil))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = s.Serve(listener) }() // says that it was stopped
	t.Cleanup(func() { s.Stop(); cancel(); world.Wait() })
	return listener.Addr().String()
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(file))
	must(t, err)
	return text
}

// environmentAt runs the whole command with an execution environment alone, and
// returns its socket.
func environmentAt(t *testing.T, args ...string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "ee.sock")
	ctx, stop := context.WithCancel(t.Context())
	cmd := command()
	cmd.SetArgs(append([]string{"--ee=unix:" + socket}, args...))
	cmd.SetErr(io.Discard)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(func() { stop(); must(t, <-ended) })
	await(t, func() bool { _, err := os.Stat(socket); return err == nil })
	return socket
}

// executor calls an execution environment.
func executor(t *testing.T, socket string, how credentials.TransportCredentials) wire.FrontendExecutorClient {
	t.Helper()
	line, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(how))
	must(t, err)
	t.Cleanup(func() { must(t, line.Close()) })
	return wire.NewFrontendExecutorClient(line)
}

// run runs a primitive as OSM does, and returns all replies.
func run(t *testing.T, c wire.FrontendExecutorClient, name string, params any) []*wire.PrimitiveReply {
	t.Helper()
	text, is := params.(string)
	if !is {
		written, err := descriptor.YAML(params)
		must(t, err)
		text = string(written)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	in, err := c.RunPrimitive(ctx, &wire.PrimitiveRequest{Id: "1", Name: name, Params: text})
	must(t, err)
	var all []*wire.PrimitiveReply
	for {
		reply, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		all = append(all, reply)
	}
}

// last wants a primitive to end with a status and some words.
func last(t *testing.T, c wire.FrontendExecutorClient, name string, params any, want string, says ...string) string {
	t.Helper()
	all := run(t, c, name, params)
	if len(all) == 0 {
		t.Fatalf("%s: no reply", name)
	}
	end := all[len(all)-1]
	if end.GetStatus() != want {
		t.Fatalf("%s: %s, want %s", name, end, want)
	}
	for _, s := range says {
		if !strings.Contains(end.GetDetailedMessage(), s) {
			t.Errorf("%s: %q does not say %q", name, end.GetDetailedMessage(), s)
		}
	}
	return end.GetDetailedMessage()
}

// fire is the order of the slice fire-emergency, as a text.
func fire(t *testing.T) string {
	t.Helper()
	o := struct {
		Template string   `json:"template"`
		Annex    string   `json:"annex"`
		Params   string   `json:"params"`
		Services []string `json:"services"`
	}{
		string(read(t, house+"/descriptors/nst/fire-emergency/nst.yaml")),
		string(read(t, house+"/descriptors/nst/fire-emergency/l2sces/intents.yaml")),
		string(read(t, house+"/descriptors/params/fire-emergency.yaml")), nil,
	}
	for _, s := range []string{"field", "fire", "private"} {
		o.Services = append(o.Services, string(read(t, house+"/nsd/"+s+"_ns/"+s+"_ns.yaml")))
	}
	text, err := descriptor.YAML(o)
	must(t, err)
	return string(text)
}

func TestPrimitives(t *testing.T) {
	dir := certificates(t)
	socket := environmentAt(t, "--sco="+serveWorld(t, dir, nil), "--ee-plain",
		"--tls-cert="+dir+"/plugin.crt", "--tls-key="+dir+"/plugin.key", "--tls-ca="+dir+"/ca.crt")
	c := executor(t, socket, insecure.NewCredentials())

	// What OSM does first, and without being asked.
	last(t, c, "config", "osm-config: '{\"v0\": {\"k8s\": {\"services\": {}}}}'\nns_config_info: {a: b}\n", "OK", "answers")
	create := map[string]any{"slice": "fire", "intents": fire(t), "tenant": ""}
	last(t, c, "create-slice", create, "OK", "slice fire is Ready, generation 1", "video: ready true")
	last(t, c, "create-slice", create, "OK", "generation 1") // OSM calls again with another id
	other := map[string]any{"slice": "fire", "intents": "apiVersion: l2sces/v1\nslice:\n  domains: [{name: field}]\n  networks: [{name: voice, domains: [field]}]\n", "tenant": "emergency"}
	last(t, c, "create-slice", other, "ERROR", "slice: ", "is there already")

	move := map[string]any{"slice": "fire", "network": "video", "from": "field", "to": "private", "hops": "field,private"}
	last(t, c, "move-path", move, "OK", "generation 2")
	last(t, c, "move-path", move, "OK", "generation 2")
	stale := map[string]any{"slice": "fire", "network": "video", "from": "field", "to": "private", "hops": "field,private", "generation": 1}
	last(t, c, "move-path", stale, "OK", "generation 2") // it is as it asks for
	stale["hops"] = "field,fire,private"
	last(t, c, "move-path", stale, "ERROR", "generation: ", "look again")

	press := `{slice: press, intents: "slice:\n  domains: [{name: field}]\n  networks: [{name: line, domains: [field]}]\n"}`
	last(t, c, "create-slice", press, "OK", "slice press is Ready")
	into := map[string]any{"slice": "press", "domain": "fire", "networks": "line", "members": "line:tablet"}
	last(t, c, "add-domain", into, "OK", "slice press is Ready, generation 2", "members 1 of 1")
	last(t, c, "add-domain", into, "OK", "generation 2")
	last(t, c, "update-slice", map[string]any{"slice": "press", "mask": "slice.qos", "intents": "slice: {qos: {id: 5}}", "generation": 2}, "OK", "generation 3")
	last(t, c, "update-slice", map[string]any{"slice": "press", "mask": "slice.qos", "intents": "slice: {qos: {id: 5}}", "generation": 2}, "OK", "generation 3")
	last(t, c, "update-slice", map[string]any{"slice": "press", "mask": "overlay.color", "intents": "overlay: {measured: true}"}, "ERROR", "intents: ", "overlay.color")
	last(t, c, "remove-domain", map[string]any{"slice": "press", "domain": "fire"}, "OK", "generation 4")
	last(t, c, "add-domain", map[string]any{"domain": "field", "address": "192.0.2.1:7002"}, "ERROR", "domain: ", "l2sces://plugin may not call")

	last(t, c, "get-status", map[string]any{"slice": "fire"}, "OK", "phase: Ready", "Ready true")
	last(t, c, "get-status", nil, "OK", "2 slices")
	last(t, c, "collect-logs", map[string]any{"slice": "fire"}, "OK", "slice/fire", "the audit log is not for this caller")
	last(t, c, "delete-slice", map[string]any{"slice": "fire", "dry-run": true}, "OK", "would be deleted")
	last(t, c, "delete-slice", map[string]any{"slice": "fire"}, "OK", "is deleted")
	last(t, c, "delete-slice", map[string]any{"slice": "fire"}, "OK", "there is no slice fire")
	last(t, c, "get-status", map[string]any{"slice": "fire"}, "ERROR", "slice: ")
}

func TestPrimitivesRefuse(t *testing.T) {
	dir := certificates(t)
	socket := environmentAt(t, "--sco="+serveWorld(t, dir, nil), "--ee-plain",
		"--tls-cert="+dir+"/plugin.crt", "--tls-key="+dir+"/plugin.key", "--tls-ca="+dir+"/ca.crt")
	c := executor(t, socket, insecure.NewCredentials())
	tests := map[string]struct {
		name   string
		params any
		says   []string
	}{
		"no such primitive": {"reboot", nil, []string{"name: ", "config, create-slice"}},
		"no YAML":           {"create-slice", "{", []string{"params:1:"}},
		"a list":            {"create-slice", "[a]", []string{"params: "}},
		"a nested map":      {"create-slice", "slice: {a: b}\nintents: x\n", []string{"slice: it is not one value"}},
		"an alias":          {"create-slice", "slice: &a x\nintents: *a\n", []string{"params:1:8"}},
		"two missing":       {"create-slice", nil, []string{"slice: it is missing", "intents: it is missing"}},
		"unknown key":       {"delete-slice", "slice: a\npassword: x\n", []string{"password: delete-slice has no such parameter"}},
		"no number":         {"delete-slice", "slice: a\ngeneration: soon\n", []string{`generation: "soon" is no whole number`}},
		"no boolean":        {"delete-slice", "slice: a\ndry-run: perhaps\n", []string{"dry-run: "}},
		"no time":           {"delete-slice", "slice: a\ntimeout-seconds: 0\n", []string{"timeout-seconds: "}},
		"bad name":          {"create-slice", map[string]string{"slice": "A b", "intents": "x: y"}, []string{"slice: no slice can be called"}},
		"bad intents":       {"create-slice", map[string]string{"slice": "a", "intents": "apiVersion: l2sces/v1\nslice:\n  networks: [{name: v, mtu: 3}]\n"}, []string{"intents: ", "intents:3:", "mtu"}},
		"unknown domain":    {"create-slice", map[string]string{"slice": "a", "intents": "slice:\n  domains: [{name: mars}, {name: field}]\n  networks: [{name: v, domains: [mars]}]\n"}, []string{"intents: ", "mars is not known"}},
		"no hops":           {"move-path", "{slice: a, network: v, from: field, to: fire}", []string{"hops: an explicit path has none"}},
		"absent slice":      {"move-path", "{slice: a, network: v, from: field, to: fire, mode: any}", []string{"slice: there is no slice a"}},
		"nothing to add":    {"add-domain", "domain: x", []string{"address: "}},
		"a secret":          {"add-domain", "{domain: x, address: '192.0.2.1:7002', credentials: hunter2}", []string{"credentials: it is none of file:FOLDER"}},
		"unknown folder":    {"config", "credentials: nobody", []string{"credentials: there is no folder"}},
		"bad address":       {"config", "sco: here", []string{`sco: "here" is not HOST:PORT`}},
		"too many lines":    {"collect-logs", "lines: 0", []string{"lines: 0 is not between 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := last(t, c, tt.name, tt.params, "ERROR", tt.says...)
			if strings.Contains(text, "hunter2") {
				t.Errorf("the reply tells a secret: %s", text)
			}
		})
	}
	_, err := c.GetSshKey(t.Context(), &wire.SshKeyRequest{})
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "SSH") {
		t.Errorf("ssh key: %v", err)
	}
}

// An SCO that does not answer holds nobody up.
func TestPrimitiveEndsByItsDeadline(t *testing.T) {
	dir := certificates(t)
	address := serveWorld(t, dir, func(s api.Slices) api.Slices { return stalling{s} })
	socket := environmentAt(t, "--sco="+address, "--ee-plain",
		"--tls-cert="+dir+"/plugin.crt", "--tls-key="+dir+"/plugin.key", "--tls-ca="+dir+"/ca.crt")
	c := executor(t, socket, insecure.NewCredentials())
	began := time.Now()
	last(t, c, "create-slice", map[string]any{"slice": "fire", "intents": fire(t), "timeout-seconds": 1}, "ERROR", "timeout-seconds: not done within 1s")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	last(t, c, "get-status", nil, "OK", "0 slices")
}

// TLS is with the certificates that OSM has made, the same that LCM checks; what
// the SCO asks for comes with config.
func TestEnvironmentOverTLS(t *testing.T) {
	dir, osm := certificates(t), t.TempDir()
	must(t, pki.Init(osm))
	must(t, pki.Issue(osm, "ee", pki.User("ee"), "ee.osm.svc"))
	must(t, pki.Issue(osm, "lcm", pki.User("lcm")))
	kept, given := filepath.Join(t.TempDir(), "state.json"), t.TempDir()
	must(t, os.Mkdir(given+"/ann", 0o700))
	for from, to := range map[string]string{"ann.crt": "tls.crt", "ann.key": "tls.key", "ca.crt": "ca.crt"} {
		must(t, os.WriteFile(given+"/ann/"+to, read(t, dir+"/"+from), 0o600))
	}
	args := []string{
		"--ee-tls-cert=" + osm + "/ee.crt", "--ee-tls-key=" + osm + "/ee.key", "--ee-tls-ca=" + osm + "/ca.crt",
		"--ee-credentials=" + given, "--ee-state=" + kept,
	}
	pair, err := tls.LoadX509KeyPair(osm+"/lcm.crt", osm+"/lcm.key")
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, osm+"/ca.crt"))
	how := func(c ...tls.Certificate) credentials.TransportCredentials {
		return credentials.NewTLS(&tls.Config{ServerName: "ee.osm.svc", RootCAs: roots, Certificates: c, MinVersion: tls.VersionTLS12})
	}

	socket := environmentAt(t, args...)
	c := executor(t, socket, how(pair))
	last(t, c, "config", nil, "OK", "nothing to drive yet")
	last(t, c, "get-status", nil, "ERROR", "run the primitive config")
	last(t, c, "config", map[string]string{"sco": "127.0.0.1:1", "credentials": "ann", "timeout-seconds": "1"}, "ERROR", "sco: ")
	last(t, c, "config", map[string]string{"sco": serveWorld(t, dir, nil), "credentials": "ann"}, "OK", "answers")
	last(t, c, "get-status", nil, "OK", "0 slices")

	field := map[string]any{"domain": "field", "address": "192.0.2.1:7002"}
	last(t, c, "add-domain", field, "OK", "domain field is registered, generation 1")
	last(t, c, "add-domain", field, "OK", "domain field is registered, generation 1")
	last(t, c, "get-status", map[string]any{"domain": "field"}, "OK", "used by 0 slices", "at 192.0.2.1:7002")
	last(t, c, "remove-domain", map[string]any{"domain": "field", "dry-run": true}, "OK", "would be removed")
	last(t, c, "remove-domain", map[string]any{"domain": "field"}, "OK", "domain field is removed")
	last(t, c, "remove-domain", map[string]any{"domain": "field"}, "OK", "there is no domain field")
	last(t, c, "add-domain", map[string]any{"domain": "mars", "address": "192.0.2.9:7002"}, "ERROR", "domain: ", "nobody is at")

	// Another run remembers it.
	again := executor(t, environmentAt(t, args...), how(pair))
	last(t, again, "get-status", nil, "OK", "0 slices")

	for name, other := range map[string]credentials.TransportCredentials{"in the clear": insecure.NewCredentials(), "no certificate": how()} {
		in, err := executor(t, socket, other).RunPrimitive(t.Context(), &wire.PrimitiveRequest{Name: "get-status"})
		if err == nil {
			_, err = in.Recv()
		}
		if err == nil {
			t.Errorf("%s: answered", name)
		}
	}
}

func TestEnvironmentOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		o    environment
		says string
	}{
		"none":           {environment{}, ""},
		"neither":        {environment{listen: "x"}, "--ee needs"},
		"both":           {environment{listen: "x", plain: true, cert: "c"}, "--ee-plain"},
		"plain":          {environment{listen: "x", plain: true}, ""},
		"files":          {environment{listen: "x", cert: "c", key: "k", ca: "a"}, ""},
		"without a file": {environment{listen: "x", cert: "c", key: "k"}, "--ee needs"},
	} {
		err := tt.o.check()
		if tt.says == "" && err != nil || tt.says != "" && (slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}
