package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ErrCut is what a Step returns to cut one call of a domain: one that was not
// made yet does not arrive, and of one that was made the answer is lost.
var ErrCut = errors.New("the line is cut")

var errEnded = errors.New("the process has ended")

// A life is one run of a process: the SDN controller of a domain, or the SCO.
type life struct {
	of   slice.Domain
	step func(of slice.Domain, step string) error
	end  context.CancelFunc
	done context.Context //nolint:containedctx // of everything that the process does
	wait sync.WaitGroup

	mu   sync.Mutex
	over bool
}

func (l *life) ctx() context.Context { return l.done }

// pass says whether a process comes past a step.
func (l *life) pass(step string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errEnded
	}
	if l.step == nil {
		return nil
	}
	err := l.step(l.of, step)
	if err != nil && !errors.Is(err, ErrCut) {
		l.over = true
		l.end()
	}
	return err
}

// kill ends a process: nothing that it does from now on happens.
func (l *life) kill() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.end()
}

// begin begins a run of a process.
func (w *World) begin(ctx context.Context, of slice.Domain) error {
	l := &life{of: of, step: w.cfg.Step}
	l.done, l.end = context.WithCancel(ctx)
	at := slices.IndexFunc(w.lab.Domains, func(d lab.Domain) bool { return d.Name == of })
	if at < 0 {
		at = len(w.lab.Domains)
	}
	kept := gated{w.Stores[at], l}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lives[of] = l
	var err error
	if of == "" {
		drivers := sco.Fixed{}
		for _, d := range w.lab.Domains {
			drivers[d.Name] = line{w, d.Name, l}
		}
		w.SCO, err = sco.New(sco.Config{
			Domains: drivers, Controllers: []string{"ssl:sco:6653"}, Numbers: w.cfg.Numbers,
			Store: kept, Logger: w.cfg.Logger, Failpoint: l.pass, Now: w.cfg.Now,
		})
		return err
	}
	w.Domains[of], err = sdnc.New(sdnc.Config{
		Domain: of, Gateway: w.lab.Domains[at].Gateway, Controllers: []string{"ssl:sdnc." + string(of) + ":6653"},
		Numbers: w.cfg.Numbers, Labels: w.cfg.Labels, Store: kept, Logger: w.cfg.Logger, Failpoint: l.pass,
	})
	return err
}

// Kill ends a process: the SDN controller of a domain or, without one, the SCO.
// Its switches and nodes lose it, and keep what they have.
func (w *World) Kill(of slice.Domain) {
	l := w.life(of)
	l.kill()
	l.wait.Wait()
}

// Start begins another run of a process that has ended, with the same store,
// and brings its switches and nodes back.
func (w *World) Start(ctx context.Context, of slice.Domain) error {
	if err := w.begin(ctx, of); err != nil {
		return fmt.Errorf("start %s again: %w", of, err)
	}
	for _, s := range w.Switches {
		if s.of != of {
			continue
		}
		s.Memory = s.Memory.Reconnect()
		if err := w.connect(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) life(of slice.Domain) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lives[of]
}

func (w *World) fabric(of slice.Domain) *fabric.Fabric {
	w.mu.Lock()
	defer w.mu.Unlock()
	if of == "" {
		return w.SCO.Fabric()
	}
	return w.Domains[of].Fabric()
}

// gated is the store of a process: after its end it writes nothing.
type gated struct {
	*fabrictest.Store
	life *life
}

// Put keeps a value.
func (g gated) Put(bucket, key string, value []byte) error {
	if err := g.life.pass("put " + bucket + " " + key); err != nil {
		return err
	}
	return g.Store.Put(bucket, key, value)
}

// Delete drops a value.
func (g gated) Delete(bucket, key string) error {
	if err := g.life.pass("delete " + bucket + " " + key); err != nil {
		return err
	}
	return g.Store.Delete(bucket, key)
}

// line is the connection from one run of the SCO to a domain.
type line struct {
	world *World
	to    slice.Domain
	sco   *life
}

// call calls a domain: it may not arrive, and its answer may be lost.
func (c line) call(ctx context.Context, what string, f func(context.Context, *sdnc.Controller) error) error {
	lost := func(why error) error {
		return slice.Errorf(slice.Unavailable, "the SDN controller of %s does not answer: %w", c.to, why)
	}
	if err := c.sco.pass("call " + string(c.to) + " " + what); err != nil {
		return lost(err)
	}
	c.world.mu.Lock()
	to, there := c.world.lives[c.to], c.world.Domains[c.to]
	c.world.mu.Unlock()
	if to.done.Err() != nil {
		return lost(errEnded)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(to.done, cancel)() //nolint:contextcheck // the end of the other side
	err := f(ctx, there)
	if to.done.Err() != nil {
		return lost(errEnded)
	}
	if cut := c.sco.pass("answer " + string(c.to) + " " + what); cut != nil {
		return lost(cut)
	}
	return err
}

// Apply makes segments, or changes them.
func (c line) Apply(ctx context.Context, segments []intent.Segment) (all []intent.SegmentStatus, err error) {
	err = c.call(ctx, "apply", func(ctx context.Context, to *sdnc.Controller) error {
		got, err := to.Apply(ctx, segments)
		all = got
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Delete takes segments apart.
func (c line) Delete(ctx context.Context, ids []slice.NetworkID) error {
	return c.call(ctx, "delete", func(ctx context.Context, to *sdnc.Controller) error { return to.Delete(ctx, ids) })
}

// List returns the segments that the domain keeps.
func (c line) List(ctx context.Context) (all []intent.SegmentStatus, err error) {
	err = c.call(ctx, "list", func(ctx context.Context, to *sdnc.Controller) error {
		got, err := to.List(ctx)
		all = got
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Info tells what the domain is.
func (c line) Info(ctx context.Context) (info intent.DomainInfo, err error) {
	err = c.call(ctx, "info", func(ctx context.Context, to *sdnc.Controller) error {
		info, err = to.Info(ctx)
		return err
	})
	return info, err
}

// Alive returns a context that ends with the process: whoever waits for it
// then waits in vain.
func (w *World) Alive(of slice.Domain) context.Context { return w.life(of).done }

// Loop has the SCO look after its slices until its process ends.
func (w *World) Loop() {
	l := w.life("")
	l.wait.Go(func() { w.SCO.Run(l.done) })
}
