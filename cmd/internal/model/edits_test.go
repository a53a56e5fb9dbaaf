package model_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A lookout sends frames between members after every step of every switch.
type lookout struct {
	mu    sync.Mutex
	world *world // nil: it does not look yet
	all   []member
	sent  int
	fault string
}

// look is model.Config.Told.
func (l *lookout) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.world == nil || l.fault != "" {
		return
	}
	net := l.world.Net()
	for _, from := range l.all {
		l.send(net, from, slice.Broadcast, func(to member) bool { return to.network == from.network && to.at != from.at })
		for _, to := range l.all {
			if to.network == from.network && to.at != from.at {
				l.send(net, from, to.MAC, func(m member) bool { return m.at == to.at })
			}
		}
	}
}

// send wants one copy for each of some members, and none for the others.
func (l *lookout) send(net flowtest.Net, from member, to slice.MAC, wanted func(member) bool) {
	l.sent++
	trace := net.Send(from.at.Switch, flowtest.Frame{Port: from.at.Port, From: from.MAC, To: to, Type: 0x0800, Inside: flowtest.Packet{Source: from.Address}})
	for _, m := range l.all {
		copies, want := 0, 0
		for _, d := range trace.Delivered {
			if d.End == m.at {
				copies++
			}
		}
		if wanted(m) {
			want = 1
		}
		if copies != want || trace.Loop {
			l.fault = fmt.Sprintf("a frame from %s to %s: %d copies for %s, want %d", from, to, copies, m, want)
		}
	}
}

// watch looks at the members of a slice from now on, and at no others.
func (l *lookout) watch(w *world, all []member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.world, l.all = w, all
}

func (l *lookout) report() (sent int, fault string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, l.sent = l.sent, 0
	return sent, l.fault
}

// Whatever is edited at run time, those who were there before and stay lose no
// frame and get none twice, at any step of any switch; the ones whose path is
// moved among them.
func TestEditsDisturbNobody(t *testing.T) {
	path := func(from, to slice.Domain, hops ...slice.Domain) intent.Edit {
		return intent.Edit{SetPath: &intent.Path{Network: "every", From: from, To: to, Hops: hops}}
	}
	ward := joined(intent.Explicit).Slice.Networks[3]
	steps := []struct {
		name  string
		edits []intent.Edit
	}{
		{"a path", []intent.Edit{path("field", "private", "field", "private")}},
		{"the path moves", []intent.Edit{path("field", "private", "field", "fire", "private")}},
		{"a domain comes", []intent.Edit{{AddDomain: &intent.DomainEdit{
			Domain: intent.Domain{Name: "hospital"}, Links: []intent.Link{{From: "field", To: "hospital"}, {From: "fire", To: "hospital"}},
			Networks: []slice.NetworkName{"every"}, Members: []intent.MemberEdit{{Network: "every", Member: intent.Member{Name: "sip-hospital"}}},
		}}}},
		{"a path through it", []intent.Edit{path("field", "fire", "field", "hospital", "fire"), path("private", "field", "private", "field")}},
		{"a network comes", []intent.Edit{{AddNetwork: &ward}}},
		{"a member comes", []intent.Edit{{AddMember: &intent.MemberEdit{Network: "two", Member: intent.Member{Name: "tablet", Domain: "fire"}}}}},
		{"a link gets dearer", []intent.Edit{{AddLink: &intent.Link{From: "field", To: "fire", Cost: 9}}}},
		{"no paths", []intent.Edit{
			{RemovePath: &intent.Path{Network: "every", From: "fire", To: "field"}}, {RemovePath: &intent.Path{Network: "every", From: "field", To: "private"}},
		}},
		{"all goes", []intent.Edit{
			{RemoveMember: &intent.MemberEdit{Network: "two", Member: intent.Member{Name: "tablet"}}}, {RemoveNetwork: "ward"}, {RemoveDomain: "hospital"},
		}},
		{"another shape", []intent.Edit{{RemoveLink: &intent.Link{From: "private", To: "field"}}, {AddLink: &intent.Link{From: "field", To: "fire"}}}},
	}
	l := &lookout{}
	w := three(t, model.Config{Told: l.look})
	before := w.ready(shaped(intent.Explicit))
	l.watch(w, w.members(before))
	for i, step := range steps {
		s, err := w.SCO.Edit(w.ctx, "shaped", step.edits, intent.Order{Generation: uint32(i + 1)})
		if err != nil || s.Phase != intent.Ready {
			t.Fatalf("%s: %s %q, %v", step.name, s.Phase, s.Message, err)
		}
		if err := w.SCO.Fabric().Settle(w.ctx); err != nil {
			t.Fatal(err)
		}
		sent, fault := l.report()
		if fault != "" {
			t.Fatalf("%s: %s", step.name, fault)
		}
		if sent == 0 && step.name != "another shape" {
			t.Errorf("%s: no switch has changed", step.name)
		}
	}
	s, err := w.SCO.Status(w.ctx, "shaped")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(w.members(s)), fmt.Sprint(w.members(before)); got != want {
		t.Errorf("members are %s, want %s", got, want)
	}
}
