package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// patience is the number of passes before a port that did not get its number
// is made anew again.
const patience = 30

// pass looks, compares, applies and reports, once. The error says why the
// bridge is not as wanted; the report says the same.
func (a *Agent) pass(ctx context.Context) (bridge.Report, error) {
	a.mu.Lock()
	wanted := a.wanted
	a.mu.Unlock()
	report := bridge.Report{Domain: a.cfg.Domain, Node: a.cfg.Node, Bridge: a.cfg.Bridge, Tunnel: a.cfg.Tunnel, Members: a.plug.Members()}
	size, unsized := a.size()
	report.MTU = size
	ports, err := a.converge(ctx, wanted, report)
	report.Ports, err = ports, errors.Join(unsized, err)
	a.mu.Lock()
	if err == nil && wanted != nil && a.current && a.wanted == wanted {
		a.inPlace = wanted.Revision
	}
	report.Applied = a.inPlace
	a.mu.Unlock()
	if err != nil {
		report.Message = err.Error()
	}
	return report, err
}

// size returns the largest inner packet that fits into a tunnel.
func (a *Agent) size() (uint32, error) {
	mtu, err := a.cfg.MTU()
	if err != nil {
		return 0, fmt.Errorf("size of packets on the underlay: %w", err)
	}
	overhead := overhead4
	if a.cfg.Tunnel.Is6() && !a.cfg.Tunnel.Is4In6() {
		overhead = overhead6
	}
	return uint32(max(0, mtu-overhead)), nil
}

// converge makes the bridge as wanted and returns the state of its ports.
func (a *Agent) converge(ctx context.Context, wanted *bridge.Wanted, report bridge.Report) ([]bridge.PortState, error) {
	have, states, _, err := a.sw.Read(ctx, a.cfg.Bridge)
	if err != nil || wanted == nil {
		return states, err
	}
	want := wanted.Bridge
	if want.Name != a.cfg.Bridge {
		return states, slice.Errorf(slice.Invalid, "the controller wants a bridge %q here", want.Name)
	}
	want.Datapath = a.cfg.Datapath
	if len(have.Faults) > 0 {
		a.alarm(have, states, report)
	}
	fresh, troubles := a.plugs(ctx, have, want)
	if have, err = a.release(ctx, have, fresh); err != nil {
		return states, err
	}
	want.Ports = slices.DeleteFunc(slices.Clone(want.Ports), func(p bridge.Port) bool {
		return troubles[p.Name] != nil && !holds(have, p.Name) // no device, no port
	})
	if changes := bridge.Diff(have, want); len(changes) > 0 {
		a.cfg.Log.Debug("changing bridge", "changes", changes)
		if err := a.sw.Apply(ctx, want.Name, changes); err != nil {
			return states, err
		}
	}
	states, err = a.numbers(ctx, want)
	return describe(wanted.Bridge, states, troubles), err
}

// alarm reports that someone made a bridge unsafe, before it is mended.
func (a *Agent) alarm(have bridge.Bridge, states []bridge.PortState, report bridge.Report) {
	report.Ports = states
	report.Message = have.Name + " was not safe and is mended: " + strings.Join(have.Faults, "; ")
	a.cfg.Log.Warn("bridge was not safe", "faults", have.Faults)
	a.out.put(report)
}

// release takes ports away whose device was made anew, and returns what is
// left. A switch in user space goes on listening to the device that was.
func (a *Agent) release(ctx context.Context, have bridge.Bridge, fresh map[string]bool) (bridge.Bridge, error) {
	var changes []bridge.Change
	have.Ports = slices.DeleteFunc(slices.Clone(have.Ports), func(p bridge.Port) bool {
		if fresh[p.Name] {
			changes = append(changes, bridge.Change{Action: bridge.Remove, Port: p})
		}
		return fresh[p.Name]
	})
	if len(changes) == 0 {
		return have, nil
	}
	return have, a.sw.Apply(ctx, have.Name, changes)
}

