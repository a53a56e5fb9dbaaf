package vpls_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An editor is an account that reads its document, changes it and writes it, as the
// connector does.
type editor struct {
	h    *house
	name string
	rand *rand.Rand
	doc  doc   // what it has
	past []doc // what it had
	next int
}

// endpointsOf says where the endpoints of newCatalog are.
func endpointsOf() map[string]string {
	all := map[string]string{"ned-a": "domain-a", "ned-b": "domain-b", "ned-c": "domain-c"}
	for i := range 6 {
		all[fmt.Sprintf("ep-%d", i+1)] = fmt.Sprintf("host-%d@site-%d", i+1, i+1)
	}
	return all
}

// edit makes one change by chance: of the ports, of the services, or a step back.
func (e *editor) edit() error {
	names := slices.Sorted(maps.Keys(endpointsOf()))
	d := e.doc
	d.services = slices.Clone(d.services)
	switch what := e.rand.IntN(10); {
	case what < 2: // an interface comes, or has another tag
		n := e.rand.IntN(len(names))
		d = d.with(at(10+n), port{names[n], []any{nil, 600 + e.rand.IntN(3), fmt.Sprint(700 + e.rand.IntN(3))}[e.rand.IntN(3)]})
	case what == 2: // an interface goes, its port stays
		d = d.with(at(10 + e.rand.IntN(len(names))))
	case what < 6 && len(d.services) < 12:
		e.next++
		d.services = append(d.services, svc{fmt.Sprintf("service-%d", e.next), e.some(names), "VLAN"})
	case what < 8 && len(d.services) > 0:
		i := e.rand.IntN(len(d.services))
		d.services[i] = svc{d.services[i].Name, e.some(names), "NONE"}
	case what == 8 && len(d.services) > 0:
		i := e.rand.IntN(len(d.services))
		d.services = slices.Delete(d.services, i, i+1)
	case len(e.past) > 0 && e.rand.IntN(3) == 0:
		d = e.past[len(e.past)-1]
	default:
		return e.wrong()
	}
	return e.post(d)
}

// some returns one to four names.
func (e *editor) some(names []string) (all []string) {
	for _, i := range e.rand.Perm(len(names))[:1+e.rand.IntN(4)] {
		all = append(all, names[i])
	}
	return all
}

// post writes a document and reads it back.
func (e *editor) post(d doc) error {
	text := d.text(e.h.t)
	if status, out := e.h.as(e.name, http.MethodPost, path, text); status != http.StatusOK {
		return fmt.Errorf("%s posts %s: %d %s", e.name, text, status, out)
	}
	e.past = append(e.past, e.doc)
	e.doc = d
	return e.check()
}

// wrong writes what is refused, and reads back what was there before.
func (e *editor) wrong() error {
	twice := e.doc.listing(svc{"x", []string{"ep-1"}, ""}, svc{"y", []string{"new"}, ""}).with(at(99), port{"new", 5})
	if status, out := e.h.as(e.name, http.MethodPost, path, twice.text(e.h.t)); status != http.StatusBadRequest {
		return fmt.Errorf("an unknown endpoint: %d %s", status, out)
	}
	return e.check()
}

// check reads the document and compares it with what was written.
func (e *editor) check() error {
	status, out := e.h.as(e.name, http.MethodGet, path, "")
	var got, want map[string]any
	if err := errors.Join(json.Unmarshal([]byte(out), &got), json.Unmarshal([]byte(e.doc.text(e.h.t)), &want)); err != nil || status != http.StatusOK {
		return fmt.Errorf("%s reads %d %s: %w", e.name, status, out, err)
	}
	apps, _ := got["apps"].(map[string]any)
	app, _ := apps[appName].(map[string]any)
	config, _ := app["vpls"].(map[string]any)
	delete(config, "lastUpdateTime")
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s does not read back what it wrote (-want +got):\n%s", e.name, cmp.Diff(want, got))
	}
	return nil
}

// networks returns what the document stands for.
func (e *editor) networks() (all []string) {
	where := endpointsOf()
	for _, s := range e.doc.services {
		var ends []string
		for _, name := range s.Interfaces {
			ends = append(ends, where[name])
		}
		slices.Sort(ends)
		all = append(all, strings.Join(ends, " "))
	}
	return all
}

// Two accounts write their documents at once, a thousand times. Each reads back
// exactly what it wrote, and the SCO has the networks of both, each apart.
func TestTwoAccountsAtOnce(t *testing.T) {
	const edits, round = 1000, 50
	h := newHouse(t)
	editors := []*editor{
		{h: h, name: "onos", rand: rand.New(rand.NewPCG(1, 2))},
		{h: h, name: "second", rand: rand.New(rand.NewPCG(3, 4))},
	}
	for done := 0; done < edits; done += round {
		var wait sync.WaitGroup
		errs := make([]error, len(editors))
		for i, e := range editors {
			wait.Go(func() {
				for range round / len(editors) {
					errs[i] = errors.Join(errs[i], e.edit())
				}
			})
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		want := append(editors[0].networks(), editors[1].networks()...)
		slices.Sort(want)
		if diff := cmp.Diff(want, h.networks()); diff != "" {
			t.Fatalf("networks after %d edits (-want +got):\n%s", done+round, diff)
		}
	}
	for _, e := range editors {
		if err := e.post(doc{}); err != nil {
			t.Error(err)
		}
	}
	if left := len(h.networks()) + len(h.book.Services("")); left != 0 {
		t.Errorf("%d things are left", left)
	}
}
