package nbi

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A problem is an error as HTTP clients read it (RFC 9457, section 3).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// statusOf says each kind of error in HTTP (RFC 9110, section 15).
func statusOf(k slice.Kind) int {
	switch k {
	case slice.Invalid:
		return http.StatusBadRequest
	case slice.NotFound:
		return http.StatusNotFound
	case slice.Conflict:
		return http.StatusConflict
	case slice.Exhausted:
		return http.StatusInsufficientStorage
	case slice.Unavailable:
		return http.StatusServiceUnavailable
	case slice.Denied:
		return http.StatusForbidden
	default:
		return http.StatusInternalServerError
	}
}

// problems returns the one place where an error becomes an answer. What went
// wrong inside us is logged, not told.
func problems(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		status, detail := statusOf(slice.KindOf(err)), err.Error()
		var he *echo.HTTPError
		if errors.As(err, &he) {
			status, detail = he.Code, ""
		}
		if status == http.StatusInternalServerError {
			log.Error("request failed", "path", c.Path(), "error", err)
			detail = ""
		}
		if err := writeProblem(c, status, detail); err != nil {
			log.Debug("client left", "path", c.Path(), "error", err)
		}
	}
}

func writeProblem(c echo.Context, status int, detail string) error {
	body, err := json.Marshal(problem{"about:blank", http.StatusText(status), status, detail})
	if err != nil {
		return err
	}
	return c.Blob(status, "application/problem+json", body)
}
