package openflow_test

import (
	"sync/atomic"
	"testing"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// A switch that obeys another ends the session, and the process is told; an
// error of another kind does neither.
func TestF15SupersededSessionEnds(t *testing.T) {
	const badRequest, isSlave, badLength = 1, 10, 6
	for name, e := range map[string]*ofp.Error{
		"slave": {Type: badRequest, Code: isSlave},
		"stale": {Type: ofp.ErrorRoleFailed, Code: 0},
	} {
		t.Run(name, func(t *testing.T) {
			var told atomic.Int32
			k := serve(t, openflow.Config{Superseded: func() { told.Add(1) }})
			f, s := join(t, k, 1)
			f.send(7, &ofp.Error{Type: badRequest, Code: badLength})
			f.alive()
			if n := told.Load(); n != 0 {
				t.Errorf("told %d times after an error that says nothing of it", n)
			}
			f.send(7, e)
			f.closed()
			<-s.Done()
			if n := told.Load(); n != 1 {
				t.Errorf("told %d times, want once", n)
			}
		})
	}
}
