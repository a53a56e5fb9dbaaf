package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// export sends the stored state. An image that breaks off ends the connection,
// so that no client takes it for a whole one.
func (a *api) export(c echo.Context) error {
	if a.conf.Admin == nil {
		return missing("state that can be exported")
	}
	w := &image{to: c}
	err := a.conf.Admin.Export(c.Request().Context(), w)
	if err == nil || !w.begun {
		return err
	}
	a.conf.Logger.Warn("export broke off", "reason", err.Error())
	panic(http.ErrAbortHandler) // ends the connection, or the stream of HTTP/2
}

// image begins the answer with its first byte, and gives each piece time.
type image struct {
	to    echo.Context
	begun bool
}

func (w *image) Write(p []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.to.Response().Header().Set("Content-Type", "application/octet-stream")
		w.to.Response().WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(w.to.Response()).SetWriteDeadline(time.Now().Add(answer)) // a recorder has none
	return w.to.Response().Write(p)
}
