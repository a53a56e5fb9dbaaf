package kubetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Request is one request to the server, by default of its administrator.
type Request struct {
	Method string // GET
	Path   string // with its query
	Body   any    // what encoding/json makes of it, or bytes as they are
	Type   string // of the body: application/json
	Accept string // form of the answer: application/json
	As     string // another user, for instance system:serviceaccount:NAMESPACE:NAME
}

// An Answer is what the server says to a request.
type Answer struct {
	Code     int
	Body     []byte
	Warnings []string
}

// Refusal returns the server's reason if it did not do as it was asked.
func (a Answer) Refusal() string {
	if a.Code < 300 {
		return ""
	}
	var status struct{ Message string }
	if json.Unmarshal(a.Body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return fmt.Sprintf("%d %s", a.Code, a.Body)
}

// Call sends one request. That the server refuses it is no error.
func (s *Server) Call(ctx context.Context, q Request) (Answer, error) {
	body, ok := q.Body.([]byte)
	if !ok && q.Body != nil {
		text, err := json.Marshal(q.Body)
		if err != nil {
			return Answer{}, err
		}
		body = text
	}
	request, err := http.NewRequestWithContext(ctx, cmp.Or(q.Method, http.MethodGet), s.URL+q.Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Accept", cmp.Or(q.Accept, "application/json"))
	request.Header.Set("Content-Type", cmp.Or(q.Type, "application/json"))
	if q.As != "" {
		request.Header.Set("Impersonate-User", q.As)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end, or failed
	text, err := io.ReadAll(response.Body)
	return Answer{Code: response.StatusCode, Body: text, Warnings: warnings(response.Header)}, err
}

// read gets what is at a path into a value. A custom resource that was defined
// just now is not served at once: the server asks to come again.
func (s *Server) read(ctx context.Context, path, accept string, into any) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := s.Call(ctx, Request{Path: path, Accept: accept})
		switch {
		case err != nil:
			return err
		case a.Code == http.StatusOK:
			if err := json.Unmarshal(a.Body, into); err != nil {
				return fmt.Errorf("get %s: %w", path, err)
			}
			return nil
		case a.Code != http.StatusTooManyRequests:
			return fmt.Errorf("get %s: %s", path, a.Refusal())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// warnings reads the Warning fields of a response (RFC 7234 section 5.5). The
// server writes 299 - "text".
func warnings(h http.Header) []string {
	var all []string
	for _, field := range h.Values("Warning") {
		_, quoted, _ := strings.Cut(field, ` - `)
		text, err := strconv.Unquote(quoted)
		if err != nil {
			text = field
		}
		all = append(all, text)
	}
	return all
}
