package nbi

import (
	"context"
	"slices"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Trace answers why a frame does, or does not, arrive.
func (a *api) Trace(ctx context.Context, r rest.TraceRequestObject) (rest.TraceResponseObject, error) {
	q := fabric.Question{From: r.Params.From, To: r.Params.To}
	if err := q.Network.UnmarshalText([]byte(r.Params.Network)); err != nil {
		return nil, err
	}
	var err error
	if q.Held, err = fromSwitch(r.Params.Source); err != nil {
		return nil, err
	}
	found, err := a.conf.Switches.Trace(ctx, q)
	if slice.KindOf(err) == slice.NotFound && err != nil {
		// A workload that no node has is a better answer than a port that is
		// not there.
		if why := a.missing(q); why != "" {
			found, err = fabric.Trace{Why: why}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	answer := rest.Trace200JSONResponse{
		Network: r.Params.Network, From: q.From, To: q.To, Source: rest.SourceWanted,
		Reached: found.Reached, Why: found.Why, Frame: text(found.Frame), Steps: []rest.Step{},
	}
	if q.Held {
		answer.Source = rest.SourceSwitch
	}
	names := a.nodes()
	ends := []rest.End{}
	for _, e := range found.Delivered {
		ends = append(ends, end(names, e))
	}
	answer.Delivered = &ends
	for _, s := range found.Steps {
		answer.Steps = append(answer.Steps, rest.Step{
			Switch: s.Switch.String(), Node: string(s.Node), InPort: int(s.In), Table: s.Table, Flow: text(s.Flow), Says: s.Says,
		})
	}
	return answer, nil
}

// missing says why a workload of the question is not attached, if it is to be.
func (a *api) missing(q fabric.Question) string {
	status, err := a.conf.Networks.Status(q.Network)
	if err != nil {
		return ""
	}
	for _, p := range status.Ports {
		if (string(p.Workload) == q.From || string(p.Workload) == q.To) && !p.Ready {
			return string(p.Workload) + " is not attached: " + p.Message
		}
	}
	return ""
}

// GetPaths answers the ways of a network.
func (a *api) GetPaths(ctx context.Context, r rest.GetPathsRequestObject) (rest.GetPathsResponseObject, error) {
	id := idOf(r.Slice, r.Network)
	s, err := a.conf.Networks.Segment(id)
	if err != nil {
		return nil, err
	}
	answer := rest.GetPaths200JSONResponse{Links: []string{}, Pairs: []rest.Path{}}
	s.Ports = s.Ports[:min(len(s.Ports), maxPorts)]
	for _, from := range s.Ports {
		for _, to := range s.Ports {
			if from.Workload == to.Workload {
				continue
			}
			pair, links := a.pair(ctx, fabric.Question{Network: id, From: string(from.Workload), To: string(to.Workload)})
			answer.Pairs, answer.Links = append(answer.Pairs, pair), append(answer.Links, links...)
		}
	}
	slices.Sort(answer.Links)
	answer.Links = slices.Compact(answer.Links)
	return answer, nil
}

// pair returns the way between two workloads, and the links on it.
func (a *api) pair(ctx context.Context, q fabric.Question) (rest.Path, []string) {
	found, err := a.conf.Switches.Trace(ctx, q)
	if err != nil {
		found.Why = err.Error()
	}
	p := rest.Path{From: q.From, To: q.To, Nodes: []string{}}
	if !found.Reached {
		p.Message = text(found.Why)
	}
	for _, step := range found.Steps {
		p.Nodes = append(p.Nodes, string(step.Node))
	}
	p.Nodes = slices.Compact(p.Nodes)
	return p, found.Links
}

// maxPorts is how many ports of a network are paired at most.
const maxPorts = 32
