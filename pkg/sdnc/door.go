package sdnc

import (
	"context"
	"errors"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Segments returns the segments that are wanted, by name.
func (c *Controller) Segments() []intent.Segment {
	var all []intent.Segment
	for _, id := range c.ids() {
		if s, err := c.Segment(id); err == nil { // else it went meanwhile
			all = append(all, s)
		}
	}
	return all
}

// Segment returns one that is wanted.
func (c *Controller) Segment(id slice.NetworkID) (intent.Segment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.segments[id]
	if s == nil {
		return intent.Segment{}, slice.Errorf(slice.NotFound, "network %s has no segment in domain %s", id, c.cfg.Domain)
	}
	return s.Segment, nil
}

// Status returns a segment as it is.
func (c *Controller) Status(id slice.NetworkID) (intent.SegmentStatus, error) { return c.status(id) }

// ApplyIf is Apply where a precondition holds for every segment. A dry run
// checks what Apply would, and changes nothing.
func (c *Controller) ApplyIf(ctx context.Context, segments []intent.Segment, may intent.Precondition, dry bool) ([]intent.SegmentStatus, error) {
	if dry {
		return c.tried(segments, may)
	}
	if err := c.putIf(segments, may); err != nil {
		return nil, err
	}
	return c.confirmed(ctx, segments)
}

func (c *Controller) putIf(segments []intent.Segment, may intent.Precondition) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.may(segments, may); err != nil {
		return err
	}
	return c.putAll(segments)
}

// tried returns the segments as they are, if they could be applied.
func (c *Controller) tried(segments []intent.Segment, may intent.Precondition) ([]intent.SegmentStatus, error) {
	c.mu.Lock()
	err := c.may(segments, may)
	if err == nil {
		err = c.allowAll(segments)
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var all []intent.SegmentStatus
	for _, s := range segments {
		status, err := c.status(s.ID)
		switch {
		case err == nil:
			all = append(all, status)
		case slice.KindOf(err) == slice.NotFound:
			all = append(all, intent.SegmentStatus{ID: s.ID, Message: "dry run: the network is not there yet"})
		default:
			return nil, err
		}
	}
	return all, nil
}

func (c *Controller) may(segments []intent.Segment, may intent.Precondition) error {
	var faults []error
	for _, s := range segments {
		faults = append(faults, may(s.ID, c.wanted(s.ID)))
	}
	return errors.Join(faults...)
}

// wanted returns a segment, or nil; the lock is held.
func (c *Controller) wanted(id slice.NetworkID) *intent.Segment {
	if s := c.segments[id]; s != nil {
		return &s.Segment
	}
	return nil
}

// DeleteIf is Delete of one segment where a precondition holds.
func (c *Controller) DeleteIf(ctx context.Context, id slice.NetworkID, may intent.Precondition, dry bool) error {
	if err := c.dropIf(id, may, dry); err != nil || dry {
		return err
	}
	return c.fabric.Gone(ctx, id)
}

func (c *Controller) dropIf(id slice.NetworkID, may intent.Precondition, dry bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := may(id, c.wanted(id)); err != nil || dry {
		return err
	}
	return c.drop(id)
}
