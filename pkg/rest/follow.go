package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// The most that may be followed at once, by all together and by one caller.
const (
	maxFollows = 1024
	maxOfOne   = 64
)

// follows counts streams that are open, so that nobody takes them all.
type follows struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

// enter counts one more, and returns how to count it off.
func (f *follows) enter(who string) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= maxFollows || f.of[who] >= maxOfOne {
		return nil, web.Errorf(http.StatusTooManyRequests, "too many streams are open: close some of yours, of which %d can be open", maxOfOne)
	}
	if f.of == nil {
		f.of = map[string]int{}
	}
	f.all++
	f.of[who]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all--
		if f.of[who]--; f.of[who] == 0 {
			delete(f.of, who)
		}
	}, nil
}

// watch follows slices.
func (a *api) watch(c echo.Context) error {
	p := c.QueryParams()
	ids := p["id"]
	q := query(&ids, ptr(p.Get("tenant")), ptr(p.Get("phase")), ptr(p.Get("domain")))
	return follow(a, c,
		func(ctx context.Context, tell func(intent.Moment) error) error {
			return a.conf.Slices.Watch(ctx, q, tell)
		},
		func(s web.Stream, m intent.Moment) error { return s.Event("", m.Kind, m) })
}

// stream follows events.
func (a *api) stream(c echo.Context) error {
	if a.conf.Events == nil {
		return missing("events")
	}
	p := c.QueryParams()
	q := intent.EventQuery{Slice: slice.ID(p.Get("slice")), Tenant: slice.Tenant(p.Get("tenant")), Domain: slice.Domain(p.Get("domain"))}
	if last := c.Request().Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseUint(last, 10, 32)
		if err != nil {
			return slice.Errorf(slice.Invalid, "Last-Event-ID: %.64q is none of ours", last)
		}
		q.After = uint32(n)
	}
	return follow(a, c,
		func(ctx context.Context, tell func(intent.Event) error) error {
			return a.conf.Events.WatchEvents(ctx, q, tell)
		},
		func(s web.Stream, e intent.Event) error {
			return s.Event(strconv.FormatUint(uint64(e.Number), 10), e.Reason, e)
		})
}

func ptr(s string) *string { return &s }

// grace is how long something that is followed may say that it cannot be,
// before the answer begins.
const grace = 100 * time.Millisecond

// follow sends what watch tells until the client leaves.
func follow[T any](a *api, c echo.Context, watch func(context.Context, func(T) error) error, send func(web.Stream, T) error) error {
	leave, err := a.follows.enter(caller(c.Request().Context()))
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancel(c.Request().Context())
	news, ended := make(chan T), make(chan error, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		ended <- watch(ctx, func(v T) error {
			select {
			case news <- v:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	first, early, err := begin(news, ended)
	if err != nil {
		return err
	}
	s, err := web.NewStream(c)
	if err == nil && early {
		err = send(s, first)
	}
	if err == nil {
		err = pass(ctx, s, news, ended, send)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		a.conf.Logger.Debug("stream ended", "caller", caller(ctx), "reason", err.Error())
	}
	return nil // the answer has begun, and the client sees its end
}

// begin waits until there is news, or a reason why there is none, or neither.
func begin[T any](news <-chan T, ended <-chan error) (first T, early bool, err error) {
	wait := time.NewTimer(grace)
	defer wait.Stop()
	select {
	case first = <-news:
		return first, true, nil
	case err = <-ended:
		if err == nil {
			err = slice.Errorf(slice.Unavailable, "there is nothing to follow")
		}
		return first, false, err
	case <-wait.C:
		return first, false, nil
	}
}

// pass sends news, and signs of life between them.
func pass[T any](ctx context.Context, s web.Stream, news <-chan T, ended <-chan error, send func(web.Stream, T) error) error {
	beat := time.NewTicker(web.Beat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err = <-ended:
			return err
		case v := <-news:
			err = send(s, v)
		case <-beat.C:
			err = s.Alive()
		}
		if err != nil {
			return err
		}
	}
}
