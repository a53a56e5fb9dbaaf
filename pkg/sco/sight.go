package sco

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A sight is what a domain has, as it was told last: by slice, so that what is
// asked about one slice costs as much as that slice and not as much as all.
type sight map[slice.ID]map[slice.NetworkName]intent.SegmentStatus

func (v sight) of(id slice.NetworkID) (intent.SegmentStatus, bool) {
	seg, ok := v[id.Slice][id.Network]
	return seg, ok
}

func (v sight) put(seg intent.SegmentStatus) {
	if v[seg.ID.Slice] == nil {
		v[seg.ID.Slice] = map[slice.NetworkName]intent.SegmentStatus{}
	}
	v[seg.ID.Slice][seg.ID.Network] = seg
}

func (v sight) drop(id slice.NetworkID) {
	delete(v[id.Slice], id.Network)
	if len(v[id.Slice]) == 0 {
		delete(v, id.Slice)
	}
}

// seen notes segments as a domain tells them.
func (s *SCO) seen(d slice.Domain, all []intent.SegmentStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range all {
		s.sightOf(d).put(seg)
		s.touch(d, seg.ID.Slice)
	}
	s.stir()
}

func (s *SCO) unseen(d slice.Domain, ids []slice.NetworkID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.segments[d].drop(id)
		s.touch(d, id.Slice)
	}
	s.stir()
}

// sightOf returns what was seen of a domain; the lock is held.
func (s *SCO) sightOf(d slice.Domain) sight {
	if s.segments[d] == nil {
		s.segments[d] = sight{}
	}
	return s.segments[d]
}

// touch notes that a slice has changed in a domain otherwise than by a look;
// the lock is held.
func (s *SCO) touch(d slice.Domain, id slice.ID) {
	if s.touched[d] == nil {
		s.touched[d] = map[slice.ID]uint64{}
	}
	s.clock++
	s.touched[d][id] = s.clock
}

// now returns a moment, for renew.
func (s *SCO) moment() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

// renew takes a list in that was asked for at a moment. Of slices that have
// changed since, what is known is newer than the list.
func (s *SCO) renew(d slice.Domain, all []intent.SegmentStatus, asked uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	s.answers(d)
	next := sight{}
	for _, seg := range all {
		if s.touched[d][seg.ID.Slice] <= asked {
			next.put(seg)
		}
	}
	for id, at := range s.touched[d] {
		if at <= asked {
			delete(s.touched[d], id)
		} else if mine := s.segments[d][id]; mine != nil {
			next[id] = mine
		}
	}
	s.segments[d] = next
}

// labels returns the labels of the hand-offs of a network, as last seen.
func (s *SCO) labels(id slice.NetworkID) map[slice.Domain]slice.VLAN {
	s.mu.Lock()
	defer s.mu.Unlock()
	labels := map[slice.Domain]slice.VLAN{}
	for d, v := range s.segments {
		if seg, ok := v.of(id); ok {
			labels[d] = seg.Label
		}
	}
	return labels
}

// surplus returns the segments that a slice has, or had by the plan before, and
// should not have.
func (s *SCO) surplus(id slice.ID, want, before Plan) map[slice.Domain][]slice.NetworkID {
	gone := map[slice.Domain][]slice.NetworkID{}
	add := func(d slice.Domain, n slice.NetworkName) {
		net := slice.NetworkID{Slice: id, Network: n}
		if !want.has(n, d) && !slices.Contains(gone[d], net) {
			gone[d] = append(gone[d], net)
		}
	}
	for _, n := range before.Networks {
		for _, d := range n.Domains {
			add(d, n.Name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, v := range s.segments {
		for n := range v[id] {
			add(d, n)
		}
	}
	return gone
}

// differs reports whether a domain has something else than these segments of
// a slice. Of a domain that tells no digests it is taken to differ until it was
// asked once with success, and whenever a segment is not ready.
func (s *SCO) differs(d slice.Domain, wants []want) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range wants {
		seg, ok := s.segments[d].of(w.ID)
		t := s.tries[w.ID.Slice]
		switch {
		case !ok || seg.Digest != "" && seg.Digest != w.digest:
			return true
		case seg.Digest == "" && (t == nil || t.why != "" || !seg.Ready):
			return true
		}
	}
	return false
}

// A want is a segment that a domain should have.
type want struct {
	intent.Segment
	digest string
}

// wants returns what a record asks of a domain. It is worked out once for each
// record: the loop asks again and again.
func (s *SCO) wants(r *record, d slice.Domain) []want {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.Intents.Slice.ID
	have := s.wanted[id]
	if s.records[id] != r {
		return r.wants(d)
	}
	if have.of != r {
		have = wantsOf{of: r, by: map[slice.Domain][]want{}}
		s.wanted[id] = have
	}
	all, known := have.by[d]
	if !known {
		all = r.wants(d)
		have.by[d] = all
	}
	return all
}

// wantsOf are the wants of a record by domain.
type wantsOf struct {
	of *record
	by map[slice.Domain][]want
}

func (r *record) wants(d slice.Domain) []want {
	var all []want
	for _, seg := range r.Plan.Segments(r.Intents.Slice.ID, d) {
		all = append(all, want{seg, seg.Digest()})
	}
	return all
}
