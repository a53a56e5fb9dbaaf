package api

import (
	"errors"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// errorDomain is where the reasons of errors mean what they mean here.
const errorDomain = "l2sces.io"

// maxErrorText is how many bytes of an error's text, and of its details, go out.
// Both travel in the headers of the answer, of which usual clients take 8 KiB.
const maxErrorText = 2 << 10

// detailed returns an error of a kind as gRPC carries it, with the standard
// details: why, and what is wrong field by field.
func detailed(kind slice.Kind, err error) error {
	s := status.New(kinds[kind], short(err.Error(), "; there is more"))
	details := []protoadapt.MessageV1{protoadapt.MessageV1Of(&errdetails.ErrorInfo{Reason: reason(kind), Domain: errorDomain})}
	var faults intent.Faults
	if !errors.As(err, &faults) && kind == slice.Invalid {
		faults = faultIn(err.Error())
	}
	if len(faults) > 0 {
		details = append(details, protoadapt.MessageV1Of(violations(faults)))
	}
	if with, err := s.WithDetails(details...); err == nil {
		s = with
	}
	return s.Err()
}

// field matches an error that begins with the path of what is wrong, as those
// about what a caller wrote do.
var field = regexp.MustCompile(`(?s)^([A-Za-z][A-Za-z0-9_.\[\]]{0,200}): (.+)$`)

// faultIn returns the fault that an error tells, if it names a field.
func faultIn(text string) intent.Faults {
	m := field.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return intent.Faults{{Path: m[1], Message: m[2]}}
}

// short cuts a text that is too long and says so.
func short(s, note string) string {
	if len(s) <= maxErrorText {
		return s
	}
	return strings.ToValidUTF8(s[:maxErrorText-len(note)], "") + note
}

// reason names a kind as the reasons of errors are named: NOT_FOUND.
func reason(k slice.Kind) string {
	return strings.ToUpper(strings.ReplaceAll(k.String(), " ", "_"))
}

// violations returns faults as the standard says them: as many as fit.
func violations(faults intent.Faults) *errdetails.BadRequest {
	out := &errdetails.BadRequest{}
	left := maxErrorText
	for _, f := range faults {
		v := &errdetails.BadRequest_FieldViolation{Field: f.Path, Description: f.Message, Reason: reason(slice.Invalid)}
		if f.Remedy != "" {
			v.Description += remedied(f.Remedy)
			v.LocalizedMessage = &errdetails.LocalizedMessage{Locale: "en", Message: f.Remedy}
		}
		if left -= len(v.GetField()) + len(v.GetDescription()) + len(f.Remedy); left < 0 && len(out.GetFieldViolations()) > 0 {
			break
		}
		out.FieldViolations = append(out.FieldViolations, v)
	}
	return out
}

func remedied(remedy string) string { return " (" + remedy + ")" }

// ours returns the error of the house that a status carries, if it carries one.
func ours(s *status.Status) (error, bool) {
	kind, found := slice.Internal, false
	far := &farError{text: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == errorDomain {
				kind, found = kindOf(d.GetReason())
			}
		case *errdetails.BadRequest:
			far.faults = append(far.faults, faultsOf(d)...)
		}
	}
	if !found {
		return nil, false
	}
	return slice.Errorf(kind, "%w", far), true
}

func kindOf(name string) (slice.Kind, bool) {
	for kind := range kinds {
		if reason(kind) == name {
			return kind, true
		}
	}
	return slice.Internal, false
}

func faultsOf(bad *errdetails.BadRequest) intent.Faults {
	var faults intent.Faults
	for _, v := range bad.GetFieldViolations() {
		remedy := v.GetLocalizedMessage().GetMessage()
		faults = append(faults, intent.Fault{
			Path: v.GetField(), Message: strings.TrimSuffix(v.GetDescription(), remedied(remedy)), Remedy: remedy,
		})
	}
	return faults
}

// farError is an error that came from far away with its faults.
type farError struct {
	text   string
	faults intent.Faults
}

func (e *farError) Error() string { return e.text }

// As finds the faults, if there are some.
func (e *farError) As(target any) bool {
	faults, ok := target.(*intent.Faults)
	if !ok || len(e.faults) == 0 {
		return false
	}
	*faults = e.faults
	return true
}
