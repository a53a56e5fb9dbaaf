package vim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// A wish is what a network shall be. Two calls that wish the same may be one.
type wish struct {
	Domain   slice.Domain `json:"domain"`
	Name     string       `json:"name"`
	Type     string       `json:"type"` // bridge, data or ptp
	Shared   bool         `json:"shared,omitempty"`
	Profile  string       `json:"ipProfile,omitempty"` // canonical JSON, as it came
	Provider string       `json:"provider,omitempty"`
}

// A document is what the door keeps of a network, as a note beside its service.
type document struct {
	ID       string            `json:"id"`
	Wish     wish              `json:"wish"`
	Plan     plan              `json:"plan"`
	Process  string            `json:"process,omitempty"` // of the RO that was given it last
	Given    time.Time         `json:"given"`
	Since    time.Time         `json:"since"`
	Requests []string          `json:"requests,omitempty"` // that were answered with it
	Ports    []intent.Member   `json:"ports,omitempty"`
	Network  slice.NetworkName `json:"network"`
}

// The notes: documents by their id, ids by the request that was answered with them,
// and those that nobody has asked for since.
const (
	noteNetwork   = "network/"
	noteRequest   = "request/"
	noteUnclaimed = "unclaimed/"
)

// load returns the document of an id.
func load(tx *service.Tx, id string) (document, error) {
	text := tx.Note(noteNetwork + id)
	if text == nil {
		return document{}, slice.Errorf(slice.NotFound, "there is no network %.64q", id)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return document{}, fmt.Errorf("document of network %s: %w", id, err)
	}
	return doc, nil
}

// documents returns those of the services that match, the oldest first.
func documents(tx *service.Tx, match func(service.Service) bool) ([]document, error) {
	var all []document
	for _, s := range tx.Services() {
		if !match(s) {
			continue
		}
		doc, err := load(tx, s.Key.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, doc)
	}
	slices.SortFunc(all, func(a, b document) int { return strings.Compare(a.key(), b.key()) })
	return all, nil
}

// key orders documents by their age.
func (doc *document) key() string {
	return doc.Since.UTC().Format("20060102150405.000000000") + " " + doc.ID
}

// save keeps the document.
func (doc *document) save(tx *service.Tx) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	tx.SetNote(noteNetwork+doc.ID, text)
	return nil
}

// put keeps the document, and brings its service to it.
func (doc *document) put(tx *service.Tx, t slice.Tenant) error {
	tx.Put(doc.service(t))
	return doc.save(tx)
}

// forget takes everything out that belongs to a network.
func (doc *document) forget(tx *service.Tx) {
	tx.Remove(doc.ID)
	tx.SetNote(noteNetwork+doc.ID, nil)
	tx.SetNote(noteUnclaimed+doc.ID, nil)
	for _, r := range doc.Requests {
		tx.SetNote(noteRequest+r, nil)
	}
}

// service returns what the book shall keep for the network.
func (doc *document) service(t slice.Tenant) service.Service {
	d, n := doc.Wish.Domain, intent.Network{
		Name: doc.Network, Type: slice.VNet,
		CIDR: doc.Plan.CIDR, Reserved: doc.Plan.reserved(doc.Ports),
		Domains: []slice.Domain{doc.Wish.Domain}, Members: slices.Clone(doc.Ports),
	}
	if doc.Wish.Type == typePTP {
		n.Type = slice.VLink
		if len(n.Members) < linkEnds {
			n.Members = nil // it begins when the second one is there
		}
	}
	s := service.Service{Key: service.Key{ID: doc.ID}, Tenant: t, Title: doc.Wish.Name}
	s.Intents.Slice.Domains = []intent.Domain{{Name: d}}
	s.Intents.Slice.Networks = []intent.Network{n}
	if doc.Plan.VLAN != 0 {
		s.HandOffs = []service.HandOff{{Network: doc.Network, Domain: d, VLAN: doc.Plan.VLAN}}
	}
	return s
}

// networkName makes a name for the SCO of what OSM calls a network.
func networkName(title string) slice.NetworkName {
	const longest = 63
	name := slice.Label(title)
	name = strings.Trim(name[:min(len(name), longest)], "-")
	if name == "" {
		return "net"
	}
	return slice.NetworkName(name)
}
