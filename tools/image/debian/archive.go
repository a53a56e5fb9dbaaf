// Package debian takes files out of Debian's packages for any architecture,
// with the libraries that they need, without installing anything and without
// root. It asks apt-get and dpkg-deb; their lists and downloads lie in a folder
// of ours, so that the machine's own are neither needed nor touched.
//
//	a, err := debian.Open(ctx, "bin/cache/debian", "arm64", false)
//	p, err := a.Package(ctx, "openvswitch-common")
package debian

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An Archive is what apt-get knows of one architecture.
type Archive struct {
	arch     string // as Debian calls it
	dir      string
	packages map[string]*Package
	order    []*Package // as they were opened
}

// names are those of Debian where Go has others.
var names = map[string]string{"386": "i386", "arm": "armhf", "ppc64le": "ppc64el"}

// Open prepares the lists of an architecture, which Go's name tells. They are
// fetched if they are not there, or if update asks for it. Where that cannot
// be done the fault is Unavailable.
func Open(ctx context.Context, dir, arch string, update bool) (*Archive, error) {
	a := &Archive{arch: arch, packages: map[string]*Package{}}
	if name, other := names[arch]; other {
		a.arch = name
	}
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, slice.Errorf(slice.Unavailable, "this machine has no %s: images with Debian's files can be made where it is", program)
		}
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	a.dir = filepath.Join(whole, a.arch)
	for _, sub := range []string{"lists/partial", "archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(a.dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(a.dir, "status"), nil, 0o644); err != nil { // nothing is installed
		return nil, err
	}
	stamp := filepath.Join(a.dir, "updated")
	if _, err := os.Stat(stamp); err == nil && !update {
		return a, nil
	}
	if _, err := a.apt(ctx, a.dir, "apt-get", "-qq", "update"); err != nil {
		return nil, slice.Errorf(slice.Unavailable, "the lists of Debian's packages for %s: %w", a.arch, err)
	}
	if lists, err := filepath.Glob(filepath.Join(a.dir, "lists", "*_binary-"+a.arch+"_Packages*")); err != nil || len(lists) == 0 {
		return nil, slice.Errorf(slice.Unavailable, "the archives in this machine's sources of apt have no packages for %s", a.arch)
	}
	return a, os.WriteFile(stamp, nil, 0o644)
}

// Packages returns the packages that were opened so far, in that order.
func (a *Archive) Packages() []*Package { return a.order }

// apt runs a program of apt in a folder, with our lists instead of the
// machine's.
func (a *Archive) apt(ctx context.Context, folder, program string, args ...string) ([]byte, error) {
	var all []string
	for _, option := range []string{
		"Dir::State=" + a.dir, "Dir::State::lists=" + a.dir + "/lists", "Dir::State::status=" + a.dir + "/status",
		"Dir::Cache=" + a.dir, "Dir::Cache::pkgcache=pkgcache.bin", "Dir::Cache::srcpkgcache=srcpkgcache.bin", "Dir::Cache::archives=" + a.dir + "/archives",
		"APT::Architecture=" + a.arch, "APT::Architectures=" + a.arch, "APT::Sandbox::User=root",
		"Acquire::Languages=none", "Acquire::Retries=3",
	} {
		all = append(all, "-o", option)
	}
	return run(ctx, folder, program, append(all, args...)...)
}

// show asks what is known of packages. A name that apt does not know is left
// out.
func (a *Archive) show(ctx context.Context, names ...string) ([]Facts, error) {
	out, err := a.apt(ctx, a.dir, "apt-cache", append([]string{"show", "--no-all-versions"}, names...)...)
	if err != nil {
		return nil, slice.Errorf(slice.NotFound, "packages %s for %s: %w", strings.Join(names, ", "), a.arch, err)
	}
	var all []Facts
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	fields := Facts{}
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ": ")
		switch {
		case lines.Text() == "":
			all, fields = append(all, fields), Facts{}
		case ok && !strings.HasPrefix(key, " "):
			fields[key] = value
		}
	}
	if len(fields) > 0 {
		all = append(all, fields)
	}
	return all, lines.Err()
}

// fetch returns the file of a package, downloaded if it is not there yet.
func (a *Archive) fetch(ctx context.Context, f Facts) (string, error) {
	file := filepath.Join(a.dir, "debs", f["SHA256"]+".deb")
	if sum(file) == f["SHA256"] {
		return file, nil
	}
	work, err := os.MkdirTemp(a.dir, "download-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left over is only half a download
	if _, err := a.apt(ctx, work, "apt-get", "-qq", "download", f["Package"]+"="+f["Version"]); err != nil {
		return "", slice.Errorf(slice.Unavailable, "download %s %s: %w", f["Package"], f["Version"], err)
	}
	got, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(got) != 1 {
		return "", errors.Join(err, slice.Errorf(slice.Unavailable, "apt-get downloaded %d files for %s", len(got), f["Package"]))
	}
	if sum(got[0]) != f["SHA256"] {
		return "", slice.Errorf(slice.Invalid, "the download of %s is not what the list says", f["Package"])
	}
	return file, os.Rename(got[0], file)
}

// sum returns the SHA-256 of a file, or nothing if it cannot be read.
func sum(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
