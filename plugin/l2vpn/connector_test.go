package l2vpn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

// A call is a request of OSM's connector and the answer that it needs.
type call struct {
	method, path, body string
	status             int
}

const (
	idA = "76df4faa-ca28-4441-a441-4d6ea1365703"
	idB = "f4ba1960-dd7d-4815-aebb-1d13e2c28b22"
	one = "3ceeb942-a945-4e30-9f4a-1d5ac4e457b5"
	two = "c5b57f47-a54d-44f7-a3f9-28be28b10590"
)

// TestConnector sends what OSM's connector sends in each of its operations, also
// after a failure, and wants the codes that it goes on with.
func TestConnector(t *testing.T) {
	service := vpns + "/vpn-service=" + idA + "/"
	tests := map[string]struct {
		calls []call
		want  []string
	}{
		"check": {calls: []call{{get, vpns, "", 200}}},
		"create": {
			calls: []call{
				{post, vpns, vpnBody(idA, "vpws"), 201},
				{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
				{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 201},
				{get, service, "", 200},
			},
			want: []string{idA + ": a.100 b.100"},
		},
		"create without encapsulation": {
			calls: []call{
				{post, vpns, vpnBody(idA, "vpws"), 201},
				{post, inSite("site-a"), accessBody(one, idA, "ned-a", 0), 201},
				{post, inSite("site-b"), accessBody(two, idA, "ned-b", 0), 201},
			},
			want: []string{idA + ": a b"},
		},
		"edit": {
			calls: []call{
				{post, vpns, vpnBody(idA, "vpws"), 201},
				{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
				{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 201},
				{put, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 200), 204},
				{put, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 200), 204},
				{put, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 200), 204}, // it does so where a third point is wanted
				{get, vpns, "", 200},
			},
			want: []string{idA + ": a.200 b.200"},
		},
		"edit moves an end": {
			calls: []call{
				{post, vpns, vpnBody(idA, "vpws"), 201},
				{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
				{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 201},
				{put, inSite("site-b"), accessBody(two, idA, "b/viewer", 100), 204},
			},
			want: []string{idA + ": a.100 b/viewer"},
		},
		"delete": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
			{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 201},
			{del, service, "", 204},
			{get, service, "", 404},
			{del, service, "", 404},
		}},
		"service exists": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, vpns, vpnBody(idA, "vpws"), 409},
			{del, service, "", 204},
		}},
		"access exists": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 409},
			{del, service, "", 204},
		}},
		"endpoint unknown": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
			{post, inSite("nowhere"), accessBody(two, idA, "nothing:eth1", 100), 400},
			{del, service, "", 204},
		}},
		"clear": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
			{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 201},
			{post, vpns, vpnBody(idB, "vpws"), 201},
			{del, vpns, "", 204},
			{get, service, "", 404},
			{del, vpns, "", 204},
		}},
		"a service left behind": {calls: []call{{post, vpns, vpnBody(idA, "vpws"), 201}}},
		"an access left behind": {calls: []call{
			{post, vpns, vpnBody(idA, "vpws"), 201},
			{post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100), 201},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, c := range test.calls {
				w.Must(t, c.status, c.method, c.path, c.body)
			}
			w.wants(t, test.want...)
			if len(test.want) > 0 {
				w.Must(t, 204, del, service, "")
			}
			w.now = w.now.Add(time.Hour)
			if err := w.door.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, left := w.notes("osm"), w.sco.Intents(); n != 0 || len(left) != 0 {
				t.Errorf("%d notes are left, and %v", n, left)
			}
		})
	}
}

// The SCO refuses the second access: it is as if it had not come, and the service
// can go.
func TestRefusedBySCO(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, vpns, vpnBody(idA, "vpws"))
	w.Must(t, 201, post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100))
	before := w.Must(t, 200, get, root, "")
	for kind, status := range map[slice.Kind]int{slice.Conflict: 409, slice.Unavailable: 503, slice.Invalid: 400, slice.Exhausted: 507} {
		w.sco.Fail(1, kind)
		out := w.Ask(post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100))
		if out.Code != status {
			t.Errorf("%s: got %d, want %d: %s", kind, out.Code, status, out.Body)
		}
		accounttest.Faults(t, out.Body.String())
	}
	w.wants(t)
	accounttest.Same(t, w.Must(t, 200, get, root, ""), before)
	w.Must(t, 204, del, vpns+"/vpn-service="+idA+"/", "")
}

// A service with too few accesses is collected an hour after its last change, and
// no other.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	sweep := func() {
		if err := w.door.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.Must(t, 201, post, vpns, vpnBody("left", "vpws"))
	w.Must(t, 201, post, vpns, vpnBody("half", "vpws"))
	w.Must(t, 201, post, vpns, vpnBody("whole", "vpws"))
	w.Must(t, 201, post, inSite("a"), accessBody("1", "whole", "ned-a", 1))
	w.Must(t, 201, post, inSite("b"), accessBody("2", "whole", "ned-b", 1))
	w.now = w.now.Add(40 * time.Minute)
	w.Must(t, 201, post, inSite("a"), accessBody("3", "half", "ned-a", 2))
	w.now = w.now.Add(20 * time.Minute)
	sweep()
	w.Must(t, 404, get, vpns+"/vpn-service=left", "")
	w.Must(t, 200, get, vpns+"/vpn-service=half", "")
	w.now = w.now.Add(40 * time.Minute)
	sweep()
	w.Must(t, 404, get, vpns+"/vpn-service=half", "")
	if body := w.Must(t, 200, get, sites, ""); strings.Contains(body, `"3"`) {
		t.Errorf("its access is still there: %s", body)
	}
	w.now = w.now.Add(100 * time.Hour)
	sweep()
	w.wants(t, "whole: a.1 b.1")
}

// The accounts do not see each other.
func TestA18Accounts(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, vpns, vpnBody(idA, "vpws"))
	w.Must(t, 201, post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100))
	for _, c := range []call{
		{get, vpns + "/vpn-service=" + idA, "", 404},
		{del, vpns + "/vpn-service=" + idA, "", 404},
		{patch, vpns + "/vpn-service=" + idA, vpnBody(idA, "vpls"), 404},
		{get, sites + "/site=site-a", "", 404},
		{get, inSite("site-a") + "site-network-access=" + one, "", 404},
		{del, inSite("site-a") + "site-network-access=" + one, "", 404},
		{post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 100), 409},
		{post, vpns, vpnBody(idA, "vpls"), 201}, // the id is free here
		{del, vpns, "", 204},
	} {
		if out := w.AskAs("second", c.method, c.path, c.body); out.Code != c.status {
			t.Errorf("%s %s: got %d, want %d: %s", c.method, c.path, out.Code, c.status, out.Body)
		}
	}
	w.Must(t, 200, get, vpns+"/vpn-service="+idA, "")
	out := w.Ask(post, inSite("site-b"), accessBody(two, idA, "of-others", 100))
	if out.Code != 400 {
		t.Errorf("an endpoint of another tenant: %d %s", out.Code, out.Body)
	}
	out = w.AskAs("nobody", get, vpns, "")
	if f := accounttest.Faults(t, out.Body.String())[0]; out.Code != 401 || f["error-tag"] != "access-denied" {
		t.Errorf("nobody: %d %s", out.Code, out.Body)
	}
}
