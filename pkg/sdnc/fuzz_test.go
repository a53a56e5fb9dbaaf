package sdnc_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/sdnc"
)

// A store that somebody else has written is read or refused.
func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"id":"s/a","type":"vnet","mtu":1400,"ports":[{"workload":"w","interface":"eth0","mac":"02:00:00:00:00:01"}],"handOff":true,"label":3}`), []byte("4"))
	f.Fuzz(func(t *testing.T, segment, next []byte) {
		s := fabrictest.Of(map[string]map[string][]byte{"segments": {"s/a": segment}, "labels": {"next": next}})
		c, err := sdnc.New(sdnc.Config{Domain: "field", Gateway: "n1", Store: s})
		if err != nil {
			return
		}
		if _, err := c.List(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
