package pack

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Sign signs a package that was found in order, and returns the file that it
// wrote. Option 1 puts the signature into the manifest of a CSAR; option 2 puts
// the CSAR, its signature and the certificate into a zip. A tar.gz has no place
// for a signature; it is written beside it. An earlier signature goes.
func Sign(ctx context.Context, archive, out string, option int, k *Key, limits Limits) (string, error) {
	report, err := Verify(ctx, archive, Trust{blind: true}, limits)
	if err != nil {
		return "", err
	}
	f, err := open(archive, limits.withDefaults())
	if err != nil {
		return "", err
	}
	write, name := k.wrap, stem(archive)+".zip"
	switch {
	case f.kind == gzipped:
		write, name = k.signatureOnly, archive+".cms"
	case report.Option == 2:
		err = slice.Errorf(slice.Invalid, "%s is signed already; sign the CSAR in it", archive)
	case option == 1:
		write, name = k.renew, archive
	}
	if out != "" {
		name = out
	}
	if err == nil {
		err = Atomic(name, func(w io.Writer) error { return write(ctx, f, w, limits.withDefaults()) })
	}
	return name, errors.Join(err, f.Close())
}

// signatureOnly writes the signature of a file.
func (k *Key) signatureOnly(ctx context.Context, f *file, w io.Writer, _ Limits) error {
	cms, err := k.Sign(reading{ctx, io.NewSectionReader(f, 0, f.size)})
	if err == nil {
		_, err = w.Write(cms)
	}
	return err
}

// wrap writes the zip of option 2.
func (k *Key) wrap(ctx context.Context, f *file, w io.Writer, _ Limits) error {
	content := func() io.Reader { return reading{ctx, io.NewSectionReader(f, 0, f.size)} }
	cms, err := k.Sign(content())
	if err != nil {
		return err
	}
	crc := crc32.NewIEEE()
	if _, err := io.Copy(crc, content()); err != nil {
		return err
	}
	z, name := zip.NewWriter(w), stem(f.name)
	cert := k.certificates()
	return errors.Join(
		store(z, name+".cert", crc32.ChecksumIEEE(cert), int64(len(cert)), bytes.NewReader(cert)),
		store(z, name+".cms", crc32.ChecksumIEEE(cms), int64(len(cms)), bytes.NewReader(cms)),
		store(z, name+".csar", crc.Sum32(), f.size, content()),
		z.Close(),
	)
}

// store writes a file into a zip as it is: what is packed already gets no
// smaller, and can be read where it stands.
func store(z *zip.Writer, name string, crc uint32, size int64, r io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: methodStore, CRC32: crc, UncompressedSize64: uint64(size), CompressedSize64: uint64(size)} //nolint:gosec // sizes are not negative
	h.SetMode(0o644)
	h.ModifiedDate, h.ModifiedTime = dosTime(epoch) //nolint:staticcheck // Modified adds a field that is of no use
	w, err := z.CreateRaw(h)
	if err == nil {
		_, err = io.Copy(w, r)
	}
	return err
}

// renew writes a CSAR with a signed manifest in the place of its manifest.
func (k *Key) renew(ctx context.Context, f *file, w io.Writer, limits Limits) error {
	s := newScan(ctx, f.name, limits)
	checked, err := s.openZip(f, f.size)
	if err != nil {
		return errors.Join(err, s.err())
	}
	m, at, err := checked.manifest()
	if err != nil {
		return errors.Join(err, s.err())
	}
	// A signature begins on a line of its own, after a blank one.
	text, err := k.append(append(bytes.TrimRight(m.Signed, "\r\n"), "\n\n"...))
	if err != nil {
		return err
	}
	from, err := zip.NewReader(f, f.size)
	if err != nil {
		return err
	}
	to := zip.NewWriter(w)
	for _, e := range from.File {
		if e.Name == at {
			err = store(to, at, crc32.ChecksumIEEE(text), int64(len(text)), bytes.NewReader(text))
		} else {
			err = to.Copy(e)
		}
		if err != nil {
			return err
		}
	}
	return to.Close()
}
