// Package ofp writes and reads the messages of OpenFlow 1.3 (ONF OpenFlow
// Switch Specification 1.3.5) and the ONF bundle extension 230. It opens no
// connection and keeps no state: package openflow does.
//
//	m := ofp.FlowMod{Table: 0, Priority: 100, Match: ofp.Match{ofp.InPort(3)}}
//	b, err := m.Append(b[:0], xid)
//
// Encoders append to a slice that the caller owns and allocate nothing else.
// Decoders take one whole message, check every length before they use it, and
// keep what they do not know as bytes, so that a message that was read can be
// written again. Byte slices in a decoded value lie in the message that was
// read: copy what must outlive it. A value may be decoded into again and
// reuses its slices.
package ofp
