package pack

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/l2sces/l2sces/pkg/pack/inflate"
)

// An unpacker unpacks one deflate stream after the other, with the same
// buffers. Where a stream is long it reads on in a goroutine of its own: whoever
// hashes what comes out then need not wait, nor be waited for.
type unpacker struct {
	apart  bool // a goroutine may be begun; stop ends it
	packed *counter
	in     *bufio.Reader
	z      *inflate.Reader
	taken  int64 // bytes of the input for what was read so far, and some more

	direct int64 // bytes that came without the goroutine
	free   chan []byte
	full   chan block // closed when the goroutine has ended
	now    block
}

// A block is a piece of what was unpacked, before anybody asked for it.
type block struct {
	buf, data []byte
	taken     int64
	err       error
}

const (
	packedSize = 64 << 10
	blockSize  = 64 << 10
	blocks     = 4
	apartFrom  = 1 << 20 // bytes before which a goroutine costs more than it saves
)

func newUnpacker(apart bool) *unpacker {
	u := &unpacker{apart: apart, packed: &counter{}, in: bufio.NewReaderSize(nil, packedSize)}
	u.z = inflate.NewReader(u.in)
	return u
}

// reset turns to another stream.
func (u *unpacker) reset(r io.Reader) {
	u.packed.r, u.packed.n = r, 0
	u.in.Reset(u.packed)
	u.z.Reset(u.in)
	u.direct, u.taken = 0, 0
}

// Read returns what was unpacked.
func (u *unpacker) Read(p []byte) (int, error) {
	if u.full == nil && (!u.apart || u.direct < apartFrom) {
		n, err := u.z.Read(p)
		u.direct += int64(n)
		u.taken = u.packed.n
		return n, err
	}
	if u.full == nil {
		u.start()
	}
	for len(u.now.data) == 0 {
		if u.now.err != nil {
			return 0, u.now.err
		}
		u.free <- u.now.buf
		u.now = <-u.full
		u.taken = u.now.taken
	}
	n := copy(p, u.now.data)
	u.now.data = u.now.data[n:]
	return n, nil
}

// start begins the goroutine. From now on only it reads, until it has found an
// end or an error, or until stop.
func (u *unpacker) start() {
	free, full := make(chan []byte, blocks), make(chan block, blocks)
	for range blocks - 1 {
		free <- make([]byte, blockSize)
	}
	u.free, u.full, u.now = free, full, block{buf: make([]byte, blockSize)}
	go func() {
		defer close(full)
		for buf := range free {
			n, err := u.z.Read(buf)
			full <- block{buf: buf, data: buf[:n], taken: u.packed.n, err: err}
			if err != nil {
				return
			}
		}
	}()
}

// stop ends the goroutine, if there is one, and waits for it.
func (u *unpacker) stop() {
	if u.full == nil {
		return
	}
	close(u.free)
	for range u.full { // what nobody wants any more
	}
	u.free, u.full, u.now = nil, nil, block{}
}

// used returns how many bytes of the input the stream had, once it has ended.
func (u *unpacker) used() int64 { return u.packed.n - int64(u.in.Buffered()) }

// A gunzipper is the content of a gzip stream (RFC 1952), compared with what
// follows it.
type gunzipper struct {
	u    *unpacker
	crc  uint32
	size uint32
	err  error
}

// gunzipped reads the head of a gzip stream, and returns its content.
func (u *unpacker) gunzipped() (*gunzipper, error) {
	if _, err := gzip.NewReader(u.in); err != nil { // it reads the head, and nothing behind it
		return nil, err
	}
	return &gunzipper{u: u}, nil
}

// Read returns what was unpacked.
func (g *gunzipper) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.u.Read(p)
	g.crc = crc32.Update(g.crc, crc32.IEEETable, p[:n])
	g.size += uint32(n) //nolint:gosec // modulo 2^32, section 2.3.1
	if errors.Is(err, io.EOF) {
		err = g.tail()
	}
	g.err = err
	return n, err
}

// tail returns io.EOF if the tail says what was found.
func (g *gunzipper) tail() error {
	var tail [8]byte
	if _, err := io.ReadFull(g.u.in, tail[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if binary.LittleEndian.Uint32(tail[:]) != g.crc || binary.LittleEndian.Uint32(tail[4:]) != g.size {
		return gzip.ErrChecksum
	}
	return io.EOF
}
