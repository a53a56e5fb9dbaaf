package intent_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// good returns intents that are right, for tests to break.
func good() intent.Intents {
	in := intent.Intents{
		Slice: intent.Slice{
			ID: "s", Tenant: "t",
			Domains: []intent.Domain{{Name: "c"}, {Name: "a", Gateway: "a-2"}, {Name: "b"}},
			Networks: []intent.Network{
				{
					Name: "voice", CIDR: netip.MustParsePrefix("192.0.2.0/25"), MTU: 1400, Domains: []slice.Domain{"b", "a"},
					Members: []intent.Member{
						{Name: "y", Domain: "b", Address: netip.MustParseAddr("192.0.2.2"), MAC: slice.MAC{2, 0, 0, 0, 0, 2}},
						{Name: "x", Domain: "a", Address: netip.MustParseAddr("192.0.2.1"), MAC: slice.MAC{2, 0, 0, 0, 0, 1}},
					},
				},
				{Name: "line", Type: slice.VLink, Members: []intent.Member{{Name: "x", Domain: "a"}, {Name: "z", Domain: "c"}}},
				{Name: "six", CIDR: netip.MustParsePrefix("2001:db8::/64"), Domains: []slice.Domain{"a"}},
			},
		},
		Paths: []intent.Path{{Network: "voice", From: "b", To: "a", Hops: []slice.Domain{"b", "c", "a"}}},
	}
	intent.Default(&in)
	return in
}

