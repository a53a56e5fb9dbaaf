package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A PID is one process in the life of a machine: numbers are used again, a
// number with a start time is not. The zero PID is no process.
type PID struct {
	Number int    `json:"number"`
	Start  uint64 `json:"start"`
}

// state is what lab.json holds: the plan by which a lab was made, and what
// runs.
type state struct {
	Plan    Plan           `json:"plan"`
	Whole   bool           `json:"whole"` // everything was made
	Running map[string]PID `json:"running"`
	known   bool           // read from the file
}

const stateFile = "lab.json"

// load reads the state of the lab that lives in the folder of a plan. If there
// is none, or none that can be read, it is an empty one by this plan.
func load(p Plan) (*state, error) {
	st := state{Running: map[string]PID{}}
	text, err := os.ReadFile(filepath.Join(p.Dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		st.Plan = p
		return &st, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &st); err != nil || st.Plan.Dir != p.Dir {
		return nil, slice.Errorf(slice.Conflict, "%s/%s is not the state of this lab: %w", p.Dir, stateFile, err)
	}
	st.known = true
	return &st, nil
}

// save replaces the file in one step, so that a crash never leaves half of it.
func (st *state) save() error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	file := filepath.Join(st.Plan.Dir, stateFile)
	if err := os.WriteFile(file+".new", text, 0o640); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// equal reports whether two plans make the same lab.
func (p Plan) equal(o Plan) bool { return reflect.DeepEqual(p.plain(), o.plain()) }

// plain forgets what a file cannot tell apart: an empty list and none.
func (p Plan) plain() any {
	var v any
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		return err
	}
	return v
}

func (q Process) database() bool { return strings.HasPrefix(q.Name, "ovsdb-server-") }

// A lock keeps two commands from working on one lab at once. It ends with the
// process that holds it.
type lock struct{ *os.File }

func (k Keeper) claim(dir string) (lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return lock{}, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return lock{}, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return lock{}, errors.Join(
			slice.Errorf(slice.Conflict, "lock %s: another command is at work on this lab", dir),
			fmt.Errorf("flock: %w", err), f.Close())
	}
	return lock{f}, nil
}

func (l lock) release() { _ = l.Close() } // the kernel drops the lock in any case
