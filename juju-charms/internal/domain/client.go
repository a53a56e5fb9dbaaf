// Package domain asks the SDN controller of a domain over REST, for the charms
// of sdnc and sps. It changes nothing there: networks are ordered by the SCO.
//
//	c := domain.New("sdnc.example.org:8443", config, time.Now)
package domain

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits of an answer.
const (
	maxAnswer = 8 << 20 // bytes
	maxPages  = 100
	pageSize  = "1000"
)

// A Client asks one SDN controller.
type Client struct {
	base string
	http *http.Client
	now  func() time.Time
}

// New returns the SDN controller at HOST:PORT.
func New(address string, config *tls.Config, now func() time.Time) *Client {
	return &Client{base: "https://" + address, http: &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, now: now}
}

// Close ends what connections there are.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// kinds are those of errors by the status of an answer.
var kinds = map[int]slice.Kind{
	http.StatusBadRequest: slice.Invalid, http.StatusForbidden: slice.Denied, http.StatusUnauthorized: slice.Denied,
	http.StatusNotFound: slice.NotFound, http.StatusServiceUnavailable: slice.Unavailable, http.StatusTooManyRequests: slice.Exhausted,
}

// get asks and reads the answer into out.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	resp, err := c.ask(ctx, path, query, "")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return slice.Errorf(slice.Unavailable, "the answer of the SDN controller cannot be read: %w", err)
	}
	return nil
}

// ask asks, and turns a problem into an error of its kind.
func (c *Client) ask(ctx context.Context, path string, query url.Values, after string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "the address of the SDN controller is no address: %w", err)
	}
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, slice.Errorf(slice.Unavailable, "the SDN controller does not answer: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&problem) // without one the status says it
	return nil, slice.Errorf(kinds[resp.StatusCode], "%s", cmp.Or(problem.Detail, problem.Title, resp.Status))
}

// all asks for every page of a list.
func all[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", pageSize)
	var items []T
	for range maxPages {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		if err := c.get(ctx, path, query, &page); err != nil {
			return nil, err
		}
		if items = append(items, page.Items...); page.Next == "" {
			return items, nil
		}
		query.Set("cursor", page.Next)
	}
	return nil, slice.Errorf(slice.Exhausted, "%s has more than %d pages", path, maxPages)
}

// An event is something that happened to a switch, a link or a network.
type event struct {
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
}

// The stream of events does not say where the past ends: it has when it is
// silent for a while.
const (
	silence  = 300 * time.Millisecond
	maxPast  = 10 * time.Second
	fromZero = "0-0" // an id that no event has: all that are kept
)

// events returns those that are kept, oldest first.
func (c *Client) events(ctx context.Context) ([]event, error) {
	ctx, cancel := context.WithTimeout(ctx, maxPast)
	defer cancel()
	resp, err := c.ask(ctx, "/v1/events", nil, fromZero)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	var past []event
	lines := bufio.NewScanner(io.LimitReader(resp.Body, maxAnswer))
	for lines.Scan() {
		text, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		quiet.Reset(silence)
		var e event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return nil, slice.Errorf(slice.Unavailable, "an event of the SDN controller cannot be read: %w", err)
		}
		if e.Kind != "lost" {
			past = append(past, e)
		}
	}
	return past, nil // how the stream ends says nothing
}

func (e event) line() string {
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s", e.Time.UTC().Format(time.RFC3339), e.Kind, e.Subject, strings.ReplaceAll(e.Message, "\n", "; ")), " ") + "\n"
}
