package inflate

// unpack decodes a packed block, or as much of it as there is room for.
func (r *Reader) unpack() error {
	for r.block == packed {
		r.run()
		if r.write+longest > room {
			return nil
		}
		if err := r.symbol(); err != nil {
			return err
		}
	}
	return nil
}

// symbol decodes one literal, one copy or the end of the block, wherever the
// input ends.
func (r *Reader) symbol() error {
	r.refill()
	bits := r.bits
	e := find(r.codes.lit[:], litMain, bits)
	if err := r.use(e); err != nil {
		return err
	}
	switch {
	case e&isLiteral != 0:
		r.out[r.write] = e.byte()
		r.write++
		return nil
	case e&isEnd != 0:
		r.block = header
		return nil
	}
	length := e.number(bits)
	bits = r.bits
	e = find(r.codes.dist[:], distMain, bits)
	if err := r.use(e); err != nil {
		return err
	}
	distance := e.number(bits)
	if distance > r.write {
		return ErrCorrupt
	}
	for range length {
		r.out[r.write] = r.out[r.write-distance]
		r.write++
	}
	return nil
}

// use drops the bits of a code and of what follows it.
func (r *Reader) use(e entry) error {
	switch {
	case e.uses() > r.have, r.have == 0:
		return r.short()
	case e&isOther != 0 && e&isEnd == 0:
		return ErrCorrupt
	}
	r.drop(e.uses())
	return nil
}

// run decodes while there is plenty of input and of room, and ends before what
// symbol had better look at: the end of the block, and whatever is wrong. All it
// works with is in variables, which the compiler keeps in registers.
func (r *Reader) run() {
	in, pos, bits, have := r.buf, r.pos, r.bits, r.have
	out, w := r.out, r.write
	lit, dist := &r.codes.lit, &r.codes.dist
	for len(in)-pos >= 8 && w <= room-longest {
		bits |= le.Uint64(in[pos:]) << (have & 63)
		pos += int(63-have) >> 3 //nolint:gosec // a small number
		have |= 56
		e := lit[bits&(1<<litMain-1)]
		for n := 0; n < 2 && e&isLiteral != 0; n++ { // enough bits are left for nearly every copy
			out[w] = e.byte()
			w++
			bits, have = e.behind(bits), have-e.uses()
			e = lit[bits&(1<<litMain-1)]
		}
		if e&isPart != 0 {
			e = lit[e.in(bits>>litMain)%litSize]
		}
		if e&isLiteral != 0 {
			out[w] = e.byte()
			w++
			bits, have = e.behind(bits), have-e.uses()
			continue
		}
		rest := e.behind(bits)
		d := dist[rest&(1<<distMain-1)]
		if d&isPart != 0 {
			d = dist[d.in(rest>>distMain)%distSize]
		}
		length, distance := e.number(bits), d.number(rest)
		if (e|d)&isOther != 0 || distance > w || e.uses()+d.uses() > have {
			break
		}
		bits, have = d.behind(rest), have-e.uses()-d.uses()
		to := w + length
		for distance < 8 && w < to {
			out[w] = out[w-distance]
			w++
		}
		for ; w < to; w += 8 { // and a little beyond, which will be written over
			le.PutUint64(out[w:], le.Uint64(out[w-distance:]))
		}
		w = to
	}
	// Of the byte at pos there may be bits already.
	r.pos, r.bits, r.have, r.write = pos, bits&(1<<have-1), have, w
}
