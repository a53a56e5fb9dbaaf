package sco_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// tiny is a slice with one empty network in one domain.
func tiny(id slice.ID, d slice.Domain) intent.Intents {
	i := intent.Intents{Slice: intent.Slice{
		ID: id, Tenant: "blue", Domains: []intent.Domain{{Name: d}}, Networks: []intent.Network{{Name: "n", Domains: []slice.Domain{d}}},
	}}
	intent.Default(&i)
	return i
}

// list returns all pages of a query.
func (w *world) list(q intent.Query) (ids []slice.ID, pages int) {
	w.t.Helper()
	for {
		page, err := w.List(w.ctx, q)
		if err != nil {
			w.t.Fatal(err)
		}
		pages++
		for _, s := range page.Slices {
			ids = append(ids, s.ID)
		}
		if q.PageToken = page.Next; page.Next == "" {
			return ids, pages
		}
	}
}

func TestListPages(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		var want []slice.ID
		for i := range 505 {
			id := slice.ID(fmt.Sprintf("s%03d", i))
			w.ready(tiny(id, "a"))
			want = append(want, id)
		}
		for size, pages := range map[uint32]int{0: 2, 500: 2, 10_000: 2, 505: 2, 101: 5, 1: 505} {
			ids, n := w.list(intent.Query{PageSize: size})
			if !slices.Equal(ids, want) || n != pages {
				t.Errorf("pages of %d: %d slices on %d pages, want %d pages", size, len(ids), n, pages)
			}
		}
	})
}

func TestListFilters(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		for _, id := range []slice.ID{"s", "t"} {
			w.ready(tiny(id, "a"))
		}
		red := tiny("u", "b")
		red.Slice.Tenant = "red"
		w.ready(red)
		w.ready(pair("v"))
		w.domains["b"].away()
		if _, err := w.Delete(w.ctx, "u", intent.Order{}); err == nil {
			t.Fatal("u is gone, and b is away")
		}
		tests := map[string]struct {
			query intent.Query
			want  []slice.ID
		}{
			"all":        {intent.Query{}, []slice.ID{"s", "t", "u", "v"}},
			"ids":        {intent.Query{IDs: []slice.ID{"t", "nothing", "s"}}, []slice.ID{"s", "t"}},
			"tenant":     {intent.Query{Tenant: "blue"}, []slice.ID{"s", "t", "v"}},
			"phase":      {intent.Query{Phase: intent.Deleting}, []slice.ID{"u"}},
			"domain":     {intent.Query{Domain: "b"}, []slice.ID{"u", "v"}},
			"everything": {intent.Query{IDs: []slice.ID{"u", "v"}, Tenant: "blue", Domain: "a", Phase: intent.Ready}, []slice.ID{"v"}},
			"nothing":    {intent.Query{Tenant: "green"}, nil},
		}
		for name, test := range tests {
			for _, size := range []uint32{0, 1} {
				test.query.PageSize = size
				if got, _ := w.list(test.query); !slices.Equal(got, test.want) {
					t.Errorf("%s: got %v, want %v", name, got, test.want)
				}
			}
		}
	})
}

func TestListRefuses(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		for _, id := range []slice.ID{"s", "t"} {
			w.ready(tiny(id, "a"))
		}
		page, err := w.List(w.ctx, intent.Query{PageSize: 1})
		ok(t, err)
		tests := map[string]struct {
			query intent.Query
			want  string
		}{
			"no token":               {intent.Query{PageToken: "?"}, "pageToken: not one of ours"},
			"no token either":        {intent.Query{PageToken: "e30x"}, "pageToken: not one of ours"},
			"an empty token":         {intent.Query{PageToken: "e30"}, "pageToken: of another query"},
			"token of another query": {intent.Query{PageToken: page.Next, Tenant: "blue"}, "pageToken: of another query"},
			"phase":                  {intent.Query{Phase: "Broken"}, `phase: "Broken" is not one of [Pending Ready Degraded Deleting]`},
		}
		for name, test := range tests {
			if _, err := w.List(w.ctx, test.query); slice.KindOf(err) != slice.Invalid || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
		}
		_, err = w.List(w.ctx, intent.Query{PageSize: 7, PageToken: page.Next})
		ok(t, err) // the size of a page may change
	})
}

// Slices that come and go between two pages: those that stay are listed once
// each.
func TestListWhileSlicesChange(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		ids := []slice.ID{"a", "b", "c", "d", "e", "f", "g"}
		rapid.Check(t, func(t *rapid.T) {
			stays, there := map[slice.ID]bool{}, map[slice.ID]bool{}
			for _, id := range ids {
				if there[id] = rapid.Bool().Draw(t, "there"); there[id] {
					w.ready(tiny(id, "a"))
					stays[id] = true
				}
			}
			var got []slice.ID
			for q := (intent.Query{PageSize: rapid.Uint32Range(1, 3).Draw(t, "size")}); ; {
				page, err := w.List(w.ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page.Slices {
					got = append(got, s.ID)
				}
				if q.PageToken = page.Next; q.PageToken == "" {
					break
				}
				id := rapid.SampledFrom(ids).Draw(t, "changes")
				delete(stays, id)
				if there[id] = !there[id]; there[id] {
					w.ready(tiny(id, "a"))
				} else {
					w.gone(id)
				}
			}
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Fatalf("%v is not in order, each once", got)
			}
			got = slices.DeleteFunc(got, func(id slice.ID) bool { return !stays[id] })
			var want []slice.ID
			for _, id := range ids {
				if stays[id] {
					want = append(want, id)
				}
				if there[id] {
					w.gone(id)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("those that stay (-want +got)\n%s", diff)
			}
		})
	})
}
