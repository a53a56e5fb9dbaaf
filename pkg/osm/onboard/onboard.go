// Package onboard brings into OSM what is needed for slices: packages, accounts and
// instances. It looks what is there, says what is to be done and does it, so that twice
// is the same as once, and a run that broke off goes on when it is repeated. How OSM is
// called it leaves to package osm; files are read, and results shown, by whoever calls.
//
//	desk := onboard.Desk{NBI: client, DryRun: true}
//	results, err := desk.Packages(ctx, packages)
package onboard

import (
	"cmp"
	"context"
	"time"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Act is what is done with one thing.
type Act string

// The acts.
const (
	Create Act = "create"
	Update Act = "update"
	Remove Act = "remove"
	Keep   Act = "keep" // it is as it should be
)

// A State is how far that is.
type State string

// The states.
const (
	Planned State = "planned" // nothing is done yet
	Ordered State = "ordered" // OSM is at it
	Done    State = "done"
	Failed  State = "failed"
	Left    State = "left" // not begun, because of another
)

// A Result is one thing, and what became of it.
type Result struct {
	Kind   string `json:"kind"` // of package, account or instance
	Name   string `json:"name"`
	Act    Act    `json:"act"`
	State  State  `json:"state"`
	ID     string `json:"id,omitempty"` // OSM's own
	Detail string `json:"detail,omitempty"`
}

// A Desk carries orders to one OSM. NBI is indispensable.
type Desk struct {
	NBI     *osm.Client
	Say     func(Result)  // hears of every step; may be nil
	DryRun  bool          // plan, change nothing
	Every   time.Duration // between two looks at what OSM is doing: 2 s
	Timeout time.Duration // of waiting for OSM; 0: it is not waited for
}

// say tells a result as it is now.
func (d Desk) say(r *Result, s State, detail string) {
	r.State, r.Detail = s, detail
	if d.Say != nil {
		d.Say(*r)
	}
}

// await asks f again and again, until it is done, fails, or the time is up. It
// reports whether it was done.
func (d Desk) await(ctx context.Context, f func(context.Context) (bool, error)) (bool, error) {
	tick := time.NewTicker(cmp.Or(d.Every, 2*time.Second))
	defer tick.Stop()
	late := time.NewTimer(d.Timeout)
	defer late.Stop()
	for {
		done, err := f(ctx)
		// Away is not gone: OSM restarts, too.
		if done || err != nil && slice.KindOf(err) != slice.Unavailable {
			return done, err
		}
		select {
		case <-ctx.Done():
			return false, slice.Errorf(slice.Unavailable, "told to end; OSM goes on with it")
		case <-late.C:
			return false, err
		case <-tick.C:
		}
	}
}
