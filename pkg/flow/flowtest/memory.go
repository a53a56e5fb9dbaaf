package flowtest

import (
	"context"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Memory is a connected switch without a wire: it has the methods by which
// package fabric rules one. It refuses what a real switch refuses, counts what
// it is asked, and fails when told to. Its zero value is not usable.
type Memory struct {
	dpid slice.DPID
	done chan struct{}

	mu      sync.Mutex
	rules   flow.Rules
	fail    []error
	mods    int
	applied int
	gone    bool
}

// NewMemory returns a connected switch that holds nothing.
func NewMemory(d slice.DPID) *Memory { return &Memory{dpid: d, done: make(chan struct{})} }

// DPID returns the identifier that the switch was made with.
func (m *Memory) DPID() slice.DPID { return m.dpid }

// Done is closed by Close.
func (m *Memory) Done() <-chan struct{} { return m.done }

// Close loses the connection. The rules stay: see Reconnect.
func (m *Memory) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.gone {
		m.gone = true
		close(m.done)
	}
}

// Reconnect closes the connection and returns a new one to the same switch,
// which holds the same rules. The counts begin anew.
func (m *Memory) Reconnect() *Memory {
	m.Close()
	n := NewMemory(m.dpid)
	n.rules = m.Held()
	return n
}

// Fail makes the next calls of Rules and Apply return these errors, one each.
func (m *Memory) Fail(errs ...error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = append(m.fail, errs...)
}

// Set replaces everything the switch holds, as an operator could behind the
// controller's back.
func (m *Memory) Set(r flow.Rules) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rules = clone(r)
}

// Mods returns the number of messages that the switch has carried out.
func (m *Memory) Mods() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mods
}

// Applied returns the number of changes that the switch has carried out.
func (m *Memory) Applied() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applied
}

// Held returns the rules that the switch holds, connected or not.
func (m *Memory) Held() flow.Rules {
	m.mu.Lock()
	defer m.mu.Unlock()
	return clone(m.rules)
}

// Switch returns the switch as it is now, to send frames into.
func (m *Memory) Switch() Switch { return Switch{Rules: m.Held()} }

// Rules returns everything the switch holds.
func (m *Memory) Rules(ctx context.Context) (flow.Rules, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx); err != nil {
		return flow.Rules{}, err
	}
	return clone(m.rules), nil
}

// Apply carries a change out, or nothing of it.
func (m *Memory) Apply(ctx context.Context, c flow.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx); err != nil {
		return err
	}
	next, err := after(m.rules, c)
	if err != nil {
		return err
	}
	m.rules = next
	m.mods += c.Mods()
	m.applied++
	return nil
}

// ready reports why the switch does not answer.
func (m *Memory) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.gone {
		return slice.Errorf(slice.Unavailable, "switch %s is gone", m.dpid)
	}
	if len(m.fail) > 0 {
		err := m.fail[0]
		m.fail = m.fail[1:]
		return err
	}
	return nil
}

func clone(r flow.Rules) flow.Rules {
	return flow.Rules{Flows: slices.Clone(r.Flows), Groups: slices.Clone(r.Groups), Meters: slices.Clone(r.Meters)}
}
