package ofp

import "fmt"

// The flags of a meter (section 7.3.4.4).
const (
	MeterKbps  uint16 = 1
	MeterPktps uint16 = 2
	MeterBurst uint16 = 4
	MeterStats uint16 = 8
)

// MeterAll stands for every meter in a delete or a request.
const MeterAll uint32 = 0xffffffff

// The types of meter band.
const (
	BandDrop uint16 = 1
	BandDSCP uint16 = 2
)

// A MeterMod puts or takes a meter.
type MeterMod struct {
	Command Command
	Flags   uint16
	ID      uint32
	Bands   []Band
}

// A Band says what a meter does beyond a rate. Rest are the bytes behind rate
// and burst: padding for a drop band.
type Band struct {
	Type  uint16
	Rate  uint32
	Burst uint32
	Rest  []byte
}

// Append implements Message.
func (m *MeterMod) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = begin(b, TypeMeterMod, xid)
	b = append(b, 0, byte(m.Command))
	b = be.AppendUint16(b, m.Flags)
	b = be.AppendUint32(b, m.ID)
	return finish(appendBands(b, m.Bands), start)
}

// Decode reads a meter-mod.
func (m *MeterMod) Decode(msg []byte) error {
	_, b, err := open(msg, 8, TypeMeterMod)
	if err != nil {
		return err
	}
	if b[0] != 0 {
		return fmt.Errorf("openflow: meter-mod of command %d", be.Uint16(b))
	}
	*m = MeterMod{Command(b[1]), be.Uint16(b[2:]), be.Uint32(b[4:]), m.Bands}
	m.Bands, err = decodeBands(m.Bands, b[8:])
	return err
}

func appendBands(b []byte, list []Band) []byte {
	for _, d := range list {
		start := len(b)
		b = be.AppendUint16(b, d.Type)
		b = append(b, 0, 0)
		b = be.AppendUint32(b, d.Rate)
		b = be.AppendUint32(b, d.Burst)
		if d.Rest == nil {
			b = pad(b, 4)
		}
		b = append(b, d.Rest...)
		patch(b, start, start+2)
	}
	return b
}

// bandLen is the least length of a band: type, length, rate and burst.
const bandLen = 12

// decodeBands does not insist on multiples of eight: the standard does not ask
// for them here.
func decodeBands(list []Band, b []byte) ([]Band, error) {
	list = list[:0]
	for len(b) > 0 {
		p, rest, err := piece(b, 2, bandLen, "meter band")
		if err != nil {
			return nil, err
		}
		*Next(&list) = Band{be.Uint16(p), be.Uint32(p[4:]), be.Uint32(p[8:]), p[bandLen:len(p):len(p)]}
		b = rest
	}
	return list, nil
}
