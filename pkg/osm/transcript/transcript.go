// Package transcript reads HTTP exchanges that somebody recorded, and plays their
// requests to a server of ours: a connector of OSM is an unmodified client, so what
// it was seen to send is what the doors have to understand. It judges answers by
// what was recorded; what the exchanges mean it does not know.
//
//	exchanges, err := transcript.Read("http.txt", text)
//	results, err := transcript.Player{URL: "https://127.0.0.1:8443"}.Play(ctx, exchanges)
//
// A transcript is text. A line "## CALL" says what was called, "### N" begins a
// request: its request line, its headers, an empty line and its body, each as HTTP
// has them (RFC 9112, section 2.1); then "HTTP STATUS" with headers, an empty line
// and the body of the answer. Bodies end where the next of these lines begins.
// Behind N there may be words, and text before the first request of a call is for
// people.
package transcript

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// An Exchange is one request with its answer.
type Exchange struct {
	Name    string // what stands behind ###: a number, and maybe words
	Call    string // the heading that it belongs to
	Line    int    // where it begins
	Request Request
	Want    Answer
	// Told is set where the server that was recorded did not answer by itself: the
	// heading of the call says which status it was told to give.
	Told bool
}

// A Request is what a client sent.
type Request struct {
	Method string
	Target string // path and query, as they were sent
	Header http.Header
	Body   []byte
}

// An Answer is what a server sent back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// answered finds the status that the recorded server was ordered to give.
var answered = regexp.MustCompile(`\banswered ([1-5][0-9][0-9])\b`)

// markTold marks the exchanges of one call whose status its heading names. Where
// requests that write have it, those that read have it by themselves.
func markTold(call []Exchange) {
	if len(call) == 0 {
		return
	}
	for _, status := range answered.FindAllStringSubmatch(call[0].Call, -1) {
		is := func(x Exchange) bool { return strconv.Itoa(x.Want.Status) == status[1] }
		wrote := slices.ContainsFunc(call, func(x Exchange) bool { return is(x) && x.Request.writes() })
		for i, x := range call {
			call[i].Told = x.Told || is(x) && x.Request.writes() == wrote
		}
	}
}

// writes reports whether a request is one that may change something (RFC 9110,
// section 9.2.1).
func (r Request) writes() bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// leftOut is what stands for a body that was not recorded.
var leftOut = regexp.MustCompile(`^<[0-9]+ bytes[^\n]*>$`)

// Whole reports whether the request can be sent: its body was recorded.
func (x Exchange) Whole() bool { return !leftOut.Match(x.Request.Body) }
