package sdnc

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The keys of the labels' bucket: where the search begins, and the labels that
// were given back a moment ago.
const (
	keyNext = "next"
	keyRest = "rest-"
)

func (c *Controller) loadLabels() error {
	labels, err := c.cfg.Store.List(bucketLabels)
	if err != nil {
		return err
	}
	for key, text := range labels {
		if key == keyNext {
			if err := json.Unmarshal(text, &c.labels.Next); err != nil {
				return fmt.Errorf("next label: %w", err)
			}
			continue
		}
		label, isRest := strings.CutPrefix(key, keyRest)
		n, err := strconv.ParseUint(label, 10, 16)
		if !isRest || err != nil {
			continue
		}
		var r ipam.Rest
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("rest of label %s: %w", label, err)
		}
		c.resting.Recall(uint32(n), r, c.cfg.Now())
	}
	return nil
}

// label gives a hand-off its label, the one it has if it has one.
func (c *Controller) label(next, have *segment) error {
	if !next.HandOff {
		if have == nil {
			return nil
		}
		return c.rest(have.Label)
	}
	if have != nil && have.Label != 0 {
		next.Label = have.Label
		return nil
	}
	if err := c.endRests(); err != nil {
		return err
	}
	n, err := c.resting.Take(&c.labels, func(n uint32) bool {
		for _, s := range c.segments {
			if s.Label == slice.VLAN(n) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return fmt.Errorf("label for network %s in domain %s: %w", next.ID, c.cfg.Domain, err)
	}
	next.Label = slice.VLAN(n) //nolint:gosec // the ring ends at MaxVLAN
	// Before the segment: a crash in between loses a label and never gives one
	// twice.
	text, err := json.Marshal(c.labels.Next)
	if err != nil {
		return err
	}
	return c.cfg.Store.Put(bucketLabels, keyNext, text)
}

// rest keeps a label that is given back from a new owner for a while. It is
// durable before its segment is gone.
func (c *Controller) rest(label slice.VLAN) error {
	r, ok := c.resting.Give(uint32(label), c.cfg.Now())
	if !ok {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return c.cfg.Store.Put(bucketLabels, keyRest+strconv.Itoa(int(label)), text)
}

// endRests forgets the labels that have rested.
func (c *Controller) endRests() error {
	for _, n := range c.resting.Release(c.cfg.Now()) {
		if err := c.cfg.Store.Delete(bucketLabels, keyRest+strconv.Itoa(int(n))); err != nil {
			return fmt.Errorf("forget the rest of label %d: %w", n, err)
		}
	}
	return nil
}
