// Package storetest runs an etcd for tests: one member in a folder of its own,
// on loopback, without TLS unless it is asked for. It needs nothing but the
// program.
//
//	endpoint := storetest.Etcd(t)
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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

// Etcd starts an etcd that ends with the test, and returns HOST:PORT. Where the
// program is not installed the test is skipped.
func Etcd(t testing.TB, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath("etcd"); err != nil {
		t.Skip("etcd is not installed: deploy/setup.sh test installs it")
	}
	s, err := Start(filepath.Join(t.TempDir(), "etcd"), flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.Endpoint
}

// Start starts an etcd with its data in a folder, and returns when it serves.
func Start(dir string, flags ...string) (*Server, error) {
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
		"--listen-client-urls", "http://" + client, "--advertise-client-urls", "http://" + client,
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
		if s.healthy(ctx) {
			return nil
		}
	}
}

func (s *Server) healthy(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Endpoint+"/health", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close() //nolint:errcheck // only its status counts
	return answer.StatusCode == http.StatusOK
}

func free() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
