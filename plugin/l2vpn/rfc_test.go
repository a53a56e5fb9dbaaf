package l2vpn_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

// What a client of the model sends that leaves nothing out.
const (
	trueVPN = `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "v", "vpn-svc-type": "ietf-l2vpn-svc:bgp-vpls", "customer-name": "Hospital",
		"svc-topo": "ietf-l2vpn-svc:any-to-any", "ce-vlan-preservation": true, "ce-vlan-cos-preservation": false}]}`
	trueSite = `{"ietf-l2vpn-svc:site": [{"site-id": "s1", "site-vpn-flavor": "ietf-l2vpn-svc:site-vpn-flavor-multi",
		"management": {"type": "ietf-l2vpn-svc:provider-managed"}, "bundling-type": "ietf-l2vpn-svc:one2one-bundling",
		"locations": {"location": [{"location-id": "l", "address": "A street 1", "city": "Madrid", "country-code": "ES"}]},
		"devices": {"device": [{"device-id": "ce1", "location": "l"}]}, "default-ce-vlan-id": 7}]}`
	trueAccess = `{"ietf-l2vpn-svc:site-network-access": [{"network-access-id": "n1", "type": "ietf-l2vpn-svc:multipoint", "device-reference": "ce1",
		"bearer": {"bearer-reference": "ned-a"},
		"connection": {"encapsulation-type": "ietf-l2vpn-svc:vlan", "eth-inf-type": "ietf-l2vpn-svc:tagged",
			"tagged-interface": {"type": "ietf-l2vpn-svc:dot1q", "dot1q-vlan-tagged": {"tg-type": "ietf-l2vpn-svc:c-vlan", "cvlan-id": 300}}},
		"vpn-attachment": {"vpn-id": "v", "site-role": "ietf-l2vpn-svc:any-to-any-role"},
		"service": {"svc-mtu": 1400, "svc-bandwidth": {"bandwidth": [
			{"direction": "ietf-l2vpn-svc:input-bw", "type": "ietf-l2vpn-svc:bw-per-port", "cir": "20000000", "cbs": "1000"},
			{"direction": "ietf-l2vpn-svc:output-bw", "type": "ietf-l2vpn-svc:bw-per-svc", "vpn-id": "v", "cir": "10000000", "cbs": "1000", "eir": "40000500"}]}}}]}`
)

// trueWorld has a VPLS over three sites.
func trueWorld(tb testing.TB) *world {
	tb.Helper()
	w := newWorld(tb)
	w.Must(tb, 201, post, vpns, trueVPN)
	w.Must(tb, 201, post, sites, trueSite)
	w.Must(tb, 201, post, sites+"/site=s1/site-network-accesses", trueAccess)
	w.Must(tb, 201, post, inSite("s2"), accessBody("n2", "v", "ned-b", 301))
	w.Must(tb, 201, post, inSite("s3"), accessBody("n3", "v", "a/camera", 0))
	return w
}

