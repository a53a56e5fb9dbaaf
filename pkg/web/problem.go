package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Problem is an error as HTTP clients read it (RFC 9457, section 3).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Errors are what is wrong, field by field.
	Errors intent.Faults `json:"errors,omitempty"`
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
	case slice.Stale:
		return http.StatusPreconditionFailed
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

// Errorf makes an error that is answered with a status.
func Errorf(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

// StatusOf returns the status of an error, and what may be told of it.
func StatusOf(err error) (status int, detail string) {
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
		status, detail := StatusOf(err)
		p := Problem{Status: status, Detail: detail}
		if status == http.StatusInternalServerError {
			log.Error("request failed", "path", c.Path(), "error", err)
		} else {
			_ = errors.As(err, &p.Errors) // an error without fields has none
		}
		if err := write(c, p); err != nil {
			log.Debug("client left", "path", c.Path(), "error", err)
		}
	}
}

// WriteProblem answers with a problem.
func WriteProblem(c echo.Context, status int, detail string) error {
	return write(c, Problem{Status: status, Detail: detail})
}

func write(c echo.Context, p Problem) error {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.Blob(p.Status, "application/problem+json", body)
}
