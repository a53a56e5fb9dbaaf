package sco_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// addressed is three with a voice network that says all that can be said of
// addresses.
func addressed() intent.Intents {
	in := three("s")
	n := &in.Slice.Networks[0]
	n.CIDR6, n.Split = netip.MustParsePrefix("2001:db8::/64"), true
	n.Reserved = []slice.Span{{First: netip.MustParseAddr("192.0.2.1"), Last: netip.MustParseAddr("192.0.2.7")}}
	n.Ranges = []intent.Range{{Domain: "b", CIDR: netip.MustParsePrefix("192.0.2.128/26")}}
	n.Members[0].Address6 = netip.MustParseAddr("2001:db8::ffff")
	return in
}

// ports returns the addresses that the domains are asked for, by workload.
func ports(p sco.Plan, n slice.NetworkName) map[slice.Workload]string {
	all := map[slice.Workload]string{}
	for _, d := range []slice.Domain{"a", "b", "c"} {
		for _, s := range p.Segments("s", d) {
			for _, port := range s.Ports {
				if s.ID.Network == n {
					all[port.Workload] = fmt.Sprint(port.Address, " ", port.Address6)
				}
			}
		}
	}
	return all
}

func TestPlanOfBothFamilies(t *testing.T) {
	p := plan(t, addressed(), sco.Plan{})
	got := ports(p, "voice")
	for w, want := range map[slice.Workload]string{
		"wa": "192.0.2.8/24 2001:db8::ffff/64", "wb": "192.0.2.128/24 2001:db8::8/64", "wc": "192.0.2.16/24 2001:db8::10/64",
	} {
		if got[w] != want {
			t.Errorf("%s gets %s, want %s", w, got[w], want)
		}
	}
	var ranges []string
	for _, r := range p.Networks[slices.IndexFunc(p.Networks, func(n sco.NetworkPlan) bool { return n.Name == "voice" })].Addresses.Ranges {
		ranges = append(ranges, fmt.Sprint(r.Domain, " ", r.CIDR))
	}
	const want = "b 192.0.2.128/26, a 192.0.2.8/29, c 192.0.2.16/29, a 2001:db8::/125, b 2001:db8::8/125, c 2001:db8::10/125"
	if got := strings.Join(ranges, ", "); got != want {
		t.Errorf("ranges %s, want %s", got, want)
	}
}

// A network that is split, or is not any more, leaves who is there where they
// are, and ranges stay when members come.
func TestPlanSplitLater(t *testing.T) {
	whole := addressed()
	whole.Slice.Networks[0].Split, whole.Slice.Networks[0].Ranges = false, nil
	first := plan(t, whole, sco.Plan{})
	split := whole
	split.Slice.Networks = slices.Clone(whole.Slice.Networks)
	split.Slice.Networks[0].Split = true
	second := plan(t, split, first)
	split.Slice.Networks[0].Members = append(slices.Clone(split.Slice.Networks[0].Members), intent.Member{Name: "new", Domain: "c", Interface: "voice"})
	third := plan(t, split, second)
	before := ports(first, "voice")
	for i, p := range []sco.Plan{second, third, plan(t, whole, third)} {
		for w, want := range before {
			if got := ports(p, "voice")[w]; got != want {
				t.Errorf("step %d: %s has %s, had %s", i, w, got, want)
			}
		}
	}
	if got := fmt.Sprint(second.Networks[2].Addresses.Ranges); got != fmt.Sprint(third.Networks[2].Addresses.Ranges) || got == "[]" {
		t.Errorf("ranges were %s", got)
	}
}

// A plan that a release wrote which knew none of this is read, and stays.
func TestOldPlanIsRead(t *testing.T) {
	const old = `{"networks":[{"name":"voice","type":"vnet","mtu":1450,"addresses":{"prefix":"192.0.2.0/24","leases":[
		{"domain":"a","workload":"wa","address":"192.0.2.9","mac":"02:00:c0:00:02:09"},{"domain":"b","workload":"wb","address":"192.0.2.1","mac":"02:00:c0:00:02:01"}]},
		"interfaces":{"wa":"voice"},"domains":["a","b"]}],"gateways":{},"links":null}`
	var before sco.Plan
	if err := json.Unmarshal([]byte(old), &before); err != nil {
		t.Fatal(err)
	}
	got := ports(plan(t, three("s"), before), "voice")
	if got["wa"] != "192.0.2.9/24 invalid Prefix" || got["wb"] != "192.0.2.1/24 invalid Prefix" {
		t.Errorf("addresses %v", got)
	}
}

// What is said of one link of a shape reaches the networks between gateways.
func TestPlanOfShapeWithCosts(t *testing.T) {
	in := three("s")
	in.Overlay.Links = []intent.Link{{From: "c", To: "a", Cost: 9, LatencyMs: 5}}
	p := plan(t, in, sco.Plan{})
	var got []string
	for _, l := range p.Links {
		got = append(got, fmt.Sprint(l.Name, " ", l.Cost, " ", l.Latency))
	}
	if want := "a-b 0 0s, a-c 9 5ms, b-c 0 0s"; strings.Join(got, ", ") != want {
		t.Errorf("links %v, want %s", got, want)
	}
}
