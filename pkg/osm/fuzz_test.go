package osm_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/l2sces/l2sces/pkg/osm"
)

// Whatever NBI answers is read or is an error, and an error fits into one line and
// holds no secret.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`[{"_id":"a","id":"two","_admin":{"revision":1,"onboardingState":"ONBOARDED"}}]`))
	f.Add(200, []byte(`{"_id":"a","name":"n","vim_type":"x","config":null,"_admin":{"detailed-status":{"a":1}}}`))
	f.Add(409, []byte(`{"code":"CONFLICT","status":409,"detail":"there\u0000 is geheim"}`))
	f.Add(404, []byte("---\ncode: NOT_FOUND\ndetail: geheim\xff"))
	f.Add(200, []byte(`{"id":"t","issued_at":1e308,"expires":1e309}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, v := range []any{&osm.Package{}, &osm.Account{}, &osm.Instance{}, &osm.Operation{}, &osm.Subscription{}} {
			_ = json.Unmarshal(body, v) // it may be none
		}
		if lasts, err := osm.ReadToken(body); err == nil && (lasts <= 0 || lasts > 31*24*time.Hour) {
			t.Errorf("a token of %v", lasts)
		}
		text := osm.Refusal(status, body, "geheim").Error()
		if strings.ContainsFunc(text, unicode.IsControl) || len(text) > 1500 || strings.Contains(text, "geheim") {
			t.Errorf("%q", text)
		}
	})
}
