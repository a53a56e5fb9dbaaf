package openflow

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Rules reads everything the switch holds.
func (s *Session) Rules(ctx context.Context) (flow.Rules, error) {
	var r flow.Rules
	flows, err := s.flowStats(ctx)
	if err != nil {
		return r, err
	}
	groups, err := ask(ctx, s, ofp.KindGroupDesc, nil, ofp.ParseGroupDescs)
	if err != nil {
		return r, fmt.Errorf("read groups: %w", err)
	}
	meters, err := ask(ctx, s, ofp.KindMeterConfig, ofp.AppendMeterRequest(nil, ofp.MeterAll), ofp.ParseMeterConfigs)
	if err != nil {
		return r, fmt.Errorf("read meters: %w", err)
	}
	for i := range flows {
		r.Flows = append(r.Flows, s.rules.flow(&flows[i]))
	}
	for i := range groups {
		r.Groups = append(r.Groups, group(&groups[i]))
	}
	for i := range meters {
		r.Meters = append(r.Meters, meter(&meters[i]))
	}
	return r, nil
}

func (s *Session) flowStats(ctx context.Context) ([]ofp.FlowStats, error) {
	list, err := ask(ctx, s, ofp.KindFlow, ofp.AppendFlowRequest(nil, ofp.AllFlows), ofp.ParseFlowStats)
	if err != nil {
		return nil, fmt.Errorf("read flows: %w", err)
	}
	return list, nil
}

// ask reads a list of one kind.
func ask[T any](ctx context.Context, s *Session, kind ofp.Kind, request []byte, parse func([]byte) (T, error)) (T, error) {
	body, err := s.list(ctx, kind, request)
	if err != nil {
		var none T
		return none, err
	}
	return parse(body)
}

// A FlowCount says how much a flow has carried.
type FlowCount struct {
	Packets, Bytes uint64
}

// FlowStats returns how much each flow has carried, by the text of the flow.
func (s *Session) FlowStats(ctx context.Context) (map[string]FlowCount, error) {
	list, err := s.flowStats(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]FlowCount, len(list))
	for i := range list {
		counts[s.rules.flow(&list[i]).String()] = FlowCount{list[i].Packets, list[i].Bytes}
	}
	return counts, nil
}

// A PortCount says how much a port has carried. A counter that the switch does
// not keep has all bits set.
type PortCount struct {
	Port                                   slice.Port
	RxPackets, TxPackets, RxBytes, TxBytes uint64
}

// PortStats returns how much each port has carried.
func (s *Session) PortStats(ctx context.Context) ([]PortCount, error) {
	list, err := ask(ctx, s, ofp.KindPortStats, ofp.AppendPortRequest(nil, ofp.PortAny), ofp.ParsePortStats)
	if err != nil {
		return nil, fmt.Errorf("read port counters: %w", err)
	}
	counts := make([]PortCount, len(list))
	for i, p := range list {
		counts[i] = PortCount{slice.Port(p.Port), p.RxPackets, p.TxPackets, p.RxBytes, p.TxBytes}
	}
	return counts, nil
}

// Ports returns the ports of the switch.
func (s *Session) Ports(ctx context.Context) ([]Port, error) {
	list, err := ask(ctx, s, ofp.KindPortDesc, nil, ofp.ParsePorts)
	if err != nil {
		return nil, fmt.Errorf("read ports: %w", err)
	}
	ports := make([]Port, len(list))
	for i := range list {
		ports[i] = portOf(&list[i])
	}
	return ports, nil
}
