package vim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/plugin/vim"
)

// FuzzCreate makes networks out of anything. What is refused leaves nothing, and
// what is taken can be deleted.
func FuzzCreate(f *testing.F) {
	f.Add(`{"domain": "field", "name": "x", "type": "bridge", "request": "r", "process": "p"}`)
	f.Add(`{"domain": "field", "name": "x", "ip_profile": {"ip_version": "IPv4", "subnet_address": "192.0.2.0/24", "gateway_address": "192.0.2.1", "dhcp_enabled": true, "dhcp_start_address": "192.0.2.9", "dhcp_count": 9}}`)
	f.Add(`{"domain": "field", "name": "x", "ip_profile": {"subnet_address": "2001:db8::/64", "dhcp_count": "99"}, "provider_network_profile": {"segmentation-id": "7", "physical-network": "p"}}`)
	h := newHouse(f)
	ask := func(ctx context.Context, method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, method, "/vim/v1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("ro", password)
		w := httptest.NewRecorder()
		h.web.Config.Handler.ServeHTTP(w, r)
		return w
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := ask(t.Context(), http.MethodPost, "/networks", body)
		switch {
		case w.Code >= http.StatusInternalServerError:
			t.Errorf("%d %s", w.Code, w.Body)
		case w.Code == http.StatusCreated:
			var n vim.Network
			if err := json.Unmarshal(w.Body.Bytes(), &n); err != nil || n.Status != vim.Active {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if w := ask(t.Context(), http.MethodDelete, "/networks/"+n.ID, ""); w.Code != http.StatusNoContent {
				t.Errorf("delete: %d %s", w.Code, w.Body)
			}
		}
		if left := len(h.book.Services("")) + len(h.sco.slices()) + len(h.notes("ro")); left != 0 {
			t.Errorf("%d %s: %d things are left", w.Code, w.Body, left)
		}
	})
}