func TestValidate(t *testing.T) {
	prefix, addr := netip.MustParsePrefix, netip.MustParseAddr
	network := func(i int, f func(*intent.Network)) func(*intent.Intents) {
		return func(in *intent.Intents) { f(&in.Slice.Networks[i]) }
	}
	member := func(i, j int, f func(*intent.Member)) func(*intent.Intents) {
		return func(in *intent.Intents) { f(&in.Slice.Networks[i].Members[j]) }
	}
	path := func(f func(*intent.Path)) func(*intent.Intents) {
		return func(in *intent.Intents) { f(&in.Paths[0]) }
	}
	tests := map[string]struct {
		change func(*intent.Intents)
		want   string // path and message of the only fault
	}{
		"good":           {func(*intent.Intents) {}, ""},
		"version":        {func(in *intent.Intents) { in.APIVersion = "v9" }, `apiVersion: "v9" is not one of [l2sces/v1]`},
		"long id":        {func(in *intent.Intents) { in.Slice.ID = slice.ID(strings.Repeat("x", 300)) }, `slice.id: slice id "` + strings.Repeat("x", 64) + `..." of 300 bytes is not a DNS label`},
		"tenant":         {func(in *intent.Intents) { in.Slice.Tenant = "" }, `slice.tenant: tenant "" of 0 bytes is not a DNS label`},
		"sst":            {func(in *intent.Intents) { in.Slice.SNSSAI.SST = "x" }, `slice.snssai.sst: "x" is not one of [eMBB URLLC mMTC]`},
		"domain twice":   {func(in *intent.Intents) { in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "a"}) }, "slice.domains[3].name: domain a is there already"},
		"gateway":        {func(in *intent.Intents) { in.Slice.Domains[0].Gateway = "a b" }, `slice.domains[0].gateway: gateway "a b" is not a DNS name`},
		"shape":          {func(in *intent.Intents) { in.Overlay.Shape = "cube" }, `overlay.shape: "cube" is not one of [mesh ring star tree explicit]`},
		"link of a mesh": {func(in *intent.Intents) { in.Overlay.Links = []intent.Link{{From: "b", To: "a", Cost: 7}} }, ""},
		"link of no star": {func(in *intent.Intents) {
			in.Overlay = intent.Overlay{Shape: intent.Star, Encryption: intent.NoEncryption, Links: []intent.Link{{From: "a", To: "c"}, {From: "a", To: "b"}}}
			in.Paths = nil
		}, "overlay.links[1]: the star does not join a and b"},
		"link of a mesh twice": {func(in *intent.Intents) {
			in.Overlay.Links = []intent.Link{{From: "b", To: "a", Cost: 7}, {From: "a", To: "b"}}
		}, "overlay.links[1]: link a-b is there already"},
		"six beside six":   {network(2, func(n *intent.Network) { n.CIDR6 = prefix("2001:db8:1::/64") }), "slice.networks[2].cidr6: 2001:db8:1::/64 is not an IPv6 prefix beside an IPv4 one"},
		"six beside none":  {network(1, func(n *intent.Network) { n.CIDR6 = prefix("2001:db8:1::/64") }), "slice.networks[1].cidr6: 2001:db8:1::/64 is not an IPv6 prefix beside an IPv4 one"},
		"four beside four": {network(0, func(n *intent.Network) { n.CIDR6 = prefix("198.51.100.0/24") }), "slice.networks[0].cidr6: 198.51.100.0/24 is not an IPv6 prefix beside an IPv4 one"},
		"same six twice":   {network(0, func(n *intent.Network) { n.CIDR6 = prefix("2001:db8::/64") }), "slice.networks[2].cidr: 2001:db8::/64 overlaps 2001:db8::/64 of network voice"},
		"mtu of both":      {network(0, func(n *intent.Network) { n.CIDR6, n.MTU = prefix("2001:db8:1::/64"), 1279 }), "slice.networks[0].mtu: mtu 1279 is not between 1280 and 9216"},
		"both": {network(0, func(n *intent.Network) {
			n.CIDR6, n.Members[0].Address6 = prefix("2001:db8:1::/64"), addr("2001:db8:1::5")
			n.Reserved = []slice.Span{{First: addr("192.0.2.9"), Last: addr("192.0.2.12")}, slice.SpanOf(prefix("2001:db8:1::/127"))}
			n.Ranges = []intent.Range{{Domain: "a", CIDR: prefix("192.0.2.64/26")}, {Domain: "b", CIDR: prefix("192.0.2.32/27")}, {Domain: "a", CIDR: prefix("2001:db8:1::100/120")}}
			n.Split = true
		}), ""},
		"address of two kinds": {member(0, 0, func(m *intent.Member) { m.Address6 = addr("2001:db8:1::5") }), "slice.networks[0].members[0].address6: the network has no cidr"},
		"split of nothing":     {network(1, func(n *intent.Network) { n.Split = true }), "slice.networks[1].split: the network has no addresses to split"},
		"reserved outside":     {network(0, func(n *intent.Network) { n.Reserved = []slice.Span{slice.SpanOf(prefix("192.0.2.128/25"))} }), "slice.networks[0].reserved[0]: 192.0.2.128/25 is not in the network's prefix"},
		"reserved address":     {network(0, func(n *intent.Network) { n.Reserved = []slice.Span{slice.SpanOf(prefix("192.0.2.2/32"))} }), "slice.networks[0].members[0].address: 192.0.2.2 is reserved (192.0.2.2)"},
		"range outside":        {network(0, func(n *intent.Network) { n.Ranges = []intent.Range{{Domain: "a", CIDR: prefix("192.0.2.128/26")}} }), "slice.networks[0].ranges[0].cidr: 192.0.2.128/26 is not in the network's prefix"},
		"range of nobody":      {network(0, func(n *intent.Network) { n.Ranges = []intent.Range{{Domain: "q", CIDR: prefix("192.0.2.64/26")}} }), `slice.networks[0].ranges[0].domain: domain "q" is not in the slice`},
		"range elsewhere":      {network(0, func(n *intent.Network) { n.Ranges = []intent.Range{{Domain: "c", CIDR: prefix("192.0.2.64/26")}} }), "slice.networks[0].ranges[0].domain: network voice does not reach domain c"},
		"range of host bits":   {network(0, func(n *intent.Network) { n.Ranges = []intent.Range{{Domain: "a", CIDR: prefix("192.0.2.65/26")}} }), "slice.networks[0].ranges[0].cidr: 192.0.2.65/26 has bits behind its length"},
		"ranges overlap": {network(0, func(n *intent.Network) {
			n.Ranges = []intent.Range{{Domain: "a", CIDR: prefix("192.0.2.64/26")}, {Domain: "b", CIDR: prefix("192.0.2.96/28")}}
		}), "slice.networks[0].ranges[1].cidr: 192.0.2.96/28 overlaps 192.0.2.64/26 of domain a"},
		"address in a range": {network(0, func(n *intent.Network) { n.Ranges = []intent.Range{{Domain: "b", CIDR: prefix("192.0.2.0/29")}} }), "slice.networks[0].members[1].address: 192.0.2.1 is in the range 192.0.2.0/29 of domain b"},
		"too many parts":     {network(0, func(n *intent.Network) { n.Reserved = make([]slice.Span, 1025) }), "slice.networks: 1025 are more than 1024"},
		"network type":       {network(0, func(n *intent.Network) { n.Type = "x" }), `slice.networks[0].type: "x" is not one of [vnet vlink ext-vnet]`},
		"network twice":      {func(in *intent.Intents) { in.Slice.Networks[2].Name, in.Paths = "voice", nil }, "slice.networks[2].name: network voice is there already"},
		"network nowhere":    {network(2, func(n *intent.Network) { n.Domains = nil }), "slice.networks[2].domains: the network is in no domain"},
		"network elsewhere":  {network(2, func(n *intent.Network) { n.Domains = []slice.Domain{"q"} }), `slice.networks[2].domains[0]: domain "q" is not in the slice`},
		"low mtu":            {network(0, func(n *intent.Network) { n.MTU = 575 }), "slice.networks[0].mtu: mtu 575 is not between 576 and 9216"},
		"high mtu":           {network(0, func(n *intent.Network) { n.MTU = 9217 }), "slice.networks[0].mtu: mtu 9217 is not between 576 and 9216"},
		"low mtu of IPv6":    {network(2, func(n *intent.Network) { n.MTU = 1279 }), "slice.networks[2].mtu: mtu 1279 is not between 1280 and 9216"},
		"lowest mtu":         {network(2, func(n *intent.Network) { n.MTU = 1280 }), ""},
		"host bits":          {network(2, func(n *intent.Network) { n.CIDR = prefix("198.51.100.1/24") }), "slice.networks[2].cidr: 198.51.100.1/24 has bits behind its length"},
		"multicast cidr":     {network(2, func(n *intent.Network) { n.CIDR = prefix("239.0.0.0/24") }), "slice.networks[2].cidr: 239.0.0.0/24 is not a range for hosts"},
		"same cidr":          {network(2, func(n *intent.Network) { n.CIDR = prefix("192.0.2.0/25") }), "slice.networks[2].cidr: 192.0.2.0/25 overlaps 192.0.2.0/25 of network voice"},
		"wider cidr":         {network(2, func(n *intent.Network) { n.CIDR = prefix("192.0.0.0/16") }), "slice.networks[0].cidr: 192.0.2.0/25 overlaps 192.0.0.0/16 of network six"},
		"next cidr":          {network(2, func(n *intent.Network) { n.CIDR = prefix("192.0.2.128/25") }), ""},
		"three on a vlink": {
			network(1, func(n *intent.Network) {
				n.Members = append(n.Members, intent.Member{Name: "w", Domain: "a", Interface: "i"})
			}),
			"slice.networks[1].members: a vlink has two members, this has 3",
		},
		"none on a vlink":    {network(1, func(n *intent.Network) { n.Members = nil }), ""},
		"workload twice":     {member(0, 0, func(m *intent.Member) { m.Name = "x" }), "slice.networks[0].members[1].name: workload x is in the network already"},
		"member elsewhere":   {member(0, 0, func(m *intent.Member) { m.Domain = "c" }), "slice.networks[0].members[0].domain: network voice does not reach domain c"},
		"member nowhere":     {member(0, 0, func(m *intent.Member) { m.Domain = "q" }), `slice.networks[0].members[0].domain: domain "q" is not in the slice`},
		"interface":          {member(0, 0, func(m *intent.Member) { m.Interface = "0123456789abcdef" }), `slice.networks[0].members[0].interface: "0123456789abcdef" is not a name of an interface`},
		"loopback":           {member(0, 0, func(m *intent.Member) { m.Interface = "lo" }), `slice.networks[0].members[0].interface: "lo" is not a name of an interface`},
		"interface twice":    {member(1, 0, func(m *intent.Member) { m.Interface = "voice" }), "slice.networks[1].members[0].interface: workload x has an interface voice already, in network voice"},
		"address outside":    {member(0, 0, func(m *intent.Member) { m.Address = addr("192.0.2.130") }), "slice.networks[0].members[0].address: 192.0.2.130 is not in 192.0.2.0/25"},
		"address of the net": {member(0, 0, func(m *intent.Member) { m.Address = addr("192.0.2.0") }), "slice.networks[0].members[0].address: 192.0.2.0 is the address of the network itself"},
		"broadcast address":  {member(0, 0, func(m *intent.Member) { m.Address = addr("192.0.2.127") }), "slice.networks[0].members[0].address: 192.0.2.127 is the broadcast address of 192.0.2.0/25"},
		"address twice":      {member(0, 0, func(m *intent.Member) { m.Address = addr("192.0.2.1") }), "slice.networks[0].members[1].address: address 192.0.2.1 is y's already"},
		"address, no cidr":   {member(1, 0, func(m *intent.Member) { m.Address = addr("192.0.2.1") }), "slice.networks[1].members[0].address: the network has no cidr"},
		"mac twice":          {member(0, 0, func(m *intent.Member) { m.MAC = slice.MAC{2, 0, 0, 0, 0, 1} }), "slice.networks[0].members[1].mac: address 02:00:00:00:00:01 is y's already"},
		"group mac":          {member(0, 0, func(m *intent.Member) { m.MAC = slice.MAC{3} }), "slice.networks[0].members[0].mac: 03:00:00:00:00:00 is a group address"},
		"mac in two nets":    {member(1, 0, func(m *intent.Member) { m.MAC = slice.MAC{2, 0, 0, 0, 0, 1} }), ""},
		"path's network":     {path(func(p *intent.Path) { p.Network = "q" }), `paths[0].network: there is no network "q"`},
		"path's domain":      {path(func(p *intent.Path) { p.To, p.Hops = "q", []slice.Domain{"b", "q"} }), `paths[0].to: domain "q" is not in the slice; paths[0].hops[1]: domain "q" is not in the slice`},
		"path beside":        {path(func(p *intent.Path) { p.To, p.Hops = "c", []slice.Domain{"b", "c"} }), "paths[0].to: network voice does not reach domain c"},
		"wrong start":        {path(func(p *intent.Path) { p.Hops = []slice.Domain{"c", "a"} }), "paths[0].hops: the hops of an explicit path lead from b to a"},
		"loop":               {path(func(p *intent.Path) { p.Hops = []slice.Domain{"b", "c", "b", "a"} }), "paths[0].hops[2]: the path passes b twice"},
		"hops of any":        {path(func(p *intent.Path) { p.Mode = intent.PathAny }), "paths[0].hops: a path of mode any has no hops"},
		"no hops of loose":   {path(func(p *intent.Path) { p.Mode, p.Hops = intent.PathLoose, nil }), "paths[0].hops: a loose path has hops"},
		"mode":               {path(func(p *intent.Path) { p.Mode = "x" }), `paths[0].mode: "x" is not one of [explicit loose any]`},
		"protection":         {path(func(p *intent.Path) { p.Protection = "x" }), `paths[0].protection: "x" is not one of [none fast-failover]`},
		"avoid its hop":      {path(func(p *intent.Path) { p.Avoid = []slice.Domain{"c"} }), "paths[0].avoid[0]: the path has to pass c"},
		"path twice": {func(in *intent.Intents) {
			p := in.Paths[0]
			p.From, p.To, p.Mode, p.Hops = p.To, p.From, intent.PathAny, nil
			in.Paths = append(in.Paths, p)
		}, "paths[1]: a path of voice between a and b is there already"},
		"no such link": {func(in *intent.Intents) {
			in.Overlay = intent.Overlay{Shape: intent.Explicit, Encryption: intent.NoEncryption, Links: []intent.Link{{From: "a", To: "b"}, {From: "a", To: "c"}}}
		}, "paths[0].hops[1]: there is no link b-c"},
		"overlay apart": {func(in *intent.Intents) {
			in.Paths = nil
			in.Overlay = intent.Overlay{Shape: intent.Explicit, Encryption: intent.NoEncryption, Links: []intent.Link{{From: "b", To: "c"}, {From: "a", To: "c"}}}
			in.Overlay.Links = in.Overlay.Links[:1]
			in.Slice.Networks = in.Slice.Networks[:1]
		}, "slice.networks[0].domains[1]: no link of the overlay leads from b to a"},
		"bad links": {func(in *intent.Intents) {
			in.Paths = nil
			in.Overlay = intent.Overlay{Shape: intent.Explicit, Encryption: intent.NoEncryption, Links: []intent.Link{
				{From: "a", To: "b"}, {From: "b", To: "a"}, {From: "c", To: "c"}, {From: "c", To: "q"}, {From: "b", To: "c"},
			}}
		}, `overlay.links[1]: link b-a is there already; overlay.links[2]: a link from c to itself; overlay.links[3].to: domain "q" is not in the slice`},
		"too many networks": {func(in *intent.Intents) { in.Slice.Networks = make([]intent.Network, 4097) }, "slice.networks: 4097 are more than 4096"},
		"too many domains":  {func(in *intent.Intents) { in.Slice.Domains = make([]intent.Domain, 65) }, "slice.domains: 65 are more than 64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := good()
			test.change(&in)
			if got := faults(t, in.Validate()); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func faults(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var all intent.Faults
	if !errors.As(err, &all) || slice.KindOf(err) != slice.Invalid {
		t.Fatalf("not invalid faults: %v", err)
	}
	var words []string
	for _, f := range all {
		words = append(words, f.Path+": "+f.Message)
	}
	return strings.Join(words, "; ")
}

func TestDefault(t *testing.T) {
	in := good()
	got := in.Slice.Networks[1]
	want := intent.Network{
		Name: "line", Type: slice.VLink, Domains: []slice.Domain{"a", "c"},
		Members: []intent.Member{{Name: "x", Domain: "a", Interface: "line"}, {Name: "z", Domain: "c", Interface: "line"}},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p := in.Paths[0]; p.Mode != intent.PathExplicit || p.Protection != intent.NoProtection {
		t.Errorf("path %+v", p)
	}
	long := intent.Intents{Slice: intent.Slice{Networks: []intent.Network{{Name: "a-very-long-network", Members: []intent.Member{{Name: "x"}}}}}}
	intent.Default(&long)
	if got := long.Slice.Networks[0].Members[0].Interface; got != "a-very-long-net" {
		t.Errorf("interface %q", got)
	}
}

func TestExpand(t *testing.T) {
	domains := []intent.Domain{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	for shape, want := range map[intent.Shape]string{
		intent.Mesh: "a-b a-c a-d b-c b-d c-d", intent.Ring: "a-b b-c c-d d-a", intent.Star: "a-b a-c a-d",
		intent.Tree: "a-b a-c b-d", intent.Explicit: "d-a", "": "a-b a-c a-d b-c b-d c-d",
	} {
		var got []string
		for _, l := range (intent.Overlay{Shape: shape, Links: []intent.Link{{From: "d", To: "a"}}}).Expand(domains) {
			got = append(got, string(l.From+"-"+l.To))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: got %s, want %s", shape, got, want)
		}
	}
	// What is said of a link that the shape makes counts, whichever way round.
	for shape, want := range map[intent.Shape]intent.Link{
		intent.Mesh: {From: "a", To: "d", Cost: 7, CapacityKbps: 8, LatencyMs: 9}, intent.Ring: {From: "d", To: "a", Cost: 7, CapacityKbps: 8, LatencyMs: 9},
	} {
		links := (intent.Overlay{Shape: shape, Links: []intent.Link{{From: "d", To: "a", Cost: 7, CapacityKbps: 8, LatencyMs: 9}}}).Expand(domains)
		special := slices.DeleteFunc(slices.Clone(links), func(l intent.Link) bool { return l.Cost == 0 })
		if len(special) != 1 || special[0] != want || len(links) < 4 {
			t.Errorf("%s: got %v, want %v", shape, links, want)
		}
	}
	if got := (intent.Overlay{Shape: intent.Ring}).Expand(domains[:2]); len(got) != 1 {
		t.Errorf("a ring of two has links %v", got)
	}
}

func TestCanonical(t *testing.T) {
	a, b := good(), good()
	slices.Reverse(b.Slice.Networks)
	slices.Reverse(b.Slice.Domains)
	for i := range b.Slice.Networks {
		slices.Reverse(b.Slice.Networks[i].Domains)
		slices.Reverse(b.Slice.Networks[i].Members)
	}
	if !intent.Equal(a, b) {
		t.Error("order made a difference")
	}
	if diff := cmp.Diff("voice", string(a.Slice.Networks[0].Name)); diff != "" {
		t.Errorf("Equal changed its argument: %s", diff)
	}
	b.Paths[0].Hops = []slice.Domain{"b", "a"}
	if intent.Equal(a, b) {
		t.Error("hops made no difference")
	}
	a.Overlay.Shape, b = intent.Star, good()
	b.Overlay.Shape = intent.Star
	slices.Reverse(b.Slice.Domains)
	if intent.Equal(a, b) {
		t.Error("the root of a star made no difference")
	}
	text, err := a.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := intent.FromYAML("f", text)
	if err != nil {
		t.Fatal(err)
	}
	if !intent.Equal(a, back) {
		t.Errorf("read back otherwise:\n%s", text)
	}
	if data, err := a.JSON(); err != nil || !json.Valid(data) {
		t.Errorf("JSON %s, %v", data, err)
	}
}

// TestTags holds what the protobuf messages are mapped by: names in
// lowerCamelCase, each once, and no number that JSON in protobuf makes text of.
func TestTags(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	for _, v := range []any{intent.Intents{}, intent.Status{}, intent.Segment{}, intent.SegmentStatus{}, intent.DomainInfo{}} {
		checkTags(t, name, reflect.TypeOf(v))
	}
}

func checkTags(t *testing.T, name *regexp.Regexp, typ reflect.Type) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Slice, reflect.Map:
		checkTags(t, name, typ.Elem())
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		t.Errorf("%s has more than 32 bits", typ)
	case reflect.Struct:
		if _, ok := reflect.New(typ).Interface().(interface{ UnmarshalText([]byte) error }); ok {
			return
		}
		seen := map[string]bool{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !name.MatchString(tag) || seen[tag] {
				t.Errorf("%s.%s has tag %q", typ, f.Name, tag)
			}
			seen[tag] = true
			checkTags(t, name, f.Type)
		}
	}
}
