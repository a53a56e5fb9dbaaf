package controller

import (
	"context"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/openflow"
)

// keep keeps a switch at what the fabric wants of it, and learns from its
// frames meanwhile.
func (l *links) keep(ctx context.Context, s *openflow.Session) error {
	sw := l.learner.Join(s)
	defer sw.Leave()
	s.Inline(func(f *openflow.Frame) bool { return sw.Frame(f.Owner, f.Port, f.Data) })
	return l.fabric.Engine().Serve(ctx, taught{s, sw})
}

// taught is a switch of which the learner takes over what it has learned
// before.
type taught struct {
	*openflow.Session
	sw *learn.Switch
}

// Rules implements fabric.Switch.
func (t taught) Rules(ctx context.Context) (flow.Rules, error) {
	r, err := t.Session.Rules(ctx)
	if err == nil {
		t.sw.Adopt(r.Flows)
	}
	return r, err
}
