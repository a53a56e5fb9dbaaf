package sco

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// maxPage is how many slices a page has at most, and if nothing is asked for.
const maxPage = 500

// List returns slices by id, a page at a time. Slices that come or go between
// two pages neither hide nor repeat others.
func (s *SCO) List(_ context.Context, q intent.Query) (intent.Page, error) {
	c, err := chooserOf(q)
	if err != nil {
		return intent.Page{}, err
	}
	after, err := c.after(q.PageToken)
	if err != nil {
		return intent.Page{}, err
	}
	size := int(min(q.PageSize, maxPage))
	if size == 0 {
		size = maxPage
	}
	var page intent.Page
	for _, r := range s.sortedRecords() {
		if id := r.Intents.Slice.ID; id <= after || !c.wants(r) {
			continue
		}
		status := s.statusOf(r)
		if !c.likes(status) {
			continue
		}
		if len(page.Slices) == size {
			page.Next, err = c.token(page.Slices[size-1].ID)
			return page, err
		}
		page.Slices = append(page.Slices, status)
	}
	return page, nil
}

// sortedRecords returns all records by id.
func (s *SCO) sortedRecords() []*record {
	s.mu.Lock()
	records := maps.Clone(s.records)
	s.mu.Unlock()
	var all []*record
	for _, id := range slices.Sorted(maps.Keys(records)) {
		all = append(all, records[id])
	}
	return all
}

// chooser chooses slices.
type chooser struct {
	query intent.Query // without the page
	ids   map[slice.ID]bool
}

func chooserOf(q intent.Query) (chooser, error) {
	phases := []intent.Phase{"", intent.Pending, intent.Ready, intent.Degraded, intent.Deleting}
	if !slices.Contains(phases, q.Phase) {
		return chooser{}, slice.Errorf(slice.Invalid, "phase: %.64q is not one of %v", string(q.Phase), phases[1:])
	}
	q.PageSize, q.PageToken = 0, ""
	c := chooser{query: q, ids: map[slice.ID]bool{}}
	for _, id := range q.IDs {
		c.ids[id] = true
	}
	return c, nil
}

// wants reports whether a slice is one of those, whatever its phase.
func (c chooser) wants(r *record) bool {
	in := r.Intents.Slice
	return (len(c.ids) == 0 || c.ids[in.ID]) && (c.query.Tenant == "" || c.query.Tenant == in.Tenant) &&
		(c.query.Domain == "" || slices.ContainsFunc(in.Domains, func(d intent.Domain) bool { return d.Name == c.query.Domain }))
}

func (c chooser) likes(s intent.Status) bool { return c.query.Phase == "" || c.query.Phase == s.Phase }

// place is what a page token says: go on after a slice, with the same query.
type place struct {
	After slice.ID `json:"after"`
	Query string   `json:"query"`
}

func (c chooser) token(after slice.ID) (string, error) {
	sum, err := sumOf(intent.Order{}, c.query)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(place{after, sum})
	if err != nil {
		return "", fmt.Errorf("make a page token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// after reads a token of the same query.
func (c chooser) after(token string) (slice.ID, error) {
	if token == "" {
		return "", nil
	}
	var p place
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "pageToken: not one of ours: use the nextPageToken of the page before")
	}
	if own, err := c.token(p.After); err != nil || own != token {
		return "", slice.Errorf(slice.Invalid, "pageToken: of another query: repeat the query of the page before, or begin anew")
	}
	return p.After, nil
}
