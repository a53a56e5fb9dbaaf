package bridge

import (
	"cmp"
	"fmt"
	"slices"
)

// A Change is one step from the bridge that is there to the wanted one.
type Change struct {
	Action Action `json:"action"`
	Bridge Bridge `json:"bridge,omitzero"` // Create, Configure, Control: settings and controllers, no ports
	Port   Port   `json:"port,omitzero"`   // Add, Replace, Tune: the wanted port; Remove: the port that goes
}

// An Action says what a change does.
type Action string

// The actions.
const (
	Create    Action = "create"    // make the bridge, with settings and controllers
	Configure Action = "configure" // set what every bridge must be, identifier and datapath
	Control   Action = "control"   // set the controllers
	Add       Action = "add"       // add a port
	Replace   Action = "replace"   // make a port anew that is there in another form
	Tune      Action = "tune"      // change how a port is watched, without a frame lost
	Remove    Action = "remove"    // take a port away
)

// Diff returns what makes the bridge that is there into the wanted one, in the
// order in which it is done: settings, controllers, ports that go, ports that
// come. A bridge that is not there has no name. Controllers come after the
// settings, because a switch forgets its rules when it gets its first
// controller. A wanted bridge without a datapath takes any.
func Diff(have, want Bridge) []Change {
	settings := Bridge{Name: want.Name, DPID: want.DPID, Datapath: want.Datapath, Controllers: want.Controllers}
	var changes []Change
	switch have.Name {
	case "":
		changes = append(changes, Change{Action: Create, Bridge: settings})
	default:
		if strays(have, want) {
			changes = append(changes, Change{Action: Configure, Bridge: settings})
		}
		if !slices.Equal(sorted(have.Controllers), sorted(want.Controllers)) {
			changes = append(changes, Change{Action: Control, Bridge: settings})
		}
	}
	return append(changes, ports(have.Ports, want.Ports)...)
}

// String returns a line for a log.
func (c Change) String() string {
	switch c.Action {
	case Create, Configure, Control:
		return fmt.Sprintf("%s %s", c.Action, c.Bridge.Name)
	default:
		return fmt.Sprintf("%s port %s", c.Action, c.Port.Name)
	}
}

// strays reports whether the settings of a bridge are not the wanted ones.
func strays(have, want Bridge) bool {
	return len(have.Faults) > 0 || have.DPID != want.DPID ||
		want.Datapath != "" && have.Datapath != want.Datapath
}

// ports returns the changes between two sets of ports, by name.
func ports(have, want []Port) []Change {
	wanted := map[string]Port{}
	for _, p := range want {
		wanted[p.Name] = p
	}
	old := map[string]Port{}
	var gone, come []Change
	for _, p := range byName(have) {
		old[p.Name] = p
		if _, ok := wanted[p.Name]; !ok {
			gone = append(gone, Change{Action: Remove, Port: p})
		}
	}
	for _, p := range byName(want) {
		switch before, ok := old[p.Name]; {
		case !ok:
			come = append(come, Change{Action: Add, Port: p})
		case before != p && tunable(before, p):
			come = append(come, Change{Action: Tune, Port: p})
		case before != p:
			come = append(come, Change{Action: Replace, Port: p})
		}
	}
	return append(gone, come...)
}

// tunable reports whether a port differs only in what can be changed while
// frames pass.
func tunable(before, p Port) bool {
	before.BFD = p.BFD
	return before == p
}

func byName(ports []Port) []Port {
	return slices.SortedFunc(slices.Values(ports), func(a, b Port) int { return cmp.Compare(a.Name, b.Name) })
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
