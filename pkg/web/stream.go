package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Beat is how often something is sent to a client that follows and hears
// nothing, and patience how long it may take to receive it.
const (
	Beat     = 15 * time.Second
	patience = 10 * time.Second
)

// A Stream sends events to a client while they happen (server-sent events of
// the HTML standard). One that is too slow loses the connection, not its events:
// it comes back with the id of the last one.
type Stream struct {
	control *http.ResponseController
	out     io.Writer
}

// NewStream begins to answer a request with events.
func NewStream(c echo.Context) (Stream, error) {
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	s := Stream{http.NewResponseController(c.Response()), c.Response()}
	return s, s.send(": follow\n\n")
}

// Event sends one event. An empty id leaves the client's last one as it is.
func (s Stream) Event(id, kind string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	return s.send(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", id, kind, body))
}

// Alive sends what clients do not show, so that both ends know of each other.
func (s Stream) Alive() error { return s.send(": still here\n\n") }

// send gives the client a while for each piece, instead of for the whole.
func (s Stream) send(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(s.out, text); err != nil {
		return err
	}
	return s.control.Flush()
}
