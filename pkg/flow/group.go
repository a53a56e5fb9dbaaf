package flow

import (
	"fmt"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A GroupType says which buckets of a group a frame takes.
type GroupType uint8

// The types of group, with their numbers of OpenFlow 1.3.5, section 7.3.4.2.
const (
	All          GroupType = 0 // every bucket, each with its own copy
	FastFailover GroupType = 3 // the first bucket whose watched port is live
)

// A Group is a set of ways out. Its number is that of its network.
type Group struct {
	ID      uint32
	Type    GroupType
	Owner   slice.Network
	Buckets []Bucket
}

// A Bucket is one way out of a group.
type Bucket struct {
	Watch   slice.Port // of a fast-failover group
	Actions []Action
}

// String returns the group in the syntax of ovs-ofctl.
func (g Group) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "group_id=%d,type=%s", g.ID, map[GroupType]string{All: "all", FastFailover: "ff"}[g.Type])
	for _, k := range g.Buckets {
		b.WriteString(",bucket=")
		if g.Type == FastFailover {
			fmt.Fprintf(&b, "watch_port:%d,", k.Watch)
		}
		acts := make([]string, len(k.Actions))
		for i, a := range k.Actions {
			acts[i] = a.String()
		}
		b.WriteString("actions=" + strings.Join(acts, ","))
	}
	return b.String()
}

// A Meter drops what goes beyond a rate.
type Meter struct {
	ID    uint32
	Kbps  uint32 // kilobits a second
	Pps   uint32 // frames a second; either this or Kbps
	Burst uint32 // kilobits, or frames
	Owner slice.Network
}

// String returns the meter in the syntax of ovs-ofctl.
func (m Meter) String() string {
	if m.Pps != 0 {
		return fmt.Sprintf("meter=%d,pktps,burst,bands=type=drop,rate=%d,burst_size=%d", m.ID, m.Pps, m.Burst)
	}
	return fmt.Sprintf("meter=%d,kbps,burst,bands=type=drop,rate=%d,burst_size=%d", m.ID, m.Kbps, m.Burst)
}
