package rest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// lines follows a path until it has so many lines of data.
func (d *door) lines(path string, n int, headers ...string) []string {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.server.URL+path, nil)
	if err != nil {
		d.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := d.server.Client().Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // it is left
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != "text/event-stream" {
		d.Fatalf("%s: %d %s", path, res.StatusCode, kind)
	}
	var all []string
	in := bufio.NewScanner(res.Body)
	for len(all) < n && in.Scan() {
		if line := in.Text(); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// followed follows a path and looks at what was asked.
func (d *door) followed(path, asked string) {
	d.Helper()
	if got := d.lines(path, 1); len(got) != 1 || got[0] != ": follow" {
		d.Errorf("%s: %q", path, got)
	}
	if got := d.sco.last(); got != asked {
		d.Errorf("asked %s, want %s", got, asked)
	}
	d.quiet()
}

// quiet waits until nobody follows any more.
func (d *door) quiet() {
	d.Helper()
	d.until("nobody follows", func() bool {
		d.sco.mu.Lock()
		defer d.sco.mu.Unlock()
		return d.sco.now == 0
	})
}

func (d *door) until(what string, so func() bool) {
	d.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			d.Fatalf("not in time: %s", what)
		}
	}
}

// Slices and events are followed, and a client that comes back says where it
// was.
func TestFollow(t *testing.T) {
	d := open(t)
	d.sco.moments = []intent.Moment{{Kind: intent.Changed, Slice: d.sco.status}, {Kind: intent.Sync}}
	got := strings.Join(d.lines("/v1/watch?id=s", 5), "\n")
	if !strings.HasPrefix(got, ": follow\nevent: CHANGED\ndata: {") || !strings.Contains(got, "event: SYNC") {
		t.Errorf("slices: %s", got)
	}
	if got := d.sco.last(); got != `watch {"ids":["s"]}` {
		t.Error(got)
	}
	d.sco.events = []intent.Event{{Number: 9, Reason: "Applied", Slice: "s"}}
	got = strings.Join(d.lines("/v1/events/stream", 4, "Last-Event-ID", "8"), "\n")
	if !strings.HasPrefix(got, ": follow\nid: 9\nevent: Applied\ndata: {") {
		t.Errorf("events: %s", got)
	}
	if got := d.sco.last(); got != `watch events {"after":8}` {
		t.Error(got)
	}
	d.want(400, "GET", "/v1/events/stream", "", "Last-Event-ID", "x")
	d.quiet()
}

// What may not be followed is refused as any other request.
func TestFollowRefused(t *testing.T) {
	d := open(t)
	d.sco.err = slice.Errorf(slice.Denied, "not you")
	d.want(403, "GET", "/v1/watch", "")
	d.want(403, "GET", "/v1/events/stream", "")
}

// An export is a stream of bytes; one that breaks off is no whole answer, in
// either version of HTTP.
func TestExport(t *testing.T) {
	for _, two := range []bool{false, true} {
		d := open(t)
		d.sco.image = []string{"one", "two"}
		client := d.server.Client()
		if two {
			second := httptest.NewUnstartedServer(d.server.Config.Handler)
			second.EnableHTTP2 = true
			second.StartTLS()
			t.Cleanup(second.Close)
			d.server, client = second, second.Client()
		}
		if r := d.want(200, "GET", "/v1/export", ""); r.body != "onetwo" || r.header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%q %v", r.body, r.header)
		}
		d.sco.err = errors.New("the disk is gone")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.server.URL+"/v1/export", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err == nil {
			if res.ProtoMajor == 2 != two {
				t.Errorf("it is %s", res.Proto)
			}
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close() // the error is above
		}
		if err == nil {
			t.Errorf("HTTP/2 %v: half an image was taken for a whole one", two)
		}
		d.sco.image, d.sco.err = nil, slice.Errorf(slice.Denied, "not you")
		d.want(403, "GET", "/v1/export", "")
	}
}
