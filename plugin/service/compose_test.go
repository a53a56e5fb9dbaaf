package service_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

var (
	someDomains = []string{"field", "fire", "private"}
	someDoors   = []string{service.VPLS, service.VIM, service.NSI}
)

// anyWish is some service.
func anyWish(t *rapid.T, id string) service.Service {
	var ends []string
	for i := range rapid.IntRange(1, 3).Draw(t, "ends") {
		d := rapid.SampledFrom(someDomains).Draw(t, "domain")
		if rapid.Bool().Draw(t, "workload") {
			d += fmt.Sprintf("/%s%d%d", d, i, rapid.IntRange(0, 2).Draw(t, "number"))
		}
		if !slices.Contains(ends, d) {
			ends = append(ends, d)
		}
	}
	s := wish(id, ends...)
	s.Tenant = rapid.SampledFrom([]slice.Tenant{"blue", "red"}).Draw(t, "tenant")
	if vlan := rapid.IntRange(0, 2).Draw(t, "vlan"); vlan > 0 {
		s = tagged(s, slice.VLAN(vlan), rapid.Bool().Draw(t, "claims"))
	}
	if rapid.IntRange(0, 3).Draw(t, "joins") == 0 {
		s.Joins = []service.Join{{Network: "net", With: service.Key{
			Door: rapid.SampledFrom(someDoors).Draw(t, "with"), Account: "osm", ID: fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id")),
		}}}
	}
	return s
}

// Whatever was put and removed before, a book comes to what a new one comes to, and
// the SCO holds it.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sco := servicetest.NewSCO()
		b, err := service.New(service.Config{Store: servicetest.NewStore(), Slices: sco})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			door, id := rapid.SampledFrom(someDoors).Draw(t, "door"), fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id"))
			err := b.Update(t.Context(), door, "osm", func(tx *service.Tx) error {
				if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
					tx.Remove(id)
				} else {
					tx.Put(anyWish(t, id))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := shown(sco), expected(b); !slices.Equal(got, want) {
				t.Fatalf("the SCO holds %q, a new book comes to %q", got, want)
			}
		}
		shuffled := rapid.Permutation(b.Services("")).Draw(t, "order")
		one, other := service.Compose(b.Services("")), service.Compose(shuffled)
		if !slices.Equal(one.Slices(), other.Slices()) {
			t.Fatalf("the order counts: %v and %v", one.Slices(), other.Slices())
		}
		for _, id := range one.Slices() {
			x, _ := one.Intents(id)
			if y, _ := other.Intents(id); !intent.Equal(x, y) {
				t.Fatalf("the order counts: %+v and %+v", x, y)
			}
		}
		judge(t, b.Services(""))
	})
}

// judge looks at every two services: they share a network only if they are of one
// tenant, do not claim one tag, and something leads from one to the other.
func judge(t *rapid.T, all []service.Service) {
	c := service.Compose(all)
	place := func(s service.Service) slice.NetworkID {
		id, ok := c.Place(s.Key, "net")
		if !ok {
			t.Fatalf("%s is nowhere", s.Key)
		}
		return id
	}
	for _, x := range all {
		for _, y := range all {
			if x.Key == y.Key || place(x) != place(y) {
				continue
			}
			if x.Tenant != y.Tenant {
				t.Fatalf("%s of %s and %s of %s share a network", x.Key, x.Tenant, y.Key, y.Tenant)
			}
			if rivals(x, y) {
				t.Fatalf("%s and %s claim one tag and share a network", x.Key, y.Key)
			}
			if !linked(all, x, y) {
				t.Fatalf("%s and %s share a network, and nothing joins them", x.Key, y.Key)
			}
		}
	}
}

// rivals reports whether two services claim one tag.
func rivals(x, y service.Service) bool {
	return slices.ContainsFunc(x.HandOffs, func(a service.HandOff) bool {
		return a.Claims && slices.ContainsFunc(y.HandOffs, func(b service.HandOff) bool { return a == b })
	})
}

// linked looks for a way from one service to another over tags and joins.
func linked(all []service.Service, from, to service.Service) bool {
	near := func(x, y service.Service) bool {
		for _, j := range x.Joins {
			if j.With == y.Key {
				return true
			}
		}
		for _, a := range x.HandOffs {
			for _, b := range y.HandOffs {
				if a.Domain == b.Domain && a.VLAN == b.VLAN && (!a.Claims || !b.Claims) {
					return true
				}
			}
		}
		return false
	}
	seen := map[service.Key]bool{from.Key: true}
	for queue := []service.Service{from}; len(queue) > 0; queue = queue[1:] {
		for _, s := range all {
			if !seen[s.Key] && s.Tenant == from.Tenant && (near(queue[0], s) || near(s, queue[0])) {
				seen[s.Key] = true
				queue = append(queue, s)
			}
		}
	}
	return seen[to.Key]
}

// Services that only claim share no network.
func TestClaimsStayApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []service.Service
		for i := range rapid.IntRange(2, 6).Draw(t, "services") {
			s := tagged(wish(fmt.Sprint(i), rapid.SampledFrom(someDomains).Draw(t, "domain")), slice.VLAN(rapid.IntRange(1, 2).Draw(t, "vlan")), true)
			s.Key.Door, s.Number = service.VPLS, uint64(i+1)
			all = append(all, s)
		}
		c := service.Compose(all)
		if got := len(c.Slices()); got != len(all) {
			t.Fatalf("%d services that claim come to %d slices", len(all), got)
		}
	})
}

// Accounts change their services at once; a book is the union of them.
func TestManyAtOnce(t *testing.T) {
	b, sco := servicetest.Book(t)
	var wait sync.WaitGroup
	for a := range 4 {
		wait.Go(func() {
			for i := range 50 {
				id := fmt.Sprint(i % 7)
				err := b.Update(t.Context(), service.VPLS, fmt.Sprint("osm", a), func(tx *service.Tx) error {
					if i%5 == 4 {
						tx.Remove(id)
						return nil
					}
					tx.Put(tagged(wish(id, someDomains[i%3], someDomains[(i+1)%3]+"/w"), slice.VLAN(1+i%3), a > 1))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got, want := shown(sco), expected(b); !slices.Equal(got, want) {
		t.Errorf("the SCO holds %q, the book wants %q", got, want)
	}
}