// plugs unplugs what goes and plugs what is wanted, and returns which ports
// are fresh and by port what went wrong. What goes is unplugged while the bridge still remembers it, so
// that an agent which dies in between does it again.
func (a *Agent) plugs(ctx context.Context, have, want bridge.Bridge) (fresh map[string]bool, troubles map[string]error) {
	fresh, troubles = map[string]bool{}, map[string]error{}
	for _, old := range have.Ports {
		i := slices.IndexFunc(want.Ports, func(p bridge.Port) bool { return p.Name == old.Name })
		stays := i >= 0 && want.Ports[i].Workload == old.Workload && want.Ports[i].Interface == old.Interface
		if old.Kind == bridge.Workload && !stays {
			if err := a.plug.Unplug(ctx, old); err != nil {
				a.cfg.Log.Warn("port not unplugged", "port", old.Name, "error", err)
			}
		}
	}
	for _, p := range want.Ports {
		if p.Kind != bridge.Workload {
			continue
		}
		made, err := a.plug.Plug(ctx, p)
		if err != nil {
			troubles[p.Name] = err
		}
		fresh[p.Name] = made
	}
	return fresh, troubles
}

// numbers sees to it that every port has the number that it asked for. A port
// with another one is taken away and added again, since the switch gives a
// number away only once it is free.
func (a *Agent) numbers(ctx context.Context, want bridge.Bridge) ([]bridge.PortState, error) {
	_, states, _, err := a.sw.Read(ctx, want.Name)
	if err != nil {
		return nil, err
	}
	var again []bridge.Port
	for _, p := range strays(want, states) {
		if a.mended[p.Name]%patience == 0 {
			again = append(again, p)
		}
		a.mended[p.Name]++
	}
	for _, action := range []bridge.Action{bridge.Remove, bridge.Add} {
		var changes []bridge.Change
		for _, p := range again {
			changes = append(changes, bridge.Change{Action: action, Port: p})
		}
		if len(changes) == 0 {
			continue
		}
		if err := a.sw.Apply(ctx, want.Name, changes); err != nil {
			return states, err
		}
	}
	if len(again) > 0 {
		if _, states, _, err = a.sw.Read(ctx, want.Name); err != nil {
			return nil, err
		}
	}
	return states, a.judge(want, states)
}

// judge returns what is wrong with the numbers, and forgets the ports that are
// right.
func (a *Agent) judge(want bridge.Bridge, states []bridge.PortState) error {
	var wrong []error
	bad := map[string]bool{}
	for _, p := range strays(want, states) {
		bad[p.Name] = true
		wrong = append(wrong, slice.Errorf(slice.Conflict, "port %s did not get number %d", p.Name, p.Number))
	}
	for name := range a.mended {
		if !bad[name] {
			delete(a.mended, name)
		}
	}
	return errors.Join(wrong...)
}

// strays returns the wanted ports that are there under another number.
func strays(want bridge.Bridge, states []bridge.PortState) []bridge.Port {
	var all []bridge.Port
	for _, s := range states {
		for _, p := range want.Ports {
			if p.Name == s.Name && p.Number != 0 && s.Number != 0 && p.Number != s.Number {
				all = append(all, p)
			}
		}
	}
	return all
}

// describe returns the state of every wanted port, also of those that are not
// there.
func describe(want bridge.Bridge, states []bridge.PortState, troubles map[string]error) []bridge.PortState {
	var all []bridge.PortState
	for _, p := range want.Ports {
		s := bridge.PortState{Name: p.Name}
		if i := slices.IndexFunc(states, func(s bridge.PortState) bool { return s.Name == p.Name }); i >= 0 {
			s = states[i]
		}
		if err := troubles[p.Name]; err != nil {
			s.Message = err.Error()
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b bridge.PortState) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func holds(b bridge.Bridge, port string) bool {
	return slices.ContainsFunc(b.Ports, func(p bridge.Port) bool { return p.Name == port })
}
