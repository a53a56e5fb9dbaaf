package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An attack is one kind of frame that a tenant sends to get out of its
// network, or to be taken for somebody else.
type attack struct {
	name  string
	share int // of all frames, against the shares of the others
	// Forged frames are heard by nobody, in the network of the attacker
	// neither: they name somebody else, or talk to switches.
	forged bool
	// Stolen frames have the address of somebody who is there: a bridge that
	// learns sends what is for him to the thief, and the frame nowhere.
	stolen bool
	frame  func(a attacker, i uint32) []byte
}

// An attacker knows itself and a peer.
type attacker struct {
	me, peer     slice.MAC
	my4, peer4   netip.Addr
	my6          netip.Addr
	random       *rand.Rand
	longestFrame int
}

var (
	everyone6 = netip.MustParseAddr("ff02::1")
	nobody4   = netip.MustParseAddr("198.51.100.7")
	nobody6   = netip.MustParseAddr("fe80::ff:fe00:9ee")
	nobody    = slice.MAC{2, 0, 0, 0, 9, 0xee}
	multicast = slice.MAC{0x01, 0x00, 0x5e, 0, 0, 9}
	all6      = slice.MAC{0x33, 0x33, 0, 0, 0, 1}
)

// attacks are the rows A1, A2, A3, A5 and A6 of the threats that a tenant port
// can try. Their order is that of their streams.
var attacks = []attack{
	{"MAC of a stranger", 10, true, false, func(a attacker, _ uint32) []byte {
		return ipv4(ether(a.peer, nobody, 0), a.my4, a.peer4, 17, discard())
	}},
	{"MAC of the peer", 5, true, true, func(a attacker, _ uint32) []byte {
		return ipv4(ether(slice.Broadcast, a.peer, 0), a.my4, a.peer4, 17, discard())
	}},
	{"MAC flood", 4, true, false, func(a attacker, _ uint32) []byte {
		v := a.random.Uint32()
		return ipv4(ether(a.peer, slice.MAC{6, 1, byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}, 0), a.my4, a.peer4, 17, discard())
	}},
	{"IPv4 of a stranger", 10, true, false, func(a attacker, _ uint32) []byte {
		return ipv4(ether(a.peer, a.me, 0), nobody4, a.peer4, 17, discard())
	}},
	{"IPv6 of a stranger", 5, true, false, func(a attacker, _ uint32) []byte {
		return ipv6(ether(a.peer, a.me, 0), nobody6, everyone6, 17, discard())
	}},
	{"ARP for a stranger", 10, true, false, func(a attacker, i uint32) []byte {
		return arp(ether(slice.Broadcast, a.me, 0), uint16(1+i%2), a.me, nobody4, a.peer4)
	}},
	{"ARP with a strange MAC", 5, true, false, func(a attacker, i uint32) []byte {
		return arp(ether(a.peer, a.me, 0), uint16(1+i%2), nobody, a.my4, a.peer4)
	}},
	{"advertisement of a stranger", 5, true, false, func(a attacker, _ uint32) []byte {
		return ipv6(ether(all6, a.me, 0), a.my6, everyone6, 58, neighbour(136, nobody6, 2, a.me))
	}},
	{"solicitation with a strange MAC", 5, true, false, func(a attacker, _ uint32) []byte {
		return ipv6(ether(all6, a.me, 0), a.my6, everyone6, 58, neighbour(135, a.my6, 1, nobody))
	}},
	{"router advertisement", 5, true, false, func(a attacker, _ uint32) []byte {
		return ipv6(ether(all6, a.me, 0), a.my6, everyone6, 58, make([]byte, 16), 134)
	}},
	{"DHCP server", 5, true, false, func(a attacker, _ uint32) []byte {
		return ipv4(ether(slice.Broadcast, a.me, 0), a.my4, netip.AddrFrom4([4]byte{255, 255, 255, 255}), 17, udpBetween(67, 68))
	}},
	{"LLDP", 5, true, false, control(slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x0e}, 0x88cc)},
	{"LLDP to all", 5, true, false, control(slice.Broadcast, 0x88cc)},
	{"BDDP", 5, true, false, control(slice.Broadcast, 0x8942)},
	{"spanning tree", 5, true, false, control(slice.MAC{0x01, 0x80, 0xc2}, 39)},
	{"PVST+ and CDP", 5, true, false, func(a attacker, i uint32) []byte {
		return ether(slice.MAC{0x01, 0x00, 0x0c, 0xcc, 0xcc, byte(0xcc + i%2)}, a.me, 60)
	}},
	{"PAUSE", 5, true, false, control(slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x01}, 0x8808)},
	{"LACP", 5, true, false, control(slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x02}, 0x8809)},
	{"EAPOL", 5, true, false, control(slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x03}, 0x888e)},
	{"tag", 5, true, false, func(a attacker, i uint32) []byte {
		return ipv4(tagged(ether(a.peer, a.me, 0), 0x8100, uint16(i%4096)), a.my4, a.peer4, 17, discard())
	}},
	{"two tags", 5, true, false, func(a attacker, i uint32) []byte {
		outer := []uint16{0x8100, 0x88a8, 0x9100}[i%3]
		return ipv4(tagged(tagged(ether(slice.Broadcast, a.me, 0), outer, uint16(i%4096)), 0x8100, uint16(i/3%4096)), a.my4, a.peer4, 17, discard())
	}},
	{"MPLS", 5, true, false, control(slice.Broadcast, 0x8847)},
	{"broadcast storm", 15, false, false, func(a attacker, _ uint32) []byte {
		return ipv4(ether(slice.Broadcast, a.me, 0), a.my4, netip.AddrFrom4([4]byte{192, 0, 2, 255}), 17, discard())
	}},
	{"multicast storm", 10, false, false, func(a attacker, _ uint32) []byte {
		return ipv4(ether(multicast, a.me, 0), a.my4, netip.AddrFrom4([4]byte{224, 0, 0, 9}), 17, discard())
	}},
	{"unknown unicast storm", 15, true, false, func(a attacker, i uint32) []byte {
		return ipv4(ether(slice.MAC{2, 0, 0, 0, 8, byte(i)}, a.me, 0), a.my4, a.peer4, 17, discard())
	}},
	{"ARP scan", 10, false, false, func(a attacker, i uint32) []byte {
		return arp(ether(slice.Broadcast, a.me, 0), 1, a.me, a.my4, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}},
	{"ND scan", 5, false, false, func(a attacker, i uint32) []byte {
		b := a.my6.As16()
		b[15] = byte(i)
		return ipv6(ether(all6, a.me, 0), a.my6, everyone6, 58, neighbour(135, netip.AddrFrom16(b), 1, a.me))
	}},
	{"TCP scan", 10, false, false, func(a attacker, i uint32) []byte {
		syn := make([]byte, 20)
		binary.BigEndian.PutUint16(syn[2:], uint16(i%1024))
		syn[12], syn[13] = 5<<4, 2
		return ipv4(ether(a.peer, a.me, 0), a.my4, a.peer4, 6, syn)
	}},
	{"IP protocol scan", 5, false, false, func(a attacker, i uint32) []byte {
		return ipv4(ether(a.peer, a.me, 0), a.my4, a.peer4, byte(i), make([]byte, 8))
	}},
	{"longest frame", 2, false, false, func(a attacker, _ uint32) []byte {
		f := ipv4(ether(slice.Broadcast, a.me, 0), a.my4, a.peer4, 17, discard())
		return append(f, make([]byte, max(0, a.longestFrame-len(f)-16))...)
	}},
}

