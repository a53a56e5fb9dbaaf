package service_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wish is a service of one network with workloads, as DOMAIN/WORKLOAD, or with
// domains.
func wish(id string, ends ...string) service.Service {
	n := intent.Network{Name: "net"}
	s := service.Service{Key: service.Key{ID: id}, Tenant: "blue"}
	for _, e := range ends {
		var d slice.Domain
		var w slice.Workload
		for i, c := range e {
			if c == '/' {
				d, w = slice.Domain(e[:i]), slice.Workload(e[i+1:])
			}
		}
		if w != "" {
			n.Members = append(n.Members, intent.Member{Name: w, Domain: d})
		} else {
			d = slice.Domain(e)
		}
		if !slices.Contains(n.Domains, d) {
			n.Domains = append(n.Domains, d)
			s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: d})
		}
	}
	s.Intents.Slice.Networks = []intent.Network{n}
	return s
}

// tagged gives the domains of a wish a tag.
func tagged(s service.Service, vlan slice.VLAN, claims bool) service.Service {
	for _, d := range s.Intents.Slice.Domains {
		s.HandOffs = append(s.HandOffs, service.HandOff{Network: "net", Domain: d.Name, VLAN: vlan, Claims: claims})
	}
	return s
}

func put(t *testing.T, b *service.Book, door, account string, all ...service.Service) {
	t.Helper()
	must(t, b.Update(t.Context(), door, account, func(tx *service.Tx) error {
		for _, s := range all {
			tx.Put(s)
		}
		return nil
	}))
}

func remove(t *testing.T, b *service.Book, door, account, id string) {
	t.Helper()
	must(t, b.Update(t.Context(), door, account, func(tx *service.Tx) error { tx.Remove(id); return nil }))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shown is what the SCO holds: members, or domains, of every network, sorted.
func shown(sco *servicetest.SCO) []string {
	var all []string
	for _, in := range sco.Intents() {
		for _, n := range in.Slice.Networks {
			line := fmt.Sprintf("%s %v", in.Slice.Tenant, n.Domains)
			for _, m := range n.Members {
				line += " " + string(m.Name)
			}
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

func want(t *testing.T, sco *servicetest.SCO, lines ...string) {
	t.Helper()
	if got := shown(sco); !slices.Equal(got, lines) {
		t.Errorf("the SCO holds %q, want %q", got, lines)
	}
}

func TestServicesBecomeSlices(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VPLS, "osm", wish("a", "field/cam", "fire/tablet"))
	put(t, b, service.L2VPN, "osm", wish("a", "field/cam", "private/recorder"))
	want(t, sco, "blue [field fire] cam tablet", "blue [field private] cam recorder")
	state, err := b.State(t.Context(), service.Key{Door: service.VPLS, Account: "osm", ID: "a"})
	must(t, err)
	if state.Phase != service.Active || len(state.Networks) != 1 {
		t.Errorf("state: %+v", state)
	}
	put(t, b, service.VPLS, "osm", wish("a", "field/cam"))
	want(t, sco, "blue [field private] cam recorder", "blue [field] cam")
	remove(t, b, service.VPLS, "osm", "a")
	remove(t, b, service.L2VPN, "osm", "a")
	want(t, sco)
}

// Networks of domains are joined by the tag that a connectivity service claims, and
// apart again when it is gone.
func TestTagsJoin(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VIM, "field", tagged(wish("n1", "field/cam"), 600, false))
	put(t, b, service.VIM, "fire", tagged(wish("n2", "fire/tablet"), 600, false))
	want(t, sco, "blue [field] cam", "blue [fire] tablet")
	put(t, b, service.VPLS, "osm", tagged(wish("s", "field", "fire"), 600, true))
	want(t, sco, "blue [field fire] cam tablet")
	put(t, b, service.VPLS, "osm", tagged(wish("late", "field", "fire"), 600, true))
	want(t, sco, "blue [field fire]", "blue [field fire] cam tablet")
	state, err := b.State(t.Context(), service.Key{Door: service.VPLS, Account: "osm", ID: "late"})
	must(t, err)
	if len(state.Notes) != 2 {
		t.Errorf("a second claim of two tags is told %q", state.Notes)
	}
	remove(t, b, service.VPLS, "osm", "s")
	want(t, sco, "blue [field fire] cam tablet") // the other one has the tags now
	remove(t, b, service.VPLS, "osm", "late")
	want(t, sco, "blue [field] cam", "blue [fire] tablet")
}

func TestTenantsStayApart(t *testing.T) {
	b, sco := servicetest.Book(t)
	green := tagged(wish("n2", "fire/tablet"), 600, false)
	green.Tenant = "green"
	green.Joins = []service.Join{{Network: "net", With: service.Key{Door: service.VIM, Account: "field", ID: "n1"}}}
	put(t, b, service.VIM, "field", tagged(wish("n1", "field/cam"), 600, false))
	put(t, b, service.VIM, "fire", green)
	put(t, b, service.VPLS, "osm", tagged(wish("s", "field", "fire"), 600, true))
	want(t, sco, "blue [field fire] cam", "green [fire] tablet")
}

func TestJoins(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VIM, "field", wish("n1", "field/cam"))
	nsi := wish("i", "field", "fire/tablet")
	nsi.Intents.Slice.ID = "emergency"
	nsi.Joins = []service.Join{{Network: "net", With: service.Key{Door: service.VIM, Account: "field", ID: "n1"}}}
	put(t, b, service.NSI, "osm", nsi)
	want(t, sco, "blue [field fire] cam tablet")
	if _, ok := sco.Intents()["emergency"]; !ok {
		t.Errorf("the slice is not that of the instance: %v", sco.Intents())
	}
	remove(t, b, service.NSI, "osm", "i")
	want(t, sco, "blue [field] cam")
}

func TestRefusedChangeLeavesNothing(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VIM, "field", tagged(wish("n1", "field/cam"), 600, false))
	for _, kind := range []slice.Kind{slice.Invalid, slice.Conflict, slice.Exhausted, slice.Denied, slice.Unavailable} {
		sco.Fail(1, kind)
		err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error {
			tx.Put(tagged(wish("s", "field", "fire"), 600, true))
			tx.SetNote("document", []byte("new"))
			return nil
		})
		if slice.KindOf(err) != kind {
			t.Errorf("error %v, want kind %v", err, kind)
		}
		want(t, sco, "blue [field] cam")
		b.View(service.VPLS, "osm", func(tx *service.Tx) {
			if len(tx.Services()) != 0 || tx.Note("document") != nil {
				t.Errorf("something is left: %v, %q", tx.Services(), tx.Note("document"))
			}
		})
	}
}

