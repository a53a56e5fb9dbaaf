package openflow

import (
	"io"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// Sizes of an inbox: of an idle connection, and of one that is busy.
const (
	smallIn = 4 << 10
	largeIn = 128 << 10
)

// An inbox reads messages. Its buffer grows with what a switch says at once,
// and shrinks again: thousands of switches are silent most of the time.
type inbox struct {
	r          io.Reader
	buf        []byte
	start, end int
	quiet      int // reads in a row that a small buffer would have done for
}

func newInbox(r io.Reader) *inbox { return &inbox{r: r, buf: make([]byte, smallIn)} }

// next returns the next message, which is gone when next is called again.
func (in *inbox) next() (ofp.Header, []byte, error) {
	if err := in.need(ofp.HeaderLen); err != nil {
		return ofp.Header{}, nil, err
	}
	h, err := ofp.ParseHeader(in.buf[in.start:in.end])
	if err != nil {
		return h, nil, err
	}
	n := int(h.Length)
	if err := in.need(n); err != nil {
		return h, nil, err
	}
	msg := in.buf[in.start : in.start+n : in.start+n]
	in.start += n
	return h, msg, nil
}

// more reports whether another whole message is there already.
func (in *inbox) more() bool {
	b := in.buf[in.start:in.end]
	if len(b) < ofp.HeaderLen {
		return false
	}
	h, err := ofp.ParseHeader(b)
	return err != nil || len(b) >= int(h.Length)
}

// need waits for so many bytes.
func (in *inbox) need(n int) error {
	for in.end-in.start < n {
		in.fit(n)
		got, err := in.r.Read(in.buf[in.end:])
		in.end += got
		if in.end-in.start >= n {
			return nil
		}
		if err == io.EOF && in.end > in.start {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fit makes room for so many bytes. A buffer that a read has filled is too
// small; one that was hardly used for long is too large.
func (in *inbox) fit(n int) {
	held := in.end - in.start
	size := len(in.buf)
	switch full := in.end == len(in.buf) && in.start > 0; {
	case n > size || full && held > 0 && size < largeIn:
		size = max(min(2*size, largeIn), n)
		in.quiet = 0
	case in.end > smallIn:
		in.quiet = 0
	default:
		if in.quiet++; in.quiet > 1000 && n <= smallIn && held <= smallIn {
			size, in.quiet = smallIn, 0
		}
	}
	b := in.buf
	if size != len(b) {
		b = make([]byte, size)
	}
	copy(b, in.buf[in.start:in.end])
	in.buf, in.start, in.end = b, 0, held
}
