package l2vpn_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

// FuzzEdit sends any body to any resource. Whatever comes of it is an answer with a
// meaning; what is there afterwards reads back, and taken away leaves nothing.
func FuzzEdit(f *testing.F) {
	for _, body := range []string{trueVPN, trueSite, trueAccess, vpnBody("v", "vpls"), accessBody("n9", "v", "ned-c", 5), accessBody("n1", "v", "ned-a:x", 0), `{"ietf-l2vpn-svc:svc-mtu": 1400}`, "{}", ""} {
		f.Add(uint8(0), "/vpn-services", body)
		f.Add(uint8(1), "/sites/site=s1/site-network-accesses/", body)
		f.Add(uint8(2), "/sites/site=s1/site-network-accesses/site-network-access=n1/service/svc-mtu", body)
		f.Add(uint8(3), "", body)
	}
	f.Add(uint8(3), "/sites/site=s1/devices/device=ce1", "")
	f.Add(uint8(2), "/vpn-services/vpn-service=v", `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "v", "vpn-svc-type": null}]}`)
	w := trueWorld(f)
	fresh := w.Must(f, 200, get, root, "")
	f.Fuzz(func(t *testing.T, method uint8, path, body string) {
		target := url.URL{Path: root + path}
		w.Must(t, 204, put, root, fresh)
		out := w.Ask([]string{post, put, patch, del}[method%4], target.EscapedPath(), body)
		switch {
		case out.Code >= 500 && out.Code != 501:
			t.Fatalf("%d %s", out.Code, out.Body)
		case out.Code >= 400 && out.Code != 405 && !json.Valid(out.Body.Bytes()):
			t.Fatalf("%d %q", out.Code, out.Body)
		case out.Code >= 400:
			accounttest.Same(t, w.Must(t, 200, get, root, ""), fresh)
		}
		now := w.Must(t, 200, get, root, "")
		w.Must(t, 204, put, root, now)
		accounttest.Same(t, w.Must(t, 200, get, root, ""), now)
		w.Must(t, 204, del, root, "")
		if n := w.notes("osm"); n != 0 {
			t.Fatalf("%d notes are left", n)
		}
		if left := w.sco.Intents(); len(left) != 0 {
			t.Fatalf("still in the SCO: %v", left)
		}
	})
}
