package inflate

import (
	"bufio"
	"errors"
	"io"
)

// input gives bits. Bytes stay in the buffered reader until all of their bits
// are used, so that none is lost behind the end of the stream.
type input struct {
	in   *bufio.Reader
	buf  []byte // what the reader has
	pos  int    // in buf, of the next byte
	bits uint64 // of the bytes before it that are not used yet
	have uint   // how many
	end  error  // there is nothing behind buf
}

// more reads on, after the last byte of buf.
func (i *input) more() bool {
	if i.end != nil {
		return false
	}
	i.leave()
	kept := i.in.Buffered()
	if _, i.end = i.in.Peek(kept + 1); i.end != nil && kept == 0 {
		return false
	}
	i.buf, _ = i.in.Peek(i.in.Buffered()) // they are there
	return true
}

// leave gives back the whole bytes that are not used, and lets go of the others.
func (i *input) leave() {
	i.pos -= int(i.have / 8)
	i.have %= 8
	i.bits &= 1<<i.have - 1
	_, _ = i.in.Discard(i.pos) // they are there
	i.buf, i.pos = i.buf[i.pos:], 0
}

// refill sees that there are 56 bits, or all that are left.
func (i *input) refill() {
	for i.have <= 56 {
		if i.pos == len(i.buf) && !i.more() {
			return
		}
		if i.pos < len(i.buf) {
			i.bits |= uint64(i.buf[i.pos]) << (i.have & 63)
			i.pos++
			i.have += 8
		}
	}
}

// drop uses bits up.
func (i *input) drop(n uint) {
	i.bits >>= n
	i.have -= n
}

// take returns the next bits, up to 32.
func (i *input) take(n uint) (uint32, error) {
	if i.have < n {
		i.refill()
	}
	if i.have < n {
		return 0, i.short()
	}
	v := uint32(i.bits & (1<<n - 1))
	i.drop(n)
	return v, nil
}

// short is why there are too few bits.
func (i *input) short() error {
	if i.end == nil || errors.Is(i.end, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return i.end
}
