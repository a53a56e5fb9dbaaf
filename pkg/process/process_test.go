package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/process"
)

func start(t *testing.T, args ...string) process.ID {
	t.Helper()
	c := process.Command{Args: args, Env: []string{"WORD=hello"}, Log: filepath.Join(t.TempDir(), "log")}
	id, err := process.Start(t.Context(), c, (*exec.Cmd).Start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := id.Kill(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return id
}

func TestRunReturnsOutputAndComplaint(t *testing.T) {
	out, err := process.Run(t.Context(), process.Command{Args: []string{"sh", "-c", "echo $WORD"}, Env: []string{"WORD=hello"}})
	if err != nil || string(out) != "hello\n" {
		t.Errorf("got %q, %v; want hello", out, err)
	}
	_, err = process.Run(t.Context(), process.Command{Args: []string{"sh", "-c", "echo broken >&2; exit 3"}})
	if err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v, want the complaint of the program", err)
	}
}

func TestStartOutlivesItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log := filepath.Join(t.TempDir(), "log")
	id, err := process.Start(ctx, process.Command{Args: []string{"sleep", "60"}, Log: log}, (*exec.Cmd).Start)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if !id.Alive() {
		t.Error("the process ended with the context that started it")
	}
	if err := id.End(t.Context()); err != nil || id.Alive() {
		t.Errorf("alive: %t, %v; want an ended process", id.Alive(), err)
	}
	if err := id.End(t.Context()); err != nil {
		t.Errorf("a second end: %v", err)
	}
}

func TestEndOfOneThatDoesNotListen(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the patience to run out")
	}
	deaf := filepath.Join(t.TempDir(), "deaf")
	id := start(t, "sh", "-c", "trap '' TERM; touch "+deaf+"; while :; do sleep 0.1; done")
	for tick := time.Tick(10 * time.Millisecond); ; <-tick {
		if _, err := os.Stat(deaf); err == nil {
			break
		}
	}
	if err := id.End(t.Context()); err != nil || id.Alive() {
		t.Errorf("alive: %t, %v; want an ended process", id.Alive(), err)
	}
}

func TestAnotherStartTimeIsAnotherProcess(t *testing.T) {
	id := start(t, "sleep", "60")
	other := process.ID{PID: id.PID, Start: id.Start + 1}
	if other.Alive() {
		t.Error("a process with another start time passes for ours")
	}
	if err := other.Kill(t.Context()); err != nil || !id.Alive() {
		t.Errorf("the wrong process was killed (%v)", err)
	}
}

func TestInside(t *testing.T) {
	id := start(t, "sleep", "60")
	ids, err := process.Inside("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(ids, id) {
		t.Errorf("process %d is not among %d of its namespace", id.PID, len(ids))
	}
	ids, err = process.Inside(filepath.Join(t.TempDir(), "none"))
	if len(ids) != 0 || err != nil {
		t.Errorf("got %v, %v of a namespace that is not there", ids, err)
	}
}
