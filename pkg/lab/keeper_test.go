package lab_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A machine is one in memory: namespaces and processes without either.
type machine struct {
	mu         sync.Mutex
	namespaces map[string]bool
	processes  map[lab.PID]lab.Process
	foreign    map[string][]lab.PID // processes in our namespaces that nobody wrote down
	last       int
	broken     string // the process that does not start
	sick       map[string]bool
	said       []string
}

func newMachine() *machine {
	return &machine{namespaces: map[string]bool{}, processes: map[lab.PID]lab.Process{}, foreign: map[string][]lab.PID{}, sick: map[string]bool{}}
}

func (m *machine) keeper() lab.Keeper {
	return lab.Keeper{
		Network: m, Processes: m, Certificates: m, Health: m,
		Say: func(format string, args ...any) { m.said = append(m.said, fmt.Sprintf(format, args...)) },
	}
}

func (m *machine) Namespaces() ([]string, error) {
	return slices.Sorted(maps.Keys(m.namespaces)), nil
}

func (m *machine) Make(n lab.Namespace) error {
	m.namespaces[n.Name] = true
	return nil
}

func (m *machine) Delete(name string) error {
	if len(m.foreign[name]) > 0 {
		return errors.New("something still runs in " + name)
	}
	delete(m.namespaces, name)
	return nil
}

func (m *machine) Connect(c lab.Cable) error {
	if !m.namespaces[c.A.Namespace] || !m.namespaces[c.B.Namespace] {
		return errors.New("cable into nowhere")
	}
	return nil
}

func (m *machine) Route(lab.Route) error { return nil }

func (m *machine) Run(_ context.Context, c lab.Command) error {
	if c.Creates != "" {
		return os.WriteFile(c.Creates, nil, 0o600)
	}
	return nil
}

func (m *machine) Start(_ context.Context, p lab.Process) (lab.PID, error) {
	if p.Name == m.broken {
		return lab.PID{}, errors.New("it is broken")
	}
	m.last++
	id := lab.PID{Number: m.last, Start: 1}
	m.processes[id] = p
	return id, nil
}

func (m *machine) Alive(id lab.PID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.processes[id]
	return ok
}

func (m *machine) End(_ context.Context, id lab.PID, _ bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.processes, id)
	for ns, ids := range m.foreign {
		m.foreign[ns] = slices.DeleteFunc(ids, func(o lab.PID) bool { return o == id })
	}
	return nil
}

func (m *machine) Inside(ns string) ([]lab.PID, error) { return slices.Clone(m.foreign[ns]), nil }

func (m *machine) Init(dir string) error { return os.MkdirAll(dir, 0o700) }

func (m *machine) Issue(dir string, c lab.Certificate) error {
	return os.WriteFile(filepath.Join(dir, c.Name+".crt"), nil, 0o600)
}

func (m *machine) Ready(_ context.Context, admin string) error {
	if m.sick[filepath.Base(admin)] {
		return errors.New("not yet")
	}
	return nil
}

