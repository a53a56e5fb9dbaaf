package lab_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/lab"
)

// The file of a lab becomes a plan, or an error.
func FuzzLab(f *testing.F) {
	f.Add([]byte("name: a\ndomains: [{name: d, gateway: n, nodes: [{name: n, workloads: [w]}]}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var l lab.Lab
		if descriptor.FromYAML("f", text, &l) != nil {
			return
		}
		p, err := lab.NewPlan(l, lab.Places{})
		if err == nil && len(p.Processes) == 0 {
			t.Error("a plan without a process")
		}
	})
}
