package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve answers on a listener until ctx ends; then it returns nil. The doors
// that it is for answer from memory, so its limits are tight.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	return ServeWithin(ctx, l, h, Times{Body: bodyTimeout, Answer: answerTimeout})
}

// Times are how long a door waits: for a request's body, and from the end of its
// header to the end of the answer.
type Times struct{ Body, Answer time.Duration }

// ServeWithin is Serve for a door whose answers take their time.
func ServeWithin(ctx context.Context, l net.Listener, h http.Handler, t Times) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       t.Body,
		WriteTimeout:      t.Answer,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// What streams has to end with the server.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// Those who are being answered may finish, for as long as we are patient.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := srv.Shutdown(late); err != nil {
		return errors.Join(srv.Close(), ignoreClosed(<-ended))
	}
	return ignoreClosed(<-ended)
}

// ignoreClosed drops the error by which a server says that it was told to end.
func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Limits of a request.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = time.Minute
	closeTimeout  = 3 * time.Second
	maxHeader     = 16 << 10 // bytes
)
