// Package fabric keeps the switches of one fabric in line with what is wanted
// of them: the SPSs of a domain for its SDN controller, or all NEDs for the
// SCO. It owns the numbers of the fabric (networks, ports), tells each node
// which bridge it should have, compiles networks to rules and brings every
// connected switch to hold exactly those. It speaks no protocol: switches and
// agents come to it as interfaces and channels.
//
//	f, err := fabric.New(fabric.Config{Bridge: bridge.SPS, Mesh: true, Store: store})
//	number, err := f.Put(fabric.Network{ID: id, Type: slice.VNet, Attachments: at})
package fabric

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Store keeps values over a restart. Package store has one in a file.
type Store interface {
	Put(bucket, key string, value []byte) error
	Delete(bucket, key string) error
	List(bucket string) (map[string][]byte, error)
}

// A Config says what kind of fabric it is.
type Config struct {
	Bridge      string    // name of the bridge on every node
	Controllers []string  // OVS targets that every bridge obeys
	Mesh        bool      // tunnels between all nodes; else between those that networks name
	Numbers     ipam.Ring // of networks; zero: all VNIs
	Store       Store
	Logger      *slog.Logger // nil: none
	// Joined is called, without a lock held, whenever a node joins, or says
	// something new of itself. It may be nil.
	Joined func()
}

// A Fabric is a set of nodes and the networks that lie over them.
type Fabric struct {
	cfg    Config
	engine *Engine

	mu       sync.Mutex
	numbers  ipam.Ring
	nodes    map[slice.Node]*node
	networks map[slice.NetworkID]*network
	leaving  map[slice.NetworkID]leaving // removed, and perhaps not gone yet
	moving   map[slice.NetworkID]bool    // on their way to other numbers
	reported chan struct{}               // closed and renewed when a node or a network has changed
}

// New returns the fabric as its store remembers it. Nothing is sent before
// nodes and switches come.
func New(cfg Config) (*Fabric, error) {
	if cfg.Numbers == (ipam.Ring{}) {
		cfg.Numbers = ipam.Ring{First: 1, Last: uint32(slice.MaxNetwork)}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fabric{
		cfg: cfg, engine: NewEngine(pipeline.Base(), cfg.Logger), numbers: cfg.Numbers,
		nodes: map[slice.Node]*node{}, networks: map[slice.NetworkID]*network{}, leaving: map[slice.NetworkID]leaving{},
		moving:   map[slice.NetworkID]bool{},
		reported: make(chan struct{}),
	}
	f.engine.stepped = f.advance
	if err := f.load(); err != nil {
		return nil, fmt.Errorf("load the fabric of %s: %w", cfg.Bridge, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	// A crash between two writes leaves ports without a network or a network
	// without ports.
	f.renew()
	return f, nil
}

// Engine returns the part that talks to switches.
func (f *Fabric) Engine() *Engine { return f.engine }

// tell wakes everybody who waits for nodes; the lock is held.
func (f *Fabric) tell() {
	close(f.reported)
	f.reported = make(chan struct{})
}

// ids returns the networks in a fixed order.
func (f *Fabric) ids() []slice.NetworkID {
	var ids []slice.NetworkID
	for id := range f.networks {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y slice.NetworkID) int {
		return int(f.networks[x].Number) - int(f.networks[y].Number)
	})
	return ids
}
