package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// tag returns the strong tag of a generation (RFC 9110, section 8.8.3).
func tag(generation uint32) string { return `"` + strconv.FormatUint(uint64(generation), 10) + `"` }

// order reads how a change is meant from the parameters that most changes have.
func order(dry *bool, match, key *string) (intent.Order, error) {
	o := intent.Order{DryRun: dry != nil && *dry}
	if key != nil {
		if err := printable(*key); err != nil {
			return o, err
		}
		o.RequestID = *key
	}
	if match == nil {
		return o, nil
	}
	text := strings.TrimSpace(*match)
	if text == "*" {
		o.Old = true
		return o, nil
	}
	if strings.Contains(text, ",") {
		return o, slice.Errorf(slice.Invalid, "If-Match: %.64q is more than one tag: send that of the ETag of your last read", text)
	}
	number, ok := strings.CutPrefix(text, `"`)
	number, closed := strings.CutSuffix(number, `"`)
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || !closed || err != nil || n == 0 {
		return o, web.Errorf(http.StatusPreconditionFailed, "If-Match: %.64q was never a tag of ours", text)
	}
	o.Generation = uint32(n)
	return o, nil
}

func printable(key string) error {
	if key == "" || len(key) > 255 {
		return slice.Errorf(slice.Invalid, "Idempotency-Key: it has %d bytes, not 1 to 255", len(key))
	}
	for _, b := range []byte(key) {
		if b < 0x20 || b > 0x7e {
			return slice.Errorf(slice.Invalid, "Idempotency-Key: use printable ASCII")
		}
	}
	return nil
}

// ifNew adds If-None-Match of a write: a slice that must not be there.
func ifNew(o *intent.Order, noneMatch *string) error {
	switch {
	case noneMatch == nil:
	case strings.TrimSpace(*noneMatch) != "*":
		return slice.Errorf(slice.Invalid, "If-None-Match: of a write it can only be *")
	default:
		o.New = true
	}
	return nil
}

// answerOf returns a slice with its tag.
func answerOf(s intent.Status) v1.SliceAnswerJSONResponse {
	t := tag(s.Generation)
	return v1.SliceAnswerJSONResponse{Body: s, Headers: v1.SliceAnswerResponseHeaders{ETag: &t}}
}

// value returns what a parameter points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// items returns a list that is never nil, so that it prints as one.
func items[T any](list []T) []T { return append([]T{}, list...) }

// missing is the error of a part of the SCO that is not there.
func missing(what string) error {
	return slice.Errorf(slice.Unavailable, "this SCO keeps no %s", what)
}
