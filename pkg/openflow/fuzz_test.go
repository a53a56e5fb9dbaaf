package openflow

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// What a switch says that it holds becomes values, or an error. It looks
// inside, because a connection between would be most of the work.
func FuzzRules(f *testing.F) {
	f.Add(ofp.AppendFlowStats(nil, ofp.FlowStats{Priority: 7, Instructions: []ofp.Instruction{{Type: 1, Table: 4}}}))
	k := newCodec(Config{}.withDefaults())
	f.Fuzz(func(t *testing.T, text []byte) {
		err := k.eachFlow(text, func(x flow.Flow, _ *ofp.FlowStats) {
			if x.Foreign && x.Owner != 0 {
				t.Errorf("a foreign flow of network %d", x.Owner)
			}
			_ = x.String() + x.Rule() // must have a text, whatever it is
		})
		_ = err // bytes of anybody need not be flows
		groups, _ := ofp.ParseGroupDescs(text)
		for i := range groups {
			_ = group(&groups[i]).String()
		}
		meters, _ := ofp.ParseMeterConfigs(text)
		for i := range meters {
			_ = meter(&meters[i]).String()
		}
	})
}
