package main

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

// taking is an SCO that takes slices, of two domains.
type taking struct {
	api.Slices
	*servicetest.SCO
}

func (s taking) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	return s.SCO.Apply(ctx, in, o)
}

func (s taking) Delete(ctx context.Context, id slice.ID, o intent.Order) (bool, error) {
	return s.SCO.Delete(ctx, id, o)
}

func (s taking) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	return s.SCO.Status(ctx, id)
}

type twoDomains struct{ api.Registry }

func (twoDomains) Registrations(context.Context) ([]intent.Registration, error) {
	return []intent.Registration{
		{Name: "field", Driver: "direct", Addresses: []string{"192.0.2.1:7002"}, Info: intent.DomainInfo{Name: "field", Gateway: "field-2", Members: []slice.Workload{"cam"}}},
		{Name: "fire", Driver: "direct", Addresses: []string{"192.0.2.2:7002"}, Info: intent.DomainInfo{Name: "fire", Gateway: "fire-2", Members: []slice.Workload{"tablet"}}},
	}, nil
}

// serveTaking serves such an SCO over gRPC.
func serveTaking(t *testing.T, dir string) (string, *servicetest.SCO) {
	t.Helper()
	config, err := pki.ServerTLS(dir+"/sco.crt", dir+"/sco.key", dir+"/ca.crt")
	must(t, err)
	s := api.NewServer(api.ServerConfig{
		TLS: config, Logger: slog.New(slog.DiscardHandler),
		Identify: func(state tls.ConnectionState) (string, error) {
			id, err := pki.PeerIdentity(state)
			return string(id), err
		},
	})
	held := servicetest.NewSCO()
	api.ServeSlices(s, taking{SCO: held})
	api.ServeRegistry(s, twoDomains{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = s.Serve(l) }() // says that it was stopped
	t.Cleanup(s.Stop)
	return l.Addr().String(), held
}

// start starts the plugin; it ends with the test, or before.
func start(t *testing.T, args []string) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	cmd := command()
	cmd.SetArgs(args)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	end = func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v, want an orderly stop", err)
		}
	}
	return end
}

// osmFlags serve OSM's accounts on a socket.
func osmFlags(t *testing.T, dir, sco string) []string {
	t.Helper()
	for name, text := range map[string]string{
		"accounts.yaml": "accounts:\n- {name: osm, tenant: blue, passwordFile: osm.password}\n- {name: ann, tenant: red, certificate: 'l2sces://user/ann'}\n",
		"osm.password":  "hush\n", "nbi.password": osmtest.Password,
		"endpoints.yaml": "endpoints: [{name: ned-a, domain: field, workload: cam, device: '0000000000000011', port: 3}]\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return []string{
		"--osm-listen=unix:" + dir + "/osm.sock", "--sco=" + sco, "--accounts=" + dir + "/accounts.yaml", "--endpoints=" + dir + "/endpoints.yaml",
		"--store=" + dir + "/plugin.db", "--tls-cert=" + dir + "/plugin.crt", "--tls-key=" + dir + "/plugin.key", "--tls-ca=" + dir + "/ca.crt",
		"--admin=unix:" + dir + "/admin.sock",
	}
}

