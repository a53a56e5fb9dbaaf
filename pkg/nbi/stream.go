package nbi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// beat is how often something is sent to a client that follows and hears
// nothing, and patience how long it may take to receive it.
const (
	beat     = 15 * time.Second
	patience = 10 * time.Second
)

// stream sends events to a client until it leaves (server-sent events of the
// HTML standard). One that is too slow loses the connection, not its events:
// it comes back with the id of the last one.
func (a *api) stream(c echo.Context) error {
	if a.conf.Events == nil {
		return slice.Errorf(slice.Unavailable, "no events are kept here")
	}
	s := sender{http.NewResponseController(c.Response()), c.Response()}
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	at, known := a.conf.Events.place(c.Request().Header.Get("Last-Event-ID"))
	if err := s.send(": follow\n\n"); err != nil {
		return nil // the client has left
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		events, lost, more := a.conf.Events.after(at)
		if err := s.events(events, lost || !known); err != nil {
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
			if err := s.send(": still here\n\n"); err != nil {
				return nil // the client has left
			}
		}
	}
}

type sender struct {
	control *http.ResponseController
	out     io.Writer
}

func (s sender) events(list []rest.Event, lost bool) error {
	if lost {
		gap := rest.Event{Kind: rest.Lost, Message: text("events between the one that you have and the next were not kept")}
		if err := s.event(gap); err != nil {
			return err
		}
	}
	for _, e := range list {
		if err := s.event(e); err != nil {
			return err
		}
	}
	return nil
}

func (s sender) event(e rest.Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	id := ""
	if e.Id != "" {
		id = "id: " + e.Id + "\n"
	}
	return s.send(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", id, e.Kind, body))
}

// send gives the client a while for each piece, instead of for the whole.
func (s sender) send(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(s.out, text); err != nil {
		return err
	}
	return s.control.Flush()
}
