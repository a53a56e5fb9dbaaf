// Package sdnc is the SDN controller of one domain: it keeps the segments that
// the SCO asks for, finds the node of each workload, allots the labels of
// hand-offs and leaves switches and nodes to its fabric. It never learns the
// numbers of another domain.
//
//	c, err := sdnc.New(sdnc.Config{Domain: "field", Gateway: "field-2", Store: store})
//	statuses, err := c.Apply(ctx, segments)
package sdnc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
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

// The buckets of the store.
const (
	bucketSegments = "segments"
	bucketLabels   = "labels"
)

// applyTimeout is the time that segments have to become true before Apply
// tells what is missing. It is shorter than that of the SCO, which would not
// hear it otherwise.
const applyTimeout = 10 * time.Second

// A Config says which domain it is.
type Config struct {
	Domain      slice.Domain
	Gateway     slice.Node    // where the NED is; empty: no hand-offs
	Controllers []string      // OVS targets of this controller
	BFD         time.Duration // between frames by which switches watch their tunnels; 0: none
	Budget      int           // flows that a switch may have; 0: any number
	Numbers     ipam.Ring     // of networks; zero: all VNIs
	Labels      ipam.Ring     // of hand-offs; zero: all VLANs
	Rest        time.Duration // for which a number or label that was given back is kept from a new owner; zero: none
	Store       fabric.Store
	Logger      *slog.Logger     // nil: none
	Now         func() time.Time // nil: time.Now
	// Failpoint is where tests end the controller: see fabric.Config. It may be
	// nil.
	Failpoint func(step string) error
}

// A Controller is the SDN controller of one domain.
type Controller struct {
	cfg    Config
	fabric *fabric.Fabric
	guests *Guests

	mu       sync.Mutex
	labels   ipam.Ring
	resting  ipam.Quarantine // of labels that were given back
	segments map[slice.NetworkID]*segment
}

// segment is a segment with the label of its hand-off.
type segment struct {
	intent.Segment
	Label slice.VLAN `json:"label,omitempty"`
	// Missing are the workloads that no node has.
	missing []slice.Workload
	digest  string // of the segment; empty: not computed yet
}

// New returns the controller as its store remembers it.
func New(cfg Config) (*Controller, error) {
	if cfg.Labels == (ipam.Ring{}) {
		cfg.Labels = ipam.Ring{First: 1, Last: uint32(slice.MaxVLAN)}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Controller{cfg: cfg, labels: cfg.Labels, resting: ipam.NewQuarantine(cfg.Rest, cfg.Labels), segments: map[slice.NetworkID]*segment{}}
	err := c.load()
	if err != nil {
		return nil, fmt.Errorf("load the segments of %s: %w", cfg.Domain, err)
	}
	c.fabric, err = fabric.New(fabric.Config{
		Bridge: bridge.SPS, Controllers: cfg.Controllers, BFD: cfg.BFD, Mesh: true, Numbers: cfg.Numbers, Rest: cfg.Rest, Budget: cfg.Budget,
		Store: cfg.Store, Logger: cfg.Logger, Joined: c.joined, Failpoint: cfg.Failpoint,
	})
	if err != nil {
		return nil, err
	}
	if c.guests, err = loadGuests(cfg.Store, c.fabric); err != nil {
		return nil, err
	}
	c.joined()
	return c, c.forget()
}

// load reads what an earlier run left.
func (c *Controller) load() error {
	stored, err := c.cfg.Store.List(bucketSegments)
	if err != nil {
		return err
	}
	for key, text := range stored {
		s := &segment{}
		if err := json.Unmarshal(text, s); err != nil {
			return fmt.Errorf("segment %s: %w", key, err)
		}
		c.segments[s.ID] = s
	}
	return c.loadLabels()
}

// forget takes networks off the fabric that have no segment: a crash between
// two writes left them.
func (c *Controller) forget() error {
	for _, n := range c.fabric.Networks() {
		if _, guest := c.guests.networks[n.ID]; guest || c.segments[n.ID] != nil {
			continue
		}
		if err := c.fabric.Remove(n.ID); err != nil {
			return err
		}
	}
	return nil
}

// Fabric returns the SPSs of the domain.
func (c *Controller) Fabric() *fabric.Fabric { return c.fabric }

// Apply makes segments, or changes them, and waits until switches and nodes
// have confirmed them or ctx ends; the statuses say which. All are taken or
// none. The same segments twice change nothing.
func (c *Controller) Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error) {
	anyway := func(slice.NetworkID, *intent.Segment) error { return nil }
	return c.ApplyIf(ctx, segments, anyway, false)
}

