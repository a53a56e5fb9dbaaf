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
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

const bucketSlices = "slices"

// A Domain is one domain as the SCO drives it. Package api has the direct
// driver, which calls the domain's SDN controller.
type Domain interface {
	Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error)
	Delete(ctx context.Context, ids []slice.NetworkID) error
	List(ctx context.Context) ([]intent.SegmentStatus, error)
	Info(ctx context.Context) (intent.DomainInfo, error)
}

// A Config introduces the SCO to its domains.
type Config struct {
	Domains     map[slice.Domain]Domain
	Controllers []string      // OVS targets of this controller, for the NEDs
	BFD         time.Duration // between frames by which NEDs watch their tunnels; 0: none
	Budget      int           // flows that a NED may have; 0: any number
	Numbers     ipam.Ring     // VNIs between domains; zero: all
	Store       fabric.Store
	Logger      *slog.Logger     // nil: none
	Now         func() time.Time // nil: time.Now
	Every       time.Duration    // between two looks at all domains; 2 s
}

// An SCO keeps slices.
type SCO struct {
	cfg    Config
	fabric *fabric.Fabric
	wake   chan struct{}

	mu       sync.Mutex
	records  map[slice.ID]*record
	segments map[slice.Domain]map[slice.NetworkID]intent.SegmentStatus // as last seen
	away     map[slice.Domain]string                                   // why a domain does not answer
	touched  map[slice.Domain]uint64                                   // grows when segments change otherwise than by a look
	gates    map[slice.ID]*gate                                        // one change of a slice at a time
	faults   map[slice.ID]string                                       // of the last try; empty: none; absent: not tried since the start
}

// record is what is durable of a slice.
type record struct {
	Intents    intent.Intents `json:"intents"`
	Plan       Plan           `json:"plan"`
	Generation uint32         `json:"generation"`
	Deleting   bool           `json:"deleting,omitempty"`
	Since      time.Time      `json:"since"`
	// Was tells that the slice was true everywhere once, in this generation.
	Was bool `json:"was,omitempty"`
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
		records: map[slice.ID]*record{}, gates: map[slice.ID]*gate{}, faults: map[slice.ID]string{},
		segments: map[slice.Domain]map[slice.NetworkID]intent.SegmentStatus{}, away: map[slice.Domain]string{},
		touched: map[slice.Domain]uint64{},
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
	s.fabric, err = fabric.New(fabric.Config{
		Bridge: bridge.NED, Controllers: cfg.Controllers, BFD: cfg.BFD, Numbers: cfg.Numbers, Budget: cfg.Budget,
		Store: cfg.Store, Logger: cfg.Logger, Joined: s.poke,
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

// Ready says why the SCO cannot serve a slice now, or nil.
func (s *SCO) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range slices.Sorted(maps.Keys(s.cfg.Domains)) {
		if _, seen := s.segments[d]; !seen && s.away[d] == "" {
			return fmt.Errorf("domain %s has not been asked yet", d)
		}
		if why := s.away[d]; why != "" {
			return fmt.Errorf("domain %s: %s", d, why)
		}
	}
	nodes := s.fabric.Nodes()
	if have := s.fabric.Engine().Stats().Switches; len(nodes) < len(s.cfg.Domains) || have < len(nodes) {
		return fmt.Errorf("%d NEDs of %d domains have joined, %d switches are connected", len(nodes), len(s.cfg.Domains), have)
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
	defer s.mu.Unlock()
	s.records[id] = r
	return nil
}

func (s *SCO) forgetRecord(id slice.ID) error {
	if err := s.cfg.Store.Delete(bucketSlices, string(id)); err != nil {
		return fmt.Errorf("forget slice %s: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, id)
	delete(s.faults, id)
	return nil
}

// note remembers how a try to make a slice true, or to take it apart, has
// ended. It logs what is new.
func (s *SCO) note(id slice.ID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, context.Canceled):
		// Cut short, which is no news; but what was begun is not true.
		s.faults[id] = cmp.Or(s.faults[id], err.Error())
	case err != nil:
		why := strings.ReplaceAll(err.Error(), "\n", "; ")
		if s.faults[id] != why {
			s.cfg.Logger.Warn("slice is not as it should be", "slice", string(id), "reason", why)
		}
		s.faults[id] = why
	case s.records[id] == nil:
		delete(s.faults, id)
	default:
		s.faults[id] = ""
	}
}

// fault returns how the last try for a slice has ended, if there was one.
func (s *SCO) fault(id slice.ID) (why string, tried bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	why, tried = s.faults[id]
	return why, tried
}

// poke makes the loop look at once.
func (s *SCO) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
