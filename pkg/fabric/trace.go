package fabric

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Question asks whether a frame of a network gets from one of its ports to
// another.
type Question struct {
	Network slice.NetworkID
	From    string // a workload, or of:DPID/PORT
	To      string // a workload, of:DPID/PORT, a hardware address, or "all"
	Held    bool   // walk the rules that the switches hold, not those that are wanted
}

// A Trace is the answer.
type Trace struct {
	Frame     string // as it comes into the first switch, in the syntax of ovs-ofctl
	Reached   bool
	Why       string
	Delivered []topology.End // the ports by which copies left
	Links     []string       // that copies crossed, in the order in which they did
	Steps     []Step
}

// A Step is what one table of one switch did with the frame.
type Step struct {
	Switch slice.DPID
	Node   slice.Node
	In     slice.Port
	Table  string
	Flow   string // empty where none matched
	Says   string
}

// The walk of a frame ends after so many switches: it is in a loop then.
const maxSwitches = 64

// spare is the sender, and the receiver, of a frame whose port nobody is bound
// to: any address will do.
var (
	spareFrom = slice.MAC{0x02, 0, 0, 0, 0, 1}
	spareTo   = slice.MAC{0x02, 0, 0, 0, 0, 2}
)

// Trace walks a frame through the rules of the switches, table by table. It
// sends nothing.
func (f *Fabric) Trace(ctx context.Context, q Question) (Trace, error) {
	w, err := f.walker(q)
	if err != nil || w.answer.Why != "" {
		return w.answer, err
	}
	w.rules = map[slice.DPID]flow.Rules{}
	w.read = func(d slice.DPID) (flow.Rules, error) { return f.Rules(ctx, d, q.Held) }
	return w.walk()
}

// A walker follows one frame.
type walker struct {
	answer Trace
	from   topology.End
	to     topology.End // zero: everybody
	frame  flowtest.Frame
	links  map[topology.End]LinkInfo
	nodes  map[slice.DPID]slice.Node
	rules  map[slice.DPID]flow.Rules
	// learned are the rules of a switch once the ends have been heard.
	learned []func(slice.DPID) []flow.Flow
	read    func(slice.DPID) (flow.Rules, error)
}

