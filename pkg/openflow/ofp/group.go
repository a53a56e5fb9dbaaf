package ofp

import "fmt"

// The types of group (section 7.3.4.2).
const (
	GroupTypeAll          uint8 = 0
	GroupTypeSelect       uint8 = 1
	GroupTypeIndirect     uint8 = 2
	GroupTypeFastFailover uint8 = 3
)

// A GroupMod puts or takes a group.
type GroupMod struct {
	Command Command
	Type    uint8
	ID      uint32
	Buckets []Bucket
}

// A Bucket is one way out of a group.
type Bucket struct {
	Weight     uint16
	WatchPort  uint32
	WatchGroup uint32
	Actions    []Action
}

// Append implements Message.
func (m *GroupMod) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeGroupMod, xid)
	b = append(b, 0, byte(m.Command), m.Type, 0)
	b = be.AppendUint32(b, m.ID)
	return finish(appendBuckets(b, m.Buckets), start)
}

// Decode reads a group-mod.
func (m *GroupMod) Decode(msg []byte) error {
	_, b, err := open(msg, 8, TypeGroupMod)
	if err != nil {
		return err
	}
	if b[0] != 0 {
		return fmt.Errorf("openflow: group-mod of command %d", be.Uint16(b))
	}
	*m = GroupMod{Command(b[1]), b[2], be.Uint32(b[4:]), m.Buckets}
	m.Buckets, err = decodeBuckets(m.Buckets, b[8:])
	return err
}

func appendBuckets(b []byte, list []Bucket) []byte {
	for _, k := range list {
		start := len(b)
		b = append(b, 0, 0)
		b = be.AppendUint16(b, k.Weight)
		b = be.AppendUint32(b, k.WatchPort)
		b = be.AppendUint32(b, k.WatchGroup)
		b = appendActions(pad(b, 4), k.Actions)
		patch(b, start, start)
	}
	return b
}

func decodeBuckets(list []Bucket, b []byte) ([]Bucket, error) {
	list = list[:0]
	for len(b) > 0 {
		p, rest, err := part(b, 0, 16, "bucket")
		if err != nil {
			return nil, err
		}
		k := Next(&list)
		*k = Bucket{be.Uint16(p[2:]), be.Uint32(p[4:]), be.Uint32(p[8:]), k.Actions}
		if k.Actions, err = decodeActions(k.Actions, p[16:]); err != nil {
			return nil, err
		}
		b = rest
	}
	return list, nil
}
