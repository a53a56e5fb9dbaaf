package inflate

// codes are what a packed block is written in.
type codes struct {
	lit  literals
	dist distances
}

// fixed are the codes that need not be told (RFC 1951, section 3.2.6).
var fixed = fixedCodes()

func fixedCodes() *codes {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	var five [32]uint8
	for i := range five {
		five[i] = 5
	}
	c := &codes{}
	build(c.lit[:], litMain, lengths[:], litValues[:])
	build(c.dist[:], distMain, five[:], distValues[:])
	return c
}

// How many bits each code of a dynamic block has is packed itself (section
// 3.2.7), in symbols that stand for a number of bits or for repetitions.
const (
	lengthMain = 7 // bits of the longest code
	lengthSize = 1 << lengthMain

	plain     = 15 // symbols up to here are a number of bits
	again     = 16 // the number before, 3 to 6 times
	manyZeros = 18 // 11 to 138 times; the symbol before it: 3 to 10 times
)

var (
	lengthOrder  = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	lengthValues = [19]entry{
		0 << 12, 1 << 12, 2 << 12, 3 << 12, 4 << 12, 5 << 12, 6 << 12, 7 << 12, 8 << 12, 9 << 12,
		10 << 12, 11 << 12, 12 << 12, 13 << 12, 14 << 12, 15 << 12, 16 << 12, 17 << 12, 18 << 12,
	}
)

// readCodes reads the codes of a dynamic block.
func (r *Reader) readCodes() error {
	v, err := r.take(14)
	if err != nil {
		return err
	}
	lits, dists, n := v&31+257, v>>5&31+1, v>>10+4
	if lits > 286 || dists > 30 {
		return ErrCorrupt
	}
	var first [len(lengthOrder)]uint8
	for _, symbol := range lengthOrder[:n] {
		v, err := r.take(3)
		if err != nil {
			return err
		}
		first[symbol] = uint8(v) //nolint:gosec // three bits
	}
	var table [lengthSize]entry
	if !build(table[:], lengthMain, first[:], lengthValues[:]) {
		return ErrCorrupt
	}
	var lengths [286 + 30]uint8
	if err := r.readLengths(lengths[:lits+dists], table[:]); err != nil {
		return err
	}
	if !build(r.own.lit[:], litMain, lengths[:lits], litValues[:]) ||
		!build(r.own.dist[:], distMain, lengths[lits:lits+dists], distValues[:]) {
		return ErrCorrupt
	}
	return nil
}

// readLengths reads how many bits each code has.
func (r *Reader) readLengths(all []uint8, table []entry) error {
	for i := 0; i < len(all); {
		r.refill()
		e := find(table, lengthMain, r.bits)
		if err := r.use(e); err != nil {
			return err
		}
		if e.value() <= plain {
			all[i] = e.byte()
			i++
			continue
		}
		var value uint8
		times, bits := uint32(3), uint(3)
		switch e.value() {
		case again:
			if i == 0 {
				return ErrCorrupt
			}
			value, bits = all[i-1], 2
		case manyZeros:
			times, bits = 11, 7
		}
		more, err := r.take(bits)
		if err != nil {
			return err
		}
		times += more
		if int(times) > len(all)-i {
			return ErrCorrupt
		}
		for range times {
			all[i] = value
			i++
		}
	}
	return nil
}