// names returns what runs, sorted.
func (m *machine) names() []string {
	var names []string
	for _, p := range m.processes {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

func wanted(p lab.Plan) []string {
	var names []string
	for _, q := range p.Processes {
		names = append(names, q.Name)
	}
	slices.Sort(names)
	return names
}

// complete fails the test unless exactly the lab is there.
func (m *machine) complete(t *testing.T, p lab.Plan) {
	t.Helper()
	if diff := cmp.Diff(wanted(p), m.names()); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
	if len(m.namespaces) != len(p.Namespaces) {
		t.Errorf("%d namespaces, want %d", len(m.namespaces), len(p.Namespaces))
	}
	s, err := m.keeper().Status(t.Context(), p)
	if err != nil || !s.Up {
		t.Errorf("status: up=%t, %v; want up", s.Up, err)
	}
}

// empty fails the test if anything is left.
func (m *machine) empty(t *testing.T, p lab.Plan) {
	t.Helper()
	if len(m.names())+len(m.namespaces) > 0 {
		t.Errorf("left: processes %v, namespaces %v", m.names(), m.namespaces)
	}
	if _, err := os.Stat(p.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s is left (%v)", p.Dir, err)
	}
}

func up(t *testing.T, m *machine, p lab.Plan) {
	t.Helper()
	if err := m.keeper().Up(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func down(t *testing.T, m *machine, p lab.Plan) {
	t.Helper()
	if err := m.keeper().Down(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	m.empty(t, p)
}

func smallPlan(t *testing.T) lab.Plan {
	t.Helper()
	run, err := os.MkdirTemp("", "lab") //nolint:usetesting // a short path: sockets must fit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(run); err != nil {
			t.Error(err)
		}
	})
	return plan(t, twoSites(), lab.Places{Run: run, Bin: "/opt/l2sces"})
}

func TestUpAndDown(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	up(t, m, p)
	m.complete(t, p)
	down(t, m, p)
	down(t, m, p) // a lab that is not there
}

func TestUpTwiceStartsNothing(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	up(t, m, p)
	before := maps.Clone(m.processes)
	up(t, m, p)
	if diff := cmp.Diff(before, m.processes); diff != "" {
		t.Errorf("a second up changed processes (-want +got):\n%s", diff)
	}
}

func TestUpRepairs(t *testing.T) {
	tests := []struct {
		name   string
		damage func(m *machine)
	}{
		{"a process died", func(m *machine) {
			for id, q := range m.processes {
				if q.Name == "sdnc-west" {
					delete(m.processes, id)
				}
			}
		}},
		{"a namespace is gone", func(m *machine) { delete(m.namespaces, "l2s-cam") }},
		{"the machine started anew", func(m *machine) { clear(m.namespaces); clear(m.processes) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, p := newMachine(), smallPlan(t)
			up(t, m, p)
			tt.damage(m)
			up(t, m, p)
			m.complete(t, p)
		})
	}
}

func TestUpAfterAHalfOne(t *testing.T) {
	for _, q := range smallPlan(t).Processes {
		t.Run(q.Name, func(t *testing.T) {
			m, p := newMachine(), smallPlan(t)
			m.broken = q.Name
			if err := m.keeper().Up(t.Context(), p); err == nil || !strings.Contains(err.Error(), q.Name) {
				t.Fatalf("got %v, want an error that names %s", err, q.Name)
			}
			m.broken = ""
			up(t, m, p)
			m.complete(t, p)
			down(t, m, p)
		})
	}
}

func TestDownAfterAHalfUp(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	m.broken = "sps-west-1"
	if err := m.keeper().Up(t.Context(), p); err == nil {
		t.Fatal("up with a broken process succeeded")
	}
	down(t, m, p)
}

func TestUpWithAnotherPlanMakesItAnew(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	up(t, m, p)
	l := twoSites()
	l.Domains = l.Domains[:1]
	smaller := plan(t, l, lab.Places{Run: filepath.Dir(p.Dir), Bin: "/opt/l2sces"})
	up(t, m, smaller)
	m.complete(t, smaller)
}

func TestDownEndsWhatNobodyWroteDown(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	up(t, m, p)
	m.foreign["l2s-cam"] = []lab.PID{{Number: 4711, Start: 2}}
	down(t, m, p)
}

func TestUpLeavesForeignNamespacesAlone(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	m.namespaces["l2s-cam"] = true
	err := m.keeper().Up(t.Context(), p)
	if slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), "l2s-cam") {
		t.Errorf("got %v, want a conflict about l2s-cam", err)
	}
	if err := m.keeper().Down(t.Context(), p); err != nil || !m.namespaces["l2s-cam"] || len(m.namespaces) != 1 {
		t.Errorf("namespaces are %v (%v), want the foreign one", m.namespaces, err)
	}
	if _, err := os.Stat(p.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s is left (%v)", p.Dir, err)
	}
}

func TestKillAndRestart(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	up(t, m, p)
	k := m.keeper()
	if err := k.Kill(t.Context(), p, "sco", "ovs-vswitchd-east-1"); err != nil {
		t.Fatal(err)
	}
	if got := m.names(); slices.Contains(got, "sco") || len(got) != len(p.Processes)-2 {
		t.Errorf("after the kill %v run", got)
	}
	s, err := k.Status(t.Context(), p)
	if err != nil || s.Up {
		t.Errorf("status: up=%t, %v; want down", s.Up, err)
	}
	if err := k.Restart(t.Context(), p, "sco", "ovs-vswitchd-east-1"); err != nil {
		t.Fatal(err)
	}
	m.complete(t, p)
	if err := k.Kill(t.Context(), p, "nobody"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}

func TestWhoIsNotReadyIsNamed(t *testing.T) {
	m, p := newMachine(), smallPlan(t)
	m.sick["sdnc-east.admin"] = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no patience
	if err := os.MkdirAll(p.Dir+"/log", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.Dir+"/log/sdnc-east.log", []byte("first\nno such certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := m.keeper().Up(ctx, p)
	for _, word := range []string{"sdnc-east", "not yet", "no such certificate"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("got %v, want it to tell %q", err, word)
		}
	}
}
