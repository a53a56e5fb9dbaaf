package bench

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

var setup = Benchmark{
	Name: "setup",
	Short: "flow-mod and frame for packet-ins of unknown senders: 16 switches with 100 open ones each, against ovs-testcontroller; " +
		"os-ken as osken_ratio; latency of one alone as p50_us and p99_us",
	Needs: []string{"ovs-testcontroller", "osken-manager"},
	Run:   runSetup,
}

// osKen is a learning switch as the documentation of os-ken advises it.
const osKen = `from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet
from os_ken.lib.packet import packet
from os_ken.ofproto import ofproto_v1_3


class Bench(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.places = {}

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def heard(self, event):
        message = event.msg
        switch = message.datapath
        proto, parser = switch.ofproto, switch.ofproto_parser
        came = message.match["in_port"]
        frame = packet.Packet(message.data).get_protocol(ethernet.ethernet)
        known = self.places.setdefault(switch.id, {})
        known[frame.src] = came
        leave = known.get(frame.dst, proto.OFPP_FLOOD)
        actions = [parser.OFPActionOutput(leave)]
        if leave != proto.OFPP_FLOOD:
            match = parser.OFPMatch(in_port=came, eth_dst=frame.dst, eth_src=frame.src)
            apply = [parser.OFPInstructionActions(proto.OFPIT_APPLY_ACTIONS, actions)]
            switch.send_msg(parser.OFPFlowMod(datapath=switch, priority=1, match=match, instructions=apply))
        switch.send_msg(parser.OFPPacketOut(
            datapath=switch, buffer_id=message.buffer_id, in_port=came, actions=actions, data=message.data))
`

// learner is our learning path: an OpenFlow server whose switches have a port
// of an ext-vnet each, behind which addresses are learned. It has no limit to
// the frames of a port: with it there is nothing to measure.
type learner struct {
	*learn.Learner
	address string
	stop    func()
}

func startLearner(ctx context.Context, switches int, c learn.Config) (*learner, error) {
	l := &learner{Learner: learn.New(c)}
	for i := range switches {
		plan, err := learnedPlan(slice.DPID(i + 1)) //nolint:gosec // few
		if err != nil {
			return nil, err
		}
		l.SetNetwork(slice.Network(i+1), &plan) //nolint:gosec // few
	}
	s := &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables,
		Handler: func(ctx context.Context, s *openflow.Session) {
			sw := l.Join(s)
			defer sw.Leave()
			s.Inline(func(f *openflow.Frame) bool { return sw.Frame(f.Owner, f.Port, f.Data) })
			<-ctx.Done()
		},
		Events: func(e openflow.Event) {
			if e.Gone != nil {
				l.Gone(e.Session.DPID(), *e.Gone)
			}
		},
	}}
	target, stop, err := serveOpenFlow(ctx, s)
	l.address, l.stop = target[len("tcp:"):], stop
	return l, err
}

// learnedPlan is an ext-vnet on two ports of one switch; its number is that of
// the switch.
func learnedPlan(s slice.DPID) (pipeline.Plan, error) {
	n := pipeline.Network{Number: slice.Network(s), Type: slice.ExtVNet, Attachments: []pipeline.Attachment{{Switch: s, Port: 1}, {Switch: s, Port: 2}}} //nolint:gosec // few
	return pipeline.Compile(n, topology.Graph{Switches: []slice.DPID{s}})
}

// startPeer starts a controller of others and returns its address.
func startPeer(ctx context.Context, command func(port string) []string) (string, *daemon, error) {
	number, err := freePort(ctx)
	if err != nil {
		return "", nil, err
	}
	port := strconv.Itoa(number)
	c := command(port)
	d, err := daemonStart(ctx, nil, c[0], c[1:]...)
	if err != nil {
		return "", nil, err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	err = await(ctx, c[0]+" listens", func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		d.stop()
	}
	return address, d, err
}

func startTestController(ctx context.Context, dir string) (string, *daemon, error) {
	return startPeer(ctx, func(port string) []string {
		return []string{"ovs-testcontroller", "-vconsole:off", "--unixctl=" + filepath.Join(dir, "tc"+port+".ctl"), "ptcp:" + port + ":127.0.0.1"}
	})
}

func startOSKen(ctx context.Context, dir string) (string, *daemon, error) {
	app := filepath.Join(dir, "bench_app.py")
	if err := os.WriteFile(app, []byte(osKen), 0o600); err != nil {
		return "", nil, err
	}
	return startPeer(ctx, func(port string) []string {
		return []string{"osken-manager", "--ofp-tcp-listen-port", port, "--ofp-listen-host", "127.0.0.1", app}
	})
}

func runSetup(ctx context.Context, r *Runner) error {
	many := &demand{switches: cmp.Or(r.Size, 16), open: 100, macs: 50, cookie: learnedCookie}
	alone := &demand{switches: 1, open: 1, macs: 50, cookie: learnedCookie}
	ours, err := startLearner(ctx, many.switches, learn.Config{Rate: 1 << 30})
	if err != nil {
		return err
	}
	defer ours.stop()
	r.Say("the limit of packet-ins of a port is lifted, ours and theirs")
	theirs, tc, err := startTestController(ctx, r.Dir)
	if err != nil {
		return err
	}
	defer tc.stop()
	slow, ok, err := startOSKen(ctx, r.Dir)
	if err != nil {
		return err
	}
	defer ok.stop()
	m := map[string][]float64{}
	for i := range 1 + cmp.Or(r.Pairs, 5) {
		var rates [3]float64
		for at, address := range []string{ours.address, theirs, slow} {
			a, err := many.run(ctx, address, time.Second)
			if err != nil {
				return fmt.Errorf("%s: %w", []string{"ours", "ovs-testcontroller", "os-ken"}[at], err)
			}
			rates[at] = a.perSecond
		}
		for prefix, address := range map[string]string{"": ours.address, "theirs_": theirs} {
			a, err := alone.run(ctx, address, time.Second/2)
			if err != nil {
				return fmt.Errorf("one alone: %w", err)
			}
			m[prefix+"p50_us"] = append(m[prefix+"p50_us"], a.percentile(50))
			m[prefix+"p99_us"] = append(m[prefix+"p99_us"], a.percentile(99))
		}
		if i == 0 {
			clear(m)
			continue
		}
		r.Pair("us a setup", 1e6/rates[0], 1e6/rates[1])
		m["osken_ratio"] = append(m["osken_ratio"], rates[0]/rates[2])
		m["setups_per_second"] = append(m["setups_per_second"], rates[0])
	}
	for _, name := range []string{"setups_per_second", "osken_ratio", "p50_us", "p99_us", "theirs_p50_us", "theirs_p99_us"} {
		slices.Sort(m[name])
		r.Count(name, rounded(m[name][len(m[name])/2]))
	}
	return nil
}

// rounded leaves three digits behind the point.
func rounded(v float64) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 3, 64), 64)
	if err != nil {
		return v
	}
	return f
}
