// Package flow holds OpenFlow rules as plain values: what a rule matches, what
// it does, how it reads as a line of text and how two sets of rules differ. It
// knows no switch and no wire; package openflow encodes and sends.
//
//	f := flow.Flow{Table: Classify, Match: []flow.Match{flow.InPort(3)}, Actions: []flow.Action{flow.Output(4)}}
package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Table is one stage of a pipeline: the fields its flows may match and the
// tables they may hand a frame to.
type Table struct {
	ID     uint8
	Name   string
	Fields []Field
	Next   []*Table
}

// A Priority orders the flows of a table; the highest that matches wins.
type Priority uint16

// The levels of every table. A rule takes a level, never a number.
const (
	Default  Priority = 100 * (iota + 1) // when nothing more is known
	Known                                // the answer is known
	Override                             // an operator said otherwise
	Guard                                // what must never pass
)

// A Flow is one rule of a table.
type Flow struct {
	Table    *Table
	Priority Priority
	Owner    slice.Network // whose rule it is; goes into the cookie
	Match    []Match
	Actions  []Action // none drops the frame; in the order of the verbs' carrying out: meter, changes and outputs, mark, goto
	Foreign  bool     // read from a switch and not made by this house
	// A learned flow was made from a frame, and not from what is wanted: it goes
	// by itself when it was idle so many seconds, and Diff passes over it.
	Learned bool
	Idle    uint16
	Raw     string // of a foreign flow: its match as bytes, so that the hand that read it can take it off
}

// String returns the flow in the syntax of ovs-ofctl, with table names.
func (f Flow) String() string {
	acts := make([]string, len(f.Actions))
	for i, a := range f.Actions {
		acts[i] = a.String()
	}
	if len(acts) == 0 {
		acts = []string{"drop"}
	}
	idle := ""
	if f.Idle != 0 {
		idle = fmt.Sprintf("idle_timeout=%d, ", f.Idle)
	}
	return fmt.Sprintf("cookie=%#x, %s%s actions=%s", uint32(f.Owner), idle, f.Rule(), strings.Join(acts, ","))
}

// Rule returns the part of a flow by which a switch tells it from another:
// table, priority and match.
func (f Flow) Rule() string {
	var b strings.Builder
	fmt.Fprintf(&b, "table=%s, priority=%d", f.Table.Name, f.Priority)
	byField := func(x, y Match) int { return cmp.Compare(x.Field, y.Field) }
	for _, m := range slices.SortedFunc(slices.Values(f.Match), byField) {
		b.WriteString("," + m.String())
	}
	if f.Raw != "" {
		fmt.Fprintf(&b, ",raw=%x", f.Raw)
	}
	return b.String()
}

// Check reports whether the flow keeps to what its table declares.
func (f Flow) Check() error {
	var seen []Field
	for _, m := range f.Match {
		switch {
		case !slices.Contains(f.Table.Fields, m.Field):
			return fmt.Errorf("table %s does not match on %s", f.Table.Name, m.Field)
		case slices.Contains(seen, m.Field):
			return fmt.Errorf("table %s: %s is matched twice", f.Table.Name, m.Field)
		}
		seen = append(seen, m.Field)
	}
	if err := checkNeeds(f.Table, f.Match); err != nil {
		return err
	}
	for _, a := range f.Actions {
		if a.Verb == VerbGoto && !slices.Contains(f.Table.Next, a.Next) {
			return fmt.Errorf("table %s does not lead to %s", f.Table.Name, a.Next.Name)
		}
	}
	return nil
}
