package ipam_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	voice     = slice.NetworkID{Slice: "fire", Network: "voice"}
	addresses = cmp.Comparer(func(x, y netip.Addr) bool { return x == y })
	prefixes  = cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })
)

// member reads "workload", "workload@address" or "workload@address@mac".
func member(s string) ipam.Member {
	part := append(strings.Split(s, "@"), "", "")
	m := ipam.Member{Domain: "field", Workload: slice.Workload(part[0])}
	if part[1] != "" {
		m.Address = netip.MustParseAddr(part[1])
	}
	if part[2] != "" {
		m.MAC, _ = slice.ParseMAC(part[2]) // the tables below hold good ones
	}
	return m
}

func members(s ...string) []ipam.Member {
	all := make([]ipam.Member, len(s))
	for i := range s {
		all[i] = member(s[i])
	}
	return all
}

func leases(p ipam.Plan) string {
	var all []string
	for _, l := range p.Leases {
		all = append(all, string(l.Workload)+"@"+l.Address.String())
	}
	return strings.Join(all, " ")
}

func TestAssign(t *testing.T) {
	tests := map[string]struct {
		prefix string
		before []string
		now    []string
		want   string
		kind   slice.Kind
		err    string // part of it
	}{
		"lowest first":          {prefix: "192.0.2.0/24", now: []string{"a", "b"}, want: "a@192.0.2.1 b@192.0.2.2"},
		"wishes come first":     {prefix: "192.0.2.0/24", now: []string{"a", "b@192.0.2.1"}, want: "a@192.0.2.2 b@192.0.2.1"},
		"stays when one comes":  {prefix: "192.0.2.0/24", before: []string{"b"}, now: []string{"a", "b"}, want: "a@192.0.2.2 b@192.0.2.1"},
		"stays when one leaves": {prefix: "192.0.2.0/24", before: []string{"a", "b"}, now: []string{"b"}, want: "b@192.0.2.2"},
		"freed is used again":   {prefix: "192.0.2.0/24", before: []string{"a", "b"}, now: []string{"b", "c"}, want: "b@192.0.2.2 c@192.0.2.1"},
		"moves when it asks":    {prefix: "192.0.2.0/24", before: []string{"a"}, now: []string{"a@192.0.2.9"}, want: "a@192.0.2.9"},
		"exactly full":          {prefix: "192.0.2.0/30", now: []string{"a", "b"}, want: "a@192.0.2.1 b@192.0.2.2"},
		"two of a /31":          {prefix: "192.0.2.0/31", now: []string{"a", "b"}, want: "a@192.0.2.0 b@192.0.2.1"},
		"one of a /32":          {prefix: "192.0.2.7/32", now: []string{"a"}, want: "a@192.0.2.7"},
		"top of all addresses":  {prefix: "255.255.255.254/31", now: []string{"a", "b"}, want: "a@255.255.255.254 b@255.255.255.255"},
		"IPv6":                  {prefix: "2001:db8::/64", now: []string{"a", "b@2001:db8::1"}, want: "a@2001:db8::2 b@2001:db8::1"},
		"nobody":                {prefix: "192.0.2.0/24"},
		"full":                  {prefix: "192.0.2.0/30", now: []string{"a", "b", "c"}, kind: slice.Exhausted, err: "no address of 192.0.2.0/30 is free for member field/c"},
		"beyond all addresses":  {prefix: "255.255.255.254/31", now: []string{"a", "b", "c"}, kind: slice.Exhausted, err: "field/c"},
		"outside":               {prefix: "192.0.2.0/24", now: []string{"a@198.51.100.1"}, kind: slice.Invalid, err: "address 198.51.100.1 of member field/a is outside 192.0.2.0/24"},
		"other family":          {prefix: "192.0.2.0/24", now: []string{"a@2001:db8::1"}, kind: slice.Invalid, err: "is outside"},
		"network address":       {prefix: "192.0.2.0/24", now: []string{"a@192.0.2.0"}, kind: slice.Invalid, err: "is the network's own"},
		"broadcast address":     {prefix: "192.0.2.0/24", now: []string{"a@192.0.2.255"}, kind: slice.Invalid, err: "is the network's own"},
		"asked for twice":       {prefix: "192.0.2.0/24", now: []string{"a@192.0.2.5", "b@192.0.2.5"}, kind: slice.Invalid, err: "address 192.0.2.5 is asked for by members field/a and field/b"},
		"in use":                {prefix: "192.0.2.0/24", before: []string{"a"}, now: []string{"a", "b@192.0.2.1"}, kind: slice.Conflict, err: "address 192.0.2.1 that member field/b asks for is in use by member field/a"},
		"named twice":           {prefix: "192.0.2.0/24", now: []string{"a", "a"}, kind: slice.Invalid, err: "member field/a is named twice"},
		"untidy prefix":         {prefix: "192.0.2.9/24", now: []string{"a"}, kind: slice.Invalid, err: "write 192.0.2.0/24"},
		"group MAC":             {prefix: "192.0.2.0/24", now: []string{"a@@01:00:5e:00:00:01"}, kind: slice.Invalid, err: "is that of a group"},
		"one MAC twice":         {prefix: "192.0.2.0/24", now: []string{"a@@02:00:00:00:00:01", "b@@02:00:00:00:00:01"}, kind: slice.Invalid, err: "hardware address 02:00:00:00:00:01 is that of members field/a and field/b"},
		"MAC of an address":     {prefix: "192.0.2.0/24", now: []string{"a", "b@@02:00:c0:00:02:01"}, kind: slice.Invalid, err: "hardware address 02:00:c0:00:02:01 is that of members field/a and field/b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := ipam.Plan{Prefix: netip.MustParsePrefix(test.prefix)}
			if test.before != nil {
				var err error
				if plan, err = plan.Assign(voice, members(test.before...)); err != nil {
					t.Fatal(err)
				}
			}
			had := leases(plan)
			got, err := plan.Assign(voice, members(test.now...))
			if leases(plan) != had {
				t.Errorf("the plan changed under its owner: %s", leases(plan))
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || slice.KindOf(err) != test.kind {
					t.Errorf("got %v (%s), want %q (%s)", err, slice.KindOf(err), test.err, test.kind)
				}
				return
			}
			if err != nil || leases(got) != test.want {
				t.Errorf("got %q, %v; want %q", leases(got), err, test.want)
			}
		})
	}
}