// ask sends a request to the connectors' socket as an account; without a password it
// shows the certificate of that name.
func ask(t *testing.T, dir, method, path, user, password, body string) (int, string) {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} // the socket is ours
	if user != "" && password == "" {
		var err error
		config, err = pki.ClientTLS(dir+"/"+user+".crt", dir+"/"+user+".key", dir+"/ca.crt", pki.Plugin)
		must(t, err)
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", dir+"/osm.sock")
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://x"+path, strings.NewReader(body))
	must(t, err)
	if password != "" {
		r.SetBasicAuth(user, password)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { must(t, w.Body.Close()) }()
	text, err := io.ReadAll(w.Body)
	must(t, err)
	return w.StatusCode, string(text)
}

const vplsDocument = `{"devices": {}, "links": {}, "hosts": {}, "layouts": {},
	"ports": {"of:0000000000000011/3": {"interfaces": [{"name": "ned-a", "vlan": 600}]}, "of:0000000000000012/3": {"interfaces": [{"name": "fire/tablet", "vlan": 600}]}},
	"apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [{"name": "lan", "interfaces": ["ned-a", "fire/tablet"], "encapsulation": "VLAN"}]}}}}`

const config = "/onos/v1/network/configuration"

// The process serves OSM's accounts over TLS, and remembers what they asked for.
func TestConnectors(t *testing.T) {
	dir := certificates(t)
	address, sco := serveTaking(t, dir)
	flags := osmFlags(t, dir, address)
	end := start(t, flags)
	await(t, func() bool {
		code, _ := ask(t, dir, http.MethodGet, config, "osm", "hush", "")
		return code == http.StatusOK
	})
	for _, tc := range []struct {
		what, user, password, path string
		code                       int
	}{
		{"nobody", "", "", config, 401},
		{"a wrong password", "osm", "hash", config, 401},
		{"a certificate", "ann", "", config, 200},
		{"the certificate of an edge device", "n1", "", config, 401},
		{"the certificate of the SCO", "sco", "", config, 401},
		{"the service interface points", "osm", "hush", "/restconf/data/tapi-common:context/service-interface-point", 200},
		{"L2VPN services", "osm", "hush", "/restconf/data/ietf-l2vpn-svc:l2vpn-svc/vpn-services", 200},
		{"slice services", "osm", "hush", "/restconf/data/ietf-network-slice-service:network-slice-services", 200},
		{"networks of a VIM", "osm", "hush", "/vim/v1/networks", 200},
		{"the doors", "osm", "hush", "/.well-known/host-meta", 200},
		{"RESTCONF without an account", "", "", "/restconf/data/ietf-l2vpn-svc:l2vpn-svc", 401},
		{"another path", "osm", "hush", "/absent", 404},
	} {
		if code, text := ask(t, dir, http.MethodGet, tc.path, tc.user, tc.password, ""); code != tc.code {
			t.Errorf("%s: %d %s, want %d", tc.what, code, text, tc.code)
		}
	}
	if code, text := ask(t, dir, http.MethodPost, config, "osm", "hush", vplsDocument); code != http.StatusOK {
		t.Fatalf("a service: %d %s", code, text)
	}
	if all := sco.Intents(); len(all) != 1 {
		t.Fatalf("the SCO holds %v", all)
	}
	if _, text := get(t, dir+"/admin.sock", nil, "http://x/metrics"); !strings.Contains(text, `l2sces_plugin_services{door="vpls"} 1`) || !strings.Contains(text, "l2sces_plugin_slices 1") {
		t.Errorf("metrics: %s", text)
	}
	end()
	end = start(t, flags)
	defer end()
	await(t, func() bool {
		code, _ := ask(t, dir, http.MethodGet, config, "osm", "hush", "")
		return code == http.StatusOK
	})
	if _, text := ask(t, dir, http.MethodGet, config, "osm", "hush", ""); !strings.Contains(text, `"lan"`) {
		t.Errorf("after a restart: %s", text)
	}
	if _, text := ask(t, dir, http.MethodGet, config, "ann", "", ""); strings.Contains(text, "lan") {
		t.Errorf("another account sees it: %s", text)
	}
}

// The process follows OSM's slice instances.
func TestWatching(t *testing.T) {
	dir := certificates(t)
	address, _ := serveTaking(t, dir)
	osm := httptest.NewServer(osmtest.New())
	t.Cleanup(osm.Close)
	flags := append(osmFlags(t, dir, address), "--nbi="+osm.URL, "--nbi-user="+osmtest.User, "--nbi-password-file="+dir+"/nbi.password", "--watch-every=1s")
	end := start(t, flags)
	defer end()
	await(t, func() bool {
		_, text := get(t, dir+"/admin.sock", nil, "http://x/metrics")
		return strings.Contains(text, `l2sces_plugin_polls_total{result="good"}`) && !strings.Contains(text, `l2sces_plugin_polls_total{result="good"} 0`)
	})
}

func TestConnectorFlags(t *testing.T) {
	dir := certificates(t)
	all := osmFlags(t, dir, "192.0.2.1:1")
	without := func(flag string) []string {
		var out []string
		for _, f := range all {
			if !strings.HasPrefix(f, flag+"=") {
				out = append(out, f)
			}
		}
		return out
	}
	plus := func(more ...string) []string { return append(append([]string{}, all...), more...) }
	must(t, os.WriteFile(dir+"/bad.yaml", []byte("endpoints: [{name: a}]"), 0o600))
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no accounts", without("--accounts"), "--accounts"},
		{"no store", without("--store"), "--store is required"},
		{"no SCO", without("--sco"), "--sco is required"},
		{"no certificate", without("--tls-cert"), "--tls-cert is required"},
		{"bad endpoints", append(without("--endpoints"), "--endpoints="+dir+"/bad.yaml"), "bad.yaml:1:"},
		{"absent endpoints", append(without("--endpoints"), "--endpoints="+dir+"/absent"), "--endpoints"},
		{"absent accounts", append(without("--accounts"), "--accounts="+dir+"/absent"), "absent"},
		{"no user of OSM", plus("--nbi=https://osm.example"), "--nbi-user"},
		{"no password of OSM", plus("--nbi=https://osm.example", "--nbi-user=u"), "--nbi-password-file"},
		{"too often", plus("--nbi=https://osm.example", "--nbi-user=u", "--nbi-password-file="+dir+"/nbi.password", "--watch-every=1ms"), "--watch-every"},
		{"callback without password", plus("--nbi=https://osm.example", "--nbi-user=u", "--nbi-password-file="+dir+"/nbi.password", "--nbi-callback=https://x"), "--nbi-callback-password-file"},
		{"no URL", plus("--nbi=osm", "--nbi-user=u", "--nbi-password-file="+dir+"/nbi.password"), "https://HOST:PORT"},
		{"absent table", plus("--nbi=https://osm.example", "--nbi-user=u", "--nbi-password-file="+dir+"/nbi.password", "--domains-of="+dir+"/absent"), "--domains-of"},
	} {
		cmd := command()
		cmd.SetArgs(tc.args)
		err := cmd.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want a word of %q", tc.name, err, tc.want)
		}
	}
}
