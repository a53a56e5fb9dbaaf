package osm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A request is one call of NBI.
type request struct {
	method string
	path   string // below the base, escaped
	query  url.Values
	header map[string]string
	body   []byte
	secret []string // values in the body that nobody may read
	open   bool     // goes without a token
	again  bool     // may be repeated although it may have been carried out
}

// An answer is a success.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// Get reads the JSON at a path below the base, like /nst/v1/netslice_templates,
// into v.
func (c *Client) Get(ctx context.Context, path string, v any) error {
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return slice.Errorf(slice.Invalid, "osm GET %s: %w", path, err)
	}
	a, err := c.call(ctx, request{method: http.MethodGet, path: path, query: values, again: true})
	if err != nil {
		return err
	}
	return decode(path, a.body, v)
}

// File reads a file at a path below the base, like
// /nst/v1/netslice_templates/ID/artifacts/PATH.
func (c *Client) File(ctx context.Context, path string) ([]byte, error) {
	// NBI gives a text only to whom text is enough, and an archive likewise.
	a, err := c.call(ctx, request{
		method: http.MethodGet, path: path, again: true,
		header: map[string]string{"Accept": "text/plain, application/zip, application/gzip"},
	})
	return a.body, err
}

// send sends a value as JSON and returns the id that NBI gives for it.
func (c *Client) send(ctx context.Context, method, path string, v any) (id string, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	a, err := c.call(ctx, request{
		method: method, path: path, body: body, secret: secrets(body), again: method == http.MethodPatch,
		header: map[string]string{"Content-Type": "application/json"},
	})
	if err != nil {
		return "", err
	}
	var made struct {
		ID string `json:"id"`
	}
	if len(bytes.TrimSpace(a.body)) > 0 {
		err = decode(path, a.body, &made)
	}
	return made.ID, err
}

// decode reads an answer. One that breaks off is no answer.
func decode(path string, body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return slice.Errorf(slice.Unavailable, "osm %s: the answer is broken: %w", path, err)
	}
	return nil
}

// call carries a request out, again after failures that may pass, and with a
// fresh token if NBI does not know ours any more.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	renewed := false
	for try := 1; ; try++ {
		a, wait, err := c.once(ctx, r)
		switch {
		case err == nil:
			return a, nil
		case unknownToken(err) && wait.token != "" && !renewed:
			renewed = true
			c.forget(ctx, wait.token)
			try--
			continue
		case r.method == http.MethodDelete && try > 1 && slice.KindOf(err) == slice.NotFound:
			return answer{status: http.StatusNoContent}, nil // an earlier try did it
		case try >= c.cfg.Tries || !wait.may:
			return answer{}, err
		}
		if late := c.pause(ctx, try, wait.asked); late != nil {
			return answer{}, err
		}
	}
}

// A wait says what may follow a failure.
type wait struct {
	may   bool          // it may be tried again
	asked time.Duration // not before (RFC 9110, section 10.2.3)
	token string        // that the request had
}

// once sends a request one time.
func (c *Client) once(ctx context.Context, r request) (answer, wait, error) {
	var w wait
	if !r.open {
		t, err := c.login(ctx)
		if err != nil {
			return answer{}, w, err // it has been tried often enough
		}
		w.token = t
	}
	within, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	resp, err := c.http.Do(c.prepare(within, r, w.token))
	if err != nil {
		w.may = ctx.Err() == nil && (r.again || errors.Is(err, syscall.ECONNREFUSED))
		return answer{}, w, slice.Errorf(slice.Unavailable, "osm %s %s: %w", r.method, r.path, plain(err))
	}
	body, err := c.read(resp)
	switch {
	case errors.Is(err, errLarge):
		return answer{}, w, slice.Errorf(slice.Exhausted, "osm %s %s: the answer has more than %d bytes", r.method, r.path, c.cfg.Bytes)
	case err != nil:
		w.may = r.again && ctx.Err() == nil
		return answer{}, w, slice.Errorf(slice.Unavailable, "osm %s %s: the answer ends early: %w", r.method, r.path, plain(err))
	case resp.StatusCode/100 == 2:
		return answer{resp.StatusCode, resp.Header, body}, w, nil
	}
	w.may, w.asked = mayRepeat(r, resp.StatusCode), retryAfter(resp.Header.Get("Retry-After"), c.cfg.Now())
	return answer{}, w, refusal(r, resp.StatusCode, body, append(r.secret, c.cfg.Password, w.token)...)
}

// mayRepeat reports whether a refusal may pass. NBI has done nothing when it has
// too much to do.
func mayRepeat(r request, status int) bool {
	return status == http.StatusTooManyRequests || r.again && status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

func (c *Client) prepare(ctx context.Context, r request, token string) *http.Request {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil { // a path that is no path: let the transport say so
		req = (&http.Request{Method: r.method, URL: &url.URL{Path: r.path}, Header: http.Header{}}).WithContext(ctx)
	}
	req.Header.Set("Accept", "application/json")
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req
}

var errLarge = errors.New("too large")

// read reads an answer up to the limit.
func (c *Client) read(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.Bytes+1))
	if int64(len(body)) > c.cfg.Bytes {
		err = errLarge
	}
	return body, errors.Join(err, resp.Body.Close())
}

// pause waits before the next try: longer each time, and not in step with others.
func (c *Client) pause(ctx context.Context, try int, asked time.Duration) error {
	d := min(c.cfg.Pause<<min(try-1, 10), maxPause)
	d -= time.Duration(c.cfg.Jitter() * float64(d) / 2)
	timer := time.NewTimer(min(max(d, asked), maxPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads both forms of the header.
func retryAfter(text string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(text); err == nil && s > 0 {
		return time.Duration(min(s, 3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// plain takes method and address off an error, which say what we say already.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// at makes a path of parts that may hold anything.
func at(base string, parts ...string) string {
	for _, p := range parts {
		base += "/" + url.PathEscape(p)
	}
	return base
}

func unknownToken(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusUnauthorized
}

// need wants an id, so that an empty one never means the whole collection.
func need(id string) error {
	if id == "" || id == "." || id == ".." {
		return slice.Errorf(slice.Invalid, "osm: %q is no id", id)
	}
	return nil
}
