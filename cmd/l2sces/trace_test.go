package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
)

func TestTraceAsTable(t *testing.T) {
	rule := "cookie=0x1, table=Classify, priority=200,in_port=3 actions=write_metadata:0x1,goto_table:Guard"
	var w strings.Builder
	printTrace(&w, rest.Trace{
		Network: "press/voice", From: "a", To: "b", Why: "on n1, table Guard: dropped",
		Steps: []rest.Step{
			{Node: "n1", InPort: 3, Table: "Classify", Says: "belongs to network number 1", Flow: &rule},
			{Node: "n1", InPort: 3, Table: "Guard", Says: "dropped"},
		},
	}, "Final flow: unchanged\n")
	want := `a does not reach b in press/voice: on n1, table Guard: dropped

NODE  PORT  TABLE     SAYS                         RULE
n1    3     Classify  belongs to network number 1  ` + rule + `
n1    3     Guard     dropped                      none matches

The first switch itself says:
Final flow: unchanged
`
	if diff := cmp.Diff(want, w.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
