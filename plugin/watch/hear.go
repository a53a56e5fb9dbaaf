package watch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/web"
)

// A Callback is where OSM calls when something has happened to a network service.
// Without an address it is not asked to. OSM sends user and password there
// (RFC 7617).
type Callback struct {
	URL      string
	User     string
	Password string
}

// subscribeEvery is how often the subscription is asked for again: OSM may have
// lost it.
const subscribeEvery = 10 * time.Minute

// Mount lets OSM call. NBI asks first whether somebody is there, and wants 204 for
// everything. What it tells is not read: the watcher looks for itself.
func (w *Watcher) Mount(g *echo.Group) {
	g.GET("", w.there)
	g.POST("", w.hear)
}

func (w *Watcher) there(c echo.Context) error {
	if !w.knows(c.Request()) {
		return refuse(c)
	}
	return c.NoContent(http.StatusNoContent)
}

func (w *Watcher) hear(c echo.Context) error {
	if !w.knows(c.Request()) {
		return refuse(c)
	}
	if _, err := web.ReadBody(c.Request()); err != nil {
		return err
	}
	w.count(func(n *Counts) { n.Hints++ })
	w.Hint()
	return c.NoContent(http.StatusNoContent)
}

// Hint makes the next poll come soon.
func (w *Watcher) Hint() {
	select {
	case w.hint <- struct{}{}:
	default: // it comes already
	}
}

// knows compares the credentials in a time that tells nothing of them. Without a
// password nobody is known.
func (w *Watcher) knows(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	sum := func(u, p string) []byte {
		s := sha256.Sum256([]byte(u + "\x00" + p))
		return s[:]
	}
	want := w.cfg.Callback
	return want.Password != "" && subtle.ConstantTimeCompare(sum(user, password), sum(want.User, want.Password)) == 1
}

func refuse(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="osm"`)
	return web.WriteProblem(c, http.StatusUnauthorized, "")
}

// subscribe asks OSM to call, now and then. Where it does not, polls have to do.
func (w *Watcher) subscribe(ctx context.Context) {
	now := w.cfg.Now()
	if w.cfg.Callback.URL == "" || !w.subscribed.IsZero() && now.Sub(w.subscribed) < subscribeEvery {
		return
	}
	w.subscribed = now
	within, cancel := context.WithTimeout(ctx, cmp.Or(w.cfg.Within, time.Minute))
	defer cancel()
	if err := w.osm.Subscribe(within, w.cfg.Callback.URL, w.cfg.Callback.User, w.cfg.Callback.Password); err != nil && ctx.Err() == nil {
		w.log.Info("OSM does not call back", "error", err)
	}
}
