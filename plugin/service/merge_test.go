package service_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// folds is a network of a VIM account that is one with the instance's network of the
// same tag.
func folds(change func(*service.Service)) service.Service {
	s := tagged(wish("n", "fire/tablet"), 600, false)
	s.Key.Door, s.Key.Account, s.Number = service.VIM, "fire", 1
	change(&s)
	return s
}

// instance is what it folds into, though it is younger.
func instance(change func(*service.Service)) service.Service {
	s := tagged(wish("i", "field/cam", "fire"), 600, false)
	s.Key.Door, s.Key.Account, s.Number = service.NSI, "osm", 2
	s.Intents.Slice.ID = "press"
	change(&s)
	return s
}

func as(*service.Service) {}

// with changes the network of a service.
func with(change func(*intent.Network)) func(*service.Service) {
	return func(s *service.Service) { change(&s.Intents.Slice.Networks[0]) }
}

func cidr(p string) func(*service.Service) {
	return with(func(n *intent.Network) { n.CIDR = netip.MustParsePrefix(p) })
}

func both(all ...func(*service.Service)) func(*service.Service) {
	return func(s *service.Service) {
		for _, f := range all {
			f(s)
		}
	}
}

// What two services say of one network becomes one, the instance first; what is not
// taken of the other one is told to it.
func TestMerge(t *testing.T) {
	span := func(s string) (out slice.Span) {
		must(t, out.UnmarshalText([]byte(s)))
		return out
	}
	fixed := func(a string) func(*service.Service) {
		return with(func(n *intent.Network) { n.Members[0].Address = netip.MustParseAddr(a) })
	}
	reserved := func(s string) func(*service.Service) {
		return with(func(n *intent.Network) { n.Reserved = []slice.Span{span(s)} })
	}
	for _, tc := range []struct {
		name         string
		folds, whole func(*service.Service)
		is           func(intent.Intents, intent.Network) bool
		note         string
	}{
		{
			"members and domains", as, as,
			func(in intent.Intents, n intent.Network) bool {
				return len(n.Members) == 2 && len(n.Domains) == 2 && len(in.Slice.Domains) == 2 && n.Type == slice.VNet
			}, "",
		},
		{
			"two ends",
			with(func(n *intent.Network) { n.Type = slice.VLink; n.Members = nil }),
			with(func(n *intent.Network) {
				n.Type = slice.VLink
				n.Members = append(n.Members, intent.Member{Name: "x", Domain: "fire"})
			}),
			func(_ intent.Intents, n intent.Network) bool { return n.Type == slice.VLink }, "",
		},
		{
			"two ends and one more",
			with(func(n *intent.Network) { n.Type = slice.VLink }),
			with(func(n *intent.Network) {
				n.Type = slice.VLink
				n.Members = append(n.Members, intent.Member{Name: "x", Domain: "fire"})
			}),
			func(_ intent.Intents, n intent.Network) bool { return n.Type == slice.VNet && len(n.Members) == 3 }, "",
		},
		{
			"the lowest bounds", with(func(n *intent.Network) { n.MTU, n.BandwidthKbps = 1400, 500 }), with(func(n *intent.Network) { n.MTU = 1300 }),
			func(_ intent.Intents, n intent.Network) bool { return n.MTU == 1300 && n.BandwidthKbps == 500 }, "",
		},
		{
			"the only range", both(cidr("192.0.2.0/24"), fixed("192.0.2.9"), reserved("192.0.2.1")), as,
			func(_ intent.Intents, n intent.Network) bool {
				return n.CIDR.String() == "192.0.2.0/24" && n.Members[1].Address.String() == "192.0.2.9" && len(n.Reserved) == 1
			}, "",
		},
		{
			"another range", both(cidr("192.0.2.0/24"), fixed("192.0.2.9")), cidr("198.51.100.0/24"),
			func(_ intent.Intents, n intent.Network) bool {
				return n.CIDR.String() == "198.51.100.0/24" && !n.Members[1].Address.IsValid()
			}, "the network that it is one with has 198.51.100.0/24",
		},
		{
			"an address twice", both(cidr("192.0.2.0/24"), fixed("192.0.2.9")), both(cidr("192.0.2.0/24"), fixed("192.0.2.9")),
			func(_ intent.Intents, n intent.Network) bool {
				return n.Members[0].Address.IsValid() && !n.Members[1].Address.IsValid()
			}, "address 192.0.2.9 is not to be had",
		},
		{
			"an address that is reserved", both(cidr("192.0.2.0/24"), fixed("192.0.2.9")), both(cidr("192.0.2.0/24"), reserved("192.0.2.9")),
			func(_ intent.Intents, n intent.Network) bool { return !n.Members[1].Address.IsValid() }, "192.0.2.9 is not to be had",
		},
		{
			"a reserved address of a member", both(cidr("192.0.2.0/24"), reserved("192.0.2.9")), both(cidr("192.0.2.0/24"), fixed("192.0.2.9")),
			func(_ intent.Intents, n intent.Network) bool { return len(n.Reserved) == 0 }, "192.0.2.9 is not reserved",
		},
		{
			"a range of another network", cidr("192.0.2.0/24"),
			func(s *service.Service) {
				s.Intents.Slice.Networks = append(s.Intents.Slice.Networks, intent.Network{Name: "other", Domains: []slice.Domain{"field"}, CIDR: netip.MustParsePrefix("192.0.0.0/16")})
			},
			func(_ intent.Intents, n intent.Network) bool { return !n.CIDR.IsValid() }, "another network of slice press",
		},
		{
			"a workload twice", with(func(n *intent.Network) {
				n.Domains, n.Members[0] = append(n.Domains, "field"), intent.Member{Name: "cam", Domain: "field"}
			}), as,
			func(_ intent.Intents, n intent.Network) bool { return len(n.Members) == 1 }, "",
		},
		{
			"two workloads of one name", with(func(n *intent.Network) { n.Members[0].Name = "cam" }), as,
			func(_ intent.Intents, n intent.Network) bool { return len(n.Members) == 1 }, "member cam of domain fire is left out",
		},
		{
			"a hardware address twice", with(func(n *intent.Network) { n.Members[0].MAC = slice.MAC{2, 0, 0, 0, 0, 1} }),
			with(func(n *intent.Network) { n.Members[0].MAC = slice.MAC{2, 0, 0, 0, 0, 1} }),
			func(_ intent.Intents, n intent.Network) bool { return n.Members[1].MAC.IsZero() }, "02:00:00:00:00:01 is another member's",
		},
		{
			"an interface twice", with(func(n *intent.Network) { n.Members[0].Interface = "eth1" }),
			func(s *service.Service) {
				s.Intents.Slice.Networks = append(s.Intents.Slice.Networks, intent.Network{
					Name: "other", Domains: []slice.Domain{"fire"}, Members: []intent.Member{{Name: "tablet", Domain: "fire", Interface: "eth1"}},
				})
			},
			func(_ intent.Intents, n intent.Network) bool { return n.Members[1].Interface == "net" }, "",
		},
		{
			"encryption", func(s *service.Service) { s.Intents.Overlay.Encryption = intent.WireGuard }, as,
			func(in intent.Intents, _ intent.Network) bool { return in.Overlay.Encryption == intent.WireGuard }, "its encryption, wireguard",
		},
		{
			"another encryption", func(s *service.Service) { s.Intents.Overlay.Encryption = intent.IPsec },
			func(s *service.Service) { s.Intents.Overlay.Encryption = intent.WireGuard },
			func(in intent.Intents, _ intent.Network) bool { return in.Overlay.Encryption == intent.WireGuard }, "encryption ipsec",
		},
		{
			"another shape", func(s *service.Service) { s.Intents.Overlay.Shape = intent.Star }, as,
			func(in intent.Intents, _ intent.Network) bool { return in.Overlay.Shape == intent.Mesh }, "its overlay does not count",
		},
		{
			"a path", func(s *service.Service) {
				s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: "field"})
				s.Intents.Slice.Networks[0].Domains = append(s.Intents.Slice.Networks[0].Domains, "field")
				s.Intents.Paths = []intent.Path{{Network: "net", From: "field", To: "fire", MaxLatencyMs: 20}}
			}, as,
			func(in intent.Intents, _ intent.Network) bool { return len(in.Paths) == 1 }, "",
		},
		{
			"a path over a domain that is not there", func(s *service.Service) {
				s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: "field"}, intent.Domain{Name: "hub"})
				s.Intents.Slice.Networks[0].Domains = append(s.Intents.Slice.Networks[0].Domains, "field")
				s.Intents.Paths = []intent.Path{{Network: "net", From: "field", To: "fire", Hops: []slice.Domain{"field", "hub", "fire"}}}
			}, as,
			func(in intent.Intents, _ intent.Network) bool { return len(in.Paths) == 0 }, "its path from field to fire does not count",
		},
		{
			"an explicit overlay", as, func(s *service.Service) {
				s.Intents.Slice.Domains = []intent.Domain{{Name: "field"}, {Name: "hub"}}
				s.Intents.Slice.Networks[0].Domains = []slice.Domain{"field"}
				s.HandOffs = []service.HandOff{{Network: "net", Domain: "fire", VLAN: 600}}
				s.Intents.Overlay = intent.Overlay{Shape: intent.Explicit, Links: []intent.Link{{From: "field", To: "hub"}}}
			},
			func(in intent.Intents, n intent.Network) bool {
				return len(in.Overlay.Links) == 2 && len(n.Domains) == 2
			}, "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			one, other := folds(tc.folds), instance(tc.whole)
			c := service.Compose([]service.Service{one, other})
			if got := c.Slices(); !slices.Equal(got, []slice.ID{"press"}) {
				t.Fatalf("slices %v", got)
			}
			in, notes := c.Intents("press")
			if err := in.Validate(); err != nil {
				t.Error(err)
			}
			if i := slices.IndexFunc(in.Slice.Networks, func(n intent.Network) bool { return n.Name == "net" }); !tc.is(in, in.Slice.Networks[i]) {
				t.Errorf("it came to %+v", in)
			}
			if text := strings.Join(notes[one.Key], "\n"); !strings.Contains(text, tc.note) || tc.note == "" && text != "" {
				t.Errorf("it is told %q, want something of %q", text, tc.note)
			}
		})
	}
}