// confirmed waits for segments that were taken in, but not for ever.
func (c *Controller) confirmed(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	var all []intent.SegmentStatus
	for _, s := range segments {
		have, err := c.fabric.Wait(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if !have.Ready {
			c.cfg.Logger.Warn("segment is not ready in time", "slice", string(s.ID.Slice), "network", string(s.ID.Network), "reason", have.Message)
		}
		status, err := c.status(s.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, status)
	}
	return all, nil
}

// putAll takes all segments in or, if one is at fault, puts those before it
// back as they were. The lock is held.
func (c *Controller) putAll(segments []intent.Segment) error {
	if err := c.allowAll(segments); err != nil {
		return err
	}
	var before []*segment
	for i, s := range segments {
		before = append(before, c.segments[s.ID])
		err := c.put(s)
		if err == nil {
			continue
		}
		// Backwards: a segment may be there twice.
		for j := i - 1; j >= 0; j-- {
			err = errors.Join(err, c.undo(segments[j].ID, before[j]))
		}
		return err
	}
	return nil
}

func (c *Controller) undo(id slice.NetworkID, have *segment) error {
	if have == nil {
		return c.drop(id)
	}
	return c.keep(have)
}

// put takes a segment in. What cannot be done leaves everything as it was.
func (c *Controller) put(in intent.Segment) error {
	next := &segment{Segment: in}
	labels := c.labels
	err := c.label(next, c.segments[in.ID])
	if err == nil {
		err = c.keep(next)
	}
	if err != nil {
		c.labels = labels
	}
	return err
}

// keep hands a segment to the fabric and makes it durable, or leaves the one
// that was there before.
func (c *Controller) keep(next *segment) error {
	have := c.segments[next.ID]
	network, missing := c.network(next)
	if _, err := c.fabric.Put(network); err != nil {
		return err
	}
	next.missing = missing
	if have == nil || have.Label != next.Label || !reflect.DeepEqual(have.Segment, next.Segment) {
		if err := c.save(next); err != nil {
			return errors.Join(err, c.restore(next.ID, have))
		}
	}
	if have == nil || !reflect.DeepEqual(have.Segment, next.Segment) {
		c.cfg.Logger.Info("segment taken in", "domain", string(c.cfg.Domain), "slice", string(next.ID.Slice), "network", string(next.ID.Network), "ports", len(next.Ports))
	}
	c.segments[next.ID] = next
	return nil
}

// restore hands the fabric what it had of a segment.
func (c *Controller) restore(id slice.NetworkID, have *segment) error {
	if have == nil {
		return c.fabric.Remove(id)
	}
	network, _ := c.network(have)
	_, err := c.fabric.Put(network)
	return err
}

// allowAll refuses segments that can never be true together with what stays
// of the others: an interface may pass from one network to another in one go.
func (c *Controller) allowAll(segments []intent.Segment) error {
	after := map[slice.NetworkID]intent.Segment{}
	for id, s := range c.segments {
		after[id] = s.Segment
	}
	for _, s := range segments {
		after[s.ID] = s
	}
	for _, s := range segments {
		if err := c.allow(s, after); err != nil {
			return err
		}
	}
	return nil
}

// allow refuses a hand-off without a gateway, a packet that no tunnel carries,
// a workload twice, and an interface that another network has.
func (c *Controller) allow(s intent.Segment, after map[slice.NetworkID]intent.Segment) error {
	if s.HandOff && c.gateway(&segment{Segment: s}) == "" {
		return slice.Errorf(slice.Invalid, "domain %s has no gateway node for network %s", c.cfg.Domain, s.ID)
	}
	if mtu := c.mtu(); mtu != 0 && s.MTU > mtu {
		return slice.Errorf(slice.Invalid, "network %s wants an MTU of %d bytes; the tunnels of domain %s carry %d: ask for at most that", s.ID, s.MTU, c.cfg.Domain, mtu)
	}
	seen := map[slice.Workload]bool{}
	for _, p := range s.Ports {
		if seen[p.Workload] {
			return slice.Errorf(slice.Invalid, "workload %s is twice in network %s: once is enough", p.Workload, s.ID)
		}
		seen[p.Workload] = true
		if other, ok := user(after, p, s.ID); ok {
			return slice.Errorf(slice.Conflict, "workload %s has interface %s in network %s already: name another one", p.Workload, p.Interface, other)
		}
	}
	return nil
}

// user returns the network, but one, that has an interface of a workload.
func user(segments map[slice.NetworkID]intent.Segment, p intent.SegmentPort, but slice.NetworkID) (slice.NetworkID, bool) {
	for id, other := range segments {
		if id != but && slices.ContainsFunc(other.Ports, func(o intent.SegmentPort) bool {
			return o.Workload == p.Workload && o.Interface == p.Interface
		}) {
			return id, true
		}
	}
	return slice.NetworkID{}, false
}

// Delete takes segments apart and waits until switches and nodes that can be
// reached are rid of them.
func (c *Controller) Delete(ctx context.Context, ids []slice.NetworkID) error {
	if err := c.dropAll(ids); err != nil {
		return err
	}
	return c.fabric.Gone(ctx, ids...)
}

func (c *Controller) dropAll(ids []slice.NetworkID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if err := c.drop(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) drop(id slice.NetworkID) error {
	if err := c.fabric.Remove(id); err != nil {
		return err
	}
	if c.segments[id] == nil {
		return nil
	}
	if err := c.rest(c.segments[id].Label); err != nil {
		return fmt.Errorf("forget segment %s: %w", id, err)
	}
	if err := c.cfg.Store.Delete(bucketSegments, id.String()); err != nil {
		return fmt.Errorf("forget segment %s: %w", id, err)
	}
	delete(c.segments, id)
	c.cfg.Logger.Info("segment dropped", "domain", string(c.cfg.Domain), "slice", string(id.Slice), "network", string(id.Network))
	return nil
}

func (c *Controller) save(s *segment) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("save segment %s: %w", s.ID, err)
	}
	if err := c.cfg.Store.Put(bucketSegments, s.ID.String(), text); err != nil {
		return fmt.Errorf("save segment %s: %w", s.ID, err)
	}
	return nil
}

// List returns the segments as they are, by name.
func (c *Controller) List(context.Context) ([]intent.SegmentStatus, error) {
	var all []intent.SegmentStatus
	for _, id := range c.ids() {
		if s, err := c.status(id); err == nil {
			all = append(all, s)
		}
	}
	return all, nil
}

func (c *Controller) ids() []slice.NetworkID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []slice.NetworkID
	for id := range c.segments {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y slice.NetworkID) int { return strings.Compare(x.String(), y.String()) })
	return ids
}
