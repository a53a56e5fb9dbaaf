// Command charm lays a charm out and packs it: the static half that lies in the
// repository, and the program that was built of it. The same input gives the
// same bytes. It builds nothing and checks nothing of Juju's.
//
//	go run ./tools/charm -static juju-charms/sco/charm -program bin/charms/.sco bin/charms/sco
package main

import (
	"archive/zip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// stamp is the time of every file: the oldest that a zip archive can say.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// dispatch is what Juju starts for every hook and action.
const dispatch = "dispatch"

func main() {
	static := flag.String("static", "", "folder with metadata.yaml and the like")
	program := flag.String("program", "", "program that becomes dispatch")
	flag.Parse()
	if *static == "" || *program == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: charm -static FOLDER -program FILE OUT")
		os.Exit(2) //nolint:forbidigo // the end of main
	}
	if err := pack(*static, *program, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // the end of main
	}
}

// pack writes the folder out and the archive out.charm.
func pack(static, program, out string) error {
	if err := lay(static, program, out); err != nil {
		return fmt.Errorf("lay %s out: %w", out, err)
	}
	if err := archive(out, out+".charm"); err != nil {
		return fmt.Errorf("pack %s.charm: %w", out, err)
	}
	return nil
}

// lay writes the whole charm as a folder, in the place of what was there.
func lay(static, program, out string) error {
	fresh := out + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return err
	}
	entries, err := os.ReadDir(static)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s is no plain file", e.Name())
		}
		if err := copyTo(filepath.Join(static, e.Name()), filepath.Join(fresh, e.Name()), 0o644); err != nil {
			return err
		}
	}
	if err := copyTo(program, filepath.Join(fresh, dispatch), 0o755); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(out), os.Rename(fresh, out))
}

func copyTo(from, to string, mode fs.FileMode) error {
	in, err := os.Open(filepath.Clean(from))
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(filepath.Clean(to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// archive packs a folder, by name and with one time for all.
func archive(folder, file string) error {
	out, err := os.Create(filepath.Clean(file + ".new"))
	if err != nil {
		return err
	}
	w := zip.NewWriter(out)
	err = errors.Join(fill(w, folder), w.Close(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), file)
	}
	return err
}

func fill(w *zip.Writer, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return slices.Compare([]byte(a.Name()), []byte(b.Name())) })
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.Name(), Method: zip.Deflate, Modified: stamp}
		header.SetMode(0o644)
		if e.Name() == dispatch {
			header.SetMode(0o755)
		}
		to, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		in, err := os.Open(filepath.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		_, err = io.Copy(to, in)
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}
