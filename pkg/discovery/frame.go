package discovery

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A probe is a frame of LLDP (IEEE 802.1AB, section 8) that always has the
// same four parts: chassis, port, time to live, and one of our own, which
// holds what makes the frame ours and unique.
const (
	atDPID     = 17
	atPort     = 28
	atInstance = 42
	atSequence = 50
	atNonce    = 58
	atSum      = 66
	sumSize    = 16
	frameSize  = atSum + sumSize + 2

	atType = 12
	lldp   = 0x88cc
)

// blank is a probe in which nothing is filled in.
var blank = func() []byte {
	f := make([]byte, frameSize)
	copy(f, []byte{0x01, 0x80, 0xc2, 0, 0, 0x0e, 0x02}) // nearest bridge; a local sender
	binary.BigEndian.PutUint16(f[atType:], lldp)
	copy(f[14:], []byte{1 << 1, 9, 7})                               // chassis, locally assigned
	copy(f[25:], []byte{2 << 1, 5, 7})                               // port, locally assigned
	copy(f[32:], []byte{3 << 1, 2, 0, 1})                            // one second to live
	copy(f[36:], []byte{127 << 1, 4 + 24 + sumSize, 2, 'L', '2', 1}) // ours
	return f
}()

// A stamp is what a probe says.
type stamp struct {
	from     topology.End
	instance uint64 // of the prober
	sequence uint64
	nonce    uint64
}

// A seal makes probes and knows them again. It is not for several goroutines.
type seal struct{ mac hash.Hash }

func newSeal(key []byte) seal { return seal{hmac.New(sha256.New, key)} }

// frame returns the probe with a stamp.
func (s seal) frame(t stamp) []byte {
	f := bytes.Clone(blank)
	be := binary.BigEndian
	var id [8]byte
	be.PutUint64(id[:], uint64(t.from.Switch))
	copy(f[7:12], id[3:])
	copy(f[atDPID:], id[:])
	be.PutUint32(f[atPort:], uint32(t.from.Port))
	be.PutUint64(f[atInstance:], t.instance)
	be.PutUint64(f[atSequence:], t.sequence)
	be.PutUint64(f[atNonce:], t.nonce)
	copy(f[atSum:], s.sum(f))
	return f
}

// sum authenticates everything before it.
func (s seal) sum(f []byte) []byte {
	s.mac.Reset()
	s.mac.Write(f[14:atSum])
	return s.mac.Sum(nil)[:sumSize]
}

// A verdict says whose frame it is.
type verdict uint8

const (
	strange     verdict = iota // LLDP of some other device, or something else
	counterfeit                // looks like a probe and is none of ours
	genuine
)

// read returns what a probe says.
func (s seal) read(f []byte) (stamp, verdict) {
	if len(f) < frameSize || !bytes.Equal(f[36:atInstance], blank[36:atInstance]) || !bytes.Equal(f[atType:atType+2], blank[atType:atType+2]) {
		return stamp{}, strange
	}
	be := binary.BigEndian
	t := stamp{
		from:     topology.End{Switch: slice.DPID(be.Uint64(f[atDPID:])), Port: slice.Port(be.Uint32(f[atPort:]))},
		instance: be.Uint64(f[atInstance:]), sequence: be.Uint64(f[atSequence:]), nonce: be.Uint64(f[atNonce:]),
	}
	if !hmac.Equal(f[atSum:atSum+sumSize], s.sum(f)) {
		return t, counterfeit
	}
	return t, genuine
}

// Discovers reports whether a frame is one of discovery: LLDP, whoever made it.
func Discovers(frame []byte) bool {
	return len(frame) >= atType+2 && binary.BigEndian.Uint16(frame[atType:]) == lldp
}
