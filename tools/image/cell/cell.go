// Package cell runs a program in the unpacked files of an image much as a
// container runtime would: it sees only these files, its own processes and its
// network, has no capabilities but the given ones, cannot gain any, and finds
// the parameters of the kernel read-only. It limits neither memory nor system
// calls, and it needs root.
//
//	cmd, err := cell.Cell{Root: "/tmp/sps", User: 65532, Args: []string{"/usr/sbin/ovsdb-server", "--version"}}.Command(ctx)
package cell

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Cell is a program with what it may see and do.
type Cell struct {
	Root         string   // folder with the files of the image
	Args         []string // program and arguments
	Env          []string
	User         int      // user and group
	Groups       []int    // besides, as fsGroup of a pod gives them
	Capabilities []string // that the program may have, without CAP_; only user 0 gets them
	Network      string   // file of a network namespace; empty: a new one
	Mounts       []Mount
}

// A Mount shows a folder or a file at a place in the image. The place is made
// if it is not there.
type Mount struct{ From, To string }

// word tells the process that we start that it is to enter a cell.
const word = "enter-a-cell"

// Command returns the command that runs the program. It starts ourselves in
// new namespaces; the main function has to call Enter first of all.
func (c Cell) Command(ctx context.Context) (*exec.Cmd, error) {
	if os.Geteuid() != 0 {
		return nil, slice.Errorf(slice.Denied, "running an image needs root")
	}
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return nil, err
	}
	c.Root = root
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	flags := syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	if c.Network == "" {
		flags |= syscall.CLONE_NEWNET
	}
	cmd := exec.CommandContext(ctx, self, word, string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(flags), Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = []string{} // nothing of ours
	return cmd, nil
}

// Enter does nothing unless Command started this process. Then it goes into
// the cell, becomes the program, and does not return.
func Enter(args []string) {
	if len(args) != 3 || args[1] != word {
		return
	}
	var c Cell
	err := json.Unmarshal([]byte(args[2]), &c)
	if err == nil {
		err = c.enter()
	}
	fmt.Fprintln(os.Stderr, "cell:", err)
	os.Exit(125) //nolint:forbidigo // the end of the main function of a cell
}
