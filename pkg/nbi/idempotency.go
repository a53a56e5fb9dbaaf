package nbi

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// maxAnswers is how many answers are kept for clients that ask again, and
// maxAnswer how large one may be.
const (
	maxAnswers = 1024
	maxAnswer  = 64 << 10
)

// answers keeps what was answered to requests with an Idempotency-Key, the
// newest maxAnswers of them, until the process ends.
type answers struct {
	mu     sync.Mutex
	byKey  map[string]*answer
	oldest []string
}

// An answer is one that was given, or is being given.
type answer struct {
	request [sha256.Size]byte
	done    bool
	status  int
	header  http.Header
	body    []byte
}

// once answers a request with the key of an earlier one as that was answered.
func (a *answers) once(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
			return next(c)
		}
		if err := checkKey(key); err != nil {
			return err
		}
		body, err := web.ReadBody(r)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		// What a caller may see nobody else gets by the same key.
		key = caller(c) + "\x00" + key
		old, err := a.begin(key, digest(r, body))
		if err != nil {
			return err
		}
		if old != nil {
			return old.replay(c)
		}
		return a.record(c, key, next)
	}
}

func checkKey(key string) error {
	for _, b := range []byte(key) {
		if b < 0x20 || b > 0x7e {
			return slice.Errorf(slice.Invalid, "the Idempotency-Key has bytes that are no printable ASCII")
		}
	}
	if len(key) > 255 {
		return slice.Errorf(slice.Invalid, "the Idempotency-Key has %d bytes, more than 255", len(key))
	}
	return nil
}

// digest tells one request from another.
func digest(r *http.Request, body []byte) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.RequestURI(), r.Header.Get("If-Match"), r.Header.Get("If-None-Match")} {
		_, _ = io.WriteString(h, part+"\x00") // a hash takes everything
	}
	_, _ = h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// begin enters a request, or returns what was answered to it before.
func (a *answers) begin(key string, request [sha256.Size]byte) (*answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.byKey[key]
	switch {
	case old == nil:
	case old.request != request:
		return nil, web.Errorf(http.StatusUnprocessableEntity, "the Idempotency-Key was used for another request: take a new one")
	case !old.done:
		return nil, slice.Errorf(slice.Conflict, "the first request with this Idempotency-Key is not answered yet")
	default:
		return old, nil
	}
	if a.byKey == nil {
		a.byKey = map[string]*answer{}
	}
	for len(a.oldest) >= maxAnswers {
		delete(a.byKey, a.oldest[0])
		a.oldest = a.oldest[1:]
	}
	a.byKey[key] = &answer{request: request}
	a.oldest = append(a.oldest, key)
	return nil, nil
}

// record has a request answered and keeps the answer. What went wrong on our
// side is not kept: it may go right the next time.
func (a *answers) record(c echo.Context, key string, next echo.HandlerFunc) error {
	w := &recorder{ResponseWriter: c.Response().Writer}
	c.Response().Writer = w
	if err := next(c); err != nil {
		c.Error(err) // writes the problem
	}
	res := c.Response()
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := a.byKey[key]
	if mine == nil { // pushed out meanwhile
		return nil
	}
	if res.Status >= http.StatusInternalServerError || w.body.Len() > maxAnswer {
		delete(a.byKey, key)
		return nil
	}
	mine.done, mine.status, mine.header, mine.body = true, res.Status, res.Header().Clone(), w.body.Bytes()
	return nil
}

func (a *answer) replay(c echo.Context) error {
	for name, values := range a.header {
		c.Response().Header()[name] = values
	}
	c.Response().WriteHeader(a.status)
	_, err := c.Response().Write(a.body)
	return err
}

// A recorder keeps a copy of what is written.
type recorder struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.body.Len() <= maxAnswer {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets the server reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
