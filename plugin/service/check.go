package service

import (
	"slices"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The limits of what a door may put into the book. Those of networks and members
// are the intents' own.
const (
	MaxServices = 20_000
	maxID       = 256
	maxTitle    = 1024
	maxNote     = 4 << 20   // bytes of a text
	maxNotes    = 200_000   // texts of one account at one door
	maxNoted    = 256 << 20 // bytes of these
	maxTies     = 4096      // hand-offs, or joins, of one service
)

// check refuses what does not fit into the book.
func (t *Tx) check() error {
	for _, id := range t.ids() {
		if s := t.services[id]; s != nil {
			if err := s.check(); err != nil {
				return slice.Errorf(slice.Invalid, "service %.512s: %w", s.Key, err)
			}
		}
	}
	for name := range t.noted {
		switch n := len(t.notes[name]); {
		case !isText(name, 1, maxTitle):
			return slice.Errorf(slice.Invalid, "no text can be kept under the name %.64q", name)
		case n > maxNote:
			return slice.Errorf(slice.Exhausted, "%.64s: %d bytes are more than %d", name, n, maxNote)
		}
	}
	return t.checkNotes()
}

// checkNotes refuses that an account keeps more and more. Who only takes out may.
func (t *Tx) checkNotes() error {
	var added, all int
	for name := range t.noted {
		added += len(t.notes[name])
	}
	for _, text := range t.notes {
		all += len(text)
	}
	if added > 0 && (len(t.notes) > maxNotes || all > maxNoted) {
		return slice.Errorf(slice.Exhausted, "the account has %d texts of %d bytes: up to %d of %d are kept", len(t.notes), all, maxNotes, maxNoted)
	}
	return nil
}

func (s *Service) check() error {
	switch {
	case !isText(s.Key.ID, 1, maxID) || !isText(s.Key.Account, 1, maxID):
		return slice.Errorf(slice.Invalid, "id and account have 1 to %d bytes of text", maxID)
	case !isText(s.Title, 0, maxTitle):
		return slice.Errorf(slice.Invalid, "title: use up to %d bytes of text", maxTitle)
	case !slice.IsLabel(string(s.Tenant)):
		return slice.Errorf(slice.Invalid, "%.64q is no tenant", s.Tenant)
	case len(s.HandOffs) > maxTies || len(s.Joins) > maxTies:
		return slice.Errorf(slice.Invalid, "more than %d tags or joins", maxTies)
	}
	for _, h := range s.HandOffs {
		switch {
		case !s.has(h.Network):
			return slice.Errorf(slice.Invalid, "domain %.64s hands over a network %.64q, which is not in the service", h.Domain, h.Network)
		case h.VLAN > slice.MaxVLAN:
			return slice.Errorf(slice.Invalid, "network %s: VLAN %d is not between 1 and %d", h.Network, h.VLAN, slice.MaxVLAN)
		}
	}
	for _, j := range s.Joins {
		if !s.has(j.Network) {
			return slice.Errorf(slice.Invalid, "network %.64q, which is to be one with that of %.512s, is not in the service", j.Network, j.With)
		}
	}
	return nil
}

func (s *Service) has(name slice.NetworkName) bool {
	for _, n := range s.Intents.Slice.Networks {
		if n.Name == name {
			return true
		}
	}
	return false
}

// isText reports whether a text survives being written down.
func isText(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && utf8.ValidString(s) && !slices.Contains([]byte(s), 0)
}
