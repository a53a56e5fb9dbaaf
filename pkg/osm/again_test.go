package osm_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Another process goes on with a token, and has no other when it has ended.
func TestTokenGoesOn(t *testing.T) {
	nbi, first := open(t, nil)
	token, err := first.Token(t.Context())
	if err != nil || token.ID == "" || !token.Until.After(time.Now()) {
		t.Fatalf("%+v, %v", token, err)
	}
	server := httptest.NewServer(nbi)
	defer server.Close()
	cfg := osm.Config{URL: server.URL, Token: token, Pause: time.Microsecond}
	c, err := osm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Packages(t.Context(), osm.NST); err != nil || logins(nbi) != 1 {
		t.Fatalf("%v, %d logins", err, logins(nbi))
	}
	nbi.Restart()
	_, err = c.Packages(t.Context(), osm.NST)
	if slice.KindOf(err) != slice.Denied || !strings.Contains(err.Error(), "log in again") || logins(nbi) != 1 {
		t.Errorf("%v, %d logins", err, logins(nbi))
	}
	if strings.Contains(err.Error(), token.ID) {
		t.Errorf("the token is told: %v", err)
	}
	cfg.Token = osm.Token{}
	if _, err := osm.New(cfg); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a client of nobody: %v", err)
	}
}

// What comes back is what was uploaded, also of a package of one file.
func TestContent(t *testing.T) {
	_, c := open(t, nil)
	archive := osmtest.Archive(t, "any", map[string]string{"any.yaml": vnfd})
	id, err := c.Upload(t.Context(), osm.VNFD, "any", archive)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Content(t.Context(), osm.VNFD, id); err != nil || !bytes.Equal(got, archive) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := c.Content(t.Context(), osm.VNFD, "none"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("an absent one: %v", err)
	}
	if _, err := c.Content(t.Context(), osm.VNFD, ""); slice.KindOf(err) != slice.Invalid {
		t.Errorf("the whole collection: %v", err)
	}
}