// walker prepares the frame. An end that is not attached is an answer already.
func (f *Fabric) walker(q Question) (*walker, error) {
	w := &walker{links: map[topology.End]LinkInfo{}, nodes: map[slice.DPID]slice.Node{}}
	for _, l := range f.Links() {
		w.links[l.A], w.links[l.B] = l, l
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.networks[q.Network]
	if n == nil {
		return w, slice.Errorf(slice.NotFound, "network %s is not on this fabric", q.Network)
	}
	for name, node := range f.nodes {
		w.nodes[f.dpid(node)] = name
	}
	from, ok := n.find(q.From)
	if !ok {
		return w, slice.Errorf(slice.NotFound, "%s is no port of network %s", q.From, q.Network)
	}
	at, err := f.attachment(n, from)
	if err != nil {
		w.answer.Why = fmt.Sprintf("%s has no port: %s", q.From, err)
		return w, nil
	}
	w.from = topology.End{Switch: at.Switch, Port: at.Port}
	w.frame = flowtest.Frame{Port: at.Port, From: oneOf(from.Behind, spareFrom), Type: etherTest}
	w.learns(n.now, at, w.frame.From)
	if from.Label != 0 {
		w.frame.Tags = []slice.VLAN{from.Label}
	}
	if a := from.Address.Addr(); a.Is4() {
		w.frame.Type, w.frame.Inside.Source = flow.EtherIPv4, a
	} else if a.Is6() {
		w.frame.Type, w.frame.Inside.Source = flow.EtherIPv6, a
	}
	return w, f.aim(w, n, q.To)
}

// etherTest is an EtherType for experiments (IEEE 802, section 9.2.4).
const etherTest = 0x88b5

// aim gives the frame its receiver.
func (f *Fabric) aim(w *walker, n *network, to string) error {
	if to == "all" {
		w.frame.To = slice.Broadcast
		return nil
	}
	if mac, err := slice.ParseMAC(to); err == nil {
		w.frame.To = mac
		for _, a := range n.Attachments {
			if at, err := f.attachment(n, a); err == nil && slices.Contains(a.Behind, mac) {
				w.to = topology.End{Switch: at.Switch, Port: at.Port}
			}
		}
		return nil
	}
	a, ok := n.find(to)
	if !ok {
		return slice.Errorf(slice.NotFound, "%s is no port of network %s", to, n.ID)
	}
	at, err := f.attachment(n, a)
	if err != nil {
		w.answer.Why = fmt.Sprintf("%s has no port: %s", to, err)
		return nil
	}
	w.to, w.frame.To = topology.End{Switch: at.Switch, Port: at.Port}, oneOf(a.Behind, spareTo)
	w.learns(n.now, at, w.frame.To)
	return nil
}

// learns has the walk find what switches will have once they have heard of an
// end: the first frame of a sender asks the controller, all others do not.
func (w *walker) learns(plan pipeline.Plan, at pipeline.Attachment, mac slice.MAC) {
	w.learned = append(w.learned, func(d slice.DPID) []flow.Flow { return plan.Learned(d, at, mac) })
}

func oneOf(list []slice.MAC, other slice.MAC) slice.MAC {
	if len(list) == 0 {
		return other
	}
	return list[0]
}

// find returns the port of a network that somebody names by its workload, or
// by switch and port.
func (n *network) find(name string) (Attachment, bool) {
	node, port, _ := strings.Cut(name, "/")
	number, _ := strconv.ParseUint(port, 10, 32) // what is no number is no port
	i := slices.IndexFunc(n.Attachments, func(a Attachment) bool {
		switch {
		case a.Port != 0:
			return string(a.Node) == node && a.Port == slice.Port(number)
		case a.Label != 0:
			return name == "handoff" || name == "handoff/"+string(a.Node)
		}
		return string(a.Workload) == name
	})
	if i < 0 {
		return Attachment{}, false
	}
	return n.Attachments[i], true
}

// text returns the frame as it comes in.
func text(f flowtest.Frame) string {
	s := fmt.Sprintf("in_port=%d,dl_src=%s,dl_dst=%s,dl_type=%#04x", f.Port, f.From, f.To, f.Type)
	switch a := f.Inside.Source; {
	case len(f.Tags) > 0:
		return s + fmt.Sprintf(",dl_vlan=%d", f.Tags[0])
	case a.Is4():
		return s + ",nw_src=" + a.String()
	case a.Is6():
		return s + ",ipv6_src=" + a.String()
	}
	return s
}

// walk follows the frame and its copies from switch to switch.
func (w *walker) walk() (Trace, error) {
	w.answer.Frame = text(w.frame)
	moving := []flowtest.Delivery{{End: flowtest.End(w.from), Frame: w.frame}}
	for hop := 0; len(moving) > 0; hop++ {
		if hop > maxSwitches || len(moving) > maxSwitches*maxSwitches {
			w.answer.Why = "the frame is in a loop"
			return w.answer, nil
		}
		var next []flowtest.Delivery
		for _, m := range moving {
			on, err := w.pass(m)
			if err != nil {
				return w.answer, err
			}
			next = append(next, on...)
		}
		moving = next
	}
	w.conclude()
	return w.answer, nil
}

// pass takes a copy through one switch and returns those that reach another.
func (w *walker) pass(m flowtest.Delivery) ([]flowtest.Delivery, error) {
	rules, ok := w.rules[m.Switch]
	if !ok {
		var err error
		if rules, err = w.read(m.Switch); err != nil {
			return nil, err
		}
		rules.Flows = slices.Clone(rules.Flows)
		for _, learned := range w.learned {
			rules.Flows = append(rules.Flows, learned(m.Switch)...)
		}
		w.rules[m.Switch] = rules
	}
	r := flowtest.Switch{Rules: rules}.Send(m.Frame)
	w.explain(m, r)
	var on []flowtest.Delivery
	for _, o := range r.Out {
		here := topology.End{Switch: m.Switch, Port: o.Port}
		l, crosses := w.links[here]
		if !crosses {
			w.answer.Delivered = append(w.answer.Delivered, here)
			continue
		}
		if !l.Up {
			w.step(m, "", "", fmt.Sprintf("lost: link %s is down: %s", l.Name, l.Reason))
			continue
		}
		w.answer.Links = append(w.answer.Links, l.Name)
		far := l.B
		if here == l.B {
			far = l.A
		}
		o.Frame.Port = far.Port
		on = append(on, flowtest.Delivery{End: flowtest.End(far), Frame: o.Frame})
	}
	return on, nil
}

func (w *walker) step(m flowtest.Delivery, table, text, says string) {
	w.answer.Steps = append(w.answer.Steps, Step{m.Switch, w.nodes[m.Switch], m.Frame.Port, table, text, says})
}

// explain says what each table of a switch did.
func (w *walker) explain(m flowtest.Delivery, r flowtest.Result) {
	next := pipeline.Classify
	for _, rule := range r.Flows {
		says := w.sayHit(m.Switch, rule)
		w.step(m, rule.Table.Name, rule.String(), says)
		next = nil
		for _, a := range rule.Actions {
			if a.Verb == flow.VerbGoto {
				next = a.Next
			}
		}
	}
	if next != nil {
		w.step(m, next.Name, "", missed[next])
	}
}

// missed says what it means that no rule of a table matched.
var missed = map[*flow.Table]string{
	pipeline.Classify: "dropped: the port, or the number that the frame came with, belongs to no network here",
	pipeline.Guard:    "dropped: the sender's addresses are not those that are bound to the port",
	pipeline.Forward:  "dropped: nobody in the network is known to have that address",
	pipeline.Flood:    "dropped: the network has nobody else behind this switch",
}

// sayHit says what a rule did.
func (w *walker) sayHit(d slice.DPID, rule flow.Flow) string {
	if len(rule.Actions) == 0 {
		return "dropped: no tenant may send such a frame"
	}
	var said []string
	for _, a := range rule.Actions {
		if s := w.sayAction(d, a); s != "" {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		said = append(said, "passed on")
	}
	if rule.Learned {
		said = append(said, "once the address is learned")
	}
	return strings.Join(said, ", ")
}

func (w *walker) sayAction(d slice.DPID, a flow.Action) string {
	switch a.Verb {
	case flow.VerbMeter:
		return fmt.Sprintf("counted by meter %d", a.Arg)
	case flow.VerbMark:
		return fmt.Sprintf("belongs to network number %d", a.Arg)
	case flow.VerbSetTunnel:
		return fmt.Sprintf("marked with VNI %d", a.Arg)
	case flow.VerbPushLabel:
		return fmt.Sprintf("labelled %d", a.Arg)
	case flow.VerbPopLabel:
		return "label taken off"
	case flow.VerbGroup:
		return fmt.Sprintf("handed to group %d", a.Arg)
	case flow.VerbController:
		return "sent to the controller, which learns the sender"
	case flow.VerbOutput:
		out := topology.End{Switch: d, Port: slice.Port(a.Arg)} //nolint:gosec // an output port has 32 bits
		if l, ok := w.links[out]; ok {
			return fmt.Sprintf("sent over link %s", l.Name)
		}
		return fmt.Sprintf("sent out of port %d", a.Arg)
	}
	return ""
}

// conclude says whether the frame arrived, and if not where it ended.
func (w *walker) conclude() {
	a := &w.answer
	nobody := topology.End{}
	switch {
	case w.to != nobody && slices.Contains(a.Delivered, w.to):
		a.Reached, a.Why = true, fmt.Sprintf("the frame leaves by port %d of %s", w.to.Port, w.nodes[w.to.Switch])
	case w.to == nobody && len(a.Delivered) > 0:
		a.Reached, a.Why = true, fmt.Sprintf("the frame leaves by %d ports", len(a.Delivered))
	case len(a.Steps) > 0:
		last := a.Steps[len(a.Steps)-1]
		a.Why = fmt.Sprintf("on %s: %s", last.Node, last.Says)
		for _, s := range a.Steps {
			if strings.HasPrefix(s.Says, "dropped") || strings.HasPrefix(s.Says, "lost") {
				a.Why = fmt.Sprintf("on %s, table %s: %s", s.Node, s.Table, s.Says)
				break
			}
		}
	default:
		a.Why = "the frame leaves by no port"
	}
}
