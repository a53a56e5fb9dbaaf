package sco

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Status returns one slice as it is. It is not found if there is none.
func (s *SCO) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	r := s.record(id)
	if r == nil {
		return intent.Status{}, absent(id)
	}
	out := s.statusOf(r)
	in := r.Intents.Canonical() // a copy
	out.Intents = &in
	return out, nil
}

// report is the answer to an Apply.
func (s *SCO) report(r *record, changed bool, watch *stopwatch) intent.Status {
	out := s.statusOf(r)
	out.Changed, out.PhasesMs = changed, watch.all()
	s.observe(r, out)
	if out.Phase == intent.Ready && !r.Was {
		now := *r // others read the record meanwhile
		now.Was = true
		if err := s.save(&now); err != nil {
			s.cfg.Logger.Error("slice was not saved", "slice", string(r.Intents.Slice.ID), "error", err.Error())
		}
	}
	return out
}

// foresee is the answer to a dry run.
func (s *SCO) foresee(r *record, changes bool) intent.Status {
	out := s.statusOf(r)
	out.Changed, out.Message = changes, "a dry run: nothing was changed"
	if changes {
		out.Phase = intent.Pending
	}
	return out
}

// statusOf returns a record as it is.
func (s *SCO) statusOf(r *record) intent.Status {
	why, _ := s.fault(r.Intents.Slice.ID)
	out := intent.Status{
		ID: r.Intents.Slice.ID, Tenant: r.Intents.Slice.Tenant, Generation: r.Generation,
		Phase: intent.Ready, Message: why, Since: r.Since, Paused: r.Paused,
	}
	less := "" // than was asked for, by what the intents let go
	for _, n := range r.Plan.Networks {
		status := s.networkStatus(r, n)
		switch what := fmt.Sprintf("network %s: %s", n.Name, status.Message); {
		case !status.Ready:
			out.Message = cmp.Or(out.Message, what)
		case status.Message != "":
			less = cmp.Or(less, what)
		}
		out.Networks = append(out.Networks, status)
	}
	switch {
	case r.Deleting:
		out.Phase, out.Message = intent.Deleting, deletingMessage(why, s.remains(r))
	case out.Message != "" && r.Was:
		out.Phase = intent.Degraded
	case out.Message != "":
		out.Phase = intent.Pending
	case less != "":
		out.Message = less
	}
	s.assess(r, &out)
	s.date(r, &out)
	return out
}

// deletingMessage says what the last try met, and what is left where.
func deletingMessage(why, left string) string {
	if why == "" || left == "" {
		return cmp.Or(why, left)
	}
	return why + " (" + left + ")"
}

func (s *SCO) networkStatus(r *record, n NetworkPlan) intent.NetworkStatus {
	id := slice.NetworkID{Slice: r.Intents.Slice.ID, Network: n.Name}
	out := intent.NetworkStatus{Name: n.Name, Type: n.Type, CIDR: n.Addresses.Prefix, CIDR6: n.Addresses.Second, MTU: n.MTU}
	for _, r := range n.Addresses.Ranges {
		out.Ranges = append(out.Ranges, intent.Range{Domain: r.Domain, CIDR: r.CIDR})
	}
	note, apart := "", ""
	if len(n.Domains) > 1 {
		joint, err := s.fabric.Status(id)
		if err != nil {
			joint.Message = "the domains are not joined yet"
		}
		if joint.Ready {
			note, joint.Message = joint.Message, ""
		}
		out.Number, out.Links, out.Message = joint.Number, joint.Links, joint.Message
		apart = joint.Message
	}
	for _, l := range n.Addresses.Leases {
		m := intent.MemberStatus{Name: l.Workload, Domain: l.Domain, Address: l.Address, Address6: l.Address6, MAC: l.MAC}
		seg, port, ok := s.port(l.Domain, id, l.Workload)
		m.Node, m.Ready, m.Message = port.Node, port.Ready, port.Message
		away := s.whyAway(l.Domain)
		if !ok {
			m.Message = cmp.Or(away, seg.Message, "the domain has not attached it yet")
		}
		if !m.Ready {
			out.Message = cmp.Or(out.Message, fmt.Sprintf("member %s: %s", l.Workload, m.Message))
		}
		m.Conditions = memberFacts(m, away)
		out.Members = append(out.Members, m)
	}
	for _, d := range n.Domains {
		if why := s.segmentFault(d, id); why != "" {
			out.Message = cmp.Or(out.Message, fmt.Sprintf("domain %s: %s", d, why))
		}
	}
	out.Ready = out.Message == ""
	out.Message = cmp.Or(out.Message, note)
	out.Conditions = networkFacts(n, out, apart, note)
	return out
}

// port returns a member as its domain tells it.
func (s *SCO) port(d slice.Domain, id slice.NetworkID, w slice.Workload) (intent.SegmentStatus, intent.SegmentPortStatus, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg, _ := s.segments[d].of(id)
	i := slices.IndexFunc(seg.Ports, func(p intent.SegmentPortStatus) bool { return p.Workload == w })
	if i < 0 {
		return seg, intent.SegmentPortStatus{}, false
	}
	return seg, seg.Ports[i], true
}

// whyAway says why a domain does not answer, or nothing.
func (s *SCO) whyAway(d slice.Domain) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[d] == "" {
		return ""
	}
	return fmt.Sprintf("domain %s does not answer: %s", d, s.away[d])
}

// segmentFault says why a segment is not true, or nothing.
func (s *SCO) segmentFault(d slice.Domain, id slice.NetworkID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg, ok := s.segments[d].of(id)
	switch {
	case s.away[d] != "":
		return "it does not answer: " + s.away[d]
	case !ok:
		return "it has no segment of the network yet"
	case !seg.Ready:
		return cmp.Or(seg.Message, "the segment is not ready")
	}
	return ""
}
