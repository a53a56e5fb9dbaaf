package openflow

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// DefaultProduct is the product of a Config that names none. It is not zero:
// the flows of a switch that nobody has touched have the cookie zero.
const DefaultProduct uint16 = 0x4c32

// A Config says how a Server treats switches. Every field may be zero.
type Config struct {
	Logger *slog.Logger
	// Tables give the numbers that a switch reports their names.
	Tables []*flow.Table
	// Product and Round are the upper half of every cookie. A flow with
	// another product is foreign; the round is written and not compared.
	Product, Round uint16
	// Handler is called for each switch that is ready. When it returns, the
	// connection is closed; when the connection is lost, its context ends.
	Handler func(ctx context.Context, s *Session)
	// Events is told what a switch says unasked, one event of a switch at a
	// time and in order. While it does not return, that switch waits, and its
	// packet-ins beyond Queue are dropped.
	Events func(Event)
	// Allow refuses a switch by returning an error. The state is nil on a
	// connection without TLS.
	Allow func(dpid slice.DPID, peer *tls.ConnectionState) error
	// Refused is told of every switch that gave its identifier and was refused:
	// not allowed, or connected already. It may be nil.
	Refused func(dpid slice.DPID, err error)

	// Generation orders masters: a switch obeys the highest. Zero takes the
	// time at which the server began, so that a controller that was restarted
	// supersedes itself.
	Generation uint64
	SkipRole   bool // leave the role of the controller as it is
	// Superseded is called when a switch says that it obeys a controller of a
	// higher generation. The connection ends; it must not wait.
	Superseded func()

	PerAddress int           // connections from one address; 256
	Queue      int           // events that wait to be told; 256
	MaxReply   int           // bytes of one answer in parts; 64 MiB
	Handshake  time.Duration // from accept to ready; 5 s
	Request    time.Duration // for an answer; 30 s
	Write      time.Duration // for the switch to take what is sent; 10 s
	Silence    time.Duration // until a silent switch is asked; three times without an answer close; 5 s
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	if c.Superseded == nil {
		c.Superseded = func() {}
	}
	if c.Allow == nil {
		c.Allow = func(slice.DPID, *tls.ConnectionState) error { return nil }
	}
	if c.Handler == nil {
		c.Handler = func(ctx context.Context, _ *Session) { <-ctx.Done() }
	}
	c.Product = cmp.Or(c.Product, DefaultProduct)
	c.PerAddress = cmp.Or(c.PerAddress, 256)
	c.Queue = cmp.Or(c.Queue, 256)
	c.MaxReply = cmp.Or(c.MaxReply, 64<<20)
	c.Handshake = cmp.Or(c.Handshake, 5*time.Second)
	c.Request = cmp.Or(c.Request, 30*time.Second)
	c.Write = cmp.Or(c.Write, 10*time.Second)
	c.Silence = cmp.Or(c.Silence, 5*time.Second)
	return c
}
