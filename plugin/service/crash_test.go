package service_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

// An act is a change that is interrupted, of a book with some services.
type act struct {
	name  string
	first []service.Service
	do    func(*service.Tx)
}

var acts = []act{
	{"create", nil, func(tx *service.Tx) { tx.Put(wish("a", "field/cam", "fire/tablet")) }},
	{"edit", []service.Service{wish("a", "field/cam", "fire/tablet")}, func(tx *service.Tx) { tx.Put(wish("a", "field/mic", "private/disk")) }},
	{"delete", []service.Service{wish("a", "field/cam"), wish("b", "fire/tablet")}, func(tx *service.Tx) { tx.Remove("a") }},
	{
		"merge",
		[]service.Service{tagged(wish("a", "field/cam"), 600, false), tagged(wish("b", "fire/tablet"), 600, false)},
		func(tx *service.Tx) { tx.Put(tagged(wish("c", "field", "fire"), 600, true)) },
	},
	{
		"split",
		[]service.Service{tagged(wish("a", "field/cam"), 600, false), tagged(wish("b", "fire/tablet"), 600, false), tagged(wish("c", "field", "fire"), 600, true)},
		func(tx *service.Tx) { tx.Remove("c") },
	},
}

var errCrash = errors.New("the process ends here")

// The process ends at every single step of a change. What comes after it is what was
// ordered or what was there before, whole, and the SCO holds exactly that.
func TestCrash(t *testing.T) {
	points := 0
	for _, a := range acts {
		t.Run(a.name, func(t *testing.T) {
			after := reference(t, a)
			for nth := 1; ; nth++ {
				c := crash(t, a, nth)
				if c.step == "" {
					break
				}
				points++
				run(t, c.book, func() bool { return c.book.Counts().Pending == 0 })
				got, want := shown(c.sco), expected(c.book)
				if !slices.Equal(got, want) {
					t.Errorf("the end at %s (step %d): the SCO holds %q, the book wants %q", c.step, nth, got, want)
				}
				if !slices.Equal(got, c.before) && !slices.Equal(got, after) {
					t.Errorf("the end at %s (step %d): %q is neither what was, %q, nor what was ordered, %q", c.step, nth, got, c.before, after)
				}
			}
		})
	}
	if points < 15 {
		t.Errorf("only %d points", points)
	}
}

// The control: if Run did nothing after a crash, the SCO would not hold what the book
// wants.
func TestCrashWithoutRun(t *testing.T) {
	for _, a := range acts {
		wrong := 0
		for nth := 1; ; nth++ {
			c := crash(t, a, nth)
			if c.step == "" {
				break
			}
			if !slices.Equal(shown(c.sco), expected(c.book)) {
				wrong++
			}
		}
		if wrong == 0 {
			t.Errorf("%s: no crash leaves anything to do", a.name)
		}
	}
}

// A crashed book is one that starts again.
type crashed struct {
	step   string // at which the process ended; empty: it has not so many
	book   *service.Book
	sco    *servicetest.SCO
	before []string // in the SCO
}

// crash carries an act out, lets the process end at one step of it, and starts a new
// one over the same store.
func crash(t *testing.T, a act, nth int) crashed {
	t.Helper()
	disk, lit, steps := servicetest.NewStore(), false, 0
	c := crashed{sco: servicetest.NewSCO()}
	cfg := service.Config{Store: disk, Slices: c.sco, Failpoint: func(step string) error {
		if lit {
			steps++
		}
		switch {
		case c.step != "":
			return errCrash // there is no life after it
		case lit && steps == nth:
			c.step = step
			return errCrash
		}
		return nil
	}}
	b, err := service.New(cfg)
	must(t, err)
	if len(a.first) > 0 {
		put(t, b, service.VIM, "osm", a.first...)
	}
	c.before, lit = shown(c.sco), true
	err = b.Update(t.Context(), service.VIM, "osm", func(tx *service.Tx) error { a.do(tx); return nil })
	if c.step == "" {
		must(t, err)
	}
	cfg.Failpoint = nil
	c.book, err = service.New(cfg)
	must(t, err)
	return c
}

// expected is what a book's services come to, in the form of shown.
func expected(b *service.Book) []string {
	c := service.Compose(b.Services(""))
	var all []string
	for _, id := range c.Slices() {
		in, _ := c.Intents(id)
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

// reference is what an act comes to when nothing fails.
func reference(t *testing.T, a act) []string {
	t.Helper()
	b, sco := servicetest.Book(t)
	if len(a.first) > 0 {
		put(t, b, service.VIM, "osm", a.first...)
	}
	must(t, b.Update(t.Context(), service.VIM, "osm", func(tx *service.Tx) error { a.do(tx); return nil }))
	return shown(sco)
}

// Answers that get lost, and a disk that is full, leave nothing half done.
func TestLostAnswersAndFullDisk(t *testing.T) {
	for _, a := range acts {
		for _, trouble := range []string{"answers", "answer", "disk"} {
			disk, sco := servicetest.NewStore(), servicetest.NewSCO()
			cfg := service.Config{Store: disk, Slices: sco}
			b, err := service.New(cfg)
			must(t, err)
			if len(a.first) > 0 {
				put(t, b, service.VIM, "osm", a.first...)
			}
			before := shown(sco)
			switch trouble {
			case "answers":
				sco.Lose(3)
			case "answer":
				sco.Lose(1)
			case "disk":
				disk.Fail(1)
			}
			err = b.Update(t.Context(), service.VIM, "osm", func(tx *service.Tx) error { a.do(tx); return nil })
			if trouble == "disk" && !errors.Is(err, servicetest.ErrDisk) {
				t.Errorf("%s with a full disk: %v", a.name, err)
			}
			if trouble != "disk" && err != nil && slice.KindOf(err) != slice.Unavailable {
				t.Errorf("%s with lost %s: %v", a.name, trouble, err)
			}
			run(t, b, func() bool { return b.Counts().Pending == 0 })
			got := shown(sco)
			if want := expected(b); !slices.Equal(got, want) {
				t.Errorf("%s with trouble of %s: the SCO holds %q, the book wants %q", a.name, trouble, got, want)
			}
			if trouble == "disk" && !slices.Equal(got, before) {
				t.Errorf("%s with a full disk: %q became %q", a.name, before, got)
			}
		}
	}
}

// A slice that vanished from the SCO, and one whose record was lost with a crash
// while somebody added a member, are found again.
func TestOursIsKnownAgain(t *testing.T) {
	disk, sco := servicetest.NewStore(), servicetest.NewSCO()
	b, err := service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	put(t, b, service.VIM, "osm", wish("a", "field/cam"))
	for _, in := range sco.Intents() {
		in.Slice.Networks[0].Members = append(in.Slice.Networks[0].Members, intent.Member{Name: "guest", Domain: "field"})
		sco.Set(in)
	}
	b, err = service.New(service.Config{Store: disk, Slices: sco}) // it never wrote down what came of the order
	must(t, err)
	run(t, b, func() bool { return b.Counts().Pending == 0 })
	want(t, sco, "blue [field] cam guest")
	if c := b.Counts(); c.Failed != 0 || c.Slices != 1 {
		t.Errorf("%+v", c)
	}
	if text := fmt.Sprint(b.Accounts(service.VIM)); !strings.Contains(text, "osm") {
		t.Errorf("accounts: %s", text)
	}
}
