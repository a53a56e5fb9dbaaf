package cell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/l2sces/l2sces/pkg/slice"
)

// enter makes this process the program.
func (c Cell) enter() error {
	runtime.LockOSThread()
	if c.Network != "" {
		if err := join(c.Network); err != nil {
			return fmt.Errorf("join %s: %w", c.Network, err)
		}
	}
	if err := c.mount(); err != nil {
		return err
	}
	if err := errors.Join(unix.Chroot(c.Root), unix.Chdir("/")); err != nil {
		return fmt.Errorf("enter %s: %w", c.Root, err)
	}
	if err := c.lower(); err != nil {
		return err
	}
	env := append([]string{"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, c.Env...)
	err := unix.Exec(c.Args[0], c.Args, env)
	return fmt.Errorf("run %s: %w", c.Args[0], err)
}

// join enters a network namespace.
func join(file string) error {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Setns(fd, unix.CLONE_NEWNET), unix.Close(fd))
}

// mount puts the file system of the cell together: the files of the image,
// read-only, and on them what a runtime adds.
func (c Cell) mount() error {
	steps := []struct {
		from, to, kind string
		flags          uintptr
		data           string
	}{
		{"", "/", "", unix.MS_PRIVATE | unix.MS_REC, ""},
		{c.Root, "", "", unix.MS_BIND, ""},
		{"proc", "proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"sysfs", "sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY, ""},
		{"tmpfs", "dev", "tmpfs", unix.MS_NOSUID, "mode=755"},
	}
	for _, dir := range []string{"proc", "sys", "dev"} {
		if err := os.Mkdir(filepath.Join(c.Root, dir), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	for _, s := range steps {
		to := s.to
		if to != "/" {
			to = filepath.Join(c.Root, s.to)
		}
		if err := unix.Mount(s.from, to, s.kind, s.flags, s.data); err != nil {
			return fmt.Errorf("mount %s: %w", to, err)
		}
	}
	return c.more()
}

// devices are what every container has.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// more adds devices and the mounts that were asked for, and takes the right to
// write from the rest.
func (c Cell) more() error {
	mounts := c.Mounts
	for _, d := range devices {
		mounts = append(mounts, Mount{From: "/dev/" + d, To: "/dev/" + d})
	}
	for _, m := range mounts {
		to := filepath.Join(c.Root, m.To)
		if err := place(m.From, to); err != nil {
			return err
		}
		if err := unix.Mount(m.From, to, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.From, m.To, err)
		}
	}
	parameters := filepath.Join(c.Root, "proc/sys")
	for _, readOnly := range []string{parameters, c.Root} {
		if readOnly == parameters {
			if err := unix.Mount(parameters, parameters, "", unix.MS_BIND, ""); err != nil {
				return err
			}
		}
		if err := unix.Mount("", readOnly, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("make %s read-only: %w", readOnly, err)
		}
	}
	return nil
}

// place makes the place where a mount will be seen.
func place(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(to, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_RDONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

// lower gives rights away: all capabilities but the given ones, for this
// process and for whatever it runs, and then the user.
func (c Cell) lower() error {
	keep := map[uintptr]bool{}
	for _, name := range c.Capabilities {
		number, ok := capabilities[name]
		if !ok {
			return slice.Errorf(slice.Invalid, "capability %s is not known here", name)
		}
		keep[number] = true
	}
	for n := uintptr(0); n <= unix.CAP_LAST_CAP; n++ {
		if keep[n] {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", n, err)
		}
	}
	for _, set := range []error{
		unix.Setgroups(append([]int{c.User}, c.Groups...)),
		unix.Setresgid(c.User, c.User, c.User),
		unix.Setresuid(c.User, c.User, c.User),
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
	} {
		if set != nil {
			return fmt.Errorf("become user %d: %w", c.User, set)
		}
	}
	return nil
}

// capabilities are those that an image of ours may ask for.
var capabilities = map[string]uintptr{
	"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "FOWNER": unix.CAP_FOWNER,
	"NET_ADMIN": unix.CAP_NET_ADMIN, "NET_RAW": unix.CAP_NET_RAW, "NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
	"SYS_ADMIN": unix.CAP_SYS_ADMIN, "IPC_LOCK": unix.CAP_IPC_LOCK, "SYS_NICE": unix.CAP_SYS_NICE,
}
