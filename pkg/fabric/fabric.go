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
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
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
	Bridge      string        // name of the bridge on every node
	Controllers []string      // OVS targets that every bridge obeys
	Mesh        bool          // tunnels between all nodes; else between those that networks name
	Numbers     ipam.Ring     // of networks; zero: all VNIs
	Rest        time.Duration // for which a number that was given back is kept from a new owner; zero: none
	BFD         time.Duration // between two frames that watch a tunnel; zero: switches do not watch them
	Store       Store
	Logger      *slog.Logger // nil: none
	// Budget is how many flows a switch may have; zero: any number.
	Budget int
	// Failpoint is called before and after every write to the store, and before
	// and after every change of a switch. Tests end the controller there by
	// returning an error. It may be nil.
	Failpoint func(step string) error
	// Joined is called, without a lock held, whenever a node joins, or says
	// something new of itself. It may be nil.
	Joined func()
}

// A Fabric is a set of nodes and the networks that lie over them.
type Fabric struct {
	cfg    Config
	engine *Engine
	round  uint16 // of cookies; it does not change

	mu       sync.Mutex
	learner  Learner // nil: no addresses are learned
	numbers  ipam.Ring
	resting  ipam.Quarantine // of numbers that were given back
	awake    []slice.Network // whose rest is over, and that the store may still have as resting
	nodes    map[slice.Node]*node
	sorted   []slice.Node // names of the nodes; see names
	networks map[slice.NetworkID]*network
	leaving  map[slice.NetworkID]leaving // removed, and perhaps not gone yet
	moving   map[slice.NetworkID]bool    // on their way to other numbers
	open     map[slice.NetworkID]bool    // that switches may hold in several forms
	settled  []slice.NetworkID           // whose mark is to be taken off in the store
	trying   bool                        // networks at fault will be compiled again
	live     liveness                    // of the links
	needs    map[need]int                // who needs the ports that are shared
	register register
	tx       writes                                      // to be made durable together; nil: each at once
	bulk     map[slice.Network]map[slice.DPID]flow.Rules // to be handed over together; nil: each at once
	atlas    *atlas                                      // of the networks that are being compiled; else nil
	shadows  map[slice.Network]slice.Network             // second numbers, and the first ones that they belong to
	reported chan struct{}                               // closed and renewed when a node or a network has changed
}

// New returns the fabric as its store remembers it. Nothing is sent before
// nodes and switches come.
func New(cfg Config) (*Fabric, error) {
	if cfg.Numbers == (ipam.Ring{}) {
		cfg.Numbers = ipam.Ring{First: 1, Last: uint32(slice.LastNetwork)}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Fabric{
		cfg: cfg, engine: NewEngine(pipeline.Base(), cfg.Logger), numbers: cfg.Numbers, resting: ipam.NewQuarantine(cfg.Rest, cfg.Numbers),
		nodes: map[slice.Node]*node{}, networks: map[slice.NetworkID]*network{}, leaving: map[slice.NetworkID]leaving{},
		moving:   map[slice.NetworkID]bool{},
		open:     map[slice.NetworkID]bool{},
		needs:    map[need]int{},
		register: newRegister(),
		shadows:  map[slice.Network]slice.Network{},
		live:     liveness{states: map[pair]LinkState{}, cuts: map[tunnelEnd]string{}, recalled: map[pair]bool{}},
		reported: make(chan struct{}),
	}
	f.engine.stepped, f.engine.failpoint = f.advance, cfg.Failpoint
	if err := f.load(); err != nil {
		return nil, fmt.Errorf("load the fabric of %s: %w", cfg.Bridge, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.afresh(); err != nil {
		return nil, fmt.Errorf("load the fabric of %s: %w", cfg.Bridge, err)
	}
	if err := f.nextRound(); err != nil {
		return nil, err
	}
	// A crash between two writes leaves ports without a network or a network
	// without ports.
	f.renew()
	f.engine.presume()
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
	ids := make([]slice.NetworkID, 0, len(f.networks))
	for id := range f.networks {
		ids = append(ids, id)
	}
	return f.inOrder(ids)
}

func (f *Fabric) inOrder(ids []slice.NetworkID) []slice.NetworkID {
	slices.SortFunc(ids, func(x, y slice.NetworkID) int {
		return int(f.networks[x].Number) - int(f.networks[y].Number)
	})
	return ids
}
