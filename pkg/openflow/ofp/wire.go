package ofp

import (
	"encoding/binary"
	"fmt"
)

var be = binary.BigEndian

// zeros is padding.
var zeros [64]byte

// pad appends so many zero bytes.
func pad(b []byte, n int) []byte { return append(b, zeros[:n]...) }

// pad8 fills up to a multiple of eight, counted from an offset.
func pad8(b []byte, start int) []byte { return pad(b, padding(len(b)-start)) }

// padding is what is missing to a multiple of eight.
func padding(n int) int { return -n & 7 }

// patch writes the 16-bit length of the part that starts at one offset into
// another. A part that is too long is cut short here and found out when the
// length of its message is checked.
func patch(b []byte, start, at int) { be.PutUint16(b[at:], uint16(len(b)-start)) }

// part takes a piece off the front of a list as piece does. Its length is a
// multiple of eight.
func part(b []byte, at, least int, what string) (p, rest []byte, err error) {
	if p, rest, err = piece(b, at, least, what); err == nil && len(p)%8 != 0 {
		err = fmt.Errorf("%w: %s of %d bytes", ErrLength, what, len(p))
	}
	return p, rest, err
}

// piece takes a piece off the front of a list: a length field at an offset
// says how long the piece is. It is at least so many bytes.
func piece(b []byte, at, least int, what string) (p, rest []byte, err error) {
	if len(b) < at+2 || len(b) < least {
		return nil, nil, fmt.Errorf("%w: %s of %d bytes", ErrLength, what, len(b))
	}
	n := int(be.Uint16(b[at:]))
	if n < least || n > len(b) {
		return nil, nil, fmt.Errorf("%w: %s says %d of %d bytes", ErrLength, what, n, len(b))
	}
	return b[:n], b[n:], nil
}

// number reads up to eight bytes.
func number(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}

// putNumber appends the low bytes of a number.
func putNumber(b []byte, v uint64, size int) []byte {
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// Next lengthens a list by one and returns the new element. The element may
// hold slices of an earlier decode, which the caller reuses.
func Next[T any](list *[]T) *T {
	if len(*list) < cap(*list) {
		*list = (*list)[:len(*list)+1]
	} else {
		var zero T
		*list = append(*list, zero)
	}
	return &(*list)[len(*list)-1]
}
