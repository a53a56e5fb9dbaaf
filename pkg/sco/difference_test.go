package sco_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// lines returns a difference in words.
func lines(d intent.Difference) []string {
	var all []string
	for _, c := range d.Changes {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s %s", c.Domain, c.Action, c.Kind, c.Name, c.Detail)))
	}
	return all
}

func (w *world) plans(want []string) func(intent.Difference, error) {
	return func(d intent.Difference, err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		if diff := cmp.Diff(want, lines(d)); diff != "" {
			w.t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestPlan(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		empty := w.everything()
		small := pair("s")
		small.Slice.Networks[1].Members[0].MAC, small.Slice.Networks[1].Members[1].MAC = mac(1), mac(2)
		d, err := w.Plan(w.ctx, small)
		ok(t, err)
		got := lines(d)
		for i := range got { // without the planned MACs of voice
			if strings.Contains(got[i], "voice/") {
				got[i] = got[i][:strings.Index(got[i], ", mac")]
			}
		}
		want := []string{
			": add slice s overlay.encryption none, overlay.shape mesh, qos {id 9}, snssai {sst eMBB}, tenant blue",
			": add link a-b cost 1",
			"a: add domain a gateway a-gw",
			"a: add network video mtu 1450, type vnet",
			"a: add network voice cidr 192.0.2.0/24, mtu 1450, type vnet",
			"a: add member video/wa interface video, mac 02:00:00:00:00:01",
			"a: add member voice/wa address 192.0.2.1, interface voice",
			"b: add domain b gateway b-gw",
			"b: add network video mtu 1450, type vnet",
			"b: add network voice cidr 192.0.2.0/24, mtu 1450, type vnet",
			"b: add member video/wb interface video, mac 02:00:00:00:00:02",
			"b: add member voice/wb address 192.0.2.2, interface voice",
		}
		if diff := cmp.Diff(want, got); diff != "" || d.ID != "s" || d.Generation != 0 {
			t.Errorf("a new one: %+v (-want +got)\n%s", d, diff)
		}
		if diff := cmp.Diff(empty, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
		w.ready(small)
		w.plans(nil)(w.Plan(w.ctx, small))

		more := pair("s")
		more.Slice.QoS.ID = 5
		more.Overlay.Shape, more.Overlay.Links = intent.Explicit, []intent.Link{{From: "b", To: "a", Cost: 7}}
		more.Slice.Networks[0].BandwidthKbps = 100
		more.Slice.Networks[1].Members = more.Slice.Networks[1].Members[1:]
		more.Slice.Networks[1].Members[0].MAC = mac(9)
		more.Paths = []intent.Path{{Network: "voice", From: "b", To: "a", Protection: intent.FastFailover}}
		w.plans([]string{
			": change slice s overlay.shape mesh -> explicit, qos {id 9} -> {id 5}",
			": change link a-b cost 1 -> 7",
			": add path voice a-b from b, mode any, protection fast-failover, to a",
			"a: change network voice bandwidthKbps none -> 100",
			"a: remove member video/wa",
			"b: change network voice bandwidthKbps none -> 100",
			"b: change member video/wb mac 02:00:00:00:00:02 -> 02:00:00:00:00:09",
		})(w.Plan(w.ctx, more))
		w.plans([]string{
			"b: change member video/wb mac 02:00:00:00:00:02 -> 02:00:00:00:00:03",
		})(w.PlanEdits(w.ctx, "s", []intent.Edit{
			{RemoveMember: &intent.MemberEdit{Network: "video", Member: intent.Member{Name: "wb"}}},
			{AddMember: &intent.MemberEdit{Network: "video", Member: intent.Member{Name: "wb", Domain: "b", MAC: mac(3)}}},
		}))
		d, err = w.PlanDelete(w.ctx, "s")
		ok(t, err)
		if len(d.Changes) != 12 || d.Generation != 1 || lines(d)[11] != "b: remove member voice/wb" {
			t.Errorf("a delete: %+v", d)
		}
	})
}

func TestPlanRefuses(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		kind := func(want slice.Kind, text string) func(intent.Difference, error) {
			return func(d intent.Difference, err error) {
				t.Helper()
				if slice.KindOf(err) != want || err == nil || !strings.Contains(err.Error(), text) || len(d.Changes) > 0 {
					t.Errorf("got %+v, %v, want %q", d, err, text)
				}
			}
		}
		wrong, red := three("s"), three("s")
		wrong.Slice.Networks[0].MTU = 9000
		red.Slice.Tenant = "red"
		kind(slice.Invalid, "MTU of 9000")(w.Plan(w.ctx, wrong))
		kind(slice.Invalid, "slice.id")(w.Plan(w.ctx, intent.Intents{}))
		kind(slice.Conflict, "another tenant")(w.Plan(w.ctx, red))
		kind(slice.NotFound, "no slice t")(w.PlanEdits(w.ctx, "t", nil))
		kind(slice.NotFound, "no slice t")(w.PlanDelete(w.ctx, "t"))
		kind(slice.Invalid, "edits[0]: it says nothing")(w.PlanEdits(w.ctx, "s", []intent.Edit{{}}))
		w.domains["b"].away()
		kind(slice.Unavailable, "domain b")(w.Plan(w.ctx, changed("s")))
	})
}

// A plan is empty if nothing changes, and only then.
func TestPlanSaysAll(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(flat("s"))
		rapid.Check(t, func(t *rapid.T) {
			before := *w.status("s").Intents
			edits := []intent.Edit{someEdit(t)}
			d, err := w.PlanEdits(w.ctx, "s", edits)
			s, failed := w.Edit(w.ctx, "s", edits, intent.Order{})
			if (err == nil) != (failed == nil) || slice.KindOf(err) != slice.KindOf(failed) {
				t.Fatalf("the plan says %v, the edit %v", err, failed)
			}
			if err != nil {
				return
			}
			if after := *w.status("s").Intents; s.Changed != (len(d.Changes) > 0) || s.Changed == intent.Equal(before, after) {
				t.Fatalf("changed %v, plan %v\nbefore %+v\nafter %+v", s.Changed, lines(d), before, after)
			}
		})
	})
}