func TestTrueClient(t *testing.T) {
	w := trueWorld(t)
	w.wants(t, "v: a.300/camera b.301 mtu 1400 kbps 50001")
	access := sites + "/site=s1/site-network-accesses/site-network-access=n1"
	vpn := vpns + "/vpn-service=v"
	tests := map[string]struct {
		calls []call
		want  string // ordered
		body  string // of the last answer
	}{
		"a leaf": {
			calls: []call{{get, access + "/service/svc-mtu", "", 200}},
			body:  `{"ietf-l2vpn-svc:svc-mtu": 1400}`,
		},
		"a number of 64 bits is text": {
			calls: []call{{get, access + "/service/svc-bandwidth/bandwidth=output-bw,bw-per-svc/eir", "", 200}},
			body:  `{"ietf-l2vpn-svc:eir": "40000500"}`,
		},
		"keys with the module": {
			calls: []call{{get, access + "/service/svc-bandwidth/bandwidth=ietf-l2vpn-svc:input-bw,bw-per-port/cir", "", 200}},
			body:  `{"ietf-l2vpn-svc:cir": "20000000"}`,
		},
		"an entry": {
			calls: []call{{get, vpn, "", 200}},
			body: `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "v", "vpn-svc-type": "bgp-vpls", "customer-name": "Hospital",
				"svc-topo": "any-to-any", "ce-vlan-preservation": true, "ce-vlan-cos-preservation": false}]}`,
		},
		"profiles": {
			calls: []call{{get, root + "/vpn-profiles/", "", 200}},
			body:  `{"ietf-l2vpn-svc:vpn-profiles": {"valid-provider-identifiers": {}}}`,
		},
		"a site that nobody made": {
			calls: []call{{get, sites + "/site=s3", "", 200}},
			body: `{"ietf-l2vpn-svc:site": [{"site-id": "s3", "site-vpn-flavor": "site-vpn-flavor-multi", "management": {"type": "customer-managed"},
				"locations": {"location": [{"location-id": "s3"}]}, "default-ce-vlan-id": 1,
				"site-network-accesses": {"site-network-access": [{"network-access-id": "n3", "location-reference": "s3", "bearer": {"bearer-reference": "a/camera"},
					"connection": {}, "vpn-attachment": {"vpn-id": "v", "site-role": "any-to-any-role"}, "service": {"svc-mtu": 1400}}]}}]}`,
		},
		"patch moves a tag": {
			calls: []call{{patch, access, `{"ietf-l2vpn-svc:site-network-access": [{"network-access-id": "n1",
				"connection": {"tagged-interface": {"dot1q-vlan-tagged": {"cvlan-id": 302}}}}]}`, 204}},
			want: "v: a.302/camera b.301 mtu 1400 kbps 50001",
		},
		"put a leaf": {
			calls: []call{{put, access + "/service/svc-mtu", `{"ietf-l2vpn-svc:svc-mtu": 1300}`, 204}},
			want:  "v: a.300/camera b.301 mtu 1300 kbps 50001",
		},
		"take out the bandwidth": {
			calls: []call{{del, access + "/service/svc-bandwidth", "", 204}, {get, access + "/service/svc-bandwidth", "", 404}},
			want:  "v: a.300/camera b.301 mtu 1400 kbps 0",
		},
		"post a leaf": {
			calls: []call{
				{del, vpn + "/customer-name", "", 204},
				{post, vpn, `{"ietf-l2vpn-svc:customer-name": "Clinic"}`, 201},
				{post, vpn, `{"ietf-l2vpn-svc:customer-name": "Clinic"}`, 409},
				{get, vpn + "/customer-name", "", 200},
			},
			body: `{"ietf-l2vpn-svc:customer-name": "Clinic"}`,
		},
		"delete an access": {
			calls: []call{{del, access, "", 204}, {get, access, "", 404}, {get, inSite("s1"), "", 200}},
			want:  "v: b.301 a/camera",
			body:  `{"ietf-l2vpn-svc:site-network-accesses": {"site-network-access": []}}`,
		},
		"delete a site": {
			calls: []call{{del, sites + "/site=s1", "", 204}, {get, sites + "/site=s1", "", 404}},
			want:  "v: b.301 a/camera",
		},
		"an access goes to another service": {
			calls: []call{
				{post, vpns, vpnBody("other", "vpls"), 201},
				{patch, access, `{"ietf-l2vpn-svc:site-network-access": [{"network-access-id": "n1", "vpn-attachment": {"vpn-id": "other"},
					"service": {"svc-bandwidth": {"bandwidth": [{"direction": "output-bw", "type": "bw-per-svc", "vpn-id": "other"}]}}}]}`, 204},
			},
			want: "v: b.301 a/camera",
		},
		"patch all": {
			calls: []call{
				{patch, root, `{"ietf-l2vpn-svc:l2vpn-svc": {
					"vpn-services": {"vpn-service": [{"vpn-id": "w", "vpn-svc-type": "vpws"}]},
					"sites": {"site": [{"site-id": "s4", "management": {"type": "customer-managed"}, "default-ce-vlan-id": 1,
						"locations": {"location": [{"location-id": "x"}]}, "site-network-accesses": {"site-network-access": [
						{"network-access-id": "1", "location-reference": "x", "bearer": {"bearer-reference": "ned-c"}, "vpn-attachment": {"vpn-id": "w"}, "service": {"svc-mtu": 1500}},
						{"network-access-id": "2", "location-reference": "x", "bearer": {"bearer-reference": "ned-b"}, "vpn-attachment": {"vpn-id": "w"}, "service": {"svc-mtu": 1500}}]}}]}}}`, 204},
			},
			want: "v: a.300/camera b.301 mtu 1400 kbps 50001\nw: c b mtu 1500 kbps 0",
		},
		"put the services": {
			calls: []call{
				{put, vpns, `{"ietf-l2vpn-svc:vpn-services": {"vpn-service": [{"vpn-id": "x"}]}}`, 204},
				{get, vpn, "", 404},
				{get, access, "", 404},
				{get, vpns + "/vpn-service=x", "", 200},
				{get, sites + "/site=s1", "", 200},
				{get, sites + "/site=s2", "", 404},
			},
		},
		"delete all": {
			calls: []call{{del, root, "", 204}, {get, root, "", 200}},
			body:  `{"ietf-l2vpn-svc:l2vpn-svc": {"vpn-profiles": {"valid-provider-identifiers": {}}, "vpn-services": {"vpn-service": []}, "sites": {"site": []}}}`,
		},
		"the least MTU counts": {
			calls: []call{{put, inSite("s2") + "site-network-access=n2/service", `{"ietf-l2vpn-svc:service": {"svc-mtu": 9000}}`, 201}},
			want:  "v: a.300/camera b.301 mtu 1400 kbps 50001",
		},
		"keys that look alike": {
			calls: []call{
				{post, vpns, vpnBody("w", "vpls"), 201},
				{post, inSite("x%2Fy"), accessBody("z", "w", "ned-a", 7), 201},
				{post, inSite("x"), accessBody("y/z", "w", "ned-b", 7), 201},
				{del, inSite("x") + "site-network-access=y%2Fz", "", 204},
				{post, inSite("x"), accessBody("y/z", "w", "ned-c", 7), 201},
				{get, inSite("x"), "", 200},
			},
			want: "v: a.300/camera b.301 mtu 1400 kbps 50001\nw: a.7 c.7",
			body: `{"ietf-l2vpn-svc:site-network-accesses": {"site-network-access": [{"network-access-id": "y/z", "location-reference": "x",
				"bearer": {"bearer-reference": "ned-c"}, "connection": {"encapsulation-type": "vlan", "eth-inf-type": "tagged",
				"tagged-interface": {"type": "dot1q", "dot1q-vlan-tagged": {"cvlan-id": 7}}},
				"vpn-attachment": {"vpn-id": "w", "site-role": "any-to-any-role"}, "service": {"svc-mtu": 1400}}]}}`,
		},
		"names with slashes and commas": {
			calls: []call{
				{put, vpns + "/vpn-service=a%2Fb%2Cc%20d", vpnBody("a/b,c d", "vpws"), 201},
				{put, sites + "/site=x%2Fy/site-network-accesses/site-network-access=%3D", accessBody("=", "a/b,c d", "ned-a", 0), 201},
				{get, sites + "/site=x%2Fy/site-network-accesses/site-network-access=%3D/bearer", "", 200},
			},
			body: `{"ietf-l2vpn-svc:bearer": {"bearer-reference": "ned-a"}}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := trueWorld(t)
			body := ""
			for _, c := range test.calls {
				body = w.Must(t, c.status, c.method, c.path, c.body)
			}
			if test.body != "" {
				accounttest.Same(t, body, test.body)
			}
			if test.want != "" {
				w.wants(t, strings.Split(test.want, "\n")...)
			}
		})
	}
}

// What is answered can be sent again, and changes nothing.
func TestReadsBack(t *testing.T) {
	w := trueWorld(t)
	body := w.Must(t, 200, get, root, "")
	w.Must(t, 204, put, root, body)
	accounttest.Same(t, w.Must(t, 200, get, root, ""), body)
	w.wants(t, "v: a.300/camera b.301 mtu 1400 kbps 50001")
	w.Must(t, 204, del, root, "")
	w.Must(t, 204, put, root, body)
	accounttest.Same(t, w.Must(t, 200, get, root, ""), body)
	w.wants(t, "v: a.300/camera b.301 mtu 1400 kbps 50001")
}

func TestTypes(t *testing.T) {
	for kind, status := range map[string]int{
		"vpws": 409, "ietf-l2vpn-svc:vpws": 409, "vpws-evpn": 409, "vpls": 201, "ldp-l2tp-vpls": 201, "ietf-l2vpn-svc:bgp-vpls": 201,
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.Must(t, 201, post, vpns, vpnBody("v", kind))
			for i, name := range []string{"ned-a", "ned-b"} {
				w.Must(t, 201, post, inSite("s"), accessBody(fmt.Sprint(i), "v", name, 5))
			}
			body := w.Must(t, status, post, inSite("s"), accessBody("third", "v", "ned-c", 5))
			if status == 201 {
				w.wants(t, "v: a.5 b.5 c.5")
				w.Must(t, 409, patch, vpns+"/vpn-service=v", vpnBody("v", "vpws"))
				return
			}
			if f := accounttest.Faults(t, body)[0]; f["error-tag"] != "in-use" || !strings.Contains(f["error-message"], "vpws") {
				t.Errorf("%v", f)
			}
			w.wants(t, "v: a.5 b.5")
		})
	}
}

func TestTags(t *testing.T) {
	w := trueWorld(t)
	path := vpns + "/vpn-service=v"
	tag := w.Ask(get, path, "").Header().Get("ETag")
	if out := w.Ask(get, path, "", "If-None-Match", "W/"+tag); out.Code != http.StatusNotModified {
		t.Errorf("not changed: %d", out.Code)
	}
	if out := w.Ask(put, path, trueVPN, "If-Match", `"other"`); out.Code != http.StatusPreconditionFailed {
		t.Errorf("another tag: %d %s", out.Code, out.Body)
	}
	if out := w.Ask(put, path, vpnBody("v", "vpls"), "If-Match", tag); out.Code != http.StatusNoContent {
		t.Errorf("the tag: %d %s", out.Code, out.Body)
	}
	if out := w.Ask(del, path, "", "If-Match", tag); out.Code != http.StatusPreconditionFailed {
		t.Errorf("the tag of before: %d %s", out.Code, out.Body)
	}
	if out := w.Ask(del, vpns+"/vpn-service=none", "", "If-Match", "*"); out.Code != http.StatusPreconditionFailed {
		t.Errorf("nothing: %d %s", out.Code, out.Body)
	}
}

func TestMethods(t *testing.T) {
	w := trueWorld(t)
	out := w.Ask(http.MethodHead, vpns, "")
	if out.Code != 200 || out.Header().Get("ETag") == "" {
		t.Errorf("HEAD: %d %v", out.Code, out.Header())
	}
	out = w.Ask(http.MethodOptions, vpns+"/vpn-service=v", "")
	if out.Code != 200 || !strings.Contains(out.Header().Get("Allow"), "PATCH") || out.Header().Get("Accept-Patch") != yangJSON {
		t.Errorf("OPTIONS: %d %v", out.Code, out.Header())
	}
	out = w.Ask(post, vpns+"/", vpnBody("new one", "vpws"))
	if got := out.Header().Get("Location"); got != vpns+"/vpn-service=new%20one" {
		t.Errorf("Location: %q", got)
	}
	out = w.Ask(get, vpns, "", "Accept", "text/html;q=0.9, application/yang-data+json")
	if out.Code != 200 || out.Header().Get("Content-Type") != yangJSON {
		t.Errorf("%d %v", out.Code, out.Header())
	}
}

// Status tells what the model has no place for.
func TestStatus(t *testing.T) {
	w := newWorld(t)
	path := vpns + "/vpn-service=v/l2sces-l2vpn:status"
	w.Must(t, 404, get, path, "")
	w.Must(t, 201, post, vpns, strings.Replace(trueVPN, `"ce-vlan-cos-preservation": false`, `"ce-vlan-cos-preservation": true`, 1))
	w.Must(t, 201, post, inSite("s1"), accessBody("1", "v", "ned-a", 5))
	if body := w.Must(t, 200, get, path, ""); !strings.Contains(body, `"phase":"incomplete"`) {
		t.Error(body)
	}
	w.Must(t, 201, post, inSite("s2"), accessBody("2", "v", "ned-b", 6))
	body := w.Must(t, 200, get, path, "")
	for _, want := range []string{`"phase":"active"`, "ce-vlan-preservation: ", "ce-vlan-cos-preservation: "} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	w.Must(t, 201, post, inSite("s3"), accessBody("3", "v", "a/camera", 6))
	if body := w.Must(t, 200, get, path, ""); !strings.Contains(body, "access 3: ") {
		t.Error(body)
	}
	w.Must(t, 501, put, path, `{"l2sces-l2vpn:status": {}}`)
	w.Must(t, 404, get, vpns+"/l2sces-l2vpn:status", "")
}

// An access whose endpoint is gone can be edited, but not sent elsewhere; sent once
// more as it is, it follows what its endpoint has become.
func TestEndpointGone(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, vpns, vpnBody("v", "vpls"))
	w.Must(t, 201, post, inSite("s1"), accessBody("1", "v", "passing:1", 5))
	w.Must(t, 201, post, inSite("s2"), accessBody("2", "v", "ned-b", 5))
	w.gone = "passing"
	w.Must(t, 204, put, inSite("s1"), accessBody("1", "v", "passing:1", 6))
	w.wants(t, "v: c.6 b.5")
	w.moved = "ned-a"
	w.Must(t, 204, put, inSite("s1"), accessBody("1", "v", "passing:1", 6))
	w.wants(t, "v: a.6 b.5")
	w.moved = ""
	w.Must(t, 400, put, inSite("s1"), accessBody("1", "v", "passing:2", 6))
	w.Must(t, 400, post, inSite("s1"), accessBody("3", "v", "passing:1", 7))
	w.wants(t, "v: a.6 b.5")
}
