package registry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The bounds of a look at domains: the time that one has to answer, and how many
// are looked at side by side.
const (
	lookTimeout = 5 * time.Second
	atOnce      = 8
)

// VerifyDomain looks at a domain now.
func (r *Registry) VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error) {
	end, err := r.turns.wait(ctx, d)
	if err != nil {
		return intent.Registration{}, err
	}
	defer end()
	e := r.entry(d)
	if e == nil {
		return intent.Registration{}, r.unknown(d)
	}
	r.look(ctx, e)
	return r.told(e), nil
}

// lookAtAll looks at all domains, some at a time.
func (r *Registry) lookAtAll(ctx context.Context) {
	places := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for _, d := range r.Names() {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			_, _ = r.VerifyDomain(ctx, d) // the conditions of the domain have it, if it is still there
		})
	}
	wait.Wait()
}

// look asks a domain what it is and notes that, after it has taken new
// credentials into use. The turn is held.
func (r *Registry) look(ctx context.Context, e *entry) {
	rotation := r.rotate(ctx, e.Registration, e.line)
	info, conditions := r.ask(ctx, e.Registration, e.line)
	if rotation != nil && conditions[0].Status {
		conditions[0].Reason, conditions[0].Message = "OldCredentials", clipLong(rotation.Error())
	}
	if ctx.Err() != nil {
		return // it was not the domain that did not answer
	}
	r.note(e, info, conditions)
}

// ask asks a domain over a line what it is and judges the answer. The first
// condition is whether there was one.
func (r *Registry) ask(ctx context.Context, reg intent.Registration, l *line) (intent.DomainInfo, []intent.Condition) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	a := Answer{Name: reg.Name, Skew: r.cfg.Skew, MTU: r.cfg.Use(reg.Name).MTU}
	s, done, err := l.take(ctx)
	if err == nil {
		defer done()
		a.Sent = r.cfg.Now()
		a.Info, err = s.Info(ctx)
		a.Came = r.cfg.Now()
	}
	if err != nil {
		return a.Info, []intent.Condition{unreachable(err)}
	}
	return a.Info, Judge(a)
}

// note keeps what was seen of a domain, and tells what is news.
func (r *Registry) note(e *entry, info intent.DomainInfo, fresh []intent.Condition) {
	old := e.conditions
	now := renew(old, append(fresh, draining(e.Registration)), e.Generation, r.cfg.Now())
	r.mu.Lock()
	if fresh[0].Status {
		e.info = info
	}
	e.conditions = now
	r.mu.Unlock()
	for _, c := range now {
		i := slices.IndexFunc(old, func(o intent.Condition) bool { return o.Type == c.Type })
		known := i >= 0
		switch {
		case !slices.Contains(needed, c.Type):
		case !c.Status && (!known || old[i].Status):
			r.cfg.Logger.Warn("domain is not fit", "domain", string(e.Name), "condition", c.Type, "reason", c.Reason, "message", c.Message)
			r.news(e.Name, c)
		case c.Status && known && !old[i].Status:
			r.cfg.Logger.Info("domain is fit again", "domain", string(e.Name), "condition", c.Type)
			r.news(e.Name, c)
		}
	}
}

// news tells that a condition has changed. Whoever uses the domains tells which of
// them answer.
func (r *Registry) news(d slice.Domain, c intent.Condition) {
	switch {
	case c.Type == Reachable:
	case c.Status:
		r.tell(d, false, c.Type, "it was not, and is again")
	default:
		r.tell(d, true, "Not"+c.Type, c.Message)
	}
}

// tell says what happened to a domain.
func (r *Registry) tell(d slice.Domain, warning bool, reason, message string) {
	r.cfg.Tell(intent.Event{Domain: d, Object: "domain/" + string(d), Warning: warning, Reason: reason, Message: message})
}

// rotate takes new credentials of a domain into use. Those that do not work
// leave the old ones where they are, as long as these do.
func (r *Registry) rotate(ctx context.Context, reg intent.Registration, l *line) error {
	have, done, err := l.take(ctx)
	if err != nil {
		return nil //nolint:nilerr // there is no line yet: the look says so
	}
	mark, err := r.cfg.Mark(ctx, reg)
	old := have.mark
	done()
	if err != nil {
		return fmt.Errorf("the credentials cannot be read, the ones before are in use: %w", err)
	}
	if mark == old {
		return nil
	}
	fresh, err := l.open(ctx)
	if err != nil {
		return fmt.Errorf("the new credentials cannot be used, the ones before are: %w", err)
	}
	if err := answers(ctx, fresh); err != nil && r.works(ctx, l) {
		_ = fresh.Close() // it is no use
		return fmt.Errorf("the new credentials are refused, the ones before are in use: %w", err)
	}
	l.swap(fresh)
	r.cfg.Logger.Info("domain is called with new credentials", "domain", string(reg.Name))
	r.tell(reg.Name, false, "CredentialsRotated", "it is called with new credentials")
	return nil
}

// works reports whether a domain answers over its line.
func (r *Registry) works(ctx context.Context, l *line) bool {
	s, done, err := l.take(ctx)
	if err != nil {
		return false
	}
	defer done()
	return answers(ctx, s) == nil
}

// answers says why a domain does not answer in time, or nil.
func answers(ctx context.Context, d Domain) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	_, err := d.Info(ctx)
	return err
}
