// Package netns makes network namespaces and what joins them: veth pairs,
// addresses, routes, and the guard that keeps a tenant's frames from the
// kernel of the namespace that they only pass through. It knows no switch, no
// slice and no node; every function is a thin call that can be repeated, and
// removing what is absent is success. An empty name of a namespace is the
// current one.
//
//	err := netns.Connect(netns.End{Namespace: "pod", Name: "l2s0"}, netns.End{Namespace: "sw", Name: "v0"})
package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// dir is where iproute2 keeps named namespaces, so that `ip netns` sees ours
// and we see its.
const dir = "/run/netns"

// Make makes a named namespace with its loopback up. One that is there stays
// as it is.
func Make(name string) error {
	if err := valid(name); err != nil {
		return err
	}
	if err := shared(); err != nil {
		return fmt.Errorf("prepare %s: %w", dir, err)
	}
	if !exists(name) {
		if err := pin(name); err != nil {
			return fmt.Errorf("make namespace %s: %w", name, err)
		}
	}
	return Up(name, "lo")
}

// Delete removes a named namespace. What runs in it keeps it alive, without a
// name.
func Delete(name string) error {
	if err := valid(name); err != nil {
		return err
	}
	file := filepath.Join(dir, name)
	for { // mounts can lie on top of each other
		err := unix.Unmount(file, unix.MNT_DETACH)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break
		}
		if err != nil {
			return fmt.Errorf("unmount namespace %s: %w", name, err)
		}
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

// List returns the named namespaces, sorted.
func List() ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	var names []string
	for _, e := range entries {
		if exists(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Do runs f inside a namespace. Sockets and processes that f makes stay there;
// goroutines that it starts do not.
func Do(name string, f func() error) error {
	if name == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		err := errors.New("function in namespace " + name + " did not return")
		defer func() { done <- err }() // also when f ends its goroutine
		err = inside(name, f)
	}()
	return <-done
}

// Start starts a process inside a namespace. Give it no parent-death signal:
// the thread that starts it is not the one that waits for it.
func Start(name string, cmd *exec.Cmd) error { return Do(name, cmd.Start) }

// inside runs f in a namespace.
func inside(name string, f func() error) error {
	there, err := open(name)
	if err != nil {
		return err
	}
	defer func() { _ = there.Close() }() // read only: nothing is lost
	enter := func() error {
		if err := vnetns.Set(there); err != nil {
			return fmt.Errorf("enter namespace %s: %w", name, err)
		}
		return nil
	}
	return away(enter, f)
}

// away runs f on a thread that left its namespace by enter, and brings the
// thread back. If that fails the thread stays locked and ends with its
// goroutine, so that nobody else runs on it.
func away(enter, f func() error) error {
	runtime.LockOSThread()
	here, err := vnetns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open the current namespace: %w", err)
	}
	defer func() {
		if vnetns.Set(here) == nil {
			runtime.UnlockOSThread()
		}
		_ = here.Close() // read only
	}()
	if err := enter(); err != nil {
		return err
	}
	return f()
}

// open returns a handle of a namespace that the caller closes.
func open(name string) (vnetns.NsHandle, error) {
	if name == "" {
		return vnetns.Get()
	}
	h, err := vnetns.GetFromPath(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !exists(name) {
		if err == nil {
			_ = h.Close() // a plain file, left over
		}
		return vnetns.None(), slice.Errorf(slice.NotFound, "namespace %s is not there", name)
	}
	if err != nil {
		return vnetns.None(), fmt.Errorf("open namespace %s: %w", name, err)
	}
	return h, nil
}

// pin makes a new namespace and mounts it under its name.
func pin(name string) error {
	file := filepath.Join(dir, name)
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o444)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		done <- away(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() error {
			return unix.Mount("/proc/thread-self/ns/net", file, "none", unix.MS_BIND, "")
		})
	}()
	return <-done
}

// shared makes the directory a shared mount, as iproute2 does: else a
// namespace deleted here would live on in the mount namespaces of others.
func shared() error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := unix.Mount(dir, dir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// exists reports whether a namespace is mounted under the name.
func exists(name string) bool {
	var st unix.Statfs_t
	return unix.Statfs(filepath.Join(dir, name), &st) == nil && st.Type == unix.NSFS_MAGIC
}

func valid(name string) error {
	if name == "" || name == "." || name == ".." || filepath.Base(name) != name {
		return slice.Errorf(slice.Invalid, "%q is not a name of a namespace", name)
	}
	return nil
}

// with calls f with a netlink handle of a namespace.
func with(name string, f func(*netlink.Handle) error) error {
	ns := vnetns.None() // entering a namespace, even one's own, takes more rights than changing it
	if name != "" {
		var err error
		if ns, err = open(name); err != nil {
			return err
		}
		defer func() { _ = ns.Close() }()
	}
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("netlink in namespace %q: %w", name, err)
	}
	defer h.Close()
	return f(h)
}

// dumps is how often a list that the kernel interrupted is asked for again.
const dumps = 10

// list repeats a dump until the kernel finishes it undisturbed.
func list[T any](f func() ([]T, error)) ([]T, error) {
	for range dumps {
		all, err := f()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return all, err
		}
	}
	return f()
}
