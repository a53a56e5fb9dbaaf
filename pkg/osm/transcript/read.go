package transcript

import (
	"bytes"
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// Limits of a transcript.
const (
	MaxBytes     = 64 << 20
	maxExchanges = 100_000
	maxHeaders   = 200 // of one message
)

// The lines that begin something.
var (
	requestLine = regexp.MustCompile(`^([A-Z]{1,16}) (/[!-~]*)(?: HTTP/[0-9.]{1,8})?$`)
	statusLine  = regexp.MustCompile(`^HTTP ([1-5][0-9][0-9])(?: .*)?$`)
)

// Read reads a transcript. What it cannot read is an error of kind Invalid with the
// line.
func Read(name string, text []byte) ([]Exchange, error) {
	r := reader{name: name}
	switch {
	case len(text) > MaxBytes:
		return nil, r.wrong("", "%d bytes are more than %d", len(text), MaxBytes)
	case !utf8.Valid(text):
		return nil, r.wrong("", "not UTF-8")
	}
	for line := range bytes.Lines(text) {
		r.lines = append(r.lines, strings.TrimRight(string(line), "\r\n"))
	}
	var all []Exchange
	first := 0 // of the call
	for r.at < len(r.lines) {
		line := r.lines[r.at]
		r.at++
		if call, is := strings.CutPrefix(line, "## "); is {
			markTold(all[first:])
			r.call, first = strings.TrimSpace(call), len(all)
		}
		name, is := strings.CutPrefix(line, "### ")
		if !is {
			continue
		}
		x, err := r.exchange(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if all = append(all, x); len(all) > maxExchanges {
			return nil, r.wrong("split the file", "there are more than %d exchanges", maxExchanges)
		}
	}
	markTold(all[first:])
	if len(all) == 0 {
		return nil, r.wrong("begin each request with a line \"### N\"", "there is no exchange")
	}
	return all, nil
}

// A reader is on its way through the lines.
type reader struct {
	name  string
	lines []string
	at    int // the next one
	call  string
}

// wrong says what is wrong with the line that was read last.
func (r *reader) wrong(remedy, format string, args ...any) error {
	at := descriptor.Position{File: r.name, Line: max(r.at, 1), Column: 1}
	return descriptor.Problems{{Position: at, Message: fmt.Sprintf(format, args...), Remedy: remedy}}.Err()
}

// exchange reads what follows a line "### N".
func (r *reader) exchange(name string) (x Exchange, err error) {
	x = Exchange{Name: name, Call: r.call, Line: r.at}
	r.skipEmpty()
	line := r.next()
	parts := requestLine.FindStringSubmatch(line)
	if parts == nil {
		return x, r.wrong("write METHOD /PATH HTTP/1.1", "%.80q is no request line", line)
	}
	x.Request.Method, x.Request.Target = parts[1], parts[2]
	if x.Request.Header, err = r.headers(); err != nil {
		return x, err
	}
	x.Request.Body = r.body(true)
	line = r.next()
	status := statusLine.FindStringSubmatch(line)
	if status == nil {
		return x, r.wrong("write HTTP and the status before the answer", "request %q has no answer", x.Name)
	}
	x.Want.Status, _ = strconv.Atoi(status[1]) // three digits
	if x.Want.Header, err = r.headers(); err != nil {
		return x, err
	}
	x.Want.Body = r.body(false)
	return x, nil
}

// next returns the next line, and an empty one behind the last.
func (r *reader) next() string {
	if r.at == len(r.lines) {
		return ""
	}
	r.at++
	return r.lines[r.at-1]
}

func (r *reader) skipEmpty() {
	for r.at < len(r.lines) && r.lines[r.at] == "" {
		r.at++
	}
}

// ends reports whether a line is not part of the message before it.
func ends(line string, request bool) bool {
	return strings.HasPrefix(line, "## ") || strings.HasPrefix(line, "### ") || request && statusLine.MatchString(line)
}

// headers reads headers up to the empty line behind them.
func (r *reader) headers() (http.Header, error) {
	h := http.Header{}
	for n := 0; r.at < len(r.lines) && r.lines[r.at] != "" && !ends(r.lines[r.at], true); n++ {
		line := r.next()
		key, value, colon := strings.Cut(line, ":")
		switch {
		case !colon || !isToken(key):
			return nil, r.wrong("leave an empty line before a body", "%.80q is no header", line)
		case n == maxHeaders:
			return nil, r.wrong("", "there are more than %d headers", maxHeaders)
		}
		h.Add(textproto.CanonicalMIMEHeaderKey(key), strings.TrimSpace(value))
	}
	return h, nil
}

// isToken reports whether a text can be a header's name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	}) < 0
}

// body reads what stands before the next message, without empty lines at its ends.
func (r *reader) body(request bool) []byte {
	first := r.at
	for r.at < len(r.lines) && !ends(r.lines[r.at], request) {
		r.at++
	}
	text := strings.Trim(strings.Join(r.lines[first:r.at], "\n"), "\n")
	if text == "" {
		return nil
	}
	return []byte(text)
}
