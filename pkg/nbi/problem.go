package nbi

import (
	"encoding/json"
	"errors"
	"fmt"
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

// A statusError is an error that only HTTP knows.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return e.detail }

// errorWith makes an error that is answered with a status.
func errorWith(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

// statusOfError returns the status of an error, and what may be told of it.
func statusOfError(err error) (status int, detail string) {
	var here *statusError
	var his *echo.HTTPError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &here):
		return here.status, here.detail
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", large.Limit)
	case errors.As(err, &his):
		return his.Code, told(his)
	}
	status, detail = statusOf(slice.KindOf(err)), err.Error()
	if status == http.StatusInternalServerError {
		detail = ""
	}
	return status, detail
}

// told returns what the router, or the generated code, says of a parameter.
func told(e *echo.HTTPError) string {
	text, _ := e.Message.(string)
	if e.Code != http.StatusBadRequest || text == http.StatusText(e.Code) {
		return ""
	}
	return text
}

// problems returns the one place where an error becomes an answer. What went
// wrong inside us is logged, not told.
func problems(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		status, detail := statusOfError(err)
		if status == http.StatusInternalServerError {
			log.Error("request failed", "path", c.Path(), "error", err)
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
