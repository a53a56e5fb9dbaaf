// Package sco is the Slice Connectivity Orchestrator: it keeps slices. It
// plans addresses, asks each domain for its segments, joins the segments over
// the NEDs, and repairs what strays from that. It reaches domains through a
// driver and NEDs through its own fabric, and knows neither templates nor
// protocols.
//
//	s, err := sco.New(sco.Config{Domains: drivers, Store: store})
//	go s.Run(ctx)
//	status, err := s.Apply(ctx, intents, intent.Order{})
package sco

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

const bucketSlices = "slices"

// A Config introduces the SCO to its domains.
type Config struct {
	Domains     Domains
	Controllers []string      // OVS targets of this controller, for the NEDs
	BFD         time.Duration // between frames by which NEDs watch their tunnels; 0: none
	Budget      int           // flows that a NED may have; 0: any number
	Numbers     ipam.Ring     // VNIs between domains; zero: all
	Rest        time.Duration // for which a VNI that was given back is kept from a new owner; zero: none
	Store       Store
	Logger      *slog.Logger     // nil: none
	Now         func() time.Time // nil: time.Now
	Every       time.Duration    // between two looks at all domains; 2 s
	// Failpoint is where tests end the SCO: see fabric.Config. It may be nil.
	Failpoint func(step string) error
	// Caller names who has ordered what is done in a context. Nil: nobody is named.
	Caller func(context.Context) string
}

// A Store keeps values.
type Store interface {
	fabric.Store
	// Get returns a value. An absent one is an error of kind NotFound.
	Get(bucket, key string) ([]byte, error)
}

// An SCO keeps slices.
type SCO struct {
	cfg    Config
	fabric *fabric.Fabric
	wake   chan struct{}
	events *chronicle

	mu        sync.Mutex
	records   map[slice.ID]*record
	segments  map[slice.Domain]sight               // as last seen
	away      map[slice.Domain]string              // why a domain does not answer
	stuck     map[slice.Domain]error               // what a repair met in this round: others need not try
	asking    map[slice.Domain]bool                // domains whose answer to a look is awaited
	clock     uint64                               // grows with each change of segments otherwise than by a look
	touched   map[slice.Domain]map[slice.ID]uint64 // when that was
	views     map[slice.ID]*view                   // what was observed of slices last
	lostViews map[slice.ID]bool                    // that the store may have and nobody needs
	links     map[string]string                    // why a link is down, as observed last; empty: it is up
	begun     time.Time                            // when this run began
	wanted    map[slice.ID]wantsOf                 // what records ask of domains, as far as it is worked out
	pasts     map[slice.ID]*past                   // what the history knows
	claims    map[slice.ID]intent.Intents          // that are about to be recorded
	stirred   chan struct{}                        // closes when a status may change; nil: nobody watches
	gates     map[slice.ID]*gate                   // one change of a slice at a time
	tries     map[slice.ID]*try                    // the last one; absent: not tried since the start
}