func TestFaultIsFoundBeforeTheSCO(t *testing.T) {
	b, sco := servicetest.Book(t)
	bad := wish("s", "field/cam")
	bad.Intents.Slice.Networks[0].CIDR = netip.MustParsePrefix("192.0.2.1/24")
	err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Put(bad); return nil })
	if slice.KindOf(err) != slice.Invalid || sco.Calls("Apply") != 0 {
		t.Errorf("error %v after %d calls", err, sco.Calls("Apply"))
	}
}

func TestRemovalNeedsNoSCO(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
	sco.Fail(1, slice.Unavailable)
	remove(t, b, service.VPLS, "osm", "s")
	want(t, sco, "blue [field] cam")
	run(t, b, func() bool { return len(shown(sco)) == 0 })
}

// run lets the book work until something is so.
func run(t *testing.T, b *service.Book, done func() bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !done() && b.Counts().Pending > 0 {
		select {
		case err := <-ended:
			t.Fatal("the book has ended:", err)
		case <-look.C:
		}
	}
	stop()
	must(t, <-ended)
	if !done() {
		t.Error("the book has nothing to do, and it is not so")
	}
}

// What somebody added in the SCO stays when the service changes, and what the
// service took out goes.
func TestMembersOfOthersStay(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VIM, "field", wish("n1", "field/cam", "field/mic"))
	for _, in := range sco.Intents() {
		in.Slice.Networks[0].Members = append(in.Slice.Networks[0].Members, intent.Member{Name: "guest", Domain: "field"})
		sco.Set(in)
	}
	put(t, b, service.VIM, "field", wish("n1", "field/cam", "fire"))
	want(t, sco, "blue [field fire] cam guest")
}

func TestForeignSliceIsLeftAlone(t *testing.T) {
	b, sco := servicetest.Book(t)
	sco.Set(intent.Intents{Slice: intent.Slice{ID: "press", Tenant: "blue", Domains: []intent.Domain{{Name: "fire"}}, Networks: []intent.Network{{Name: "own", Domains: []slice.Domain{"fire"}}}}})
	s := wish("i", "field/cam")
	s.Intents.Slice.ID = "press"
	more := s
	more.Intents.Slice.Networks = []intent.Network{s.Intents.Slice.Networks[0], {Name: "own", Domains: []slice.Domain{"fire"}}}
	more.Intents.Slice.Domains = []intent.Domain{{Name: "field"}, {Name: "fire"}}
	for _, s := range []service.Service{s, more} {
		err := b.Update(t.Context(), service.NSI, "osm", func(tx *service.Tx) error { tx.Put(s); return nil })
		if slice.KindOf(err) != slice.Conflict {
			t.Errorf("error %v", err)
		}
	}
	want(t, sco, "blue [fire]")
}

// A workload that moves from one slice to another is in the way until the first one
// has let it go, whichever is told first.
func TestMembersMoveBetweenSlices(t *testing.T) {
	sco := servicetest.NewSCO()
	strict := &oneSlice{SCO: sco}
	b, err := service.New(service.Config{Store: servicetest.NewStore(), Slices: strict})
	must(t, err)
	put(t, b, service.VPLS, "osm", wish("a", "field/cam", "fire/x"), wish("b", "field/mic", "fire/y"))
	put(t, b, service.VPLS, "osm", wish("a", "field/mic", "fire/x"), wish("b", "fire/y"), wish("c", "field/cam"))
	want(t, sco, "blue [field fire] mic x", "blue [field] cam", "blue [fire] y")
	put(t, b, service.VPLS, "osm", wish("a", "fire/x"), wish("b", "field/mic", "fire/y"), wish("c", "field/cam"))
	want(t, sco, "blue [field fire] mic y", "blue [field] cam", "blue [fire] x")
}

// oneSlice is an SCO in which a workload is in one slice at most.
type oneSlice struct{ *servicetest.SCO }

func (s *oneSlice) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	for id, other := range s.Intents() {
		for _, n := range other.Slice.Networks {
			for _, m := range n.Members {
				if id != in.Slice.ID && slices.ContainsFunc(in.Slice.Networks, func(n intent.Network) bool {
					return slices.ContainsFunc(n.Members, func(w intent.Member) bool { return w.Name == m.Name })
				}) {
					return intent.Status{}, slice.Errorf(slice.Conflict, "%s is in slice %s", m.Name, id)
				}
			}
		}
	}
	return s.SCO.Apply(ctx, in, o)
}
