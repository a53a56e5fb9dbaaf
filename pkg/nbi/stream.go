package nbi

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// stream sends events to a client until it leaves.
func (a *api) stream(c echo.Context) error {
	if a.conf.Events == nil {
		return slice.Errorf(slice.Unavailable, "no events are kept here")
	}
	at, known := a.conf.Events.place(c.Request().Header.Get("Last-Event-ID"))
	s, err := web.NewStream(c)
	if err != nil {
		return nil // the client has left
	}
	tick := time.NewTicker(web.Beat)
	defer tick.Stop()
	for {
		events, lost, more := a.conf.Events.after(at)
		if err := tell(s, events, lost || !known); err != nil {
			return nil // the client has left
		}
		at, known = at+uint64(len(events)), true
		if lost {
			at, _ = a.conf.Events.place(events[len(events)-1].Id)
		}
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-more:
		case <-tick.C:
			if err := s.Alive(); err != nil {
				return nil // the client has left
			}
		}
	}
}

func tell(s web.Stream, list []rest.Event, lost bool) error {
	if lost {
		gap := rest.Event{Kind: rest.Lost, Message: text("events between the one that you have and the next were not kept")}
		if err := s.Event("", string(gap.Kind), gap); err != nil {
			return err
		}
	}
	for _, e := range list {
		if err := s.Event(e.Id, string(e.Kind), e); err != nil {
			return err
		}
	}
	return nil
}
