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
	body, err := s.list(ctx, ofp.KindFlow, ofp.AppendFlowRequest(nil, ofp.AllFlows))
	if err == nil {
		err = s.rules.eachFlow(body, func(f flow.Flow, _ *ofp.FlowStats) { r.Flows = append(r.Flows, f) })
	}
	if err != nil {
		return r, fmt.Errorf("read flows: %w", err)
	}
	groups, err := ask(ctx, s, ofp.KindGroupDesc, nil, ofp.ParseGroupDescs)
	if err != nil {
		return r, fmt.Errorf("read groups: %w", err)
	}
	meters, err := ask(ctx, s, ofp.KindMeterConfig, ofp.AppendMeterRequest(nil, ofp.MeterAll), ofp.ParseMeterConfigs)
	if err != nil {
		return r, fmt.Errorf("read meters: %w", err)
	}
	for i := range groups {
		r.Groups = append(r.Groups, group(&groups[i]))
	}
	for i := range meters {
		r.Meters = append(r.Meters, meter(&meters[i]))
	}
	return r, nil
}

// eachFlow reads the body of a flow reply.
func (k *codec) eachFlow(b []byte, do func(flow.Flow, *ofp.FlowStats)) error {
	r := reader{codec: k}
	var st ofp.FlowStats
	for len(b) > 0 {
		rest, err := st.Decode(b)
		if err != nil {
			return err
		}
		do(r.flow(&st), &st)
		b = rest
	}
	return nil
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
	body, err := s.list(ctx, ofp.KindFlow, ofp.AppendFlowRequest(nil, ofp.AllFlows))
	counts := map[string]FlowCount{}
	if err == nil {
		err = s.rules.eachFlow(body, func(f flow.Flow, st *ofp.FlowStats) { counts[f.String()] = FlowCount{st.Packets, st.Bytes} })
	}
	if err != nil {
		return nil, fmt.Errorf("read flows: %w", err)
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
