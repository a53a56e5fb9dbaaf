package vim_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/vim"
)

func TestShimIsWhatROExpects(t *testing.T) {
	t.Parallel()
	r := startRO(t, newHouse(t).secure(nil, nil))
	var got struct {
		Double           bool
		File             string
		Missing, Differs []string
	}
	r.must(&got, "describe", nil)
	if !got.Double {
		t.Logf("RO's own base class is used: %s", got.File)
	}
	if len(got.Missing)+len(got.Differs) != 0 {
		t.Errorf("methods of RO that the connector lacks: %v, or that have other parameters: %v", got.Missing, got.Differs)
	}
}

func TestShimInstalls(t *testing.T) {
	t.Parallel()
	sources(t)
	dir, src := t.TempDir(), t.TempDir() // the build leaves files beside the sources
	if err := os.CopyFS(src, os.DirFS(rovim)); err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), python(t), "-c", "import setuptools, wheel, pip").Run(); err != nil {
		t.Fatal("python3-pip, python3-setuptools or python3-wheel is not installed: deploy/setup.sh test installs them")
	}
	run(t, []string{"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_ROOT_USER_ACTION=ignore"},
		"-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps", "--target", dir, src)
	r := startROWith(t, newHouse(t).secure(nil, nil), dir)
	r.must(nil, "describe", nil)
}

func TestShimMakesNetworks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := startRO(t, h.secure(h.web.Config.Handler, nil))
	r.must(nil, "check_vim_connectivity", nil)
	var tenants []vim.Tenant
	r.must(&tenants, "get_tenant_list", map[string]any{"filter_dict": map[string]any{"name": "field"}})
	if diff := gocmp.Diff([]vim.Tenant{{ID: "field", Name: "field"}}, tenants); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	id := r.new(map[string]any{
		"net_name": "emergency-data", "net_type": "bridge",
		"ip_profile":               map[string]any{"ip_version": "IPv4", "subnet_address": "192.0.2.0/24", "gateway_address": "192.0.2.1", "dhcp_enabled": true, "dhcp_start_address": nil, "dhcp_count": nil},
		"provider_network_profile": map[string]any{"segmentation-id": "101"},
	})
	if got := h.sco.network(t); got.CIDR.String() != "192.0.2.0/24" || got.Name != "emergency-data" {
		t.Errorf("the SCO got %+v", got)
	}
	list := func(filter map[string]any) []vim.Network {
		t.Helper()
		var all []vim.Network
		r.must(&all, "get_network_list", map[string]any{"filter_dict": filter})
		return all
	}
	for _, f := range []map[string]any{nil, {"name": "emergency-data"}, {"id": id}, {"shared": false}, {"tenant_id": "field", "admin_state_up": true}, {"status": "ACTIVE"}} {
		if got := list(f); len(got) != 1 || got[0].ID != id || got[0].Status != vim.Active {
			t.Errorf("list %v: %+v", f, got)
		}
	}
	for _, f := range []map[string]any{{"name": "other"}, {"id": "x"}, {"shared": true}, {"admin_state_up": false}} {
		if got := list(f); len(got) != 0 {
			t.Errorf("list %v: %+v", f, got)
		}
	}
	var one vim.Network
	r.must(&one, "get_network", map[string]any{"net_id": id})
	var status map[string]map[string]any
	r.must(&status, "refresh_nets_status", map[string]any{"net_list": []string{id, "gone"}})
	if s := status[id]; s["status"] != "ACTIVE" || s["name"] != "emergency-data" || s["error_msg"] != nil || s["vim_info"] != one.Info || one.Info == "" {
		t.Errorf("refresh: %v", s)
	}
	if s := status["gone"]; s["status"] != "DELETED" {
		t.Errorf("refresh of an unknown network: %v", s)
	}
	var deleted string
	r.must(&deleted, "delete_network", map[string]any{"net_id": id, "created_items": map[string]any{"network": id}})
	if deleted != id || len(h.sco.slices()) != 0 {
		t.Errorf("deleted %q, left %v", deleted, h.sco.slices())
	}
	// RO makes a network of management without a type, and deletes by created_items what it lost the id of.
	id = r.new(map[string]any{"net_name": "mgmtnet", "net_type": nil})
	r.must(nil, "delete_network", map[string]any{"net_id": nil, "created_items": map[string]any{"network": id}})
	if len(h.sco.slices()) != 0 {
		t.Errorf("left: %v", h.sco.slices())
	}
	r.must(nil, "delete_network", map[string]any{"net_id": nil})
}

func TestShimRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := startRO(t, h.secure(h.web.Config.Handler, nil))
	r.refuses("VimConnNotFoundException", 404, "there is no network", "get_network", map[string]any{"net_id": "../x?y"})
	r.refuses("VimConnNotFoundException", 404, "there is no network", "delete_network", map[string]any{"net_id": "none"})
	r.refuses("VimConnException", 400, "not ADDRESS/LENGTH", "new_network", map[string]any{"net_name": "x", "net_type": "bridge", "ip_profile": map[string]any{"subnet_address": "x"}})
	r.refuses("VimConnException", 400, "filter", "get_network_list", map[string]any{"filter_dict": map[string]any{"colour": "red"}})
	r.refuses("VimConnNotImplemented", 501, "no tenants", "new_tenant", map[string]any{"tenant_name": "x", "tenant_description": ""})
	r.refuses("VimConnNotImplemented", 501, "no tenants", "delete_tenant", map[string]any{"tenant_id": "x"})
	for method, text := range map[string]string{
		"get_flavor": "flavors", "get_flavor_id_from_data": "flavors", "new_flavor": "flavors", "delete_flavor": "flavors",
		"get_image_list": "images", "get_image_id_from_path": "images", "new_image": "images", "delete_image": "images",
		"new_vminstance": "VMs", "get_vminstance": "VMs", "delete_vminstance": "VMs", "refresh_vms_status": "VMs", "action_vminstance": "VMs",
		"get_vminstance_console": "VMs", "inject_user_key": "VMs", "migrate_instance": "VMs", "resize_instance": "VMs",
		"get_affinity_group": "affinity groups", "new_affinity_group": "affinity groups", "delete_affinity_group": "affinity groups",
	} {
		r.refuses("VimConnNotImplemented", 501, "no "+text, method, nil)
	}
	h.sco.mu.Lock()
	h.sco.err = slice.Errorf(slice.Exhausted, "no number is left")
	h.sco.mu.Unlock()
	r.refuses("VimConnUnexpectedResponse", 503, "no number is left", "new_network", map[string]any{"net_name": "x", "net_type": "bridge"})
	h.sco.mu.Lock()
	h.sco.err = slice.Errorf(slice.Conflict, "it is somebody else's")
	h.sco.mu.Unlock()
	r.refuses("VimConnConflictException", 409, "somebody else's", "new_network", map[string]any{"net_name": "x", "net_type": "bridge"})
}

func TestShimCredentials(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good := h.secure(h.web.Config.Handler, nil)
	r := startRO(t, good)
	with := func(config map[string]any) map[string]any {
		return map[string]any{"config": config}
	}
	ca := good["config"].(map[string]any)["ca_cert"] //nolint:errcheck // it was put there above
	for _, c := range []struct {
		name    string
		account map[string]any
		class   string
		code    int
		text    string
	}{
		{"all right", nil, "", 0, ""},
		{"wrong password", map[string]any{"passwd": password + "2"}, "VimConnAuthException", 401, "401"},
		{"unknown name", map[string]any{"user": "nobody", "passwd": password}, "VimConnAuthException", 401, "401"},
		{"no name", map[string]any{"user": nil, "passwd": nil}, "VimConnAuthException", 401, "401"},
		{"unknown domain", map[string]any{"user": "ro", "passwd": password, "tenant_name": "moon"}, "VimConnNotFoundException", 404, "there is no domain moon"},
		{"domain by configuration", with(map[string]any{"ca_cert": ca, "domain": "field", "timeout": 2}), "", 0, ""},
		{"domain by name", map[string]any{"tenant_name": nil, "name": "core", "config": map[string]any{"ca_cert": ca}}, "", 0, ""},
		{"unknown authority", with(map[string]any{}), "VimConnConnectionException", 503, "CERTIFICATE_VERIFY_FAILED"},
		{"no check", with(map[string]any{"insecure": true}), "", 0, ""},
		{"a word is no yes", with(map[string]any{"insecure": "False"}), "VimConnConnectionException", 503, "CERTIFICATE_VERIFY_FAILED"},
		{"no such file", with(map[string]any{"ca_cert": "/none"}), "VimConnException", 400, "No such file"},
		{"no time", with(map[string]any{"timeout": "soon"}), "VimConnException", 400, "could not convert"},
		{"plain", map[string]any{"url": h.web.URL, "config": map[string]any{}}, "VimConnException", 400, "not https"},
		{"plain and willing", map[string]any{"url": h.web.URL + "/vim/v1/", "config": map[string]any{"insecure": true}}, "", 0, ""},
		{"no address", map[string]any{"url": "https://"}, "VimConnException", 400, "vim_url"},
		{"no port", map[string]any{"url": "https://127.0.0.1:x"}, "VimConnException", 400, "Port"},
		{"a password in the address", map[string]any{"url": "https://ro:secret@127.0.0.1"}, "VimConnException", 400, "vim_url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			r.change(c.account)
			if c.class == "" {
				r.must(nil, "check_vim_connectivity", nil)
				return
			}
			r.refuses(c.class, c.code, c.text, "check_vim_connectivity", nil)
		})
	}
}

func TestShimShowsItsCertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ro"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(h.web.Config.Handler)
	web.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	t.Cleanup(web.Close)
	r := startRO(t, vimAccount(t, web, map[string]any{"client_cert": pemFile(t, "CERTIFICATE", cert), "client_key": pemFile(t, "PRIVATE KEY", der)}))
	r.must(nil, "check_vim_connectivity", nil)
	r = startRO(t, vimAccount(t, web, nil))
	r.refuses("VimConnConnectionException", 503, "", "check_vim_connectivity", nil)
}

// TestShimOfASlowPlugin has calls end in time, as what RO can understand.
func TestShimOfASlowPlugin(t *testing.T) {
	t.Parallel()
	behave := map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { hang(r) },
		"drips":  drip,
		"breaks": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, "{")
		},
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"away":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>secret</html>") },
		"empty":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
		"list":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[1]") },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://192.0.2.1/", http.StatusFound)
		},
		"large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", 9<<20))
		},
	}
	for name, handler := range behave {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			class, patience := "VimConnConnectionException", time.Second
			if slices.Contains([]string{"nonsense", "redirects", "large", "list", "empty"}, name) {
				class, patience = "VimConnUnexpectedResponse", 30*time.Second // an answer comes
			}
			web := quiet(handler)
			r := startRO(t, vimAccount(t, web, map[string]any{"timeout": patience.Seconds()}))
			t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
			began := time.Now()
			r.refuses(class, 503, "osm-plugin", "refresh_nets_status", map[string]any{"net_list": []string{"x"}})
			if took := time.Since(began); took > 5*patience {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// hang answers nothing until the client has left.
func hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the server does not see it leave
	<-r.Context().Done()
}

// drip sends a byte now and then.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = io.WriteString(w, " ") // an error comes with the context
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func TestShimOfADeadPlugin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole := h.secure(h.web.Config.Handler, map[string]any{"timeout": 1})
	whole["url"] = "https://" + dead
	r := startRO(t, whole)
	for method, arguments := range map[string]map[string]any{
		"check_vim_connectivity": nil, "get_network_list": nil,
		"new_network":    {"net_name": "x", "net_type": "bridge"},
		"delete_network": {"net_id": "x"},
	} {
		r.refuses("VimConnConnectionException", 503, "Connection refused", method, arguments)
	}
}

// TestShimLosesAnswers has a proxy in front of the plugin that swallows answers.
func TestShimLosesAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var lose atomic.Int32
	proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.web.Config.Handler.ServeHTTP(rec, r)
		if r.Method != http.MethodDelete && lose.Add(-1) >= 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	first := startRO(t, h.secure(proxy, map[string]any{"timeout": 2}))
	other := startRO(t, first.account)
	order := map[string]any{"net_name": "ns-data", "net_type": "bridge"}

	lose.Store(2)
	a := first.new(order)
	if got := len(h.sco.slices()); got != 1 {
		t.Errorf("after two lost answers there are %d networks, want 1", got)
	}
	lose.Store(1000)
	first.refuses("VimConnConnectionException", 503, "", "new_network", order)
	lose.Store(0)
	if got := len(h.sco.slices()); got != 1 {
		t.Errorf("a call that failed left %d networks, want 1", got)
	}
	if b := first.new(order); b == a {
		t.Error("another call of one RO got the same network")
	}
	// RO dies before it has written down what it got; the next one repeats the calls.
	h.now = h.now.Add(time.Hour)
	x, y, z := other.new(order), other.new(order), other.new(order)
	if x == y || y == z || !slices.Contains([]string{x, y}, a) {
		t.Errorf("the next RO got %s, %s and %s; %s was there", x, y, z, a)
	}
	if got := len(h.sco.slices()); got != 3 {
		t.Errorf("there are %d networks, want 3", got)
	}
}

// TestShimIsShort holds the shim to what was promised of it.
func TestShimIsShort(t *testing.T) {
	const lines, columns = 250, 99
	text, err := os.ReadFile(filepath.Join(rovim, "osm_rovim_l2sces/vimconn_l2sces.py"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	longest := slices.MaxFunc(all, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	if len(all) > lines || len(longest) > columns {
		t.Errorf("the shim has %d lines, want %d at most; the longest has %d columns, want %d at most", len(all), lines, len(longest), columns)
	}
}
