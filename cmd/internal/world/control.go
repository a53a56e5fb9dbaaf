package world

import (
	"context"
	"net"
	"sync"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// target is where each switch finds its controller: in its own namespace.
const target = "127.0.0.1:6653"

// A controller is one life of the controller of a world.
type controller struct {
	fabric  *fabric.Fabric
	server  *openflow.Server
	ctx     context.Context //nolint:containedctx // of its life
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Command starts a controller over a store. One that runs is killed first.
func (w *World) Command(store fabric.Store) (*fabric.Fabric, error) {
	w.Kill()
	f, err := fabric.New(fabric.Config{
		Bridge: bridge.SPS, Mesh: w.Mesh, Controllers: []string{"tcp:" + target}, Store: store, Logger: w.Logger,
	})
	if err != nil {
		return nil, err
	}
	c := &controller{fabric: f}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.server = &openflow.Server{Config: openflow.Config{
		Logger: w.Logger, Tables: pipeline.Tables,
		Allow: nil,
		Handler: func(ctx context.Context, s *openflow.Session) {
			if err := f.Engine().Serve(ctx, s); err != nil && ctx.Err() == nil {
				w.Logger.Warn("switch let go", "dpid", s.DPID().String(), "reason", err.Error())
			}
		},
	}}
	for _, n := range w.nodes {
		var l net.Listener
		err := netns.Do(n.Namespace(), func() (err error) {
			l, err = (&net.ListenConfig{}).Listen(c.ctx, "tcp", target)
			return err
		})
		if err != nil {
			c.end()
			return nil, err
		}
		c.running.Go(func() { _ = c.server.Serve(c.ctx, &listener{Listener: l, wires: &n.wires}) }) // ends with the life
		n.line.use(c)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.controller = c
	return f, nil
}

// Kill ends the controller: all lines to it break at once.
func (w *World) Kill() {
	w.mu.Lock()
	c := w.controller
	w.controller = nil
	w.mu.Unlock()
	for _, n := range w.nodes {
		n.line.use(nil)
	}
	if c != nil {
		c.end()
	}
}

func (c *controller) end() {
	c.stop()
	c.running.Wait()
}

// A line is that of an agent to the controller.
type line struct {
	mu  sync.Mutex
	ctl *controller
	cut bool
	end context.CancelFunc
}

func (l *line) use(c *controller) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctl = c
	if c == nil && l.end != nil {
		l.end()
	}
}

// Away breaks the line of the agent, until it is told to mend it.
func (n *Node) Away(away bool) {
	l := &n.line
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = away
	if away && l.end != nil {
		l.end()
	}
}

// Keep runs one session of an agent with the controller.
func (l *line) Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error {
	l.mu.Lock()
	c := l.ctl
	if c == nil || l.cut {
		l.mu.Unlock()
		return slice.Errorf(slice.Unavailable, "the controller is away")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)() //nolint:contextcheck // the session ends with the controller as well
	l.end = cancel
	l.mu.Unlock()
	return c.fabric.Keep(ctx, reports, func(w bridge.Wanted) error { wanted(w); return nil })
}