func TestAssignMAC(t *testing.T) {
	plan := ipam.Plan{Prefix: netip.MustParsePrefix("192.0.2.0/24")}
	plan, err := plan.Assign(voice, members("a", "b@@02:11:00:00:00:01"))
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Leases[0].MAC.String(); got != "02:00:c0:00:02:01" {
		t.Errorf("by address: got %s", got)
	}
	if got := plan.Leases[1].MAC.String(); got != "02:11:00:00:00:01" {
		t.Errorf("by wish: got %s", got)
	}
	moved, err := plan.Assign(voice, members("a@192.0.2.9"))
	if err != nil || moved.Leases[0].MAC.String() != "02:00:c0:00:02:09" {
		t.Errorf("after a move: got %v, %v", moved, err)
	}
}

// Without a prefix a hardware address follows from names alone.
func TestAssignWithoutPrefix(t *testing.T) {
	mac := func(id slice.NetworkID, m ...string) slice.MAC {
		t.Helper()
		plan, err := ipam.Plan{}.Assign(id, members(m...))
		if err != nil {
			t.Fatal(err)
		}
		l := plan.Leases[len(m)-1]
		if l.Address.IsValid() || l.MAC[0] != 0x02 {
			t.Errorf("got %+v", l)
		}
		return l.MAC
	}
	first := mac(voice, "a")
	if again := mac(voice, "b", "a"); again != first {
		t.Errorf("got %s beside another member, %s alone", again, first)
	}
	if other := mac(slice.NetworkID{Slice: "press", Network: "voice"}, "a"); other == first {
		t.Errorf("two slices have the address %s", other)
	}
	// Somebody asks for the very address that another one's name gives.
	if moved := mac(voice, "b@@"+first.String(), "a"); moved == first {
		t.Errorf("two members have the address %s", first)
	}
	_, err := ipam.Plan{}.Assign(voice, members("a@192.0.2.1"))
	if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "the network has no CIDR") {
		t.Errorf("an address without a prefix: got %v", err)
	}
}

func TestPlanIsStored(t *testing.T) {
	for _, prefix := range []netip.Prefix{{}, netip.MustParsePrefix("192.0.2.0/24")} {
		plan, err := ipam.Plan{Prefix: prefix}.Assign(voice, members("a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		var back ipam.Plan
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plan, back, addresses, prefixes); diff != "" {
			t.Errorf("stored and read (-want +got)\n%s", diff)
		}
	}
}

// Through any row of comings and goings nobody shares an address, every address
// can be used, and who stays keeps what it has.
func TestAssignProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := ipam.Plan{}
		if p := rapid.SampledFrom([]string{"", "192.0.2.0/28", "2001:db8::/124"}).Draw(t, "prefix"); p != "" {
			plan.Prefix = netip.MustParsePrefix(p)
		}
		for range rapid.IntRange(1, 5).Draw(t, "rounds") {
			names := rapid.SliceOfNDistinct(rapid.StringMatching("[a-j]"), 0, 10, rapid.ID).Draw(t, "members")
			next, err := plan.Assign(voice, members(names...))
			if err != nil {
				t.Fatal(err)
			}
			had := map[slice.Workload]ipam.Lease{}
			for _, l := range plan.Leases {
				had[l.Workload] = l
			}
			addrs, macs := map[netip.Addr]bool{}, map[slice.MAC]bool{}
			for _, l := range next.Leases {
				if old, ok := had[l.Workload]; ok && old != l {
					t.Fatalf("%s had %v and has %v", l.Workload, old, l)
				}
				if macs[l.MAC] || l.MAC.IsZero() || l.MAC.IsGroup() {
					t.Fatalf("hardware address %s is shared or none", l.MAC)
				}
				if plan.Prefix.IsValid() && (addrs[l.Address] || !plan.Prefix.Contains(l.Address) || l.Address == plan.Prefix.Addr()) {
					t.Fatalf("address %s is shared or not usable", l.Address)
				}
				addrs[l.Address], macs[l.MAC] = true, true
			}
			plan = next
		}
	})
}
