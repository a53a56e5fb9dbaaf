package sco_test

import (
	"context"
	"maps"
	"reflect"
	"sync"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A call of a domain.
type call string

const (
	apply  call = "apply"
	remove call = "delete"
	list   call = "list"
	info   call = "info"
)

// domain is a driver with the domain behind it in memory.
type domain struct {
	gateway slice.Node

	mu       sync.Mutex
	mtu      uint32
	segments map[slice.NetworkID]intent.Segment
	labels   map[slice.NetworkID]slice.VLAN
	next     slice.VLAN
	fail     map[call]error
	hangs    bool // it answers no call before the caller gives up
	missing  slice.Workload
	changes  int         // segments that were made, changed or removed
	dead     func() bool // the SCO has ended and calls nobody
	called   func(call)  // is told of each call, if it is there
}

func (d *domain) begin(ctx context.Context, c call) error {
	d.mu.Lock()
	hangs, err := d.hangs, d.fail[c]
	if d.called != nil {
		d.called(c)
	}
	if d.dead != nil && d.dead() {
		err = slice.Errorf(slice.Unavailable, "nobody has called")
	}
	d.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (d *domain) Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error) {
	if err := d.begin(ctx, apply); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []intent.SegmentStatus
	for _, s := range segments {
		if have, ok := d.segments[s.ID]; !ok || !reflect.DeepEqual(have, s) {
			d.changes++
		}
		if d.labels[s.ID] == 0 {
			d.next++
			d.labels[s.ID] = d.next
		}
		d.segments[s.ID] = s
		all = append(all, d.status(s))
	}
	return all, nil
}

func (d *domain) status(s intent.Segment) intent.SegmentStatus {
	out := intent.SegmentStatus{ID: s.ID, Ready: true, Digest: s.Digest()}
	if s.HandOff {
		out.Label, out.Gateway = d.labels[s.ID], s.Gateway
	}
	for _, p := range s.Ports {
		port := intent.SegmentPortStatus{Workload: p.Workload, Node: d.gateway, Ready: true}
		if p.Workload == d.missing {
			port.Ready, port.Message = false, "no node has it"
			out.Ready, out.Message = false, "a workload is missing"
		}
		out.Ports = append(out.Ports, port)
	}
	return out
}

func (d *domain) Delete(ctx context.Context, ids []slice.NetworkID) error {
	if err := d.begin(ctx, remove); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		if _, ok := d.segments[id]; ok {
			d.changes++
		}
		delete(d.segments, id)
		delete(d.labels, id)
	}
	return nil
}

func (d *domain) List(ctx context.Context) ([]intent.SegmentStatus, error) {
	if err := d.begin(ctx, list); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []intent.SegmentStatus
	for _, s := range d.segments {
		all = append(all, d.status(s))
	}
	return all, nil
}

func (d *domain) Info(ctx context.Context) (intent.DomainInfo, error) {
	if err := d.begin(ctx, info); err != nil {
		return intent.DomainInfo{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return intent.DomainInfo{Gateway: d.gateway, MTU: d.mtu}, nil
}

// fails makes some calls fail, until heals.
func (d *domain) fails(err error, calls ...call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range calls {
		d.fail[c] = err
	}
}

func (d *domain) heals() { d.does(func() { d.fail, d.hangs = map[call]error{}, false }) }

func (d *domain) away() {
	d.fails(slice.Errorf(slice.Unavailable, "connection refused"), apply, remove, list, info)
}

func (d *domain) does(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// has returns the segments as they are.
func (d *domain) has() map[slice.NetworkID]intent.Segment {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.segments)
}
