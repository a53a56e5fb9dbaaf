package pack

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // checksums.txt of OSM is made with it
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Options say how a package is built.
type Options struct {
	Format   Format
	Time     time.Time // of everything in it; zero: the first that a zip knows
	License  []byte    // text that a CSAR carries; empty: none
	Key      *Key      // that signs it; nil: unsigned
	Progress func(name string, size int64)
}

// epoch is the first time that a zip can say.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (o Options) withDefaults() Options {
	if o.Time.Before(epoch) {
		o.Time = epoch
	}
	o.Time = o.Time.UTC().Truncate(2 * time.Second) // a zip counts in twos
	if o.Progress == nil {
		o.Progress = func(string, int64) {}
	}
	return o
}

// Build writes a package, whole or not at all. Equal input makes equal bytes.
func Build(ctx context.Context, p *Parcel, out string, o Options) error {
	o = o.withDefaults()
	return Atomic(out, func(w io.Writer) error {
		if o.Format == CSAR {
			return p.csar(ctx, w, o)
		}
		if o.Key == nil {
			return p.tarball(ctx, w, o)
		}
		return errors.New("a tar.gz is signed when it is whole")
	})
}

// Atomic writes a file that is whole or not there.
func Atomic(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return missing(err)
	}
	const readable = 0o644
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(readable), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// tarball writes OSM's own form.
func (p *Parcel) tarball(ctx context.Context, w io.Writer, o Options) error {
	z := gzip.NewWriter(w) // the header says neither name nor time
	t := tar.NewWriter(z)
	list, err := p.checksums(ctx)
	if err != nil {
		return err
	}
	b := tarBuilder{tar: t, o: o, folders: map[string]bool{}}
	sums := false
	for i := range p.Parts {
		part := &p.Parts[i]
		if !sums && part.Name > checksumsFile {
			sums, err = true, b.text(p.Name+"/"+checksumsFile, list)
		}
		if err == nil {
			err = errors.Join(ctx.Err(), b.part(p.Name, part))
		}
		if err != nil {
			return err
		}
	}
	if !sums {
		err = b.text(p.Name+"/"+checksumsFile, list)
	}
	return errors.Join(err, t.Close(), z.Close())
}

// checksums writes the list that OSM's client writes.
func (p *Parcel) checksums(ctx context.Context) ([]byte, error) {
	var list strings.Builder
	for i := range p.Parts {
		sum := md5.New() //nolint:gosec // as above
		if err := errors.Join(ctx.Err(), p.Parts[i].copy(sum)); err != nil {
			return nil, err
		}
		fmt.Fprintf(&list, "%x\t%s/%s\n", sum.Sum(nil), p.Name, p.Parts[i].Name)
	}
	return []byte(list.String()), nil
}

// tarBuilder writes entries whose headers say nothing of this machine.
type tarBuilder struct {
	tar     *tar.Writer
	o       Options
	folders map[string]bool // that were written
}

// header writes a header, and before it those of the folders above.
func (b *tarBuilder) header(name string, kind byte, size, mode int64) error {
	if dir := path.Dir(strings.TrimSuffix(name, "/")); dir != "." && !b.folders[dir] {
		b.folders[dir] = true
		if err := b.header(dir+"/", tar.TypeDir, 0, 0o755); err != nil {
			return err
		}
	}
	return b.tar.WriteHeader(&tar.Header{Typeflag: kind, Name: name, Size: size, Mode: mode, ModTime: b.o.Time})
}

func (b *tarBuilder) part(top string, p *Part) error {
	mode := int64(0o644)
	if p.Executable {
		mode = 0o755
	}
	b.o.Progress(p.Name, p.Size)
	if err := b.header(top+"/"+p.Name, tar.TypeReg, p.Size, mode); err != nil {
		return fmt.Errorf("put %s into the package: %w", p.Name, err)
	}
	return p.copy(b.tar)
}

func (b *tarBuilder) text(name string, text []byte) error {
	if err := b.header(name, tar.TypeReg, int64(len(text)), 0o644); err != nil {
		return err
	}
	_, err := b.tar.Write(text)
	return err
}
