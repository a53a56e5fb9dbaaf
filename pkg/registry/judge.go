package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The conditions of a domain.
const (
	Reachable   = "Reachable"   // it answers
	Compatible  = "Compatible"  // it is the domain that was meant, and speaks our API
	ClockInSync = "ClockInSync" // its clock and ours agree
	SizeFits    = "SizeFits"    // its tunnels carry the packets of the slices that use it
	Encrypts    = "Encrypts"    // its tunnels to other domains can be encrypted
	Draining    = "Draining"    // no new slice gets in
)

// needed are the conditions that a domain must meet to be registered.
var needed = []string{Reachable, Compatible, ClockInSync, SizeFits}

// leastMTU is what IPv6 wants of every link (RFC 8200, section 5).
const leastMTU = 1280

// An Answer is what a domain said when it was asked, and what it is measured by.
type Answer struct {
	Name       slice.Domain // of the domain that was meant
	Info       intent.DomainInfo
	Sent, Came time.Time     // by our clock, around the answer
	Skew       time.Duration // that is allowed
	MTU        uint32        // that the slices which use the domain need
}

// Judge says what an answer shows of a domain.
func Judge(a Answer) []intent.Condition {
	return []intent.Condition{
		{Type: Reachable, Status: true, Reason: "Answered"},
		compatible(a), clock(a), size(a), encrypts(a.Info),
	}
}

func compatible(a Answer) intent.Condition {
	c := intent.Condition{Type: Compatible}
	switch {
	case a.Info.Name != a.Name:
		c.Reason = "OtherDomain"
		c.Message = fmt.Sprintf("the SDN controller is that of domain %q: correct the name or the addresses", clip(string(a.Info.Name)))
	case a.Info.Version == "":
		c.Reason = "VersionUntold"
		c.Message = "the SDN controller does not tell the version of its API: upgrade it"
	case a.Info.Version != intent.APIVersion:
		c.Reason = "OtherVersion"
		c.Message = fmt.Sprintf("the SDN controller speaks %q, this SCO %s: upgrade the older one", clip(a.Info.Version), intent.APIVersion)
	default:
		c.Status, c.Reason = true, "SameVersion"
	}
	return c
}

// clock compares the clocks. What lies between question and answer is no
// difference.
func clock(a Answer) intent.Condition {
	c := intent.Condition{Type: ClockInSync}
	ahead, behind := a.Info.Time.Sub(a.Came), a.Sent.Sub(a.Info.Time)
	const remedy = "keep both in step, by NTP for example"
	switch {
	case a.Info.Time.IsZero():
		c.Reason, c.Message = "ClockUntold", "the SDN controller does not tell its time: upgrade it"
	case ahead > a.Skew:
		c.Reason, c.Message = "ClockAhead", fmt.Sprintf("its clock is %s ahead of ours, %s are allowed: %s", round(ahead), a.Skew, remedy)
	case behind > a.Skew:
		c.Reason, c.Message = "ClockBehind", fmt.Sprintf("its clock is %s behind ours, %s are allowed: %s", round(behind), a.Skew, remedy)
	default:
		c.Status, c.Reason = true, "InSync"
	}
	return c
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

func size(a Answer) intent.Condition {
	c := intent.Condition{Type: SizeFits}
	switch have := a.Info.MTU; {
	case have == 0:
		c.Reason, c.Message = "SizeUntold", "no node of the domain has told the packet size of its tunnels: let a node join"
	case have < leastMTU:
		c.Reason, c.Message = "TooSmall", fmt.Sprintf("its tunnels carry packets of %d bytes, IPv6 needs %d: raise the MTU of the network below", have, leastMTU)
	case have < a.MTU:
		c.Reason, c.Message = "SmallerThanSlices", fmt.Sprintf("its tunnels carry packets of %d bytes, a network that is there already %d: raise the MTU of the network below", have, a.MTU)
	default:
		c.Status, c.Reason, c.Message = true, "Fits", fmt.Sprintf("packets of %d bytes", have)
	}
	return c
}

// encrypts says which encryptions a domain can have. A domain without any is
// as good as another for slices that ask for none.
func encrypts(info intent.DomainInfo) intent.Condition {
	var all []string
	for _, e := range info.Encryptions {
		if e != intent.NoEncryption {
			all = append(all, clip(string(e)))
		}
	}
	if len(all) == 0 {
		return intent.Condition{Type: Encrypts, Reason: "NoneOffered", Message: "slices that ask for encryption cannot use the domain"}
	}
	return intent.Condition{Type: Encrypts, Status: true, Reason: "Offered", Message: strings.Join(all, ", ")}
}

// unreachable is the condition of a domain that gave no answer.
func unreachable(err error) intent.Condition {
	return intent.Condition{Type: Reachable, Reason: "NoAnswer", Message: clipLong(err.Error())}
}

// draining is the condition of every domain.
func draining(r intent.Registration) intent.Condition {
	if r.Draining {
		return intent.Condition{Type: Draining, Status: true, Reason: "Ordered", Message: "no new slice gets in"}
	}
	return intent.Condition{Type: Draining, Reason: "Open"}
}

// fit says why a domain does not verify, or nil.
func fit(all []intent.Condition) error {
	var faults []error
	for _, c := range all {
		if c.Status || !slices.Contains(needed, c.Type) {
			continue
		}
		kind := slice.Invalid
		if c.Type == Reachable {
			kind = slice.Unavailable
		}
		faults = append(faults, slice.Errorf(kind, "%s: %s: %s", c.Type, c.Reason, c.Message))
	}
	return errors.Join(faults...)
}

// renew puts new conditions in the place of old ones of the same type. One that
// stays as it was keeps its time.
func renew(old, fresh []intent.Condition, generation uint32, now time.Time) []intent.Condition {
	all := slices.Clone(old)
	for _, c := range fresh {
		c.ObservedGeneration, c.Since = generation, now.UTC()
		i := slices.IndexFunc(all, func(o intent.Condition) bool { return o.Type == c.Type })
		if i < 0 {
			all = append(all, c)
			continue
		}
		if all[i].Status == c.Status {
			c.Since = all[i].Since
		}
		all[i] = c
	}
	return all
}

// clipLong keeps what another process said from filling a condition.
func clipLong(text string) string { return text[:min(len(text), 400)] }
