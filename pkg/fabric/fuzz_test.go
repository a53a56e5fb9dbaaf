package fabric_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
)

// A store that somebody else has written is read or refused, and what was read
// can be asked for.
func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"name":"n1","domain":"d","tunnel":"192.0.2.1","mtu":1450,"ports":{"workload/s/a/w":1},"ring":{"first":1,"last":9,"next":2}}`),
		[]byte(`{"id":"s/a","type":"vnet","mtu":1400,"attachments":[{"node":"n1","workload":"w","behind":["02:00:00:00:00:01"]}],"number":7,"paths":[["n1","n2"]]}`), []byte("8"))
	f.Fuzz(func(t *testing.T, node, network, next []byte) {
		s := fabrictest.Of(map[string]map[string][]byte{
			"fabric-nodes": {"n1": node}, "fabric-networks": {"s/a": network}, "fabric-numbers": {"next": next},
		})
		x, err := fabric.New(fabric.Config{Bridge: bridge.SPS, Mesh: true, Store: s})
		if err != nil {
			return
		}
		for _, n := range x.Networks() {
			if _, err := x.Status(n.ID); err != nil {
				t.Errorf("network %s: %v", n.ID, err)
			}
		}
		x.Nodes()
		x.Links()
	})
}
