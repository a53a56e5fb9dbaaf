package restconf

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// A Tag says what is wrong (RFC 8040, section 7, and RFC 6241, appendix A).
type Tag string

// The tags that doors use.
const (
	InUse            Tag = "in-use"
	InvalidValue     Tag = "invalid-value"
	TooBig           Tag = "too-big"
	MissingElement   Tag = "missing-element"
	BadElement       Tag = "bad-element"
	UnknownElement   Tag = "unknown-element"
	UnknownNamespace Tag = "unknown-namespace"
	AccessDenied     Tag = "access-denied"
	ResourceDenied   Tag = "resource-denied"
	DataExists       Tag = "data-exists"
	DataMissing      Tag = "data-missing"
	NotSupported     Tag = "operation-not-supported"
	OperationFailed  Tag = "operation-failed"
	Malformed        Tag = "malformed-message"
)

// statuses are the answers to tags (RFC 8040, section 7); a tag that is not here
// is answered with 400.
var statuses = map[Tag]int{
	InUse: http.StatusConflict, TooBig: http.StatusRequestEntityTooLarge, AccessDenied: http.StatusForbidden,
	ResourceDenied: http.StatusConflict, DataExists: http.StatusConflict, DataMissing: http.StatusConflict,
	NotSupported: http.StatusNotImplemented, OperationFailed: http.StatusInternalServerError,
}

// An Error is one entry of an errors document (RFC 8040, section 7.1). Its path is
// an instance-identifier, such as /ietf-l2vpn-svc:l2vpn-svc/sites/site[site-id='a'].
type Error struct {
	Type    string `json:"error-type"` // transport, rpc, protocol or application
	Tag     Tag    `json:"error-tag"`
	AppTag  string `json:"error-app-tag,omitempty"`
	Path    string `json:"error-path,omitempty"`
	Message string `json:"error-message,omitempty"`

	status int
}

// Error returns path and message.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// Errorf makes an error of a tag at a path, which may be empty.
func Errorf(tag Tag, path, format string, args ...any) error {
	status, known := statuses[tag]
	if !known {
		status = http.StatusBadRequest
	}
	return &Error{Type: "application", Tag: tag, Path: path, Message: fmt.Sprintf(format, args...), status: status}
}

// NotFoundf makes the error of a resource that is not there, which is answered with
// 404 (RFC 8040, section 7).
func NotFoundf(path, format string, args ...any) error {
	return &Error{Type: "application", Tag: InvalidValue, Path: path, Message: fmt.Sprintf(format, args...), status: http.StatusNotFound}
}

// At gives an error without a path one; others stay as they are.
func At(path string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) && e.Path != "" {
		return err
	}
	entries, status := ErrorsOf(err)
	first := entries[0]
	first.Path, first.status = path, status
	return &first
}

// ErrorsOf says an error in RESTCONF's words, with the status of the answer. Of
// what went wrong inside us nothing is told.
func ErrorsOf(err error) ([]Error, int) {
	var e *Error
	if errors.As(err, &e) {
		return []Error{*e}, e.status
	}
	status, detail := web.StatusOf(err)
	var faults intent.Faults
	if status != http.StatusInternalServerError && errors.As(err, &faults) && len(faults) > 0 {
		all := make([]Error, len(faults))
		for i, f := range faults {
			all[i] = Error{Type: "application", Tag: tagOf(err, status), Message: f.String()}
		}
		return all, status
	}
	if detail == "" {
		detail = http.StatusText(status)
	}
	return []Error{{Type: typeOf(status), Tag: tagOf(err, status), Message: detail}}, status
}

func typeOf(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusNotAcceptable, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
		return "protocol"
	default:
		return "application"
	}
}

// tagOf finds a tag for an error that is not ours.
func tagOf(err error, status int) Tag {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return AccessDenied
	case http.StatusConflict:
		if slice.KindOf(err) == slice.Conflict {
			return InUse
		}
		return DataExists
	case http.StatusInsufficientStorage, http.StatusServiceUnavailable:
		return ResourceDenied
	case http.StatusRequestEntityTooLarge:
		return TooBig
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return NotSupported
	case http.StatusInternalServerError, http.StatusPreconditionFailed:
		return OperationFailed
	case http.StatusRequestTimeout:
		return Malformed
	default:
		return InvalidValue
	}
}

// Errors answers the errors of the handlers behind it with errors documents. A door
// gives it to its routes. Whoever makes the door's group may put it before
// account.Admit as well, so that what that one says is a document too.
func Errors(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			if err == nil || c.Response().Committed {
				return err
			}
			entries, status := ErrorsOf(err)
			if status == http.StatusInternalServerError {
				log.Error("request failed", "path", c.Path(), "error", err)
			}
			return answerErrors(c, status, entries)
		}
	}
}

func answerErrors(c echo.Context, status int, entries []Error) error {
	type list struct {
		Error []Error `json:"error"`
	}
	for i := range entries {
		entries[i].Message = strings.ToValidUTF8(entries[i].Message, "?")
	}
	body, err := json.Marshal(map[string]list{"ietf-restconf:errors": {entries}})
	if err != nil {
		return err
	}
	return c.Blob(status, MediaType, body)
}