// record is what is durable of a slice.
type record struct {
	Intents    intent.Intents `json:"intents"`
	Plan       Plan           `json:"plan"`
	Generation uint32         `json:"generation"`
	Deleting   bool           `json:"deleting,omitempty"`
	Since      time.Time      `json:"since"`
	// Was tells that the slice was true everywhere once, in this generation.
	Was    bool `json:"was,omitempty"`
	Paused bool `json:"paused,omitempty"`

	// Revision is the number of the last order, which is this one:
	Revision uint32    `json:"revision,omitempty"`
	What     string    `json:"what,omitempty"`
	By       string    `json:"by,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Requests []request `json:"requests,omitempty"` // the last ones that were carried out
}

// New returns the SCO as its store remembers it.
func New(cfg Config) (*SCO, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every == 0 {
		cfg.Every = 2 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &SCO{
		cfg: cfg, wake: make(chan struct{}, 1),
		records: map[slice.ID]*record{}, gates: map[slice.ID]*gate{}, claims: map[slice.ID]intent.Intents{}, pasts: map[slice.ID]*past{}, tries: map[slice.ID]*try{}, wanted: map[slice.ID]wantsOf{},
		segments: map[slice.Domain]sight{}, away: map[slice.Domain]string{}, stuck: map[slice.Domain]error{}, asking: map[slice.Domain]bool{},
		touched: map[slice.Domain]map[slice.ID]uint64{},
	}
	stored, err := cfg.Store.List(bucketSlices)
	if err != nil {
		return nil, fmt.Errorf("load the slices: %w", err)
	}
	for key, text := range stored {
		r := &record{}
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("load slice %s: %w", key, err)
		}
		s.records[slice.ID(key)] = r
	}
	if err := s.loadHistory(); err != nil {
		return nil, err
	}
	if err := s.loadViews(); err != nil {
		return nil, err
	}
	if s.events, err = openChronicle(cfg.Store); err != nil {
		return nil, err
	}
	s.fabric, err = fabric.New(fabric.Config{
		Bridge: bridge.NED, Controllers: cfg.Controllers, BFD: cfg.BFD, Numbers: cfg.Numbers, Rest: cfg.Rest, Budget: cfg.Budget,
		Store: cfg.Store, Logger: cfg.Logger, Joined: s.nodeJoined, Failpoint: cfg.Failpoint,
	})
	if err != nil {
		return nil, err
	}
	return s, s.forget()
}

// forget takes networks off the NEDs that belong to no slice: a crash between
// two writes left them.
func (s *SCO) forget() error {
	for _, n := range s.fabric.Networks() {
		if r := s.records[n.ID.Slice]; r != nil && r.Plan.joins(n.ID.Network) {
			continue
		}
		if err := s.fabric.Remove(n.ID); err != nil {
			return err
		}
	}
	return nil
}

// Fabric returns the NEDs of all domains.
func (s *SCO) Fabric() *fabric.Fabric { return s.fabric }

// Ready says why the SCO cannot serve a slice now, or nil. Domains that were
// registered while it runs may be away: it must be there for them to be removed.
func (s *SCO) Ready() error {
	needed := slices.DeleteFunc(s.cfg.Domains.Names(), func(d slice.Domain) bool { return !s.cfg.Domains.Terms(d).Static })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range needed {
		if _, seen := s.segments[d]; !seen && s.away[d] == "" {
			return fmt.Errorf("domain %s has not been asked yet", d)
		}
		if why := s.away[d]; why != "" {
			return fmt.Errorf("domain %s: %s", d, why)
		}
	}
	nodes := slices.DeleteFunc(s.fabric.Nodes(), func(n fabric.NodeInfo) bool { return !slices.Contains(needed, n.Domain) })
	if have := s.fabric.Engine().Stats().Switches; len(nodes) < len(needed) || have < len(nodes) {
		return fmt.Errorf("%d NEDs of %d domains have joined, %d switches are connected", len(nodes), len(needed), have)
	}
	return nil
}

func (s *SCO) record(id slice.ID) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[id]
}

// save makes a record durable, and then known.
func (s *SCO) save(r *record) error {
	id := r.Intents.Slice.ID
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("save slice %s: %w", id, err)
	}
	if err := s.cfg.Store.Put(bucketSlices, string(id), text); err != nil {
		return fmt.Errorf("save slice %s: %w", id, err)
	}
	s.mu.Lock()
	before := s.records[id]
	s.records[id] = r
	s.stir()
	s.mu.Unlock()
	s.follows(r, before)
	return nil
}

// follows tells what a record brings that follows another, or none.
func (s *SCO) follows(r, before *record) {
	var had record
	if before != nil {
		had = *before
	}
	switch {
	case r.Deleting && !had.Deleting:
		s.happened(r, false, "Deleting", "it is being taken apart")
	case r.Generation > had.Generation:
		s.happened(r, false, "Accepted", "generation %d was accepted", r.Generation)
	case r.Generation < had.Generation:
		s.happened(r, true, "RolledBack", "generation %d was refused, generation %d counts again", had.Generation, r.Generation)
	case r.Paused && !had.Paused:
		s.happened(r, false, "Paused", "it is not changed or repaired until it is resumed")
	case had.Paused && !r.Paused:
		s.happened(r, false, "Resumed", "it is repaired again")
	}
}

func (s *SCO) forgetRecord(id slice.ID) error {
	r := s.record(id)
	if r != nil && r.What == deleted { // else it was refused and never was
		if err := s.remember(r); err != nil {
			return err
		}
	}
	if err := s.cfg.Store.Delete(bucketSlices, string(id)); err != nil {
		return fmt.Errorf("forget slice %s: %w", id, err)
	}
	s.mu.Lock()
	delete(s.records, id)
	delete(s.tries, id)
	delete(s.wanted, id)
	s.forgetView(id)
	s.stir()
	s.mu.Unlock()
	if r != nil {
		s.happened(r, false, "Deleted", "nothing of it is left")
	}
	s.trimHistory()
	return nil
}

// poke makes the loop look at once.
func (s *SCO) poke() { poke(s.wake) }

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
