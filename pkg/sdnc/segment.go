package sdnc

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// network returns what a segment means on the fabric, and the workloads that
// no node has.
func (c *Controller) network(s *segment) (fabric.Network, []slice.Workload) {
	n := fabric.Network{ID: s.ID, Type: s.Type, MTU: s.MTU, BandwidthKbps: s.BandwidthKbps}
	var missing []slice.Workload
	for _, p := range s.Ports {
		node, err := c.find(p.Workload)
		if err != nil {
			missing = append(missing, p.Workload)
			continue
		}
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: node, Behind: []slice.MAC{p.MAC},
			Workload: p.Workload, Interface: p.Interface, Address: p.Address, Address6: p.Address6,
		})
	}
	if s.HandOff {
		n.Attachments = append(n.Attachments, fabric.Attachment{Node: c.gateway(s), Label: s.Label, Behind: s.Remote})
	}
	return n, missing
}

// gateway returns the node of the hand-off.
func (c *Controller) gateway(s *segment) slice.Node { return cmp.Or(s.Gateway, c.cfg.Gateway) }

// find returns the node that has a workload. One that two nodes have is as
// good as missing: neither may be guessed.
func (c *Controller) find(w slice.Workload) (slice.Node, error) {
	var found slice.Node
	for _, n := range c.fabric.Nodes() {
		if !slices.Contains(n.Members, w) {
			continue
		}
		if found != "" {
			return "", slice.Errorf(slice.Conflict, "nodes %s and %s both have workload %s", found, n.Name, w)
		}
		found = n.Name
	}
	if found == "" {
		return "", slice.Errorf(slice.NotFound, "no node of domain %s has workload %s", c.cfg.Domain, w)
	}
	return found, nil
}

// joined hands every segment to the fabric again when a node has said
// something new: a workload may have come, or have moved.
func (c *Controller) joined() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.segments {
		network, missing := c.network(s)
		s.missing = missing
		if _, err := c.fabric.Put(network); err != nil {
			c.cfg.Logger.Error("segment was not renewed", "slice", string(s.ID.Slice), "network", string(s.ID.Network), "reason", err.Error())
		}
	}
}

// status returns a segment as it is.
func (c *Controller) status(id slice.NetworkID) (intent.SegmentStatus, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.segments[id]
	if s == nil {
		return intent.SegmentStatus{}, slice.Errorf(slice.NotFound, "network %s has no segment in domain %s", id, c.cfg.Domain)
	}
	have, err := c.fabric.Status(id)
	if err != nil {
		return intent.SegmentStatus{}, err
	}
	if s.digest == "" {
		s.digest = s.Digest()
	}
	out := intent.SegmentStatus{ID: id, Label: s.Label, Ready: have.Ready, Message: have.Message, Digest: s.digest}
	if s.HandOff {
		out.Gateway = c.gateway(s)
	}
	for _, p := range have.Ports {
		if p.Workload != "" {
			out.Ports = append(out.Ports, intent.SegmentPortStatus{Workload: p.Workload, Node: p.Node, Ready: p.Ready, Message: p.Message})
		}
	}
	for _, w := range s.missing {
		_, err := c.find(w)
		message := "the workload is being attached"
		if err != nil {
			message = err.Error()
		}
		out.Ports = append(out.Ports, intent.SegmentPortStatus{Workload: w, Message: message})
		out.Ready, out.Message = false, cmp.Or(out.Message, message)
	}
	return out, nil
}

// Info tells what the domain is.
func (c *Controller) Info(context.Context) (intent.DomainInfo, error) {
	info := intent.DomainInfo{
		Name: c.cfg.Domain, Gateway: c.cfg.Gateway, MTU: c.mtu(),
		Version: intent.APIVersion, Encryptions: []intent.Encryption{intent.NoEncryption}, Time: c.cfg.Now().UTC(),
	}
	for _, n := range c.fabric.Nodes() {
		info.Nodes = append(info.Nodes, n.Name)
		info.Members = append(info.Members, n.Members...)
	}
	return info, nil
}

// mtu returns the largest packet that the tunnels of every node carry, or
// zero before a node has told its own.
func (c *Controller) mtu() uint32 {
	var least uint32
	for _, n := range c.fabric.Nodes() {
		if n.MTU != 0 && (least == 0 || n.MTU < least) {
			least = n.MTU
		}
	}
	return least
}

// Ready says why the controller cannot serve a segment now, or nil.
func (c *Controller) Ready() error {
	nodes := c.fabric.Nodes()
	guests := slices.ContainsFunc(nodes, func(n fabric.NodeInfo) bool { return n.Guest })
	// What is not kept by an agent may come and go.
	nodes = slices.DeleteFunc(nodes, func(n fabric.NodeInfo) bool { return n.Guest })
	if len(nodes) == 0 && !guests {
		return fmt.Errorf("no node of domain %s has joined yet", c.cfg.Domain)
	}
	for _, n := range nodes {
		if !n.Online {
			return fmt.Errorf("the agent of node %s is away", n.Name)
		}
	}
	if why := c.fabric.Engine().Unsettled(); why != "" {
		return fmt.Errorf("%s", why)
	}
	if have := c.fabric.Engine().Stats().Switches; have < len(nodes) {
		return fmt.Errorf("%d of %d switches are connected", have, len(nodes))
	}
	return nil
}
