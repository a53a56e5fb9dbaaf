package service_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

func key(door, account, id string) service.Key {
	return service.Key{Door: door, Account: account, ID: id}
}

func state(t *testing.T, b *service.Book, k service.Key) service.State {
	t.Helper()
	s, err := b.State(t.Context(), k)
	must(t, err)
	return s
}

// Of services that come back after a removal that was refused, the older one still has
// the tag.
func TestWhatComesBackIsAsOldAsItWas(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VIM, "field", tagged(wish("n", "field/cam"), 600, false))
	put(t, b, service.VPLS, "osm", tagged(wish("old", "field", "fire"), 600, true))
	put(t, b, service.VPLS, "osm", tagged(wish("young", "field", "private"), 600, true))
	before, services := shown(sco), b.Services("")
	sco.Fail(1, slice.Exhausted)
	err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Remove("old"); return nil })
	if slice.KindOf(err) != slice.Exhausted {
		t.Errorf("error %v", err)
	}
	want(t, sco, before...)
	for i, s := range b.Services("") {
		if s.Key != services[i].Key || s.Number != services[i].Number || !s.Since.Equal(services[i].Since) {
			t.Errorf("%s is number %d since %v, and was number %d since %v", s.Key, s.Number, s.Since, services[i].Number, services[i].Since)
		}
	}
	if notes := state(t, b, key(service.VPLS, "osm", "young")).Notes; len(notes) != 1 {
		t.Errorf("the younger one is told %q", notes)
	}
}

// A hooked SCO calls a function within its next order.
type hooked struct {
	*servicetest.SCO
	mu     sync.Mutex
	during func() error
}

func (h *hooked) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	h.mu.Lock()
	f := h.during
	h.during = nil
	h.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return intent.Status{}, err
		}
	}
	return h.SCO.Apply(ctx, in, o)
}

// While the SCO thinks about a claim that it refuses, another account claims the same
// tag: when the first one is taken back, the second one gets it.
func TestChangesWhileOneIsTakenBack(t *testing.T) {
	sco := &hooked{SCO: servicetest.NewSCO()}
	b, err := service.New(service.Config{Store: servicetest.NewStore(), Slices: sco})
	must(t, err)
	put(t, b, service.VIM, "fire", tagged(wish("n", "fire/tablet"), 600, false))
	sco.during = func() error {
		err := b.Update(t.Context(), service.VPLS, "second", func(tx *service.Tx) error {
			tx.Put(tagged(wish("s", "private"), 700, true))
			return nil
		})
		return errors.Join(slice.Errorf(slice.Exhausted, "no room"), err)
	}
	err = b.Update(t.Context(), service.VPLS, "first", func(tx *service.Tx) error {
		tx.Put(tagged(wish("s", "field"), 700, true))
		return nil
	})
	if slice.KindOf(err) != slice.Exhausted {
		t.Errorf("error %v", err)
	}
	want(t, sco.SCO, expected(b)...)
	want(t, sco.SCO, "blue [fire] tablet", "blue [private]")

	claim := tagged(wish("s", "field", "private"), 800, true)
	sco.during = func() error {
		rival := tagged(wish("r", "private", "fire"), 800, true)
		err := b.Update(t.Context(), service.VPLS, "second", func(tx *service.Tx) error { tx.Put(rival); return nil })
		return errors.Join(slice.Errorf(slice.Denied, "not you"), err)
	}
	err = b.Update(t.Context(), service.VPLS, "first", func(tx *service.Tx) error { tx.Put(claim); return nil })
	if slice.KindOf(err) != slice.Denied {
		t.Errorf("error %v", err)
	}
	want(t, sco.SCO, expected(b)...)
	if notes := state(t, b, key(service.VPLS, "second", "r")).Notes; len(notes) != 0 {
		t.Errorf("the tag is free, and its only claimant is told %q", notes)
	}
}

func TestTenantOfAServiceChanges(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
	green := wish("s", "field/cam")
	green.Tenant = "green"
	put(t, b, service.VPLS, "osm", green)
	want(t, sco, "green [field] cam")
}

