package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Status is a lab as it is.
type Status struct {
	Name      string          `json:"name"`
	Up        bool            `json:"up"` // everything was made, runs and is ready
	Processes []ProcessStatus `json:"processes,omitempty"`
}

// A ProcessStatus is one process as it is.
type ProcessStatus struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	PID       int    `json:"pid,omitempty"`
	Alive     bool   `json:"alive"`
	Ready     bool   `json:"ready"`
	Message   string `json:"message,omitempty"` // why it is not ready
}

const (
	readyTime = 60 * time.Second
	readyPoll = 200 * time.Millisecond
	askTime   = 2 * time.Second
	tailSize  = 2000 // bytes of a log that a complaint shows
)

// Status looks at every process of a lab.
func (k Keeper) Status(ctx context.Context, p Plan) (Status, error) {
	st, err := load(p)
	if err != nil {
		return Status{}, err
	}
	s := Status{Name: st.Plan.Lab.Name, Up: st.Whole}
	if !st.known {
		return s, nil
	}
	for _, q := range st.Plan.Processes {
		one := k.look(ctx, st, q)
		s.Up = s.Up && one.Ready
		s.Processes = append(s.Processes, one)
	}
	return s, nil
}

// Leftovers counts what a plan would make and what is there: namespaces, and
// processes in them. After Down both are zero.
func (k Keeper) Leftovers(p Plan) (namespaces, processes int, err error) {
	there, err := k.Network.Namespaces()
	if err != nil {
		return 0, 0, err
	}
	for _, n := range p.Namespaces {
		if !slices.Contains(there, n.Name) {
			continue
		}
		namespaces++
		ids, err := k.Processes.Inside(n.Name)
		if err != nil {
			return 0, 0, err
		}
		processes += len(ids)
	}
	return namespaces, processes, nil
}

// look asks one process. Those of Open vSwitch are ready when they live: what
// waits for them is the agent, and that one says so.
func (k Keeper) look(ctx context.Context, st *state, q Process) ProcessStatus {
	id := st.Running[q.Name]
	s := ProcessStatus{Name: q.Name, Namespace: q.Namespace, PID: id.Number, Alive: k.Processes.Alive(id)}
	switch {
	case !s.Alive:
		s.Message = "does not run"
	case q.Admin == "":
		s.Ready = true
	default:
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		if err := k.Health.Ready(ctx, q.Admin); err != nil {
			s.Message = err.Error()
		}
		s.Ready = s.Message == ""
	}
	return s
}

// await waits until every process is ready. It gives up early if one of them
// ends.
func (k Keeper) await(ctx context.Context, st *state) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	ready := map[string]bool{}
	for {
		var waiting []ProcessStatus
		for _, q := range st.Plan.Processes {
			if ready[q.Name] {
				continue
			}
			s := k.look(ctx, st, q)
			switch {
			case s.Ready:
				ready[q.Name] = true
				k.Say("ready: %s", q.Name)
			case !s.Alive:
				return notReady([]ProcessStatus{s}, st)
			default:
				waiting = append(waiting, s)
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return notReady(waiting, st)
		case <-tick.C:
		}
	}
}

// notReady tells who is not ready, and what each of them wrote last.
func notReady(who []ProcessStatus, st *state) error {
	var text bytes.Buffer
	for _, s := range who {
		fmt.Fprintf(&text, "\n%s: %s", s.Name, s.Message)
		if q, err := st.Plan.Process(s.Name); err == nil {
			fmt.Fprintf(&text, "; end of %s:\n%s", q.Log, tail(q.Log))
		}
	}
	return slice.Errorf(slice.Unavailable, "lab %s: %d of %d processes are not ready%s",
		st.Plan.Lab.Name, len(who), len(st.Plan.Processes), text.String())
}

func tail(file string) []byte {
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return []byte(err.Error())
	}
	if len(text) > tailSize {
		text = text[len(text)-tailSize:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return bytes.TrimSpace(text)
}
