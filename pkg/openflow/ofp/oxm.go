package ofp

import (
	"fmt"
)

// The classes of match fields (section 7.2.3.3).
const (
	ClassNicira       uint16 = 0x0001
	ClassBasic        uint16 = 0x8000
	ClassExperimenter uint16 = 0xffff
)

// The fields of the basic class that have a name here (section 7.2.3.7).
const (
	FieldInPort   uint8 = 0
	FieldMetadata uint8 = 2
	FieldEthDst   uint8 = 3
	FieldEthSrc   uint8 = 4
	FieldEthType  uint8 = 5
	FieldVLAN     uint8 = 6
	FieldTunnel   uint8 = 38
)

// VLANPresent is the bit of FieldVLAN that says that there is a tag.
const VLANPresent = 0x1000

// sizes holds the bytes of the value of each basic field that fits a number.
var sizes = [40]uint8{
	0: 4, 1: 4, 2: 8, 3: 6, 4: 6, 5: 2, 6: 2, 7: 1, 8: 1, 9: 1, 10: 1, 11: 4, 12: 4, 13: 2, 14: 2, 15: 2, 16: 2,
	17: 2, 18: 2, 19: 1, 20: 1, 21: 2, 22: 4, 23: 4, 24: 6, 25: 6, 28: 4, 29: 1, 30: 1, 32: 6, 33: 6, 34: 4,
	35: 1, 36: 1, 37: 3, 38: 8, 39: 2,
}

// An OXM is one field of a match, or the new value of a field in an action.
// Basic fields of up to eight bytes are numbers; everything else (IPv6
// addresses, the classes of others, a size that is not the field's) keeps its
// bytes in Raw: the value, then the mask if there is one.
type OXM struct {
	Class  uint16
	Field  uint8
	Masked bool
	Value  uint64
	Mask   uint64
	Raw    []byte
}

// Exact returns a condition on all bits of a basic field.
func Exact(field uint8, v uint64) OXM { return OXM{Class: ClassBasic, Field: field, Value: v} }

// Masked returns a condition on the bits of a basic field that a mask selects.
func Masked(field uint8, v, mask uint64) OXM {
	return OXM{Class: ClassBasic, Field: field, Masked: true, Value: v, Mask: mask}
}

// InPort returns the condition on the port by which a frame came in.
func InPort(p uint32) OXM { return Exact(FieldInPort, uint64(p)) }

// ExactLong returns a condition on all bits of a basic field of 128 bits.
func ExactLong(field uint8, high, low uint64) OXM {
	return OXM{Class: ClassBasic, Field: field, Raw: putLong(make([]byte, 0, 16), high, low)}
}

// MaskedLong returns a condition on the bits of a basic field of 128 bits that
// a mask selects.
func MaskedLong(field uint8, high, low, highMask, lowMask uint64) OXM {
	raw := putLong(putLong(make([]byte, 0, 32), high, low), highMask, lowMask)
	return OXM{Class: ClassBasic, Field: field, Masked: true, Raw: raw}
}

// Long returns the value of a field of 128 bits, if it is one without a mask.
func (o *OXM) Long() (high, low uint64, ok bool) {
	if o.Masked || len(o.Raw) != 16 {
		return 0, 0, false
	}
	return be.Uint64(o.Raw), be.Uint64(o.Raw[8:]), true
}

// LongMasked returns the value and the mask of a field of 128 bits, if it is
// one with a mask.
func (o *OXM) LongMasked() (high, low, highMask, lowMask uint64, ok bool) {
	if !o.Masked || len(o.Raw) != 32 {
		return 0, 0, 0, 0, false
	}
	return be.Uint64(o.Raw), be.Uint64(o.Raw[8:]), be.Uint64(o.Raw[16:]), be.Uint64(o.Raw[24:]), true
}

func putLong(b []byte, high, low uint64) []byte {
	return be.AppendUint64(be.AppendUint64(b, high), low)
}

// sizeOf returns the bytes of a value that is kept as a number, or zero.
func sizeOf(class uint16, field uint8) int {
	if class != ClassBasic || int(field) >= len(sizes) {
		return 0
	}
	return int(sizes[field])
}

func (o OXM) append(b []byte) []byte {
	size := sizeOf(o.Class, o.Field)
	n := size
	if o.Masked {
		n = 2 * size
	}
	if o.Raw != nil {
		size, n = 0, len(o.Raw)
	}
	fm := o.Field << 1
	if o.Masked {
		fm |= 1
	}
	b = be.AppendUint16(b, o.Class)
	b = append(b, fm, byte(n))
	if size == 0 {
		return append(b, o.Raw...)
	}
	b = putNumber(b, o.Value, size)
	if o.Masked {
		b = putNumber(b, o.Mask, size)
	}
	return b
}

// decode reads the field at the front of a list and returns the rest.
func (o *OXM) decode(b []byte) ([]byte, error) {
	if len(b) < 4 || len(b) < 4+int(b[3]) {
		return nil, fmt.Errorf("%w: match field of %d bytes", ErrLength, len(b))
	}
	*o = OXM{Class: be.Uint16(b), Field: b[2] >> 1, Masked: b[2]&1 == 1}
	body, rest := b[4:4+int(b[3])], b[4+int(b[3]):]
	size := sizeOf(o.Class, o.Field)
	switch {
	case size > 0 && !o.Masked && len(body) == size:
		o.Value = number(body)
	case size > 0 && o.Masked && len(body) == 2*size:
		o.Value, o.Mask = number(body[:size]), number(body[size:])
	default:
		o.Raw = body
	}
	return rest, nil
}
