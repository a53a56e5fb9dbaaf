// Package watch follows the network slice instances of OSM. OSM connects nothing
// between VIM accounts: of a slice over several it makes one network service each,
// and leaves them apart. The watcher reads templates and records at OSM's
// northbound interface, makes intents of them, and keeps one service for each slice
// in the book, joined to the networks that VIM accounts asked for. It writes
// nothing into OSM beside a subscription, and what it knows lies in the book.
//
//	w := watch.New(client, book, watch.Config{Account: "osm", Tenant: "press"})
//	err := w.Run(ctx)
package watch

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// OSM is its northbound interface, as the watcher needs it. *osm.Client is one.
type OSM interface {
	// Get reads the JSON at a path below the base into v.
	Get(ctx context.Context, path string, v any) error
	// File reads a file at a path below the base.
	File(ctx context.Context, path string) ([]byte, error)
	// Subscribe asks to be called when an operation of a network service ends. One
	// that is there already is as good.
	Subscribe(ctx context.Context, callback, user, password string) error
}

// A Book keeps services. *service.Book is one.
type Book interface {
	Update(ctx context.Context, door, account string, change func(*service.Tx) error) error
	View(door, account string, look func(*service.Tx))
	Services(tenant slice.Tenant) []service.Service
}

// Endpoints know what OSM calls the places where a network touches a domain.
// *endpoint.Catalog is one.
type Endpoints interface {
	Find(ctx context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error)
	At(ctx context.Context, tenant slice.Tenant, device slice.DPID, port slice.Port) (endpoint.Endpoint, error)
}

// A Config is what the watcher can do without.
type Config struct {
	Account string       // whose services those of the slices are: osm
	Tenant  slice.Tenant // who has them; empty: as the parameters of each slice say

	Every  time.Duration // between two polls: 15 s
	Within time.Duration // one slice may wait for OSM and the SCO: 60 s

	// Domains says which domain a VIM account is, by its id or its name, or by the
	// name of a cluster in it. One that it does not name is called as it is.
	Domains map[string]slice.Domain
	// Known tells the domains that there are. It may be nil. A VIM account of
	// another name is then called like a cluster of it that has one.
	Known func(context.Context) ([]slice.Domain, error)
	// Endpoints find the domains of ports that a WIM would be told. It may be nil.
	Endpoints Endpoints
	// Ignore are templates whose slices are left alone, by their ids.
	Ignore []string

	Callback Callback
	Logger   *slog.Logger
	Now      func() time.Time
	Jitter   func() float64 // from 0 up to 1
}

// A Watcher follows the slices of one OSM.
type Watcher struct {
	osm  OSM
	book Book
	cfg  Config
	log  *slog.Logger
	hint chan struct{}

	polling    chan struct{} // held by the one poll that there is
	templates  templates
	places     places
	held       map[string]*service.Service // of the book, by the slices' ids
	memories   map[string]memory
	services   map[string]nsr // the newest record of each network service
	absent     map[string]int // complete lists in a row without a slice, or with one that was gone
	missing    map[string]int // looks in a row without a network service
	subscribed time.Time

	mu     sync.Mutex
	faults map[string]Fault
	counts Counts
}

// New returns a watcher. It does nothing before Run or Poll.
func New(osm OSM, book Book, cfg Config) *Watcher {
	cfg.Account = cmp.Or(cfg.Account, "osm")
	cfg.Every = cmp.Or(cfg.Every, 15*time.Second)
	cfg.Within = cmp.Or(cfg.Within, time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	return &Watcher{
		osm: osm, book: book, cfg: cfg, log: cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		hint: make(chan struct{}, 1), polling: make(chan struct{}, 1),
		services: map[string]nsr{}, absent: map[string]int{}, missing: map[string]int{}, faults: map[string]Fault{},
	}
}

// longest is how many times as long as usual the watcher waits after failures.
const longest = 8

// Run polls until ctx ends; then it returns nil. After a failure it waits longer;
// when OSM calls back it does not wait for its turn.
func (w *Watcher) Run(ctx context.Context) error {
	failed := 0
	for {
		w.subscribe(ctx)
		switch err := w.Poll(ctx); {
		case err == nil:
			failed = 0
		case ctx.Err() == nil:
			failed++
			w.log.Warn("poll of OSM failed", "error", err, "inARow", failed)
		}
		if !w.wait(ctx, failed) {
			return nil
		}
	}
}

// wait waits for the next poll and reports whether there is one.
func (w *Watcher) wait(ctx context.Context, failed int) bool {
	d := w.cfg.Every * time.Duration(min(1<<min(failed, 10), longest))
	d -= time.Duration(w.cfg.Jitter() * float64(d) / 8) // not in step with others
	soon := time.NewTimer(min(time.Second, d))          // many calls are one hint
	defer soon.Stop()
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-soon.C:
	case <-ctx.Done():
		return false
	}
	select {
	case <-late.C:
	case <-w.hint:
	case <-ctx.Done():
		return false
	}
	return true
}
