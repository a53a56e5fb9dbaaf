// Package process starts programs that outlive the one that started them,
// tells whether they still live, and ends them. A process is known by its
// number and its start time together, so that a number that the kernel gave to
// somebody else is never mistaken for ours. It restarts nothing and knows no
// lab.
//
//	id, err := process.Start(ctx, process.Command{Args: args, Log: file}, (*exec.Cmd).Start)
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An ID is one process in the life of this machine.
type ID struct {
	PID   int
	Start uint64 // ticks of the clock after boot (proc(5), field 22 of stat)
}

// A Command is a program with its arguments.
type Command struct {
	Args []string
	Env  []string // besides what we have
	Log  string   // file that output is added to
}

const (
	poll     = 20 * time.Millisecond
	patience = 5 * time.Second // after SIGTERM, before SIGKILL
)

// Run runs a program to its end and returns what it wrote. What it complained
// about is in the error. The program ends with us: the kernel sees to it while
// the thread that started it waits (prctl(2), PR_SET_PDEATHSIG).
func Run(ctx context.Context, c Command) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(cmd.Environ(), c.Env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out.Bytes(), nil
}

// Start starts a program in a session of its own and leaves it alone: neither
// our end nor that of ctx ends it. Launch calls the command's Start at the
// place where the program is to run.
func Start(ctx context.Context, c Command, launch func(*exec.Cmd) error) (ID, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return ID{}, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.Args[0], c.Args[1:]...)
	cmd.Env = append(cmd.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := launch(cmd); err != nil {
		return ID{}, fmt.Errorf("start %s: %w", c.Args[0], err)
	}
	id := ID{PID: cmd.Process.Pid}
	id.Start, _, err = stat(id.PID) // of a zombie as well: nobody has waited for it yet
	return id, errors.Join(err, cmd.Process.Release())
}

// Alive reports whether the process runs. A dead child of ours that nobody
// waited for is laid to rest.
func (id ID) Alive() bool {
	start, state, err := stat(id.PID)
	if err != nil || start != id.Start {
		return false
	}
	if state != 'Z' {
		return true
	}
	var ws syscall.WaitStatus
	pid, err := syscall.Wait4(id.PID, &ws, syscall.WNOHANG, nil) // fails if it is the child of another
	return err == nil && pid == 0                                // its first thread is dead, and others are still ending
}

// End asks a process to end, makes it if it does not, and waits until it is
// gone. One that is gone already is success.
func (id ID) End(ctx context.Context) error {
	if err := id.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if id.gone(ctx, patience) {
		return nil
	}
	return id.Kill(ctx)
}

// Kill ends a process without a word (SIGKILL) and waits until it is gone.
func (id ID) Kill(ctx context.Context) error {
	if err := id.signal(syscall.SIGKILL); err != nil {
		return err
	}
	if !id.gone(ctx, patience) {
		return slice.Errorf(slice.Unavailable, "process %d does not end", id.PID)
	}
	return nil
}

// Inside returns the processes whose network namespace is the one that a file
// names (network_namespaces(7)).
func Inside(file string) ([]ID, error) {
	want, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var ids []ID
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		got, err := os.Stat("/proc/" + e.Name() + "/ns/net")
		if err != nil || !os.SameFile(want, got) {
			continue // gone meanwhile, or elsewhere
		}
		if start, _, err := stat(pid); err == nil {
			ids = append(ids, ID{PID: pid, Start: start})
		}
	}
	return ids, nil
}

func (id ID) signal(s syscall.Signal) error {
	if !id.Alive() {
		return nil
	}
	if err := syscall.Kill(id.PID, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process %d: %w", id.PID, err)
	}
	return nil
}

// gone waits until the process is gone, and reports whether it is.
func (id ID) gone(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return !id.Alive()
		case <-tick.C:
		}
	}
	return true
}

// stat returns the start time and the state of a process (proc(5)). The name
// in between may hold spaces and brackets: fields count from the last bracket.
func stat(pid int) (start uint64, state byte, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return start, fields[0][0], err
}
