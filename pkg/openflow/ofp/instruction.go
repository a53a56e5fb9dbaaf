package ofp

import "fmt"

// An InstructionType tells the instructions apart (section 7.2.4).
type InstructionType uint16

// The types of instruction.
const (
	InstructionGoto          InstructionType = 1
	InstructionWriteMetadata InstructionType = 2
	InstructionWriteActions  InstructionType = 3
	InstructionApplyActions  InstructionType = 4
	InstructionClearActions  InstructionType = 5
	InstructionMeter         InstructionType = 6
)

// An Instruction says what a flow does with a frame. Types that are not known
// here keep the bytes behind their type and length in Raw.
type Instruction struct {
	Type     InstructionType
	Table    uint8  // of a goto
	Meter    uint32 // of a meter
	Metadata uint64 // of a write-metadata
	Mask     uint64 // of a write-metadata
	Actions  []Action
	Raw      []byte
}

func (i *Instruction) append(b []byte) []byte {
	start := len(b)
	b = be.AppendUint16(b, uint16(i.Type))
	b = append(b, 0, 0)
	switch i.Type {
	case InstructionGoto:
		b = append(b, i.Table, 0, 0, 0)
	case InstructionWriteMetadata:
		b = pad(b, 4)
		b = be.AppendUint64(b, i.Metadata)
		b = be.AppendUint64(b, i.Mask)
	case InstructionWriteActions, InstructionApplyActions, InstructionClearActions:
		b = appendActions(pad(b, 4), i.Actions)
	case InstructionMeter:
		b = be.AppendUint32(b, i.Meter)
	default:
		b = append(b, i.Raw...)
	}
	patch(b, start, start+2)
	return b
}

func (i *Instruction) decode(p []byte) (err error) {
	*i = Instruction{Type: InstructionType(be.Uint16(p)), Actions: i.Actions[:0]}
	want := len(p)
	switch i.Type {
	case InstructionGoto:
		want = 8
		i.Table = p[4]
	case InstructionWriteMetadata:
		want = 24
		if len(p) == want {
			i.Metadata, i.Mask = be.Uint64(p[8:]), be.Uint64(p[16:])
		}
	case InstructionWriteActions, InstructionApplyActions, InstructionClearActions:
		i.Actions, err = decodeActions(i.Actions, p[8:])
	case InstructionMeter:
		want = 8
		i.Meter = be.Uint32(p[4:])
	default:
		i.Raw = p[4:]
	}
	if len(p) != want {
		return fmt.Errorf("%w: instruction %d has %d bytes", ErrLength, i.Type, len(p))
	}
	return err
}

func appendInstructions(b []byte, list []Instruction) []byte {
	for i := range list {
		b = list[i].append(b)
	}
	return b
}

func decodeInstructions(list []Instruction, b []byte) ([]Instruction, error) {
	list = list[:0]
	for len(b) > 0 {
		p, rest, err := part(b, 2, 8, "instruction")
		if err != nil {
			return nil, err
		}
		if err := Next(&list).decode(p); err != nil {
			return nil, err
		}
		b = rest
	}
	return list, nil
}
