package kubetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// errTaken says that a port was taken before we used it.
var errTaken = errors.New("a port is taken")

// A program is one that a server consists of.
type program struct {
	command *exec.Cmd
	log     string
	gone    chan struct{}
}

// run starts a program of the server. It dies with us if we are killed.
func (s *Server) run(ctx context.Context, name string, flags []string) error {
	p := &program{log: filepath.Join(s.dir, name+".log"), gone: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the process has its own
	//nolint:gosec // flags of the test; it outlives the context of the start
	p.command = exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(s.programs, name), flags...)
	p.command.Dir = s.dir
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return err
	}
	go func() {
		defer close(p.gone)
		_ = p.command.Wait() // it is ended by Stop, or await notices
	}()
	s.ended = slices.Insert(s.ended, 0, p)
	return nil
}

func (p *program) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.gone
}

// why says for what reason a program has ended.
func (p *program) why() error {
	tail := p.tail()
	err := fmt.Errorf("%s has ended: %s", filepath.Base(p.command.Path), tail)
	if bytes.Contains(tail, []byte("address already in use")) {
		return errors.Join(errTaken, err)
	}
	return err
}

// tail returns the end of what a program has said.
func (p *program) tail() []byte {
	text, _ := os.ReadFile(p.log) // nothing is what it said, then
	return text[max(0, len(text)-2000):]
}

// find returns the folder of the programs. Without a word of where it is, it is
// bin/kube in the repository that the test is of.
func find(programs string) (string, error) {
	if programs == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		programs = filepath.Join(root, "bin", "kube")
	}
	if _, err := os.Stat(filepath.Join(programs, "kube-apiserver")); err != nil {
		return "", fmt.Errorf("%w (make kube builds it)", err)
	}
	return programs, nil
}

// Root returns the folder of the repository that holds the working folder, which
// for a test is that of its package.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module github.com/l2sces/l2sces\n")) {
			return dir, nil
		}
	}
	return "", errors.New("the working folder is not in the repository")
}
