package openflow

import (
	"context"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// SendTunnel has the switch send a frame out of a tunnel port under a VNI.
func (s *Session) SendTunnel(ctx context.Context, out slice.Port, vni slice.Network, frame []byte) error {
	return s.send(ctx, &ofp.PacketOut{
		BufferID: ofp.NoBuffer, InPort: ofp.PortController,
		Actions: []ofp.Action{ofp.SetField(ofp.Exact(ofp.FieldTunnel, uint64(vni))), ofp.Output(uint32(out))}, Data: frame,
	})
}

// Barrier returns when the switch has done everything that was sent before.
func (s *Session) Barrier(ctx context.Context) error { return s.barrier(ctx) }
