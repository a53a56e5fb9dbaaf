// Package inflate unpacks deflate (RFC 1951) for whoever reads large archives
// and hashes what is in them. It gives what compress/flate gives and refuses
// what that refuses, in less than half of the time: it looks at eight bytes of
// the input at once, and keeps what it unpacked in one piece. Checksums and
// limits are for whoever reads.
//
//	r := inflate.NewReader(bufio.NewReaderSize(f, 64<<10))
package inflate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// ErrCorrupt says that the input is no deflate stream.
var ErrCorrupt = errors.New("the packed data is damaged")

const (
	history = 32 << 10 // bytes that a copy may reach back
	longest = 258      // bytes of a copy
	room    = history + 64<<10
	slack   = 16 // behind the room: copies write eight bytes at once
)

var le = binary.LittleEndian

// A Reader unpacks one stream. Of its input it takes the bytes of the stream
// and not one more.
type Reader struct {
	input

	out         []byte
	read, write int // out[read:write] is not asked for yet
	err         error

	block kind
	last  bool
	left  int    // bytes of a stored block
	codes *codes // of a packed block
	own   *codes // room for those of a dynamic one
}

// kind is what is to be read next.
type kind uint8

const (
	header kind = iota
	stored
	packed
)

// NewReader returns a Reader. Nobody else may read in before it has come to its
// end.
func NewReader(in *bufio.Reader) *Reader {
	return &Reader{input: input{in: in}, out: make([]byte, room+slack), own: &codes{}}
}

// Reset begins another stream.
func (r *Reader) Reset(in *bufio.Reader) {
	*r = Reader{input: input{in: in}, out: r.out, own: r.own}
}

// Read unpacks what fits into p. At the end of the stream it returns io.EOF; if
// the input ends before, io.ErrUnexpectedEOF.
func (r *Reader) Read(p []byte) (int, error) {
	for r.read == r.write {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out[r.read:r.write])
	r.read += n
	return n, nil
}

// fill unpacks until there is no more room.
func (r *Reader) fill() {
	if r.write > history {
		copy(r.out, r.out[r.write-history:r.write])
		r.read, r.write = history, history
	}
	for r.err == nil && r.write+longest <= room {
		switch r.block {
		case header:
			r.err = r.begin()
		case stored:
			r.err = r.store()
		case packed:
			r.err = r.unpack()
		}
	}
}

// begin reads the header of a block, or finds that there is none any more.
func (r *Reader) begin() error {
	if r.last {
		r.leave()
		return io.EOF
	}
	v, err := r.take(3)
	if err != nil {
		return err
	}
	r.last = v&1 != 0
	switch v >> 1 {
	case 0:
		return r.beginStored()
	case 1:
		r.block, r.codes = packed, fixed
		return nil
	case 2:
		r.block, r.codes = packed, r.own
		return r.readCodes()
	default:
		return ErrCorrupt
	}
}

// beginStored reads how long a stored block is.
func (r *Reader) beginStored() error {
	r.drop(r.have % 8)
	v, err := r.take(32)
	if err != nil {
		return err
	}
	if v&0xffff != ^v>>16 {
		return ErrCorrupt
	}
	r.block, r.left = stored, int(v&0xffff)
	return nil
}

// store copies bytes of a stored block.
func (r *Reader) store() error {
	r.leave()
	for r.left > 0 && r.write < room {
		if r.pos == len(r.buf) && !r.more() {
			return r.short()
		}
		n := copy(r.out[r.write:min(room, r.write+r.left)], r.buf[r.pos:])
		r.pos, r.write, r.left = r.pos+n, r.write+n, r.left-n
	}
	if r.left == 0 {
		r.block = header
	}
	return nil
}
