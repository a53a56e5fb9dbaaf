package intent_test

import (
	"encoding/json"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
)

// Intents that are right stay the same when they are written and read again.
func FuzzIntents(f *testing.F) {
	for _, seed := range []string{
		"slice: {id: a, tenant: t, domains: [{name: d}], networks: [{name: n, type: vnet, mtu: 1400, domains: [d]}]}",
		"overlay: {shape: explicit, links: [{from: a, to: b}]}", "paths: [{network: n, from: a, to: b, hops: [a, b]}]", "slice: null", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := intent.FromYAML("f", text)
		if err != nil || in.Validate() != nil {
			return
		}
		out, err := in.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := intent.FromYAML("f", out)
		if err != nil || !intent.Equal(in, again) {
			t.Errorf("written and read again: %v\n%s", err, out)
		}
	})
}

func FuzzSegment(f *testing.F) {
	f.Add([]byte(`{"id":"s/n","type":"vnet","mtu":1400,"ports":[{"workload":"w","interface":"eth0","mac":"02:00:00:00:00:01","address":"192.0.2.1/24"}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var s intent.Segment
		if json.Unmarshal(text, &s) == nil {
			_ = s.Validate() // it must answer, whatever it says
		}
	})
}

// Whatever edits say, they leave intents that are right, or none of them is
// carried out.
func FuzzEdits(f *testing.F) {
	for _, seed := range []string{
		`[{"removeDomain":"d"},{"addLink":{"from":"a","to":"c"}},{"removeMember":{"network":"voice","member":{"name":"x"}}}]`,
		`[{"addDomain":{"domain":{"name":"e"},"links":[{"from":"a","to":"e"}],"networks":["voice"],"members":[{"network":"line","member":{"name":"z"}}]}}]`,
		`[{"setPath":{"network":"voice","from":"a","to":"b","hops":["a","b"]}},{"removePath":{"network":"line","from":"c","to":"a"}}]`,
		`[{"addNetwork":{"name":"voice","cidr":"192.0.2.0/24"}},{"removeNetwork":"line"},{"addMember":{"network":"voice"}},{"removeLink":{}},{}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var edits []intent.Edit
		if json.Unmarshal(text, &edits) != nil {
			return
		}
		before := ring()
		after, err := before.With(edits...)
		if err == nil {
			err = after.Validate()
		} else if intent.Equal(before, after) {
			err = nil
		}
		if err != nil {
			t.Errorf("edits leave %+v: %v", after, err)
		}
		if !intent.Equal(before, ring()) {
			t.Errorf("the intents before are %+v", before)
		}
	})
}
