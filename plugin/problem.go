package plugin

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// A Problem is an error as HTTP clients read it (RFC 9457, section 3).
// Complaints, if there are any, say all of it.
type Problem struct {
	Type       string               `json:"type"`
	Title      string               `json:"title"`
	Status     int                  `json:"status"`
	Detail     string               `json:"detail,omitempty"`
	Complaints []descriptor.Problem `json:"complaints,omitempty"`
}

// errNotForm and errHidden are for clients; the rest of an internal error is
// for the log.
var (
	errNotForm = echo.NewHTTPError(http.StatusUnsupportedMediaType, "an order is a form (multipart/form-data)")
	errHidden  = errors.New("the door failed; its log has the reason")
)

// statuses says each kind of error in HTTP (RFC 9110, section 15).
var statuses = map[slice.Kind]int{
	slice.Internal:    http.StatusInternalServerError,
	slice.Invalid:     http.StatusBadRequest,
	slice.NotFound:    http.StatusNotFound,
	slice.Conflict:    http.StatusConflict,
	slice.Exhausted:   http.StatusInsufficientStorage,
	slice.Unavailable: http.StatusServiceUnavailable,
	slice.Denied:      http.StatusForbidden,
	slice.Stale:       http.StatusPreconditionFailed,
}

// Err returns the error that a problem was made of.
func (p Problem) Err() error {
	kind := slice.Internal
	for k, status := range statuses {
		if status == p.Status {
			kind = k
		}
	}
	if len(p.Complaints) > 0 {
		return slice.Errorf(kind, "%w", descriptor.Problems(p.Complaints))
	}
	if kind == slice.Internal && p.Status >= 400 && p.Status < 500 {
		kind = slice.Invalid
	}
	return slice.Errorf(kind, "%s", cmp.Or(p.Detail, p.Title))
}

// problemOf is the one place where an error becomes an answer.
func problemOf(err error) Problem {
	p := Problem{Type: "about:blank", Status: statuses[slice.KindOf(err)], Detail: err.Error()}
	var (
		complaints descriptor.Problems
		tooLarge   *http.MaxBytesError
		ours       *echo.HTTPError
	)
	switch {
	case errors.As(err, &complaints):
		p.Complaints, p.Detail = complaints, "the order is at fault"
	case errors.As(err, &tooLarge):
		p.Status = http.StatusRequestEntityTooLarge
	case errors.As(err, &ours):
		p.Status, p.Detail = ours.Code, ""
		if text, ok := ours.Message.(string); ok && text != http.StatusText(ours.Code) {
			p.Detail = text
		}
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// answerError sends a problem. What went wrong inside us is logged, not told.
func (d *Door) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		d.log.Error("request failed", "path", c.Path(), "error", err)
		p.Detail = errHidden.Error()
	}
	c.Response().Header().Set(echo.HeaderContentType, ProblemType)
	if err := c.JSON(p.Status, p); err != nil {
		d.log.Debug("client left", "path", c.Path(), "error", err)
	}
}
