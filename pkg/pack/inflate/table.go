package inflate

import "math/bits"

// A code of Huffman's is looked up by the bits that come next: in the main part
// of a table by as many as most codes have; for the longer ones there is a
// further part behind it.
//
// An entry tells in its lowest byte how many bits it uses up, those included
// that follow the code; in the next four bits how many of them are the code's;
// and above them what the code stands for.
type entry uint32

const (
	isLiteral entry = 1 << 31 // the value is a byte
	isOther   entry = 1 << 30 // neither that nor a length or distance
	isPart    entry = 1 << 29 // a further part begins at the value; as many bits look up in it as a code would have
	isEnd     entry = 1 << 28 // of the block

	maxCode  = 15 // bits
	litMain  = 11
	distMain = 9
	litSize  = 1 << 12 // entries; no set of codes needs more than 2,400
	distSize = 1 << 10 // nor more than 600
)

type (
	literals  [litSize]entry
	distances [distSize]entry
)

func (e entry) uses() uint  { return uint(e & 63) }
func (e entry) code() uint  { return uint(e >> 8 & 15) }
func (e entry) value() uint { return uint(e >> 12 & 0xffff) }
func (e entry) byte() byte  { return byte(e >> 12) } //nolint:gosec // the rest is flags

// behind returns the bits that follow.
func (e entry) behind(bits uint64) uint64 { return bits >> (e & 63) }

// number returns what a code stands for, with the bits that follow it.
func (e entry) number(bits uint64) int {
	return int(e.value()) + int(bits&(1<<(e&63)-1)>>(e>>8&15)) //nolint:gosec // 32,768 at most
}

// in returns where these bits are looked up in a further part.
func (e entry) in(bits uint64) uint { return e.value() + uint(bits)&(1<<e.code()-1) }

// find looks up the code that bits begin with.
func find(table []entry, width uint, bits uint64) entry {
	e := table[bits&(1<<width-1)]
	if e&isPart != 0 {
		e = table[e.in(bits>>width)]
	}
	return e
}

// What the codes stand for (RFC 1951, section 3.2.5).
var (
	litValues  = literalValues()
	distValues = distanceValues()
)

func literalValues() (all [288]entry) {
	for i := range all[:256] {
		all[i] = isLiteral | entry(i)<<12 //nolint:gosec // a byte
	}
	all[256] = isOther | isEnd
	base := entry(3)
	for i := range all[257:285] {
		extra := max(0, i/4-1)
		all[257+i] = base<<12 | entry(extra) //nolint:gosec // 5 at most
		base += 1 << extra
	}
	all[285] = longest << 12
	all[286], all[287] = isOther, isOther
	return all
}

func distanceValues() (all [32]entry) {
	base := entry(1)
	for i := range all[:30] {
		extra := max(0, i/2-1)
		all[i] = base<<12 | entry(extra) //nolint:gosec // 13 at most
		base += 1 << extra
	}
	all[30], all[31] = isOther, isOther
	return all
}

// build makes a table of codes out of how many bits each symbol's code has;
// values tells what the symbols stand for. It reports whether these are codes:
// whatever the bits are, they begin with one of them. A single code of one bit
// will do, and none at all.
func build(table []entry, width uint, lengths []uint8, values []entry) bool {
	var count counts
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	if !count.whole() {
		return false
	}
	for i := range table[:1<<width] {
		table[i] = isOther
	}
	var code, length uint
	free := uint(1) << width
	for _, symbol := range count.order(lengths) {
		for ; length < uint(lengths[symbol]); length++ {
			code <<= 1
		}
		at := uint(bits.Reverse16(uint16(code))) >> (16 - length) //nolint:gosec // 15 bits at most
		part, step := table[:1<<width], uint(1)<<length
		if length > width {
			head := &part[at%(1<<width)]
			if *head == isOther {
				more := count.part(length, width)
				*head |= isPart | entry(free)<<12 | entry(more)<<8 //nolint:gosec // smaller than the table
				free += 1 << more
			}
			part = table[head.value():][:1<<head.code()]
			at, step = at>>width, step>>width
		}
		for ; at < uint(len(part)); at += step {
			part[at] = values[symbol] + entry(length)<<8 + entry(length) //nolint:gosec // 15 at most
		}
		count[length]--
		code++
	}
	return true
}

// counts tells how many codes there are of each length.
type counts [maxCode + 1]int

// whole reports whether there are as many codes as there must be.
func (c *counts) whole() bool {
	codes, left := 0, 1
	for _, n := range c[1:] {
		codes += n
		if left = left<<1 - n; left < 0 {
			return false
		}
	}
	return left == 0 || codes == 0 || codes == 1 && c[1] == 1
}

// order sorts the symbols by the lengths of their codes.
func (c *counts) order(lengths []uint8) []uint16 {
	var next [maxCode + 2]int
	for n, count := range c {
		next[n+1] = next[n] + count
	}
	all := make([]uint16, next[maxCode+1])
	for symbol, n := range lengths {
		if n > 0 {
			all[next[n]] = uint16(symbol) //nolint:gosec // 287 at most
			next[n]++
		}
	}
	return all
}

// part returns how many bits look up in a further part that begins with a code
// of this length: as many as the longest code has that must be in it.
func (c *counts) part(length, width uint) uint {
	left := 1<<(length-width) - c[length]
	for left > 0 {
		length++
		left = left<<1 - c[length]
	}
	return length - width
}
