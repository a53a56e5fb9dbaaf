package ofp

import "fmt"

// A Match is a list of conditions on a frame, all of which must hold. An empty
// match takes every frame.
type Match []OXM

// matchOXM is the only type of match in use (section 7.2.3.1).
const matchOXM = 1

// AppendMatch appends the match as it stands in a message, without the padding
// behind it.
func AppendMatch(b []byte, m Match) []byte {
	start := len(b)
	b = be.AppendUint16(b, matchOXM)
	b = append(b, 0, 0)
	for _, o := range m {
		b = o.append(b)
	}
	patch(b, start, start+2)
	return b
}

// DecodeMatch reads what AppendMatch wrote.
func DecodeMatch(b []byte) (Match, error) {
	var m Match
	rest, err := m.decode(append(b[:len(b):len(b)], zeros[:padding(len(b))]...))
	if err == nil && len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind a match", ErrLength, len(rest))
	}
	return m, err
}

func (m Match) append(b []byte) []byte {
	start := len(b)
	return pad8(AppendMatch(b, m), start)
}

// decode reads the match at the front, with its padding, and returns the rest.
func (m *Match) decode(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: match of %d bytes", ErrLength, len(b))
	}
	n := int(be.Uint16(b[2:]))
	if n < 4 || n+padding(n) > len(b) {
		return nil, fmt.Errorf("%w: match says %d of %d bytes", ErrLength, n, len(b))
	}
	if t := be.Uint16(b); t != matchOXM {
		return nil, fmt.Errorf("openflow: match of type %d", t)
	}
	list := (*[]OXM)(m)
	*list = (*list)[:0]
	for f := b[4:n]; len(f) > 0; {
		var err error
		if f, err = Next(list).decode(f); err != nil {
			return nil, err
		}
	}
	return b[n+padding(n):], nil
}
