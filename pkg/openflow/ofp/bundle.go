package ofp

import (
	"errors"
	"fmt"
)

// ONF is the experimenter under which the bundles of OpenFlow 1.4 come to 1.3
// (ONF extension 230).
const ONF uint32 = 0x4f4e4600

const (
	bundleControl uint32 = 2300
	bundleAdd     uint32 = 2301
)

// A BundleStep is what a BundleControl asks for. The answer to it is the step
// plus one.
type BundleStep uint16

// The steps of a bundle.
const (
	BundleOpen    BundleStep = 0
	BundleClose   BundleStep = 2
	BundleCommit  BundleStep = 4
	BundleDiscard BundleStep = 6
)

// The flags of a bundle, which each of its messages repeats.
const (
	BundleAtomic  uint16 = 1 // all or nothing
	BundleOrdered uint16 = 2 // in the order sent
)

// A BundleControl moves a bundle on, or answers that it moved.
type BundleControl struct {
	ID    uint32
	Step  BundleStep
	Flags uint16
	Rest  []byte // properties
}

// Append implements Message.
func (m *BundleControl) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = beginExperimenter(b, xid, ONF, bundleControl)
	b = be.AppendUint32(b, m.ID)
	b = be.AppendUint16(b, uint16(m.Step))
	b = be.AppendUint16(b, m.Flags)
	return finish(append(b, m.Rest...), start)
}

// Decode reads a bundle control message.
func (m *BundleControl) Decode(msg []byte) error {
	b, err := openBundle(msg, bundleControl)
	if err != nil {
		return err
	}
	*m = BundleControl{ID: be.Uint32(b), Step: BundleStep(be.Uint16(b[4:])), Flags: be.Uint16(b[6:])}
	if len(b) > 8 {
		m.Rest = b[8:]
	}
	return nil
}

// A BundleAdd puts a message into an open bundle. The message has the xid of
// the one around it.
type BundleAdd struct {
	ID      uint32
	Flags   uint16
	Message Message // to write
	Inner   []byte  // read: the whole message, header included
}

// Append implements Message. It writes Message, or Inner if there is none.
func (m *BundleAdd) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = beginExperimenter(b, xid, ONF, bundleAdd)
	b = be.AppendUint32(b, m.ID)
	b = append(b, 0, 0)
	b = be.AppendUint16(b, m.Flags)
	if m.Message == nil {
		return finish(append(b, m.Inner...), start)
	}
	b, err := m.Message.Append(b, xid)
	if err != nil {
		return b[:start], err
	}
	return finish(b, start)
}

// Decode reads a bundle add message.
func (m *BundleAdd) Decode(msg []byte) error {
	b, err := openBundle(msg, bundleAdd)
	if err != nil {
		return err
	}
	*m = BundleAdd{ID: be.Uint32(b), Flags: be.Uint16(b[6:]), Inner: b[8:]}
	h, err := ParseHeader(m.Inner)
	if err == nil && int(h.Length) > len(m.Inner) {
		err = fmt.Errorf("%w: message in a bundle says %d of %d bytes", ErrLength, h.Length, len(m.Inner))
	}
	return err
}

func openBundle(msg []byte, kind uint32) ([]byte, error) {
	var e Experimenter
	if err := e.Decode(msg); err != nil {
		return nil, err
	}
	if e.ID != ONF || e.Kind != kind {
		return nil, errors.New("openflow: not the bundle message that it should be")
	}
	if len(e.Data) < 8 {
		return nil, fmt.Errorf("%w: bundle message of %d bytes", ErrLength, len(msg))
	}
	return e.Data, nil
}
