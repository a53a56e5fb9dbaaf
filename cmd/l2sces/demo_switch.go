package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A switchView reads the private Open vSwitch of a node, by the tools that
// come with it: what they see is independent of our own code.
type switchView struct{ dir string }

func viewOf(p lab.Plan, n slice.Node) switchView { return switchView{dir: p.NodeDir(n)} }

func (v switchView) vsctl(ctx context.Context, args ...string) ([]byte, error) {
	args = append([]string{"ovs-vsctl", "--timeout=10", "--db=unix:" + v.dir + "/db.sock"}, args...)
	return process.Run(ctx, process.Command{Args: args})
}

func (v switchView) ofctl(ctx context.Context, args ...string) ([]byte, error) {
	args = append([]string{"ovs-ofctl", "--timeout=10", "-O", "OpenFlow13", "--no-names"}, args...)
	return process.Run(ctx, process.Command{Args: args, Env: []string{"OVS_RUNDIR=" + v.dir}})
}

// bridges returns the names of the bridges that have rules of ours.
func (v switchView) bridges(ctx context.Context) ([]string, error) {
	out, err := v.vsctl(ctx, "list-br")
	var names []string
	for _, b := range strings.Fields(string(out)) {
		if b != "br-phy" {
			names = append(names, b)
		}
	}
	return names, err
}

// An ovsInterface is one row of the switch's table of interfaces.
type ovsInterface struct{ name, kind, number, options string }

func (v switchView) interfaces(ctx context.Context) ([]ovsInterface, error) {
	out, err := v.vsctl(ctx, "--format=csv", "--no-headings", "--columns=name,type,ofport,options", "list", "Interface")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	var all []ovsInterface
	for _, r := range rows {
		all = append(all, ovsInterface{name: r[0], kind: r[1], number: r[2], options: r[3]})
	}
	return all, err
}

// changing matches what grows with time and traffic in a dump.
var changing = regexp.MustCompile(`\b(duration|n_packets|n_bytes|idle_age|hard_age)=[^, ]*,? ?`)

// rules returns flows, groups and meters of a bridge, one a line, without
// counters.
func (v switchView) rules(ctx context.Context, bridge string) ([]string, error) {
	var lines []string
	for _, dump := range []string{"dump-flows", "dump-groups", "dump-meters"} {
		out, err := v.ofctl(ctx, dump, bridge)
		if err != nil {
			return nil, err
		}
		for _, line := range rulesIn(string(out)) {
			lines = append(lines, bridge+" "+line)
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// rulesIn returns the rules of a dump without what changes by itself.
func rulesIn(dump string) []string {
	var lines []string
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(changing.ReplaceAllString(line, ""))
		if line != "" && !strings.Contains(line, " reply (OF1.3) ") {
			lines = append(lines, line)
		}
	}
	return lines
}

var (
	inPort  = regexp.MustCompile(`\bin_port=(\d+)`)
	tunID   = regexp.MustCompile(`\btun_id=0x([0-9a-f]+)`)
	nBytes  = regexp.MustCompile(`\bn_bytes=(\d+)`)
	txBytes = regexp.MustCompile(`tx pkts=\d+, bytes=(\d+)`)
)

// received returns how many bytes of a network came in by a port of a bridge.
func (v switchView) received(ctx context.Context, bridge, port string, n slice.Network) (uint64, error) {
	out, err := v.ofctl(ctx, "dump-flows", bridge)
	if err != nil {
		return 0, err
	}
	return receivedIn(string(out), port, n)
}

// receivedIn sums up the bytes of the flows that match a port and a network.
func receivedIn(dump, port string, n slice.Network) (uint64, error) {
	var sum uint64
	for line := range strings.Lines(dump) {
		p, t, b := inPort.FindStringSubmatch(line), tunID.FindStringSubmatch(line), nBytes.FindStringSubmatch(line)
		if p == nil || t == nil || b == nil || p[1] != port || t[1] != strconv.FormatUint(uint64(n), 16) {
			continue
		}
		count, err := strconv.ParseUint(b[1], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += count
	}
	return sum, nil
}

// sent returns how many bytes left by a port of a bridge, of all networks.
func (v switchView) sent(ctx context.Context, bridge, port string) (uint64, error) {
	out, err := v.ofctl(ctx, "dump-ports", bridge, port)
	if err != nil {
		return 0, err
	}
	m := txBytes.FindSubmatch(out)
	if m == nil {
		return 0, slice.Errorf(slice.NotFound, "no counter of port %s of %s in %q", port, bridge, out)
	}
	return strconv.ParseUint(string(m[1]), 10, 64)
}
