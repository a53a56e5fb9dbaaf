// Package storetest runs an etcd for tests: one member in a folder of its own,
// on loopback, without TLS unless it is asked for. It needs nothing but the
// program.
//
//	server := storetest.Etcd(t)
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long etcd may take to begin.
const patience = 30 * time.Second

// A Server is an etcd that a test runs.
type Server struct {
	Endpoint string // HOST:PORT
	command  *exec.Cmd
	ended    chan struct{}
}

// Need skips a test that runs etcd where the program is not installed, and among
// the short tests, which run no programs of others.
func Need(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("runs etcd")
	}
	if _, err := exec.LookPath("etcd"); err != nil {
		tb.Skip("etcd is not installed: deploy/setup.sh test installs it")
	}
}

// Etcd starts an etcd that ends with the test. Where the program is not
// installed the test is skipped.
func Etcd(tb testing.TB, flags ...string) *Server {
	tb.Helper()
	Need(tb)
	s, err := Start(filepath.Join(tb.TempDir(), "etcd"), flags...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// Start starts an etcd with its data in a folder, and returns when it listens.
// With flags for certificates it speaks TLS.
func Start(dir string, flags ...string) (*Server, error) {
	scheme := "http://"
	if len(flags) > 0 {
		scheme = "https://"
	}
	client, err := free()
	if err != nil {
		return nil, err
	}
	peer, err := free()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own
	args := append([]string{
		"--name", "one", "--data-dir", filepath.Join(dir, "data"),
		"--listen-client-urls", scheme + client, "--advertise-client-urls", scheme + client,
		"--listen-peer-urls", "http://" + peer, "--initial-advertise-peer-urls", "http://" + peer,
		"--initial-cluster", "one=http://" + peer,
	}, flags...)
	s := &Server{Endpoint: client, ended: make(chan struct{})}
	s.command = exec.CommandContext(context.Background(), "etcd", args...) //nolint:gosec // flags of the test
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait() // it is ended by Stop, or a test notices
	}()
	if err := s.await(); err != nil {
		s.Stop()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	return s, nil
}

// Stop ends it at once.
func (s *Server) Stop() {
	_ = s.command.Process.Kill() // it may have ended
	<-s.ended
}

// PID returns the number of the process.
func (s *Server) PID() int { return s.command.Process.Pid }

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return errors.New("etcd does not begin to serve")
		case <-s.ended:
			return errors.New("etcd has ended")
		case <-tick.C:
		}
		if s.listening(ctx) {
			return nil
		}
	}
}

// listening reports whether it takes connections. It answers them when it is
// ready.
func (s *Server) listening(ctx context.Context) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Endpoint)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func free() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
