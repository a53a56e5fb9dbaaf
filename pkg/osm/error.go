package osm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An Error is NBI's refusal.
type Error struct {
	Method string
	Path   string // below the base, without its query
	Status int    // of HTTP
	Code   string // NBI's word for it, like CONFLICT
	Detail string
}

// Error says what was called and what NBI said.
func (e *Error) Error() string {
	said := strings.TrimSpace(e.Code + " " + e.Detail)
	if said == "" {
		said = http.StatusText(e.Status)
	}
	return fmt.Sprintf("osm %s %s: %d %s", e.Method, e.Path, e.Status, said)
}

// maxDetail is what is kept of what NBI says, in bytes.
const maxDetail = 600

// refusal makes an error of an answer that is none of success. The secrets are
// cut out of what NBI says, since it quotes what it was sent.
func refusal(r request, status int, body []byte, secrets ...string) error {
	var said struct {
		Code   string `json:"code"`
		Detail any    `json:"detail"`
	}
	detail := string(body)
	if json.Unmarshal(body, &said) == nil && said.Detail != nil {
		detail = fmt.Sprint(said.Detail)
	}
	for _, s := range secrets {
		if s != "" {
			detail = strings.ReplaceAll(detail, s, "…")
		}
	}
	e := &Error{Method: r.method, Path: r.path, Status: status, Code: oneLine(said.Code), Detail: oneLine(detail)}
	return slice.Errorf(kindOf(status), "%w", e)
}

// kindOf says a status of HTTP in our kinds. NBI answers 500 where something
// behind it is away.
func kindOf(status int) slice.Kind {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed:
		return slice.Invalid
	case http.StatusUnauthorized, http.StatusForbidden:
		return slice.Denied
	case http.StatusNotFound, http.StatusGone:
		return slice.NotFound
	case http.StatusConflict:
		return slice.Conflict
	case http.StatusPreconditionFailed:
		return slice.Stale
	case http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
		return slice.Exhausted
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return slice.Unavailable
	}
	if status >= http.StatusInternalServerError {
		return slice.Unavailable
	}
	return slice.Internal
}

// oneLine shortens a text of somebody else and takes what would break a log out
// of it.
func oneLine(s string) string {
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
