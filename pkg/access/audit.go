package access

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// How many entries can be asked for, how many lines wait for room on the disk,
// and how much of an error is kept.
const (
	auditKept    = 4096
	auditWaiting = 4096
	auditText    = 400
	auditAsked   = 500
)

// AuditConfig says where the audit log is. A line is in the file before its call
// is answered, and on the disk within a second: a crash of the process loses
// none, a loss of power that second. While the file cannot be written, changes
// are refused and reads go on; lines of what had begun wait in memory.
type AuditConfig struct {
	File string // JSON lines; empty: only the newest entries, in memory
	Size int64  // bytes, before a new file is begun; 0: 16 MiB
	Keep int    // older files, called FILE.1 to FILE.n; 0: 8
}

// audit is the log of what callers have changed, and have tried to.
type audit struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	file    *rotated // nil: none
	kept    []intent.AuditEntry
	number  uint32
	waiting [][]byte
	fault   error
}

func openAudit(cfg AuditConfig, log *slog.Logger, now func() time.Time) (*audit, error) {
	a := &audit{log: log, now: now}
	if cfg.File == "" {
		return a, nil
	}
	var err error
	if a.file, a.kept, err = openRotated(cfg); err != nil {
		return nil, err
	}
	if n := len(a.kept); n > 0 {
		a.number = a.kept[n-1].Number
	}
	return a, nil
}

// add makes an entry.
func (a *audit) add(e intent.AuditEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number++
	e.Number, e.Time = a.number, a.now().UTC()
	e.Error, e.Object = short(e.Error), short(e.Object)
	if len(a.kept) >= 2*auditKept {
		a.kept = append([]intent.AuditEntry(nil), a.kept[auditKept:]...)
	}
	a.kept = append(a.kept, e)
	if a.file == nil {
		return
	}
	if len(a.waiting) >= auditWaiting {
		a.waiting = a.waiting[1:] // only of reads that were refused: changes wait for room
	}
	a.waiting = append(a.waiting, line(e))
	a.write()
}

// write writes what waits.
func (a *audit) write() {
	before := a.fault
	a.fault = nil
	for len(a.waiting) > 0 && a.fault == nil {
		if a.fault = a.file.write(a.waiting[0]); a.fault == nil {
			a.waiting = a.waiting[1:]
		}
	}
	if a.fault != nil && before == nil {
		a.log.Error("audit log cannot be written: changes are refused until it can", "error", a.fault.Error())
	}
}

// ready says why nothing can be changed now.
func (a *audit) ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault == nil {
		return nil
	}
	if a.write(); a.fault != nil {
		return slice.Errorf(slice.Unavailable, "nothing is changed that cannot be recorded, and the audit log cannot be written: %w", a.fault)
	}
	return nil
}

// run brings lines to the disk until ctx ends.
func (a *audit) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.sync()
		}
	}
}

func (a *audit) sync() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return
	}
	a.write()
	if err := a.file.sync(); err != nil {
		a.log.Error("audit log is not on the disk", "error", err.Error())
	}
}

func (a *audit) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	a.write()
	return a.file.close()
}

// entries returns the newest entries that are asked for, oldest first.
func (a *audit) entries(q intent.AuditQuery) []intent.AuditEntry {
	a.mu.Lock()
	defer a.mu.Unlock()
	limit := auditAsked
	if q.Limit > 0 {
		limit = int(min(q.Limit, auditKept))
	}
	var out []intent.AuditEntry
	for i := len(a.kept) - 1; i >= 0 && len(out) < limit; i-- {
		e := a.kept[i]
		if e.Number <= q.After {
			break
		}
		if (q.Tenant == "" || q.Tenant == e.Tenant) && (q.Caller == "" || q.Caller == e.Caller) {
			out = append(out, e)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func short(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\n", "; "), "?")
	if len(s) > auditText {
		s = strings.ToValidUTF8(s[:auditText], "") + "..."
	}
	return s
}

// A call is one use of a verb, from its check to its entry in the audit log.
type call struct {
	gate   *Gate
	caller Caller
	rule   Rule
	object string
	tenant slice.Tenant
	detail string
}

// enter checks that the caller may use a verb on an object. What changes
// something waits for an audit log that can be written.
func (g *Gate) enter(ctx context.Context, v Verb, object string) (*call, error) {
	c := &call{gate: g, caller: From(ctx), rule: rule(v), object: object}
	c.tenant = c.caller.Tenant
	_, err := may(ctx, v)
	switch {
	case err != nil:
		c.note(err)
	case c.rule.Changes:
		err = g.audit.ready()
	}
	return c, err
}

// leave records how a change has ended.
func (c *call) leave(err *error) {
	if c.rule.Changes {
		c.note(*err)
	}
}

// note makes an entry.
func (c *call) note(err error) {
	e := intent.AuditEntry{
		Caller: c.caller.String(), Tenant: c.tenant, Role: c.caller.Role.String(),
		Method: string(c.rule.Verb), Object: c.object, Result: "OK", Detail: c.detail,
	}
	if err != nil {
		e.Result, e.Error = slice.KindOf(err).String(), err.Error()
	}
	c.gate.audit.add(e)
}
