package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// ringOfRings is ten rings of ten switches, whose first ones are a ring too.
func ringOfRings() topology.Graph {
	var g topology.Graph
	join := func(a, b slice.DPID) {
		n := slice.Port(1000 + 2*len(g.Links))
		g.Links = append(g.Links, topology.Link{
			Name: fmt.Sprintf("%d-%d", a, b), A: topology.End{Switch: a, Port: n}, B: topology.End{Switch: b, Port: n + 1},
		})
	}
	for i := range slice.DPID(100) {
		g.Switches = append(g.Switches, i+1)
		join(i+1, i/10*10+(i+1)%10+1)
		if i%10 == 0 {
			join(i+1, (i+10)%100+1)
		}
	}
	return g
}

// What a network between two switches costs in a fabric of a hundred.
func BenchmarkCompile(b *testing.B) {
	for name, backup := range map[string]slice.Network{"plain": 0, "protected": 2, "remembered": 0, "remembered protected": 2} {
		g := ringOfRings()
		if strings.HasPrefix(name, "remembered") {
			g = g.Remembered()
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := pipeline.Network{Number: 1, Backup: backup, Type: slice.VNet, Attachments: []pipeline.Attachment{
				{Switch: 4, Port: 1, Behind: macs(1)}, {Switch: 17, Port: 1, Behind: macs(2)},
			}}
			for b.Loop() {
				if _, err := pipeline.Compile(n, g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
