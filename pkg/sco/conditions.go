package sco

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The types of conditions. True is good, but for Paused.
const (
	isReady      = "Ready"
	isReconciled = "Reconciled"
	isPaused     = "Paused"
	isGone       = "Gone"
	isReachable  = "Reachable"
	isUp         = "Up"
	isJoined     = "Joined"
	isAttached   = "Attached"
)

// A fact is a condition without its date.
func fact(kind string, status bool, good, bad, message string) intent.Condition {
	reason := bad
	if status {
		reason = good
	}
	return intent.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// assess adds the conditions of a slice and its parts to a status.
func (s *SCO) assess(r *record, out *intent.Status) {
	out.Conditions = s.sliceFacts(r, *out)
	for _, d := range r.Intents.Slice.Domains {
		out.Domains = append(out.Domains, intent.DomainStatus{
			Name: d.Name, Gateway: r.Plan.Gateways[d.Name], Conditions: s.domainFacts(r, d.Name),
		})
	}
	if r.Deleting || !slices.ContainsFunc(r.Plan.Networks, func(n NetworkPlan) bool { return len(n.Domains) > 1 }) {
		return // no link is needed
	}
	for _, l := range r.Plan.Links {
		why := s.fabric.LinkFault(l.A, l.B)
		out.Links = append(out.Links, intent.LinkStatus{
			Name: l.Name, Cost: l.Cost, Conditions: []intent.Condition{fact(isUp, why == "", "TunnelUp", "TunnelDown", why)},
		})
	}
}

func (s *SCO) sliceFacts(r *record, out intent.Status) []intent.Condition {
	t, tried := s.lastTry(r.Intents.Slice.ID)
	cause := "NotReady"
	switch {
	case r.Deleting:
		cause = "Deleting"
	case t.why != "":
		cause = reasonOf(t.kind)
	}
	ready := fact(isReady, out.Phase == intent.Ready, "AllReady", cause, out.Message)
	undone := reasonOf(t.kind)
	if !tried {
		undone = "NotTriedYet"
	}
	all := []intent.Condition{
		ready,
		fact(isReconciled, tried && t.why == "", "Applied", undone, t.why),
		fact(isPaused, r.Paused, "Paused", "Running", ""),
	}
	if r.Deleting {
		all = append(all, fact(isGone, false, "", cmp.Or(t.reason(), "BeingDeleted"), out.Message))
	}
	return all
}

// lastTry returns the last try for a slice, if there was one.
func (s *SCO) lastTry(id slice.ID) (try, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tries[id]; t != nil {
		return *t, true
	}
	return try{}, false
}

func (t try) reason() string {
	if t.why == "" {
		return ""
	}
	return reasonOf(t.kind)
}

// reasonOf names the kind of fault that a try met.
func reasonOf(k slice.Kind) string {
	switch k {
	case slice.Unavailable:
		return "Unreachable"
	case slice.Internal:
		return "Failed"
	}
	return "Refused"
}

func (s *SCO) domainFacts(r *record, d slice.Domain) []intent.Condition {
	reachable := s.reachable(d)
	if r.Deleting {
		left := s.leftIn(r, d)
		return []intent.Condition{reachable, fact(isGone, left == "", "NothingLeft", "SegmentsLeft", left)}
	}
	id := r.Intents.Slice.ID
	has := false
	for _, n := range r.Plan.Networks {
		if !slices.Contains(n.Domains, d) {
			continue
		}
		has = true
		if why := s.segmentFault(d, slice.NetworkID{Slice: id, Network: n.Name}); why != "" {
			return []intent.Condition{reachable, fact(isReady, false, "", "SegmentNotReady", fmt.Sprintf("network %s: %s", n.Name, why))}
		}
	}
	good := "SegmentsReady"
	if !has {
		good = "NoSegments"
	}
	return []intent.Condition{reachable, fact(isReady, true, good, "", "")}
}

func (s *SCO) reachable(d slice.Domain) intent.Condition {
	s.mu.Lock()
	defer s.mu.Unlock()
	why, bad := s.away[d], "DoesNotAnswer"
	if _, seen := s.segments[d]; why == "" && !seen {
		why, bad = "it has not been asked yet", "NotAskedYet"
	}
	return fact(isReachable, why == "", "Answers", bad, why)
}

// leftIn says what a domain still has of a slice that is being deleted, or
// nothing.
func (s *SCO) leftIn(r *record, d slice.Domain) string {
	var names []string
	for _, n := range s.surplus(r.Intents.Slice.ID, Plan{}, Plan{})[d] {
		names = append(names, string(n.Network))
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "segments of " + strings.Join(names, ", ") + " are left"
}

// remains says what is missing for a slice to be gone: the domain and the object.
func (s *SCO) remains(r *record) string {
	var parts []string
	for d, ids := range s.surplus(r.Intents.Slice.ID, Plan{}, Plan{}) {
		if len(ids) > 0 {
			parts = append(parts, fmt.Sprintf("domain %s: %s", d, s.leftIn(r, d)))
		}
	}
	slices.Sort(parts)
	for _, n := range s.fabric.NetworksOf(r.Intents.Slice.ID) {
		parts = append(parts, fmt.Sprintf("NEDs: network %s is left", n.Network))
	}
	return strings.Join(parts, "; ")
}

// networkFacts are the conditions of a network; joint says how the domains are
// joined.
func networkFacts(n NetworkPlan, out intent.NetworkStatus, joint, note string) []intent.Condition {
	missing := ""
	for _, m := range out.Members {
		if !m.Ready {
			missing = cmp.Or(missing, fmt.Sprintf("member %s: %s", m.Name, m.Message))
		}
	}
	attached, joined := "AllAttached", "Joined"
	if len(out.Members) == 0 {
		attached = "NoMembers"
	}
	if len(n.Domains) == 1 {
		joined = "OneDomain"
	}
	if note != "" {
		joined = "LimitsGivenUp"
	}
	return []intent.Condition{
		fact(isReady, out.Ready, "Ready", "NotReady", out.Message),
		fact(isAttached, missing == "", attached, "MemberMissing", missing),
		fact(isJoined, joint == "", joined, "NotJoined", cmp.Or(joint, note)),
	}
}

func memberFacts(m intent.MemberStatus, away string) []intent.Condition {
	bad := "NotAttached"
	if away != "" {
		bad = "DomainUnreachable"
	}
	return []intent.Condition{fact(isAttached, m.Ready, "Attached", bad, m.Message)}
}
