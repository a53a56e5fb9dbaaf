package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxPath is what fits into a socket's address (unix(7)).
const maxPath = 107

// Listen opens host:port, or a socket that only its owner may use if addr is
// unix:PATH. A socket that a dead process left behind is replaced, and one that
// answers is not.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(addr, "unix:")
	if !isSocket {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, slice.Errorf(slice.Invalid, "listen on %q: neither host:port nor unix:PATH", addr)
		}
		return new(net.ListenConfig).Listen(ctx, "tcp", addr)
	}
	if path == "" || len(path) > maxPath {
		return nil, slice.Errorf(slice.Invalid, "listen on %q: a socket's path has 1 to %d bytes", addr, maxPath)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	conf := net.ListenConfig{Control: ownerOnly}
	return conf.Listen(ctx, "unix", path)
}

// ownerOnly sets the mode before the socket has a name: the kernel takes it
// over, and at no moment can anybody else connect.
func ownerOnly(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), 0o600) })
	return errors.Join(err, failed)
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return slice.Errorf(slice.Conflict, "there is something that is not a socket")
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(slice.Errorf(slice.Conflict, "another process listens there"), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
