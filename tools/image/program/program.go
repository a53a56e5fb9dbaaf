// Package program builds our programs for an image and tells what they consist
// of. It has the go command do the work, with what makes two builds of the
// same source equal.
//
//	data, err := program.Build(ctx, program.Source{Root: ".", Folder: "cmd/sco", Arch: "arm64", Version: "v1"}, "bin/sco")
package program

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"

	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Source is what is built, and for whom.
type Source struct {
	Root    string // of the repository
	Folder  string // of the main package, below the root
	Arch    string // as Go calls it
	Version string
}

// Build builds a program and returns its bytes. It is left at the path out, so
// that the next build is short.
func Build(ctx context.Context, s Source, out string) ([]byte, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	_, err = process.Run(ctx, process.Command{
		Args: []string{
			"go", "-C", s.Root, "build", "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -X main.version=" + s.Version, "-o", out, "./" + s.Folder,
		},
		Env: []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + s.Arch},
	})
	if err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// A Module is a part of a program.
type Module struct {
	Path, Version string
	Sum           string            // as in go.sum; the main module and the library of Go have none
	Licences      map[string][]byte // texts by their file names
}

// Library is the name of the library of Go among the modules.
const Library = "std"

// Modules returns what a program consists of: first its own module, then the
// library of Go, then all others.
func Modules(ctx context.Context, s Source, data []byte) ([]Module, error) {
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	all := []Module{
		{Path: info.Main.Path, Version: s.Version},
		{Path: Library, Version: info.GoVersion},
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		all = append(all, Module{Path: d.Path, Version: d.Version, Sum: d.Sum})
	}
	dirs, err := folders(ctx, s.Root, all)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Licences, err = licences(dirs[all[i].Path]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// folders asks where the source of each module lies.
func folders(ctx context.Context, root string, modules []Module) (map[string]string, error) {
	args := []string{"go", "-C", root, "list", "-m", "-f", "{{.Path}}\t{{.Dir}}"}
	for _, m := range modules {
		if m.Path != Library {
			args = append(args, m.Path)
		}
	}
	out, err := process.Run(ctx, process.Command{Args: args})
	if err != nil {
		return nil, err
	}
	home, err := process.Run(ctx, process.Command{Args: []string{"go", "-C", root, "env", "GOROOT"}})
	if err != nil {
		return nil, err
	}
	dirs := map[string]string{Library: strings.TrimSpace(string(home))}
	for line := range strings.Lines(string(out)) {
		module, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		dirs[module] = dir
	}
	for _, m := range modules {
		if dirs[m.Path] == "" {
			return nil, slice.Errorf(slice.NotFound, "the source of module %s is not here: run go mod download", m.Path)
		}
	}
	return dirs, nil
}
