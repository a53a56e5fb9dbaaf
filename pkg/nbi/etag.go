package nbi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// tagOf returns the strong tag of a network as it is wanted (RFC 9110, section
// 8.8.3). The same network has the same tag after a restart.
func tagOf(s intent.Segment) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, nil
}

// allow returns the check of If-Match and If-None-Match of a write (RFC 9110,
// section 13.2).
func allow(match, noneMatch *string) func(slice.NetworkID, *intent.Segment) error {
	return func(id slice.NetworkID, have *intent.Segment) error {
		tag := ""
		if have != nil {
			var err error
			if tag, err = tagOf(*have); err != nil {
				return err
			}
		}
		if match != nil && !web.Matches(*match, tag, false) {
			return web.Errorf(http.StatusPreconditionFailed, "network %s is not as If-Match says: read it again", id)
		}
		if noneMatch != nil && web.Matches(*noneMatch, tag, true) {
			return web.Errorf(http.StatusPreconditionFailed, "network %s is there already, and If-None-Match forbids that", id)
		}
		return nil
	}
}
