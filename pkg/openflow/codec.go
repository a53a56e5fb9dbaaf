package openflow

import (
	"strconv"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A codec turns rules into messages and back.
type codec struct {
	tables [256]*flow.Table
	prefix uint64 // of every cookie: product and round
}

func newCodec(c Config) *codec {
	k := &codec{prefix: uint64(c.Product)<<48 | uint64(c.Round)<<32}
	for i := range k.tables {
		k.tables[i] = &flow.Table{ID: uint8(i), Name: strconv.Itoa(i)}
	}
	for _, t := range c.Tables {
		k.tables[t.ID] = t
	}
	return k
}

// cookie is the product, the round and the owner.
func (k *codec) cookie(n slice.Network) uint64 { return k.prefix | uint64(n) }

// learnedRound stands in the place of the round in the cookie of a flow that
// was learned.
const learnedRound = 0xffff

// learned is the cookie of what was learned of a network.
func (k *codec) learned(n slice.Network) uint64 {
	return k.prefix | learnedRound<<32 | uint64(n)
}

// isLearned reads what learned wrote.
func isLearned(cookie uint64) bool { return cookie>>32&0xffff == learnedRound }

// owner reads a cookie. A flow of an earlier round is ours as well.
func (k *codec) owner(cookie uint64) (slice.Network, bool) {
	return slice.Network(uint32(cookie)), cookie>>48 == k.prefix>>48
}

// oxmFields pairs the fields of a match with those of the wire, in the order of
// the former.
var oxmFields = [flow.Fields]struct {
	of     flow.Field
	number uint8
	bits   int
	masks  bool // may be matched in part
}{
	{flow.FieldInPort, 0, 32, false},
	{flow.FieldMetadata, 2, 64, true},
	{flow.FieldTunnel, 38, 64, true},
	{flow.FieldVLAN, 6, 13, true},
	{flow.FieldEthSrc, 4, 48, true},
	{flow.FieldEthDst, 3, 48, true},
	{flow.FieldEthType, 5, 16, false},
	{flow.FieldIPProto, 10, 8, false},
	{flow.FieldIPv4Src, 11, 32, true},
	{flow.FieldIPv6Src, 26, 128, true},
	{flow.FieldUDPSrc, 15, 16, false},
	{flow.FieldUDPDst, 16, 16, false},
	{flow.FieldARPOp, 21, 16, false},
	{flow.FieldARPSender, 22, 32, true},
	{flow.FieldARPHardware, 24, 48, false},
	{flow.FieldICMPv6Type, 29, 8, false},
	{flow.FieldNDTarget, 31, 128, true},
	{flow.FieldNDSource, 32, 48, false},
	{flow.FieldNDOwner, 33, 48, false},
}
