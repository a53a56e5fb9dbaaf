// Package ned is the agent of a Network Edge Device: it keeps br-ned of one
// gateway node. No workload is attached there; its ports lead to other NEDs
// and to br-sps beside it.
//
//	ned.New(db, client, cfg).Run(ctx)
package ned

import (
	"context"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// New returns the agent of a Network Edge Device.
func New(sw agent.Switch, ctl agent.Controller, cfg agent.Config) *agent.Agent {
	cfg.Bridge = bridge.NED
	return agent.New(sw, nobody{}, ctl, cfg)
}

// nobody is the plugger of a switch without workloads.
type nobody struct{}

func (nobody) Plug(_ context.Context, p bridge.Port) (bool, error) {
	return false, slice.Errorf(slice.Invalid, "workload %s cannot be attached to a NED", p.Workload)
}

func (nobody) Unplug(context.Context, bridge.Port) error { return nil }

func (nobody) Members() []slice.Workload { return nil }