func TestSameAgainAsksNothing(t *testing.T) {
	b, sco := servicetest.Book(t)
	put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
	put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
	if n := sco.Calls("Apply"); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// What a door does to a service after Put, or to what it was shown, changes nothing.
func TestServicesAreCopies(t *testing.T) {
	b, _ := servicetest.Book(t)
	mine := tagged(wish("s", "field/cam"), 600, true)
	spoil := func(s service.Service) {
		s.Intents.Slice.Networks[0].Members[0].Name = "spoilt"
		s.Intents.Slice.Networks[0].Domains[0], s.HandOffs[0].VLAN = "spoilt", 1
	}
	put(t, b, service.VPLS, "osm", mine)
	spoil(mine)
	b.View(service.VPLS, "osm", func(tx *service.Tx) {
		s, _ := tx.Service("s")
		spoil(s)
		spoil(tx.Services()[0])
		tx.Remove("s")
	})
	spoil(b.Services("")[0])
	s := b.Services("blue")[0]
	if n := s.Intents.Slice.Networks[0]; n.Members[0].Name != "cam" || n.Domains[0] != "field" || s.HandOffs[0].VLAN != 600 {
		t.Errorf("it became %+v", s)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	b, sco := servicetest.Book(t)
	for _, tc := range []struct {
		name   string
		change func(*service.Service)
		want   string
	}{
		{"no id", func(s *service.Service) { s.Key.ID = "" }, "id"},
		{"long id", func(s *service.Service) { s.Key.ID = strings.Repeat("x", 257) }, "256"},
		{"broken text", func(s *service.Service) { s.Key.ID = "\xff" }, "text"},
		{"long title", func(s *service.Service) { s.Title = strings.Repeat("x", 2000) }, "title"},
		{"no tenant", func(s *service.Service) { s.Tenant = "" }, "tenant"},
		{"odd tenant", func(s *service.Service) { s.Tenant = "Blue Team" }, "Blue Team"},
		{"tag of another network", func(s *service.Service) { s.HandOffs[0].Network = "other" }, "other"},
		{"tag too high", func(s *service.Service) { s.HandOffs[0].VLAN = 4095 }, "4095"},
		{"join of another network", func(s *service.Service) { s.Joins = []service.Join{{Network: "other"}} }, "other"},
		{"too many tags", func(s *service.Service) { s.HandOffs = make([]service.HandOff, 5000) }, "4096"},
		{"a fault in the intents", func(s *service.Service) { s.Intents.Slice.Networks[0].MTU = 3 }, "service vpls/osm/s: slice.networks[0].mtu"},
		{"an odd slice id", func(s *service.Service) { s.Intents.Slice.ID = "A B" }, "slice.id"},
	} {
		s := tagged(wish("s", "field/cam"), 600, true)
		tc.change(&s)
		err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Put(s); return nil })
		if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want something of %q", tc.name, err, tc.want)
		}
	}
	for _, name := range []string{"", "\xff", strings.Repeat("x", 2000)} {
		err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.SetNote(name, []byte("x")); return nil })
		if slice.KindOf(err) != slice.Invalid {
			t.Errorf("a text under %.8q: %v", name, err)
		}
	}
	err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.SetNote("n", make([]byte, 5<<20)); return nil })
	if slice.KindOf(err) != slice.Exhausted {
		t.Errorf("a long text: %v", err)
	}
	if len(b.Services("")) != 0 || sco.Calls("Apply") != 0 || len(b.Accounts(service.VPLS)) != 0 {
		t.Errorf("something is left: %v", b.Services(""))
	}
}

// Whatever ids are like, a book that starts again knows the services, the texts and what
// it tells of them.
func TestStartAgain(t *testing.T) {
	disk, sco := servicetest.NewStore(), servicetest.NewSCO()
	b, err := service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	ids := []string{"a", "a/b", "a%2Fb", "ä ö", "../..", "\n", strings.Repeat("ü", 128)}
	for _, id := range ids {
		must(t, b.Update(t.Context(), service.VPLS, "osm/x", func(tx *service.Tx) error {
			tx.Put(tagged(wish(id, "field/cam"), 600, true))
			tx.SetNote(id, []byte(id))
			return nil
		}))
	}
	must(t, b.Update(t.Context(), service.VPLS, "osm/x", func(tx *service.Tx) error { tx.SetNote("a/b", nil); return nil }))
	before := b.Services("")
	b, err = service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	after := b.Services("")
	if len(after) != len(ids) {
		t.Fatalf("%d services", len(after))
	}
	for i := range after {
		if after[i].Key != before[i].Key || after[i].Number != before[i].Number || !after[i].Since.Equal(before[i].Since) {
			t.Errorf("%+v became %+v", before[i], after[i])
		}
	}
	b.View(service.VPLS, "osm/x", func(tx *service.Tx) {
		if len(tx.Notes()) != len(ids)-1 || string(tx.Note("ä ö")) != "ä ö" || tx.Note("a/b") != nil {
			t.Errorf("texts %q", tx.Notes())
		}
	})
	if notes := state(t, b, key(service.VPLS, "osm/x", "a/b")).Notes; len(notes) != 1 {
		t.Errorf("the second claim is told %q", notes)
	}
	put(t, b, service.VPLS, "osm/x", wish("later", "fire/tablet"))
	if all := b.Services(""); all[len(all)-1].Number != uint64(len(ids)+1) {
		t.Errorf("the next one is number %d", all[len(all)-1].Number)
	}
}