// control makes a frame that talks to switches.
func control(to slice.MAC, kind uint16) func(attacker, uint32) []byte {
	return func(a attacker, i uint32) []byte {
		return append(ether(to, a.me, kind), byte(i), byte(i>>8), 0, 0)
	}
}

// marked puts a mark at the end of a frame, which is then long enough.
func marked(frame []byte, s probe.Stream, i uint32) []byte {
	frame = probe.Mark{Stream: s, Sequence: i}.Append(frame)
	return append(frame, make([]byte, max(0, 60-len(frame)))...)
}

// ether begins a frame. The type is that of what comes next, or zero if that
// enters its own.
func ether(to, from slice.MAC, kind uint16) []byte {
	return binary.BigEndian.AppendUint16(append(append(make([]byte, 0, 128), to[:]...), from[:]...), kind)
}

// enters writes the type of what comes next into the end of a header.
func enters(frame []byte, kind uint16) []byte {
	binary.BigEndian.PutUint16(frame[len(frame)-2:], kind)
	return frame
}

func tagged(frame []byte, kind, id uint16) []byte {
	return append(binary.BigEndian.AppendUint16(enters(frame, kind), id), 0, 0)
}

// trailer is the room that IPv4 leaves for the mark.
const trailer = 16

func ipv4(frame []byte, from, to netip.Addr, proto byte, body []byte) []byte {
	h := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0}
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(body)+trailer)) //nolint:gosec // of our own frames
	h = append(append(h, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return append(append(enters(frame, 0x0800), h...), body...)
}

// ipv6 carries a body, or an ICMPv6 message of a kind without its own. The mark
// stands behind the packet: it would be an option that makes no sense.
func ipv6(frame []byte, from, to netip.Addr, proto byte, body []byte, kind ...byte) []byte {
	if len(kind) > 0 {
		body[0] = kind[0]
	}
	h := []byte{0x60, 0, 0, 0, 0, 0, proto, 255}
	binary.BigEndian.PutUint16(h[4:], uint16(len(body))) //nolint:gosec // of our own frames
	h = append(append(h, from.AsSlice()...), to.AsSlice()...)
	return append(append(enters(frame, 0x86dd), h...), body...)
}

// discard is a datagram for a port where nobody listens (RFC 863).
func discard() []byte { return udpBetween(5000, 9) }

func udpBetween(from, to uint16) []byte {
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, from), to)
	return append(binary.BigEndian.AppendUint16(b, 8+trailer), 0, 0)
}

func arp(frame []byte, op uint16, sha slice.MAC, spa, tpa netip.Addr) []byte {
	b := binary.BigEndian.AppendUint16(append(enters(frame, 0x0806), 0, 1, 8, 0, 6, 4), op)
	b = append(append(b, sha[:]...), spa.AsSlice()...)
	return append(append(b, 0, 0, 0, 0, 0, 0), tpa.AsSlice()...)
}

// neighbour is a message of neighbour discovery with one hardware address.
func neighbour(kind byte, target netip.Addr, option byte, mac slice.MAC) []byte {
	b := append([]byte{kind, 0, 0, 0, 0x20, 0, 0, 0}, target.AsSlice()...)
	return append(append(b, option, 1), mac[:]...)
}

// checksum is that of the internet (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum) //nolint:gosec // folded into 16 bits
}

// newAttacker is the first workload of a network, whose peer is the second.
func newAttacker(longest int) attacker {
	return attacker{
		me: macOf(0), peer: macOf(1), my4: netip.AddrFrom4([4]byte{192, 0, 2, 1}), peer4: netip.AddrFrom4([4]byte{192, 0, 2, 2}),
		my6: pipeline.LinkLocal(macOf(0)), random: rand.New(rand.NewPCG(1, 2)), longestFrame: longest, //nolint:gosec // no secret
	}
}
