package fleet

import (
	"bytes"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// The codes of a bundle that fails (ONF extension 230).
const (
	bundleBadID   uint16 = 2302
	bundleExists  uint16 = 2303
	bundleMessage uint16 = 2313
)

// A bundle is a list of messages that wait.
type bundle struct {
	messages [][]byte
}

// mod carries out one message that changes the tables.
func (c *Conn) mod(xid uint32, msg []byte) error {
	m, err := c.decode(msg)
	if err != nil {
		return err
	}
	if e := c.s.change([]ofp.Message{m}, c, nil); e != nil {
		return c.refuse(xid, msg, e.err)
	}
	return nil
}

// decode reads a message into memory of its own if the switch keeps it.
func (c *Conn) decode(msg []byte) (ofp.Message, error) {
	if c.s.config.Keep {
		msg = bytes.Clone(msg)
	}
	return ofp.Decode(msg)
}

type fault struct {
	at  int
	err *ofp.Error
}

// change carries messages out, all of them or none.
func (s *Switch) change(mods []ofp.Message, c *Conn, bundle *ofp.BundleControl) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.role == ofp.RoleSlave {
		return &fault{0, &ofp.Error{Type: badRequest, Code: isSlave}}
	}
	for i, m := range mods {
		var e *ofp.Error
		if s.config.Refuse != nil {
			e = s.config.Refuse(m)
		}
		if e == nil {
			e = s.tables.apply(m, s.config.Limit)
		}
		if e != nil {
			s.tables.rollBack()
			s.tables.count.Refused++
			return &fault{i, e}
		}
	}
	s.tables.commit()
	if bundle != nil {
		s.tables.count.Bundles++
	}
	if s.config.Applied != nil {
		s.config.Applied(mods)
	}
	return nil
}

// bundle takes an experimenter message.
func (c *Conn) bundle(xid uint32, msg []byte) error {
	var add ofp.BundleAdd
	if err := add.Decode(msg); err == nil {
		return c.addToBundle(xid, msg, add)
	}
	var m ofp.BundleControl
	if err := m.Decode(msg); err != nil {
		return c.refuse(xid, msg, &ofp.Error{Type: badRequest, Code: 3})
	}
	b := c.bundles[m.ID]
	switch {
	case m.Step == ofp.BundleOpen && b != nil:
		return c.bundleError(xid, msg, bundleExists)
	case m.Step == ofp.BundleOpen:
		if c.bundles == nil {
			c.bundles = map[uint32]*bundle{}
		}
		c.bundles[m.ID] = &bundle{}
	case b == nil:
		return c.bundleError(xid, msg, bundleBadID)
	case m.Step == ofp.BundleDiscard:
		delete(c.bundles, m.ID)
	case m.Step == ofp.BundleCommit:
		delete(c.bundles, m.ID)
		if ok, err := c.commit(b, &m); err != nil || !ok {
			if err == nil {
				err = c.bundleError(xid, msg, bundleMessage)
			}
			return err
		}
	}
	m.Step++
	return c.Put(xid, &m)
}

func (c *Conn) addToBundle(xid uint32, msg []byte, add ofp.BundleAdd) error {
	b := c.bundles[add.ID]
	if b == nil {
		return c.bundleError(xid, msg, bundleBadID)
	}
	if _, err := ofp.Decode(add.Inner); err != nil { // dropped, and told, as Open vSwitch does
		return c.refuse(xid, msg, &ofp.Error{Type: badRequest, Code: 6})
	}
	b.messages = append(b.messages, bytes.Clone(add.Inner))
	return nil
}

// commit carries a bundle out, and reports whether it did.
func (c *Conn) commit(b *bundle, control *ofp.BundleControl) (done bool, err error) {
	mods := make([]ofp.Message, len(b.messages))
	for i, msg := range b.messages {
		if mods[i], err = ofp.Decode(msg); err != nil {
			return false, err
		}
	}
	f := c.s.change(mods, c, control)
	if f == nil {
		return true, nil
	}
	if len(b.messages) == 0 {
		return false, nil
	}
	msg := b.messages[f.at]
	h, err := ofp.ParseHeader(msg)
	if err != nil {
		return false, err
	}
	return false, c.refuse(h.Xid, msg, f.err)
}

func (c *Conn) bundleError(xid uint32, msg []byte, code uint16) error {
	return c.refuse(xid, msg, &ofp.Error{Type: ofp.ErrorExperimenter, Code: code, Experimenter: ofp.ONF})
}