// What merging told, and slices of which the record was lost, come back.
func TestLostRecords(t *testing.T) {
	disk, sco := servicetest.NewStore(), servicetest.NewSCO()
	b, err := service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	first, second := tagged(wish("a", "field/cam"), 600, false), tagged(wish("b", "field/mic"), 600, false)
	cidr("192.0.2.0/24")(&first)
	cidr("198.51.100.0/24")(&second)
	put(t, b, service.VIM, "osm", first, second)
	b, err = service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	if notes := state(t, b, key(service.VIM, "osm", "b")).Notes; len(notes) != 1 || !strings.Contains(notes[0], "198.51.100.0/24") {
		t.Errorf("it is told %q", notes)
	}
	records, err := disk.List("slices")
	must(t, err)
	for k := range records {
		records[k] = nil
	}
	must(t, disk.WriteAll(map[string]map[string][]byte{"slices": records}))
	b, err = service.New(service.Config{Store: disk, Slices: servicetest.NewSCO()})
	must(t, err)
	if n := b.Counts().Slices; n != 0 {
		t.Errorf("%d slices are known", n)
	}
	synctest.Test(t, func(t *testing.T) {
		sco := servicetest.NewSCO()
		b, err := service.New(service.Config{Store: disk, Slices: sco})
		must(t, err)
		after(t, b, time.Second)
		want(t, sco, "blue [field] cam mic")
	})
}

// The answer to a new slice is lost, and the SCO cannot be told to delete it. What is
// asked for next under the same id finds it.
func TestLeftoverIsFound(t *testing.T) {
	b, sco := servicetest.Book(t)
	sco.Lose(1)
	sco.Fail(1, slice.Unavailable)
	err := b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Put(wish("s", "field/cam")); return nil })
	if slice.KindOf(err) != slice.Unavailable || len(b.Services("")) != 0 {
		t.Errorf("error %v, services %v", err, b.Services(""))
	}
	want(t, sco, "blue [field] cam")
	put(t, b, service.VPLS, "osm", wish("s", "fire/mic", "field"))
	want(t, sco, "blue [field fire] mic")
}

// A phased SCO says that its slices are in a phase.
type phased struct {
	*servicetest.SCO
	phase intent.Phase
}

func (p *phased) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	s, err := p.SCO.Status(ctx, id)
	if p.phase != "" {
		s.Phase = p.phase
	}
	return s, err
}

// A slice that somebody takes apart right now can be had later, so the door says so.
func TestSliceThatIsBeingDeleted(t *testing.T) {
	sco := &phased{SCO: servicetest.NewSCO()}
	b, err := service.New(service.Config{Store: servicetest.NewStore(), Slices: sco})
	must(t, err)
	put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
	sco.phase = intent.Deleting
	if s := state(t, b, key(service.VPLS, "osm", "s")); s.Phase != service.Building {
		t.Errorf("it is %s", s.Phase)
	}
	err = b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Put(wish("s", "field/mic")); return nil })
	if slice.KindOf(err) != slice.Unavailable {
		t.Errorf("error %v", err)
	}
	want(t, sco.SCO, "blue [field] cam")
}

// A slice that was deleted by somebody, who then made one of that name for another
// tenant, is not ours to delete.
func TestSomebodyElsesSliceStays(t *testing.T) {
	b, sco := servicetest.Book(t)
	s := wish("s", "field/cam")
	s.Intents.Slice.ID = "press"
	put(t, b, service.VPLS, "osm", s)
	_, err := sco.Delete(t.Context(), "press", intent.Order{})
	must(t, err)
	sco.Set(intent.Intents{Slice: intent.Slice{ID: "press", Tenant: "red", Domains: []intent.Domain{{Name: "fire"}}, Networks: []intent.Network{{Name: "own", Domains: []slice.Domain{"fire"}}}}})
	err = b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error {
		s.Title, s.Intents.Slice.Networks[0].MTU = "more", 1400
		tx.Put(s)
		return nil
	})
	if slice.KindOf(err) != slice.Conflict {
		t.Errorf("error %v", err)
	}
	remove(t, b, service.VPLS, "osm", "s")
	want(t, sco, "red [fire]")
}

