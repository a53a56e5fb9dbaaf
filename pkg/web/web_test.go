package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// ask sends a request to one handler and returns the answer.
func ask(t *testing.T, handler echo.HandlerFunc, body string) *httptest.ResponseRecorder {
	t.Helper()
	e := web.NewEcho(slog.New(slog.DiscardHandler), 100)
	e.Binder = web.Strict{}
	e.POST("/", handler)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, req)
	return w
}

// Each error becomes a problem with the status of its kind; nothing of ours is
// told.
func TestProblems(t *testing.T) {
	faults := intent.Faults{{Path: "slice.id", Message: "wrong", Remedy: "right"}}
	tests := map[string]struct {
		err    error
		status int
		detail string
	}{
		"a kind":      {slice.Errorf(slice.NotFound, "there is no slice a"), 404, "there is no slice a"},
		"stale":       {slice.Errorf(slice.Stale, "look again"), 412, "look again"},
		"of HTTP":     {web.Errorf(418, "a %s", "teapot"), 418, "a teapot"},
		"of ours":     {errors.New("the password is hush"), 500, ""},
		"of a router": {echo.ErrMethodNotAllowed, 405, ""},
		"with fields": {slice.Errorf(slice.Invalid, "%w", faults), 400, "slice.id: wrong (right)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(t, func(echo.Context) error { return test.err }, "")
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%s: %v", w.Body, err)
			}
			if w.Code != test.status || p.Status != test.status || p.Detail != test.detail || p.Title != http.StatusText(test.status) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if name == "with fields" && !slices.Equal(p.Errors, faults) {
				t.Errorf("fields %v", p.Errors)
			}
		})
	}
}

// A panic of a handler is an error of that request.
func TestF19Panic(t *testing.T) {
	w := ask(t, func(echo.Context) error { panic("a broken program") }, "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "broken") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A body is one value of JSON that has only what somebody reads.
func TestA10StrictBodies(t *testing.T) {
	type want struct {
		Name  string         `json:"name"`
		Other map[string]any `json:"other"`
	}
	for body, status := range map[string]int{
		`{"name": "a"}`:             200,
		`{"name": "a", "x": 1}`:     400,
		`{"name": "a", "Name": 1}`:  400,
		`{"name": "a"} 1`:           400,
		`{"name": `:                 400,
		``:                          400,
		`{"name": 1}`:               400,
		"{\"name\": \"\xff\"}":      400,
		strings.Repeat("[", 50):     400,
		strings.Repeat(" ", 101):    413,
		`{"other": {"a": [{}, 2]}}`: 200,
	} {
		w := ask(t, func(c echo.Context) error {
			var v want
			if err := c.Bind(&v); err != nil {
				return err
			}
			return c.NoContent(http.StatusOK)
		}, body)
		if w.Code != status {
			t.Errorf("%q: %d %s, want %d", body, w.Code, w.Body, status)
		}
	}
}

// Pages together are the list, whatever comes and goes meanwhile before them.
func TestPages(t *testing.T) {
	all := []string{"a", "b", "c", "d", "e"}
	key := func(s string) string { return s }
	var got []string
	two := 2
	var cursor *string
	for range 5 {
		items, next, err := web.Page(all, key, &two, cursor)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, items...)
		if cursor = next; next == nil {
			break
		}
		all = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "a" || s == "b" }) // they were shown
	}
	if strings.Join(got, "") != "abcde" {
		t.Errorf("%v", got)
	}
	none, odd := 0, "?"
	if _, _, err := web.Page(all, key, &none, nil); slice.KindOf(err) != slice.Invalid {
		t.Error(err)
	}
	if _, _, err := web.Page(all, key, nil, &odd); slice.KindOf(err) != slice.Invalid {
		t.Error(err)
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		list, tag string
		weak      bool
		want      bool
	}{
		{`*`, `"1"`, false, true},
		{`*`, ``, false, false},
		{`"1"`, `"1"`, false, true},
		{`"1", "2"`, `"2"`, false, true},
		{`W/"1"`, `"1"`, false, false},
		{`W/"1"`, `"1"`, true, true},
		{`"1"`, ``, true, false},
		{``, `"1"`, true, false},
	} {
		if got := web.Matches(test.list, test.tag, test.weak); got != test.want {
			t.Errorf("%s in %s: %v", test.tag, test.list, got)
		}
	}
}

// A stream is events of the HTML standard, and ends with its server.
func TestStream(t *testing.T) {
	e := web.NewEcho(slog.New(slog.DiscardHandler), 100)
	e.GET("/", func(c echo.Context) error {
		s, err := web.NewStream(c)
		if err != nil {
			return err
		}
		if err := errors.Join(s.Event("7", "made", map[string]int{"n": 1}), s.Alive(), s.Event("", "gone", nil)); err != nil {
			return err
		}
		<-c.Request().Context().Done()
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	l, err := web.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, e) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // the server has ended it
	want := ": follow\n\nid: 7\nevent: made\ndata: {\"n\":1}\n\n: still here\n\nevent: gone\ndata: null\n\n"
	got := ""
	for in := bufio.NewReader(res.Body); len(got) < len(want); {
		line, err := in.ReadString('\n')
		got += line
		if err != nil {
			break
		}
	}
	if got != want || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
