package lab_test

import (
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
)

// twoSites is a small lab: two domains, three nodes.
func twoSites() lab.Lab {
	return lab.Lab{Name: "two", Domains: []lab.Domain{
		{Name: "east", Gateway: "east-2", Nodes: []lab.Node{
			{Name: "east-1", Workloads: []slice.Workload{"cam"}},
			{Name: "east-2"},
		}},
		{Name: "west", Gateway: "west-1", Nodes: []lab.Node{
			{Name: "west-1", Workloads: []slice.Workload{"wall", "tablet"}},
		}},
	}}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*lab.Lab)
		want   string // part of the complaint
	}{
		{"good", func(*lab.Lab) {}, ""},
		{"no name", func(l *lab.Lab) { l.Name = "" }, "name"},
		{"name with a slash", func(l *lab.Lab) { l.Name = "../etc" }, "small letters"},
		{"long name", func(l *lab.Lab) { l.Name = strings.Repeat("x", 300) }, "small letters"},
		{"bad prefix", func(l *lab.Lab) { l.Prefix = "L2S" }, "small letters"},
		{"no domains", func(l *lab.Lab) { l.Domains = nil }, "0 nodes"},
		{"gateway elsewhere", func(l *lab.Lab) { l.Domains[0].Gateway = "west-1" }, "not one of its nodes"},
		{"workload twice", func(l *lab.Lab) { l.Domains[1].Nodes[0].Workloads[0] = "cam" }, "used twice"},
		{"workload named as a node", func(l *lab.Lab) { l.Domains[0].Nodes[0].Workloads[0] = "east-2" }, "used twice"},
		{"workload named as a switch", func(l *lab.Lab) { l.Domains[0].Nodes[0].Workloads[0] = "east-2-sw" }, "used twice"},
		{"workload named core", func(l *lab.Lab) { l.Domains[0].Nodes[0].Workloads[0] = "core" }, "used twice"},
		{"underlay is no /16", func(l *lab.Lab) { l.Underlay = mustPrefix("192.0.2.0/24") }, "/16"},
		{"host bits", func(l *lab.Lab) { l.Underlay = mustPrefix("192.0.2.0/16") }, "/16"},
		{"one prefix for both", func(l *lab.Lab) { l.Switches = mustPrefix("10.210.0.0/16") }, "both"},
		{"too many nodes", func(l *lab.Lab) {
			for range 200 {
				l.Domains[0].Nodes = append(l.Domains[0].Nodes, lab.Node{Name: slice.Node("n" + strings.Repeat("x", len(l.Domains[0].Nodes)%30) + "-" + itoa(len(l.Domains[0].Nodes)))})
			}
		}, "203 nodes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := twoSites()
			tt.change(&l)
			_, err := lab.NewPlan(l, lab.Places{Bin: "/opt/l2sces"})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want a complaint with %q", err, tt.want)
			case tt.want != "" && slice.KindOf(err) != slice.Invalid:
				t.Errorf("kind is %s, want invalid", slice.KindOf(err))
			}
		})
	}
}