// after lets a book work for a time.
func after(t *testing.T, b *service.Book, d time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	must(t, b.Run(ctx))
}

// What the SCO refuses after a crash is told, and tried again slowly until it is taken.
func TestRefusedAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, sco := servicetest.NewStore(), servicetest.NewSCO()
		dead := false
		b, err := service.New(service.Config{Store: disk, Slices: sco, Failpoint: func(step string) error {
			if dead = dead || step == "apply"; dead {
				return errCrash
			}
			return nil
		}})
		must(t, err)
		_ = b.Update(t.Context(), service.VPLS, "osm", func(tx *service.Tx) error { tx.Put(wish("s", "field/cam")); return nil })
		b, err = service.New(service.Config{Store: disk, Slices: sco})
		must(t, err)
		sco.Fail(12, slice.Exhausted)
		after(t, b, 5*time.Minute)
		s, n := state(t, b, key(service.VPLS, "osm", "s")), sco.Calls("Apply")
		if s.Phase != service.Failed || !strings.Contains(s.Message, "told to fail") || b.Counts().Failed != 1 {
			t.Errorf("state %+v, counts %+v", s, b.Counts())
		}
		if n < 5 || n > 11 {
			t.Errorf("%d orders in 5 minutes", n)
		}
		after(t, b, 10*time.Minute)
		if s := state(t, b, key(service.VPLS, "osm", "s")); s.Phase != service.Active || b.Counts().Failed != 0 {
			t.Errorf("state %+v, counts %+v", s, b.Counts())
		}
	})
}

func TestDeletedSliceComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sco := servicetest.Book(t)
		put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
		for id := range sco.Intents() {
			_, err := sco.Delete(t.Context(), id, intent.Order{})
			must(t, err)
		}
		if s := state(t, b, key(service.VPLS, "osm", "s")); s.Phase != service.Building {
			t.Errorf("state %+v", s)
		}
		after(t, b, 6*time.Minute)
		want(t, sco, "blue [field] cam")
	})
}

// A removal while the SCO is away for an hour is done when it is back.
func TestRemovalWaitsForTheSCO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sco := servicetest.Book(t)
		put(t, b, service.VPLS, "osm", wish("s", "field/cam"))
		sco.Fail(60, slice.Unavailable)
		remove(t, b, service.VPLS, "osm", "s")
		after(t, b, time.Minute)
		if c := b.Counts(); c.Pending != 1 || c.Services[service.VPLS] != 0 || len(shown(sco)) != 1 {
			t.Errorf("counts %+v", c)
		}
		after(t, b, 2*time.Hour)
		want(t, sco)
		if c := b.Counts(); c.Slices != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

// A slice of two networks that the SCO does not take any more, as a domain of it has
// no room, holds up neither who takes the first one out nor who takes the second one.
func TestRemovalFromARefusedSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sco := servicetest.Book(t)
		put(t, b, service.VIM, "field", tagged(wish("n1", "field/cam"), 600, false))
		put(t, b, service.VIM, "fire", tagged(wish("n2", "fire/tablet"), 600, false))
		put(t, b, service.VPLS, "osm", tagged(wish("s", "field", "fire"), 600, true))
		take := func(account, id string) error {
			return b.Update(t.Context(), service.VIM, account, func(tx *service.Tx) error { tx.Remove(id); return nil })
		}
		sco.Fail(2, slice.Exhausted) // the change, and what takes it back
		if err := take("fire", "n2"); slice.KindOf(err) != slice.Exhausted || len(b.Services("")) != 3 {
			t.Fatalf("error %v, services %v", err, b.Services(""))
		}
		sco.Fail(1, slice.Exhausted)
		must(t, take("fire", "n2"))
		if s := state(t, b, key(service.VPLS, "osm", "s")); s.Phase != service.Failed {
			t.Errorf("what is left is %s", s.Phase)
		}
		sco.Fail(2, slice.Exhausted)
		must(t, take("field", "n1"))
		after(t, b, time.Minute)
		want(t, sco, "blue [field fire]")
		if c := b.Counts(); c.Pending+c.Failed != 0 || c.Slices != 1 {
			t.Errorf("%+v", c)
		}
	})
}

