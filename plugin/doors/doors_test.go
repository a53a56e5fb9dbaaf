package doors_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
	"github.com/l2sces/l2sces/plugin/doors"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

// The accounts: two of one tenant, one of another, and some whose names with what is
// kept for them could be taken for what is kept for the first.
func accounts() map[string]slice.Tenant {
	return map[string]slice.Tenant{"osm": "blue", "second": "blue", "other": "red", "osm/network": "blue", "osm%2Fnetwork": "blue", "..": "red"}
}

const endpoints = `endpoints:
- {name: field, domain: field, device: 'of:0000000000000011', port: 1}
- {name: fire, domain: fire, device: 'of:0000000000000012', port: 1}
- {name: field/cam, domain: field, workload: cam}
- {name: fire/tablet, domain: fire, workload: tablet}
- {name: fire/secret, domain: fire, workload: secret, tenant: red}
`

// The paths of the doors.
const (
	vplsPath  = "/onos/v1/network/configuration"
	l2vpnPath = "/restconf/data/ietf-l2vpn-svc:l2vpn-svc"
	nssPath   = "/restconf/data/ietf-network-slice-service:network-slice-services"
	tapiPath  = "/restconf/data/tapi-common:context/tapi-connectivity:connectivity-context"
	tapiGone  = "/restconf/operations/tapi-connectivity:delete-connectivity-service"
	vimPath   = "/vim/v1/networks"

	uuid = "836ab54f-182a-4070-8410-7a18887ea516"
	odd  = "a%2Fb%20%C3%BC%2C..%25" // "a/b ü,..%"
)

// A house is all doors over one store.
type house struct {
	store *servicetest.Store
	sco   *servicetest.SCO
	book  *service.Book
	doors http.Handler
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{store: servicetest.NewStore(), sco: servicetest.NewSCO()}
	h.open(t)
	return h
}

// open starts the plugin, again after it ended.
func (h *house) open(t *testing.T) {
	t.Helper()
	catalog, err := endpoint.New(nil, "endpoints.yaml", []byte(endpoints), endpoint.Config{})
	must(t, err)
	h.book, err = service.New(service.Config{Store: h.store, Slices: h.sco})
	must(t, err)
	h.doors = doors.New(h.book, catalog, accounttest.New(t, accounts()), doors.Config{})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request of an account, of nobody if that has no name.
func (h *house) ask(account, method, path string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, body)
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/restconf") {
		r.Header.Set("Content-Type", "application/yang-data+json")
	}
	if account != "" {
		r.SetBasicAuth(account, accounttest.Password(account))
	}
	w := httptest.NewRecorder()
	h.doors.ServeHTTP(w, r)
	return w
}

