//go:build lab

package bench

import (
	"context"
	"os"
	"testing"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// folder makes one whose name is short enough for sockets.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "l2b") //nolint:usetesting // a short name: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestPrivateOVS(t *testing.T) {
	ctx := t.Context()
	o, err := startOVS(ctx, folder(t), nil, ovsDummy)
	if err != nil {
		t.Fatal(err)
	}
	defer o.stop()
	came := make(chan slice.DPID, 4)
	target, stop, err := serveOpenFlow(ctx, &openflow.Server{Config: openflow.Config{
		Handler: func(ctx context.Context, s *openflow.Session) { came <- s.DPID(); <-ctx.Done() },
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := o.addBridge(ctx, "br0", 5, target); err != nil {
		t.Fatal(err)
	}
	if got := <-came; got != 5 {
		t.Errorf("switch %s came", got)
	}
	if err := o.addPorts(ctx, "br0", "dummy", 7, "p1", "p2"); err != nil {
		t.Fatal(err)
	}
	if n, err := o.flows(ctx, "br0"); err != nil || n != 0 {
		t.Errorf("a new bridge that fails closed has %d flows, %v", n, err)
	}
	if rss, err := usage(o.switchd.pid()); err != nil || rss < 1<<20 {
		t.Errorf("ovs-vswitchd has %d bytes, %v", rss, err)
	}
	o.switchd.kill()
	if err := o.startSwitchd(ctx); err != nil {
		t.Fatal(err)
	}
	if text, err := o.dump(ctx, "br0", "dump-ports-desc"); err != nil || text == "" {
		t.Errorf("ports %q, %v", text, err)
	}
}
