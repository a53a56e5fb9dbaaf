package nss

import (
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// The operational statuses (RFC 9181).
const (
	opUp   = vpnCommon + ":op-up"
	opDown = vpnCommon + ":op-down"
)

// An observer adds to a slice service what only the book knows. A service is up when
// all of it is: while it is being made, and when something of it is missing, it is
// down.
type observer struct {
	s     *sliceService
	state service.State
}

// show adds the statuses to an entry of the document.
func (o *observer) show(entry map[string]any) {
	up := o.state.Phase == service.Active
	o.set(entry, up, o.state.Slice.Since)
	for i, p := range o.s.sdps() {
		o.set(child(entry, "sdps", "sdp", i), up || o.sdp(p), time.Time{})
	}
	for i, g := range o.s.groups() {
		in := child(entry, "connection-groups", "connection-group", i)
		ready := up || o.network(networkOf(g.ID)) != nil && o.network(networkOf(g.ID)).Ready
		list, _ := in["connectivity-construct"].([]any)
		for j, k := range g.Constructs {
			if construct, ok := list[j].(map[string]any); ok {
				o.set(construct, ready && k.Status.up(), time.Time{})
			}
		}
	}
}

// child returns an entry of a list in a container.
func child(entry map[string]any, container, list string, i int) map[string]any {
	in, _ := entry[container].(map[string]any)
	all, _ := in[list].([]any)
	if i >= len(all) {
		return map[string]any{}
	}
	out, _ := all[i].(map[string]any)
	return out
}

// set adds a status. What is wanted stays as it was written; unsaid, it is up.
func (o *observer) set(entry map[string]any, up bool, since time.Time) {
	status, ok := entry["status"].(map[string]any)
	if !ok {
		status = map[string]any{}
		entry["status"] = status
	}
	wanted, ok := status["admin-status"].(map[string]any)
	if !ok {
		wanted = map[string]any{}
		status["admin-status"] = wanted
	}
	if wanted["status"] == nil {
		wanted["status"] = string(adminStatuses[0])
	}
	is := map[string]any{"status": opDown}
	if up && wanted["status"] == string(adminStatuses[0]) {
		is["status"] = opUp
	}
	if !since.IsZero() {
		is["last-change"] = since.UTC().Format(time.RFC3339)
	}
	status["oper-status"] = is
}

// sdp reports whether all networks of an SDP are ready, and its ports in them.
func (o *observer) sdp(p sdp) bool {
	found := false
	for _, g := range o.s.groups() {
		n := o.network(networkOf(g.ID))
		if n == nil || !o.in(g, p.ID) {
			continue
		}
		if found = true; !n.Ready {
			return false
		}
	}
	return found
}

// in reports whether an SDP is in a group.
func (o *observer) in(g group, id string) bool {
	n := networker{s: o.s, g: g}
	for _, k := range g.Constructs {
		if slices.Contains(n.speakers(k), id) {
			return true
		}
	}
	return slices.Contains(n.matched(""), id)
}

// network returns a network as the SCO sees it, if its slice was asked for.
func (o *observer) network(name slice.NetworkName) *intent.NetworkStatus {
	id, known := o.state.Networks[name]
	if !known || id.Slice != o.state.Slice.ID {
		return nil
	}
	i := slices.IndexFunc(o.state.Slice.Networks, func(n intent.NetworkStatus) bool { return n.Name == id.Network })
	if i < 0 {
		return nil
	}
	return &o.state.Slice.Networks[i]
}
