package plugin_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin"
)

// Orders of anybody are answered, and never with a fault of ours.
func FuzzOrders(f *testing.F) {
	const form = "multipart/form-data; boundary=x"
	f.Add("application/yaml", "slice: {id: a, tenant: t}")
	f.Add("application/json", `{"slice":{"id":"a"}}`)
	f.Add(form, "--x\r\nContent-Disposition: form-data; name=\"template\"; filename=\"nst.yaml\"\r\n\r\nnst: [{id: a}]\r\n--x--\r\n")
	f.Fuzz(func(t *testing.T, kind, body string) {
		door := plugin.New(&shelf{have: map[slice.ID]intent.Intents{}}, func(tls.ConnectionState) (string, error) { return "l2sces://user/a", nil }, plugin.Config{})
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/slices", strings.NewReader(body))
		req.TLS = &tls.ConnectionState{}
		req.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Errorf("%q %q: %d %s", kind, body, w.Code, w.Body)
		}
	})
}
