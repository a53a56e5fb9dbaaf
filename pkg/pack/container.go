package pack

import (
	"errors"
	"io"
	"os"
	"path"
	"strings"
)

// A container is the zip of option 2: a CSAR with a signature over all of it.
type container struct {
	csar      *zipEntry
	cms, cert *zipEntry
	within    *io.SectionReader // the CSAR
	spooled   *os.File          // that it was unpacked to; nil: it is stored as it is
}

func (c *container) Close() error {
	if c == nil || c.spooled == nil {
		return nil
	}
	return c.spooled.Close()
}

// container returns what a zip of option 2 holds, and nil for any other zip:
// one that has a CSAR and a signature at its root.
func (z *zipFile) container() (*container, error) {
	c := &container{}
	var others []string
	for i := range z.entries {
		e := &z.entries[i]
		field := c.field(e.Name)
		if field == nil || *field != nil {
			others = append(others, e.raw)
			continue
		}
		*field = e
	}
	if c.csar == nil || c.cms == nil && len(others) > 0 {
		return nil, nil //nolint:nilnil // no container, and nothing wrong
	}
	for _, name := range others {
		z.s.add("sig-container", name, "it does not belong into a signed zip")
	}
	if c.cms == nil {
		z.s.add("sig-unsigned", c.csar.Name, "there is no signature beside it")
	}
	for _, e := range []*zipEntry{c.cms, c.cert} {
		if e != nil && stemOf(e.Name) != stemOf(c.csar.Name) {
			z.s.add("sig-swapped", e.Name, "it is not named like %s", show(c.csar.Name))
		}
	}
	if len(z.s.all()) > 0 {
		return nil, errRefused
	}
	return c, z.lay(c)
}

// field returns where a file of the container belongs.
func (c *container) field(name string) **zipEntry {
	if strings.Contains(name, "/") {
		return nil
	}
	switch path.Ext(name) {
	case ".csar", ".zip":
		return &c.csar
	case ".cms":
		return &c.cms
	case ".cert", ".crt", ".pem":
		return &c.cert
	default:
		return nil
	}
}

func stemOf(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// lay makes the CSAR readable at any place: as it stands, or unpacked into a
// file that has no name.
func (z *zipFile) lay(c *container) error {
	if c.csar.method == methodStore {
		c.within = io.NewSectionReader(z.r, c.csar.data, c.csar.packed)
		return ignore(c.csar.Entry, z.open(c.csar, nil))
	}
	f, err := os.CreateTemp("", "l2sces-csar-*")
	if err != nil {
		return err
	}
	err = os.Remove(f.Name())
	n := int64(0)
	if err == nil {
		n, err = io.Copy(f, z.open(c.csar, newUnpacker(false)))
	}
	if err != nil {
		return errors.Join(z.s.broken(c.csar.raw, err), f.Close())
	}
	c.spooled, c.within = f, io.NewSectionReader(f, 0, n)
	return nil
}

// small reads a file that must be small.
func (z *zipFile) small(e *zipEntry, most int64) ([]byte, error) {
	if e.Size > most {
		return nil, z.s.stop("archive-file-bytes", e.raw, "it has %d bytes, more than %d", e.Size, most)
	}
	data, err := io.ReadAll(z.open(e, newUnpacker(false)))
	if err != nil {
		return nil, z.s.broken(e.raw, err)
	}
	return data, nil
}

// find returns the entry of a name, or nil.
func (z *zipFile) find(name string) *zipEntry {
	for i := range z.entries {
		if z.entries[i].Name == name && !z.entries[i].folder() {
			return &z.entries[i]
		}
	}
	return nil
}

// list returns the plain files.
func (z *zipFile) list() []Entry {
	var all []Entry
	for i := range z.entries {
		if !z.entries[i].folder() {
			all = append(all, z.entries[i].Entry)
		}
	}
	return all
}