// An SCO that says nothing about one slice holds up the others for a while only.
func TestSilentSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sco := &silent{SCO: servicetest.NewSCO()}
		b, err := service.New(service.Config{Store: servicetest.NewStore(), Slices: sco})
		must(t, err)
		put(t, b, service.VPLS, "osm", wish("a", "field/cam"), wish("b", "field/mic"), wish("c", "fire/tablet"))
		for id := range sco.Intents() {
			if sco.about == "" {
				sco.about = id
			}
			_, err := sco.Delete(t.Context(), id, intent.Order{})
			must(t, err)
		}
		after(t, b, 10*time.Minute)
		if got := len(sco.Intents()); got != 2 {
			t.Errorf("%d slices are back, want 2", got)
		}
	})
}

// A silent SCO does not answer questions about one slice.
type silent struct {
	*servicetest.SCO
	about slice.ID
}

func (s *silent) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	if id == s.about {
		<-ctx.Done()
		return intent.Status{}, ctx.Err()
	}
	return s.SCO.Status(ctx, id)
}

// What an account may keep has an end, and nothing of what goes beyond is kept.
func TestTextsEnd(t *testing.T) {
	b, _ := servicetest.Book(t)
	for _, tc := range []struct {
		name    string
		n, size int
		fits    bool
	}{
		{"few", 3, 1, true},
		{"many", 200_001, 1, false},
		{"large", 1, 4<<20 + 1, false},
		{"many that are large", 65, 4 << 20, false},
	} {
		text := make([]byte, tc.size)
		err := b.Update(t.Context(), service.NSS, "osm", func(tx *service.Tx) error {
			for i := range tc.n {
				tx.SetNote(fmt.Sprint(tc.name, i), text)
			}
			return nil
		})
		if (err == nil) != tc.fits || err != nil && slice.KindOf(err) != slice.Exhausted {
			t.Errorf("%s: error %v", tc.name, err)
		}
	}
	b.View(service.NSS, "osm", func(tx *service.Tx) {
		if n := len(tx.Notes()); n != 3 {
			t.Errorf("%d texts are kept, want 3", n)
		}
	})
}

// Who waits too long for another change of the account is told so.
func TestWaitEnds(t *testing.T) {
	b, _ := servicetest.Book(t)
	err := b.Update(t.Context(), service.VPLS, "osm", func(*service.Tx) error {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		err := b.Update(ctx, service.VPLS, "osm", func(*service.Tx) error { return errors.New("it got in") })
		if slice.KindOf(err) != slice.Unavailable {
			t.Errorf("error %v", err)
		}
		return b.Update(t.Context(), service.VPLS, "another", func(tx *service.Tx) error { tx.SetNote("x", []byte("x")); return nil })
	})
	must(t, err)
	if got := b.Accounts(service.VPLS); !slices.Equal(got, []string{"another"}) {
		t.Errorf("accounts %q", got)
	}
}

// Whatever is in the store, the book reads it or says what it cannot read.
func FuzzLoad(f *testing.F) {
	disk := servicetest.NewStore()
	b, err := service.New(service.Config{Store: disk, Slices: servicetest.NewSCO()})
	if err != nil {
		f.Fatal(err)
	}
	_ = b.Update(f.Context(), service.NSI, "osm", func(tx *service.Tx) error {
		tx.Put(tagged(wish("s", "field/cam", "fire"), 600, true))
		tx.SetNote("n", []byte("x"))
		return nil
	})
	for _, bucket := range []string{"services", "notes", "slices", "book"} {
		all, _ := disk.List(bucket)
		for k, v := range all {
			f.Add(bucket, k, v)
		}
	}
	f.Fuzz(func(t *testing.T, bucket, k string, v []byte) {
		disk := servicetest.NewStore()
		must(t, disk.WriteAll(map[string]map[string][]byte{bucket: {k: v}}))
		b, err := service.New(service.Config{Store: disk, Slices: servicetest.NewSCO()})
		if err != nil {
			if !strings.Contains(err.Error(), bucket) {
				t.Errorf("it is not said where: %v", err)
			}
			return
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		must(t, b.Run(ctx))
		for _, s := range b.Services("") {
			if _, err := b.State(t.Context(), s.Key); err != nil {
				t.Error(err)
			}
			fmt.Fprint(&strings.Builder{}, s.Key, b.Counts())
		}
	})
}