// do sends a request of an account that has to go well.
func (h *house) do(t *testing.T, account, method, path, body string) string {
	t.Helper()
	w := h.ask(account, method, path, strings.NewReader(body))
	if w.Code/100 != 2 {
		t.Fatalf("%s: %s %s: %d %s", account, method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

// fill lets an account order something at every door, and returns the id of its
// network of a VIM account.
func (h *house) fill(t *testing.T, account string) string {
	t.Helper()
	h.do(t, account, "POST", vplsPath, `{"ports": {"of:0000000000000011/1": {"interfaces": [{"name": "a", "vlan": "600"}]}, "of:0000000000000012/1": {"interfaces": [{"name": "b", "vlan": "600"}]}},
		"apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [{"name": "one", "interfaces": ["a", "b"], "encapsulation": "VLAN"}]}}}}`)
	h.do(t, account, "PUT", l2vpnPath+"/vpn-services/vpn-service="+odd, `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "a/b ü,..%", "vpn-svc-type": "vpls"}]}`)
	for _, name := range []string{"field", "fire"} {
		h.do(t, account, "PUT", l2vpnPath+"/sites/site="+odd+"/site-network-accesses/site-network-access="+name, fmt.Sprintf(`{"ietf-l2vpn-svc:site-network-access": [
			{"network-access-id": %q, "vpn-attachment": {"vpn-id": "a/b ü,..%%", "site-role": "any-to-any-role"}, "bearer": {"bearer-reference": %q}}]}`, name, name))
	}
	h.do(t, account, "POST", nssPath, `{"ietf-network-slice-service:slice-service": [{"id": "a/b ü,..%", "sdps": {"sdp": [{"id": "n", "node-id": "field/cam"}, {"id": "s", "node-id": "fire/tablet"}]},
		"connection-groups": {"connection-group": [{"id": "g", "connectivity-construct": [{"id": "c", "a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]}]}]}}]}`)
	end := func(name string) string {
		return fmt.Sprintf(`{"local-id": %q, "layer-protocol-name": "ETH", "service-interface-point": {"service-interface-point-uuid": %q}}`, name, name)
	}
	h.do(t, account, "POST", tapiPath, fmt.Sprintf(`{"tapi-connectivity:connectivity-service": [{"uuid": %q, "end-point": [%s, %s]}]}`, uuid, end("field"), end("fire")))
	made := h.do(t, account, "POST", vimPath, `{"domain": "field", "name": "data", "request": "r/1"}`)
	_, id, _ := strings.Cut(made, `"id":"`)
	return id[:len(uuid)]
}

// seen is what an account reads of itself at every door.
func (h *house) seen(t *testing.T, account string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range []string{vplsPath, l2vpnPath, nssPath + "?content=config", tapiPath, vimPath} {
		w := h.ask(account, "GET", path, nil)
		all[path] = fmt.Sprint(w.Code, " ", w.Body)
	}
	return all
}

// No account sees or touches what another one has, by whatever path it tries, also
// after the plugin has started again.
func TestAccountsStayApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	network := h.fill(t, "osm")
	empty := h.seen(t, "second")
	want, services := h.seen(t, "osm"), h.book.Services("")
	if len(services) != 5 {
		t.Fatalf("%d services, want 5", len(services))
	}
	for _, account := range []string{"second", "other", "osm/network", "osm%2Fnetwork", ".."} {
		for _, path := range []string{
			l2vpnPath + "/vpn-services/vpn-service=" + odd, l2vpnPath + "/sites/site=" + odd, l2vpnPath + "/sites/site=" + odd + "/site-network-accesses/site-network-access=fire",
			nssPath + "/slice-service=" + odd, tapiPath + "/connectivity-service=" + uuid, tapiPath + "/connectivity-service=" + strings.ToUpper(uuid),
			vimPath + "/" + network, vimPath + "/" + network + "/ports/cam", vimPath + "/..%2Fosm%2F" + network, vimPath + "/%2e%2e%2f" + network, vimPath + "/" + network + "%00",
			vimPath + "/osm%2Fnetwork%2F" + network, "/vim/v1/requests/r%2F1",
		} {
			for _, method := range []string{"GET", "DELETE"} {
				w := h.ask(account, method, path, nil)
				if text := w.Body.String(); strings.Contains(text, "field") || strings.Contains(text, "osm@") || w.Code == http.StatusOK {
					t.Errorf("%s: %s %s: %d %s", account, method, path, w.Code, text)
				}
			}
		}
		h.ask(account, "POST", tapiGone, strings.NewReader(fmt.Sprintf(`{"tapi-connectivity:input": {"uuid": %q}}`, uuid)))
		h.ask(account, "PUT", vimPath+"/"+network+"/ports/cam", strings.NewReader("{}"))
		h.do(t, account, "POST", vimPath+"/refresh", fmt.Sprintf(`{"ids": [%q]}`, network))
		h.do(t, account, "POST", vplsPath, `{"ports": {}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": []}}}}`)
		h.do(t, account, "PUT", nssPath, `{"ietf-network-slice-service:network-slice-services": {}}`)
		for path, text := range h.seen(t, account) {
			if path != vplsPath && text != empty[path] {
				t.Errorf("%s sees at %s %s", account, path, text)
			}
		}
		if got := h.book.Services(""); !reflect.DeepEqual(got, services) {
			t.Fatalf("%s changed the services of osm: %v", account, got)
		}
	}
	h.open(t)
	if diff := cmp.Diff(want, h.seen(t, "osm")); diff != "" {
		t.Errorf("osm sees another thing than before: %s", diff)
	}
}

// What one orders in the name of another tenant's workload is not to be had.
func TestEndpointsStayApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{tapiPath[:strings.LastIndex(tapiPath, "/")] + "/service-interface-point", "/vim/v1/tenants"} {
		if text := h.do(t, "osm", "GET", path, ""); strings.Contains(text, "secret") {
			t.Errorf("%s shows an endpoint of another tenant: %s", path, text)
		}
	}
	id := h.fill(t, "osm")
	for _, w := range []*httptest.ResponseRecorder{
		h.ask("osm", "PUT", vimPath+"/"+id+"/ports/secret", strings.NewReader("{}")),
		h.ask("osm", "PUT", l2vpnPath+"/sites/site=x/site-network-accesses/site-network-access=y", strings.NewReader(`{"ietf-l2vpn-svc:site-network-access": [
			{"network-access-id": "y", "vpn-attachment": {"vpn-id": "a/b ü,..%", "site-role": "any-to-any-role"}, "bearer": {"bearer-reference": "fire/secret"}}]}`)),
	} {
		if w.Code/100 != 4 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// A pit is a body that has no end, and must not be read.
type pit struct{ read int }

func (p *pit) Read(b []byte) (int, error) {
	p.read += len(b)
	return len(b), nil
}

// Whoever is nobody is told so before anything else but that a path has no such
// method, for paths that are there and for others, and nothing of a body is read.
func TestNobodyIsAskedFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{
		vplsPath, vplsPath + "/apps", "/onos/v1/hosts", "/onos/v1/hosts/x", l2vpnPath, l2vpnPath + "/vpn-services/vpn-service=x",
		nssPath, nssPath + "/slice-service=x", tapiPath, tapiGone, vimPath, vimPath + "/x", vimPath + "/refresh", vimPath + "/x/ports/y", "/vim/v1", "/vim/v1/tenants",
		"/.well-known/host-meta", "/restconf", "/restconf/data", "/restconf/data/other:thing", "/", "/nothing", "/vim/v1/nothing", "/onos/v1/nothing",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			body := &pit{}
			w := h.ask("", method, path, body)
			noSuchMethod := w.Code == http.StatusMethodNotAllowed || method == "OPTIONS" && w.Code == http.StatusNoContent
			if w.Code != http.StatusUnauthorized && (!noSuchMethod || w.Body.Len() > 200) || body.read > 0 {
				t.Errorf("%s %s: %d after %d bytes", method, path, w.Code, body.read)
			}
		}
	}
}

// A body without end is cut off at every door.
func TestBodiesEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, at := range []struct{ method, path string }{
		{"POST", vplsPath}, {"PUT", l2vpnPath}, {"PUT", nssPath}, {"POST", tapiPath}, {"POST", tapiGone}, {"POST", vimPath}, {"POST", vimPath + "/refresh"},
	} {
		body := &pit{}
		w := h.ask("osm", at.method, at.path, body)
		if w.Code != http.StatusRequestEntityTooLarge || body.read > 16<<20 {
			t.Errorf("%s %s: %d after %d bytes: %.100s", at.method, at.path, w.Code, body.read, w.Body)
		}
	}
}
