// Package pipeline turns one network and the graph of a fabric into the rules
// of every switch that carries it. It computes and never sends: the same
// network and graph always give the same rules. It knows nothing of other
// networks; package fabric puts the rules of all of them together, with Base.
//
//	plan, err := pipeline.Compile(network, graph)
//
// Numbers that cannot collide: everything of a network carries the network's
// number, as metadata, as VNI, as the number of its flood group and as owner.
// A meter belongs to one tenant port and has a number made of that of the port;
// a tenant port is in one network only.
package pipeline

import "github.com/l2sces/l2sces/pkg/flow"

// The tables of every switch of a fabric, last one first. The page
// docs/pipeline.md has a part for each.
var (
	Flood = &flow.Table{
		ID: 5, Name: "Flood",
		Fields: []flow.Field{flow.FieldMetadata},
	}
	Forward = &flow.Table{
		ID: 4, Name: "Forward",
		Fields: []flow.Field{flow.FieldInPort, flow.FieldMetadata, flow.FieldVLAN, flow.FieldEthSrc, flow.FieldEthDst, flow.FieldEthType},
		Next:   []*flow.Table{Flood},
	}
	Mirror = &flow.Table{
		ID: 3, Name: "Mirror",
		Fields: []flow.Field{flow.FieldMetadata},
		Next:   []*flow.Table{Forward},
	}
	Limit = &flow.Table{
		ID: 2, Name: "Limit",
		Fields: []flow.Field{flow.FieldInPort, flow.FieldEthDst},
		Next:   []*flow.Table{Mirror},
	}
	Guard = &flow.Table{
		ID: 1, Name: "Guard",
		Fields: []flow.Field{
			flow.FieldInPort, flow.FieldVLAN, flow.FieldEthSrc, flow.FieldEthDst, flow.FieldEthType,
			flow.FieldIPProto, flow.FieldIPv4Src, flow.FieldIPv6Src, flow.FieldUDPSrc, flow.FieldUDPDst,
			flow.FieldARPOp, flow.FieldARPSender, flow.FieldARPHardware,
			flow.FieldICMPv6Type, flow.FieldNDTarget, flow.FieldNDSource, flow.FieldNDOwner,
		},
		Next: []*flow.Table{Limit},
	}
	Classify = &flow.Table{
		ID: 0, Name: "Classify",
		Fields: []flow.Field{flow.FieldInPort, flow.FieldTunnel, flow.FieldVLAN, flow.FieldEthType},
		Next:   []*flow.Table{Guard, Forward},
	}
)

// Tables holds the tables; each stands at the place of its number.
var Tables = []*flow.Table{Classify, Guard, Limit, Mirror, Forward, Flood}
