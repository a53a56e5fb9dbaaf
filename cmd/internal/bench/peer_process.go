package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A daemon is a program that runs in the foreground as a child of ours, until
// it is stopped or the context of its start ends.
type daemon struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	out  bytes.Buffer  // what it said; read it when it has ended
}

// daemonStart starts a program with an environment beside our own.
func daemonStart(ctx context.Context, env []string, name string, args ...string) (*daemon, error) {
	d := &daemon{name: name, done: make(chan struct{})}
	d.cmd = exec.CommandContext(ctx, name, args...) //nolint:gosec // names that the benchmarks choose
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = d.cmd.Wait() // its end is what counts, and stop asks for it
		close(d.done)
	}()
	return d, nil
}

// pid returns the number of the process.
func (d *daemon) pid() int { return d.cmd.Process.Pid }

// stop ends the program by its number and waits until it has ended.
func (d *daemon) stop() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	timer := time.AfterFunc(5*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer timer.Stop()
	<-d.done
}

// kill ends the program without a warning.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it may have ended by itself
	<-d.done
}

// usage returns how much memory a process has in use, in bytes.
func usage(pid int) (rss int64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// await asks again and again until something is so, for at most 30 seconds.
func await(ctx context.Context, what string, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// awaitFile waits for a file, or a socket, that a daemon makes.
func (d *daemon) awaitFile(ctx context.Context, path string) error {
	var ended bool
	err := await(ctx, d.name+" has made "+path, func() bool {
		select {
		case <-d.done:
			ended = true
		default:
		}
		_, err := os.Stat(path)
		return ended || !errors.Is(err, fs.ErrNotExist)
	})
	if ended {
		return fmt.Errorf("%s has ended: %s", d.name, d.out.String())
	}
	return err
}

// output runs a program to its end and returns what it says.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // names that the benchmarks choose
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %.200s: %w: %s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// cpuTime returns for how long all threads of a process have had a processor,
// as exactly as the scheduler knows.
func cpuTime(pid int) (time.Duration, error) {
	tasks, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "schedstat"))
	if err != nil || len(tasks) == 0 {
		return 0, fmt.Errorf("process %d has no threads: %w", pid, err)
	}
	var all time.Duration
	for _, t := range tasks {
		text, err := os.ReadFile(t) //nolint:gosec // below /proc
		if err != nil {
			continue // the thread has ended
		}
		var ns int64
		if _, err := fmt.Sscan(string(text), &ns); err != nil {
			return 0, fmt.Errorf("%s: %w", t, err)
		}
		all += time.Duration(ns)
	}
	return all, nil
}

// busy returns how much of a processor a process takes during a time.
func busy(ctx context.Context, d time.Duration, pid int) (float64, error) {
	before, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, d); err != nil {
		return 0, err
	}
	after, err := cpuTime(pid)
	return float64(after-before) / float64(d), err
}

// sleep lets time pass.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