// Two services that claim one tag stay apart even if others would join them.
func TestRivalsAreNeverJoined(t *testing.T) {
	tags := func(id string, number uint64, claims bool, pairs map[slice.Domain]slice.VLAN) service.Service {
		s := wish(id, "a", "b", "c")
		s.Key.Door, s.Number = service.VPLS, number
		for _, d := range []slice.Domain{"a", "b", "c"} {
			if v := pairs[d]; v != 0 {
				s.HandOffs = append(s.HandOffs, service.HandOff{Network: "net", Domain: d, VLAN: v, Claims: claims})
			}
		}
		return s
	}
	first := tags("first", 1, true, map[slice.Domain]slice.VLAN{"a": 100, "b": 100})
	second := tags("second", 2, true, map[slice.Domain]slice.VLAN{"a": 100, "c": 200}) // the tag at a is taken
	between := tags("between", 3, false, map[slice.Domain]slice.VLAN{"b": 100, "c": 200})
	between.Joins = []service.Join{{Network: "net", With: second.Key}}
	c := service.Compose([]service.Service{first, second, between})
	at := func(s service.Service) slice.NetworkID {
		id, _ := c.Place(s.Key, "net")
		return id
	}
	if at(first) == at(second) || at(between) != at(first) {
		t.Errorf("first %v, second %v, between %v", at(first), at(second), at(between))
	}
	if len(c.Notes(second.Key)) != 1 || len(c.Notes(between.Key)) != 2 {
		t.Errorf("told: %q and %q", c.Notes(second.Key), c.Notes(between.Key))
	}
}
