package openflow_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// other is a change like change, with other values.
func other(port uint64) flow.Change {
	c := change()
	for i := range c.PutFlows {
		c.PutFlows[i].Match = []flow.Match{{Field: flow.FieldInPort, Value: port, Mask: 1<<32 - 1}}
	}
	c.TakeMeters = nil
	return c
}

// unanswered reads a change up to its barrier without answering anything.
func (f *fake) unanswered() [][]byte {
	f.t.Helper()
	var all [][]byte
	for {
		msg, err := f.next()
		if err != nil {
			f.t.Fatalf("after %d messages: %v", len(all), err)
		}
		if all = append(all, append([]byte(nil), msg...)); ofp.Type(msg[1]) == ofp.TypeBarrierRequest {
			return all
		}
	}
}

// A switch that has taken messages of all forms of a change gets the next one
// in one piece, and one that could not read one of them does not any more.
func TestKnownForms(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	if _, err := f.play(nil, apply(s, change())); err != nil {
		t.Fatal(err)
	}
	over := apply(s, other(17))
	for _, msg := range f.unanswered() {
		f.reply(msg, nil)
	}
	if o := receive(t, "the change ends", over); o.err != nil {
		t.Fatalf("in one piece: %v", o.err)
	}

	over = apply(s, other(18))
	for _, msg := range f.unanswered() {
		var fault *ofp.Error
		if step(msg) == "add flags 3: flow 6 command 0" {
			fault = &ofp.Error{Type: ofp.ErrorBadAction, Code: 0}
		}
		f.reply(msg, fault)
	}
	if o := receive(t, "the change ends", over); o.err == nil {
		t.Error("a message that could not be read is no error")
	}

	told, err := f.play(map[string]*ofp.Error{"add flags 3: flow 6 command 0": {Type: ofp.ErrorBadAction}}, apply(s, other(19)))
	if err == nil || told[len(told)-1] != "bundle 6 flags 3" {
		t.Errorf("after that: %v, told %q; want the bundle given up before its commit", err, told)
	}
}

// A form that the switch has not taken yet waits for the close.
func TestNewForm(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	if _, err := f.play(nil, apply(s, change())); err != nil {
		t.Fatal(err)
	}
	c := other(17)
	c.PutFlows[0].Actions = []flow.Action{flow.SetTunnel(5), flow.Output(1)}
	told, err := f.play(map[string]*ofp.Error{"add flags 3: flow 5 command 0": {Type: ofp.ErrorBadAction}}, apply(s, c))
	if err == nil || told[len(told)-1] != "bundle 6 flags 3" {
		t.Errorf("%v, told %q; want the bundle given up before its commit", err, told)
	}
}
