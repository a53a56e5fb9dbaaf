package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

var idle = Benchmark{
	Name:  "idle",
	Short: "processor time while 12 slices are idle: this whole process and its Open vSwitch, and os-ken and its own",
	Needs: append([]string{"osken-manager"}, ovsNeeds...),
	Run: func(ctx context.Context, r *Runner) error {
		i := &idling{}
		defer i.close()
		if err := i.start(ctx, r); err != nil {
			return err
		}
		return i.watch(ctx, r)
	},
}

// idling is a switch with its controller on each side, and nothing to do.
type idling struct {
	ours   adding
	theirs *ovs
	osken  *daemon
}

func (i *idling) close() {
	i.ours.stop()
	if i.osken != nil {
		i.osken.stop()
	}
	if i.theirs != nil {
		i.theirs.stop()
	}
}

func (i *idling) start(ctx context.Context, r *Runner) error {
	var err error
	if i.ours.rig, err = newRig(ctx, r.Dir, addNode); err != nil {
		return err
	}
	if i.ours.ovs, err = startOVS(ctx, filepath.Join(r.Dir, "o"), nil, ovsDummy); err != nil {
		return err
	}
	if err := i.ours.ovs.addBridge(ctx, "br-sps", rigDPID(addNode), i.ours.rig.target); err != nil {
		return err
	}
	if err := i.ours.grow(ctx, 12); err != nil {
		return err
	}
	if i.theirs, err = startOVS(ctx, filepath.Join(r.Dir, "t"), nil, ovsDummy); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	app := filepath.Join(r.Dir, "idle.py")
	if err := os.WriteFile(app, []byte(osKen), 0o600); err != nil {
		return err
	}
	i.osken, err = daemonStart(ctx, nil, "osken-manager", "--ofp-listen-host", "127.0.0.1", "--ofp-tcp-listen-port", strconv.Itoa(port), app)
	if err != nil {
		return err
	}
	if err := i.theirs.addBridge(ctx, "br0", 7, fmt.Sprintf("tcp:127.0.0.1:%d", port)); err != nil {
		return err
	}
	if err := i.ours.rig.settled(ctx); err != nil {
		return err
	}
	return await(ctx, "the switch has found os-ken", func() bool {
		text, err := i.theirs.run(ctx, "ovs-vsctl", "--db=unix:"+i.theirs.file("db.sock"), "get", "controller", "br0", "is_connected")
		return err == nil && strings.TrimSpace(text) == "true"
	})
}

// watch looks at both sides at once, window after window. The size is that of
// all windows together, in seconds.
func (i *idling) watch(ctx context.Context, r *Runner) error {
	pairs := max(r.Pairs, 5)
	window := time.Duration(r.sizeOf(30)) * time.Second / time.Duration(pairs)
	ours := []int{os.Getpid(), i.ours.ovs.switchd.pid(), i.ours.ovs.database.pid()}
	theirs := []int{i.osken.pid(), i.theirs.switchd.pid(), i.theirs.database.pid()}
	debug.FreeOSMemory() // what the start has left is no part of being idle
	var all, controller, other float64
	for range pairs {
		before, err := cpuOf(ours, theirs, ours[:1], theirs[:1])
		if err != nil {
			return err
		}
		if err := sleep(ctx, window); err != nil {
			return err
		}
		after, err := cpuOf(ours, theirs, ours[:1], theirs[:1])
		if err != nil {
			return err
		}
		share := func(side int) float64 { return float64(after[side]-before[side]) / float64(window) }
		r.Pair("cores", share(0), share(1))
		all, controller, other = all+share(0), controller+share(2), other+share(3)
	}
	r.Count("cores", all/float64(pairs))
	r.Count("controller_cores", controller/float64(pairs))
	r.Count("osken_cores", other/float64(pairs))
	return nil
}

func cpuOf(sides ...[]int) ([]time.Duration, error) {
	out := make([]time.Duration, len(sides))
	var faults []error
	for i, pids := range sides {
		for _, pid := range pids {
			cpu, err := cpuTime(pid)
			faults = append(faults, err)
			out[i] += cpu
		}
	}
	return out, errors.Join(faults...)
}
