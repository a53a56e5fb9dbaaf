package ofp

import "fmt"

// elementVersions is the hello element that lists versions (section 7.5.1).
const elementVersions = 1

// A Hello opens a connection. Versions has a bit for each version that the
// sender speaks; zero says that it sent no such list, and then Version is the
// highest. Version stands in the header, and is Version of this package where
// it is zero.
type Hello struct {
	Version  uint8
	Versions uint32
	Later    []byte // the list for versions above 31
	Other    []byte // elements of other types, as they came
}

// Append implements Message.
func (m *Hello) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeHello, xid)
	if m.Version != 0 {
		b[start] = m.Version
	}
	if m.Versions != 0 {
		element := len(b)
		b = append(b, 0, elementVersions, 0, 0)
		b = be.AppendUint32(b, m.Versions)
		b = append(b, m.Later...)
		patch(b, element, element+2)
		b = pad8(b, element)
	}
	return finish(append(b, m.Other...), start)
}

// Decode reads a hello of any version.
func (m *Hello) Decode(msg []byte) error {
	_, b, err := open(msg, 0, TypeHello)
	if err != nil {
		return err
	}
	*m = Hello{Version: msg[0], Later: m.Later[:0], Other: m.Other[:0]}
	for len(b) > 0 {
		if len(b) < 4 {
			return fmt.Errorf("%w: hello element of %d bytes", ErrLength, len(b))
		}
		n := int(be.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return fmt.Errorf("%w: hello element says %d of %d bytes", ErrLength, n, len(b))
		}
		end := min(n+padding(n), len(b)) // the length leaves the padding out
		if m.Versions == 0 && be.Uint16(b) == elementVersions && n >= 8 && end%8 == 0 && be.Uint32(b[4:]) != 0 {
			m.Versions = be.Uint32(b[4:])
			m.Later = append(m.Later, b[8:n]...)
		} else {
			m.Other = append(m.Other, b[:end]...)
		}
		b = b[end:]
	}
	return nil
}

// Agree returns the version that two hellos have in common, or zero.
func (m *Hello) Agree(o *Hello) uint8 {
	if m.Versions != 0 && o.Versions != 0 {
		for v := uint8(31); v > 0; v-- {
			if m.Versions&o.Versions>>v&1 == 1 {
				return v
			}
		}
		return 0
	}
	v := min(m.Version, o.Version)
	for _, h := range []*Hello{m, o} {
		if h.Versions != 0 && h.Versions>>v&1 == 0 {
			return 0
		}
	}
	return v
}
