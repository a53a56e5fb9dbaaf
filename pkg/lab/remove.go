package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// clear ends every process of a lab, deletes its namespaces and empties its
// folder. All ends are tried, so that one that fails leaves as little as
// possible behind.
func (k Keeper) clear(ctx context.Context, st *state) error {
	if err := k.endAll(ctx, st); err != nil {
		return err
	}
	for _, n := range st.Plan.Namespaces {
		if err := k.Network.Delete(n.Name); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(st.Plan.Dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(st.Plan.Dir, e.Name())))
	}
	return err
}

// endAll ends the programs of the house and the switches together, then the
// databases that they talk to, and last whatever else is in our namespaces: a
// shell of a person, or a process that a crash kept us from writing down.
func (k Keeper) endAll(ctx context.Context, st *state) error {
	var first, last []PID
	for _, q := range st.Plan.Processes {
		if q.database() {
			last = append(last, st.Running[q.Name])
		} else {
			first = append(first, st.Running[q.Name])
		}
	}
	if err := errors.Join(k.end(ctx, first, false), k.end(ctx, last, false)); err != nil {
		return err
	}
	var rest []PID
	for _, n := range st.Plan.Namespaces {
		ids, err := k.Processes.Inside(n.Name)
		if err != nil {
			return err
		}
		rest = append(rest, ids...)
	}
	return k.end(ctx, rest, true)
}

func (k Keeper) end(ctx context.Context, ids []PID, hard bool) error {
	errs := make([]error, len(ids))
	var wait sync.WaitGroup
	for i, id := range ids {
		wait.Go(func() { errs[i] = k.Processes.End(ctx, id, hard) })
	}
	wait.Wait()
	return errors.Join(errs...)
}
