package ned_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/ned"
)

// pair is a switch and a controller at once: the controller wants a bridge and
// remembers what was said of it.
type pair struct {
	want    bridge.Bridge
	have    bridge.Bridge
	reports []bridge.Report
}

func (*pair) Changed() <-chan struct{} { return nil }

func (p *pair) Read(context.Context, string) (bridge.Bridge, []bridge.PortState, bool, error) {
	return p.have, nil, p.have.Name != "", nil
}

func (p *pair) Apply(_ context.Context, _ string, changes []bridge.Change) error {
	for _, c := range changes {
		if c.Action == bridge.Create {
			p.have = c.Bridge
			continue
		}
		p.have.Ports = append(p.have.Ports, c.Port)
	}
	return nil
}

func (p *pair) Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error {
	wanted(bridge.Wanted{Revision: 1, Bridge: p.want})
	for {
		select {
		case r := <-reports:
			p.reports = append(p.reports, r)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestKeepsTunnelsAndRefusesWorkloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pair{want: bridge.Bridge{Name: bridge.NED, Ports: []bridge.Port{
			{Name: bridge.PatchPeer, Kind: bridge.Patch, Number: 1, Peer: bridge.PatchName},
			{Name: "w1", Kind: bridge.Workload, Number: 2, Workload: "voice"},
		}}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			ned.New(p, p, agent.Config{Node: "n1"}).Run(ctx)
		}()
		synctest.Wait()
		cancel()
		<-done
		if len(p.have.Ports) != 1 || p.have.Ports[0].Kind != bridge.Patch {
			t.Errorf("ports = %+v, want the patch alone", p.have.Ports)
		}
		last := p.reports[len(p.reports)-1]
		if last.Bridge != bridge.NED || len(last.Ports) != 2 || !strings.Contains(last.Ports[1].Message, "cannot be attached") {
			t.Errorf("report = %+v, want a word about the workload", last)
		}
	})
}
