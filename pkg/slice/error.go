package slice

import (
	"errors"
	"fmt"
)

// A Kind says what a caller can do about an error. Each door maps the kinds to
// its own language (HTTP, gRPC, exit codes) in one place.
type Kind uint8

// The kinds.
const (
	Internal    Kind = iota // our fault
	Invalid                 // the request is wrong: correct it
	NotFound                // there is no such thing
	Conflict                // something else is in the way
	Exhausted               // a pool or a limit is used up
	Unavailable             // try again later
	Denied                  // the caller may not do this
	Stale                   // what the caller knows is out of date: look again
)

// String returns the kind in lower case.
func (k Kind) String() string {
	return [...]string{"internal", "invalid", "not found", "conflict", "exhausted", "unavailable", "denied", "stale"}[k]
}

type kindError struct {
	kind Kind
	err  error
}

func (e *kindError) Error() string { return e.err.Error() }
func (e *kindError) Unwrap() error { return e.err }

// Errorf makes an error of a kind. The format takes %w.
func Errorf(k Kind, format string, args ...any) error {
	return &kindError{kind: k, err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of the outermost error that has one, and Internal if
// none has.
func KindOf(err error) Kind {
	var e *kindError
	if errors.As(err, &e) {
		return e.kind
	}
	return Internal
}
