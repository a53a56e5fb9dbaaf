package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Keeper brings labs up and takes them down. Say gets a line of progress.
type Keeper struct {
	Network      Network
	Processes    Processes
	Certificates Certificates
	Health       Health
	Say          func(format string, args ...any)
}

// Network makes what frames pass through. Making what is there, and deleting
// what is not, is success.
type Network interface {
	Namespaces() ([]string, error)
	Make(n Namespace) error
	Delete(namespace string) error
	Connect(c Cable) error
	Route(r Route) error
}

// Processes starts and ends programs.
type Processes interface {
	Run(ctx context.Context, c Command) error
	Start(ctx context.Context, p Process) (PID, error)
	Alive(id PID) bool
	// End ends a process and waits for it; a hard end is one without warning.
	End(ctx context.Context, id PID, hard bool) error
	// Inside returns the processes in a namespace.
	Inside(namespace string) ([]PID, error)
}

// Certificates makes an authority in a folder, and what it signs.
type Certificates interface {
	Init(dir string) error
	Issue(dir string, c Certificate) error
}

// Health asks a process whether it is ready.
type Health interface {
	Ready(ctx context.Context, admin string) error
}

// Up makes a lab, or what is missing of it. What a crash left half made, or
// what another plan made under the same name, is taken down first.
func (k Keeper) Up(ctx context.Context, p Plan) error {
	lock, err := k.claim(p.Dir)
	if err != nil {
		return err
	}
	defer lock.release()
	st, err := k.begin(ctx, p)
	if err != nil {
		_ = os.Remove(p.Dir) // succeeds only if we have made it just now
		return err
	}
	if err := k.network(p); err != nil {
		return err
	}
	if err := k.certify(p); err != nil {
		return err
	}
	for _, q := range p.Processes {
		if k.Processes.Alive(st.Running[q.Name]) {
			continue
		}
		if err := k.start(ctx, st, q); err != nil {
			return err
		}
	}
	st.Whole = true
	if err := st.save(); err != nil {
		return err
	}
	k.Say("started %d processes in %d namespaces", len(p.Processes), len(p.Namespaces))
	return k.await(ctx, st)
}

// Down takes away everything that Up made, wherever it stopped. A lab that is
// not there is success.
func (k Keeper) Down(ctx context.Context, p Plan) error {
	if _, err := os.Stat(p.Dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lock, err := k.claim(p.Dir)
	if err != nil {
		return err
	}
	defer lock.release()
	st, err := load(p)
	if err != nil {
		return err
	}
	if st.known { // else nothing was made, and namespaces with such names are not ours
		if err := k.clear(ctx, st); err != nil {
			return err
		}
	}
	return os.RemoveAll(p.Dir)
}

// Kill ends processes of a running lab without warning.
func (k Keeper) Kill(ctx context.Context, p Plan, names ...string) error {
	return k.each(p, names, func(st *state, q Process) error {
		return k.Processes.End(ctx, st.Running[q.Name], true)
	})
}

// Restart starts processes of a running lab again as they were. One that still
// runs is ended first.
func (k Keeper) Restart(ctx context.Context, p Plan, names ...string) error {
	return k.each(p, names, func(st *state, q Process) error {
		if err := k.Processes.End(ctx, st.Running[q.Name], false); err != nil {
			return err
		}
		return k.start(ctx, st, q)
	})
}

// Await waits until every process that runs is ready.
func (k Keeper) Await(ctx context.Context, p Plan) error {
	st, err := load(p)
	if err != nil {
		return err
	}
	return k.await(ctx, st)
}

func (k Keeper) each(p Plan, names []string, f func(*state, Process) error) error {
	lock, err := k.claim(p.Dir)
	if err != nil {
		return err
	}
	defer lock.release()
	st, err := load(p)
	if err != nil {
		return err
	}
	for _, n := range names {
		q, err := st.Plan.Process(n)
		if err != nil {
			return err
		}
		if err := f(st, q); err != nil {
			return fmt.Errorf("process %s: %w", n, err)
		}
	}
	return nil
}

// begin returns the state to go on from: that of the same lab, still whole, or
// an empty one. A namespace that has a name of ours and that we did not make
// is somebody else's.
func (k Keeper) begin(ctx context.Context, p Plan) (*state, error) {
	st, err := load(p)
	if err != nil {
		return nil, err
	}
	there, err := k.Network.Namespaces()
	if err != nil {
		return nil, err
	}
	missing := func(n Namespace) bool { return !slices.Contains(there, n.Name) }
	if st.Whole && st.Plan.equal(p) && !slices.ContainsFunc(p.Namespaces, missing) {
		return st, nil
	}
	if st.known {
		k.Say("taking down what an earlier run left")
		if err := k.clear(ctx, st); err != nil {
			return nil, err
		}
	} else if i := slices.IndexFunc(p.Namespaces, func(n Namespace) bool { return !missing(n) }); i >= 0 {
		return nil, slice.Errorf(slice.Conflict,
			"namespace %s is there and not of this lab: choose another prefix, or remove it with: ip netns delete %[1]s", p.Namespaces[i].Name)
	}
	st = &state{Plan: p, Running: map[string]PID{}, known: true}
	return st, st.save()
}

func (k Keeper) network(p Plan) error {
	for _, n := range p.Namespaces {
		if err := k.Network.Make(n); err != nil {
			return err
		}
	}
	for _, c := range p.Cables {
		if err := k.Network.Connect(c); err != nil {
			return err
		}
	}
	for _, r := range p.Routes {
		if err := k.Network.Route(r); err != nil {
			return err
		}
	}
	return nil
}

func (k Keeper) certify(p Plan) error {
	dir := p.Dir + "/pki"
	if err := k.Certificates.Init(dir); err != nil {
		return err
	}
	for _, c := range p.Certificates {
		if err := k.Certificates.Issue(dir, c); err != nil {
			return err
		}
	}
	return nil
}

// start starts one process and writes down which it is.
func (k Keeper) start(ctx context.Context, st *state, q Process) error {
	for _, d := range append(folders(q), filepath.Dir(q.Log)) {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for _, c := range q.Prepare {
		if _, err := os.Stat(c.Creates); c.Creates != "" && err == nil {
			continue
		}
		if err := k.Processes.Run(ctx, c); err != nil {
			return fmt.Errorf("prepare %s: %w", q.Name, err)
		}
	}
	id, err := k.Processes.Start(ctx, q)
	if err != nil {
		return fmt.Errorf("start %s: %w", q.Name, err)
	}
	st.Running[q.Name] = id
	return st.save()
}

// folders returns the folders that a process writes its files to.
func folders(q Process) []string {
	var dirs []string
	for _, e := range q.Command.Env {
		if d, ok := strings.CutPrefix(e, "OVS_RUNDIR="); ok {
			dirs = append(dirs, d)
		}
	}
	return dirs
}
