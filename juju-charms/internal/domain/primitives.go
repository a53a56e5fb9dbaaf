package domain

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/primitive"
)

type call = primitive.Call[*Client]

// OfSDNC returns the primitives of an SDN controller.
func OfSDNC() []primitive.Primitive[*Client] {
	text := func(name string) primitive.Parameter { return primitive.Parameter{Name: name, Type: primitive.Text} }
	must := func(name string) primitive.Parameter {
		return primitive.Parameter{Name: name, Type: primitive.Text, Mandatory: true}
	}
	return []primitive.Primitive[*Client]{
		primitive.Config[*Client]("sdnc", text("domain")),
		{Name: "get-status", Help: "Tell how switches and ports of the domain are", Do: status, Parameters: []primitive.Parameter{text("network"), text("node")}},
		{Name: "trace", Help: "Say why one workload does, or does not, reach another; nothing is sent", Do: trace, Parameters: []primitive.Parameter{
			must("network"), must("from"), must("to"), {Name: "source", Type: primitive.Text, Default: "wanted"},
		}},
		{Name: "collect-logs", Help: "Return what happened in the domain, newest last", Do: logs, Parameters: logged()},
	}
}

// OfSPS returns the primitives of the slice switches of a domain.
func OfSPS() []primitive.Primitive[*Client] {
	return []primitive.Primitive[*Client]{
		primitive.Config[*Client]("sdnc", primitive.Parameter{Name: "domain", Type: primitive.Text}),
		{Name: "get-status", Help: "Tell how switches and ports of the domain are", Do: status, Parameters: []primitive.Parameter{{Name: "node", Type: primitive.Text}}},
		{Name: "drain-node", Help: "Wait until no workload is attached on the node; moves none itself", Do: drain, Parameters: []primitive.Parameter{
			{Name: "node", Type: primitive.Text, Mandatory: true},
			{Name: "undo", Type: primitive.Truth, Default: "false"},
			primitive.Limited,
		}},
		{Name: "collect-logs", Help: "Return what happened in the domain, newest last", Do: logs, Parameters: logged()},
	}
}

func logged() []primitive.Parameter {
	return []primitive.Parameter{{Name: "node", Type: primitive.Text}, primitive.Since, primitive.Lines}
}

// Check says whether the SDN controller answers.
func Check(ctx context.Context, c *Client, s primitive.Settings) (string, error) {
	var page struct{}
	if err := c.get(ctx, "/v1/switches", url.Values{"limit": {"1"}}, &page); err != nil {
		return "", err
	}
	return fmt.Sprintf("the SDN controller of %s answers", s.Domain), nil
}

// A node is a switch of the domain.
type node struct {
	DPID      string  `json:"dpid"`
	Node      string  `json:"node"`
	Agent     bool    `json:"agent"`
	Connected bool    `json:"connected"`
	Synced    bool    `json:"synced"`
	Networks  int     `json:"networks"`
	Flows     int     `json:"flows"`
	Faults    []fault `json:"faults"`
}

type fault struct {
	Network string `json:"network"`
	Message string `json:"message"`
}

// A port is where a workload joins a network.
type port struct {
	Network  string `json:"network"`
	Workload string `json:"workload"`
	Node     string `json:"node"`
	Ready    bool   `json:"ready"`
	Message  string `json:"message"`
}

// everyNode stands for all nodes of the domain.
const everyNode = "all"

// nodes returns the switches of the nodes that a call means.
func nodes(ctx context.Context, c call) ([]node, error) {
	found, err := all[node](ctx, c.To, "/v1/switches", nil)
	wanted := c.Text("node")
	if err != nil || wanted == "" || wanted == everyNode {
		return found, err
	}
	for _, n := range found {
		if n.Node == wanted {
			return []node{n}, nil
		}
	}
	return nil, slice.Errorf(slice.NotFound, "node: the domain has no switch on %q", wanted)
}

// ports returns the ports on the nodes that a call means.
func ports(ctx context.Context, c call) ([]port, error) {
	found, err := all[port](ctx, c.To, "/v1/ports", nil)
	wanted := c.Text("node")
	if err != nil || wanted == "" || wanted == everyNode {
		return found, err
	}
	var here []port
	for _, p := range found {
		if p.Node == wanted {
			here = append(here, p)
		}
	}
	return here, nil
}

// status tells of one network, of one node, or of the domain.
func status(ctx context.Context, c call) (primitive.Result, error) {
	if network := c.Text("network"); network != "" {
		return ofNetwork(ctx, c, network)
	}
	found, err := nodes(ctx, c)
	if err != nil {
		return primitive.Result{}, err
	}
	here, err := ports(ctx, c)
	if err != nil {
		return primitive.Result{}, err
	}
	var switches, list strings.Builder
	well := 0
	for _, n := range found {
		if n.Connected && n.Synced && len(n.Faults) == 0 {
			well++
		}
		fmt.Fprintf(&switches, "%s %s: connected %t, agent %t, synced %t, networks %d, flows %d\n", n.Node, n.DPID, n.Connected, n.Agent, n.Synced, n.Networks, n.Flows)
		for _, f := range n.Faults {
			fmt.Fprintf(&switches, "  %s: %s\n", f.Network, f.Message)
		}
	}
	for _, p := range here {
		fmt.Fprintf(&list, "%s on %s in %s: ready %t %s\n", p.Workload, cmp.Or(p.Node, "no node"), p.Network, p.Ready, p.Message)
	}
	r := primitive.Result{Message: fmt.Sprintf("%d of %d switches are as they should be, %d ports", well, len(found), len(here))}
	r.Fact("switches", switches.String())
	r.Fact("ports", list.String())
	return r, nil
}

func ofNetwork(ctx context.Context, c call, id string) (primitive.Result, error) {
	owner, name, ok := strings.Cut(id, "/")
	if !ok || !slice.IsLabel(owner) || !slice.IsLabel(name) {
		return primitive.Result{}, slice.Errorf(slice.Invalid, "network: %.64q is not SLICE/NETWORK", id)
	}
	var found struct {
		Status struct {
			Ready   bool   `json:"ready"`
			Message string `json:"message"`
			Label   int    `json:"label"`
			Ports   []port `json:"ports"`
		} `json:"status"`
	}
	if err := c.To.get(ctx, "/v1/networks/"+owner+"/"+name, nil, &found); err != nil {
		return primitive.Result{}, primitive.At("network", err)
	}
	s := found.Status
	r := primitive.Result{Message: strings.TrimSpace(fmt.Sprintf("network %s: ready %t, label %d %s", id, s.Ready, s.Label, s.Message))}
	var list strings.Builder
	for _, p := range s.Ports {
		fmt.Fprintf(&list, "%s on %s: ready %t %s\n", p.Workload, cmp.Or(p.Node, "no node"), p.Ready, p.Message)
	}
	r.Fact("ports", list.String())
	return r, nil
}

// trace tells why a frame does, or does not, arrive.
func trace(ctx context.Context, c call) (primitive.Result, error) {
	query := url.Values{}
	for _, name := range []string{"network", "from", "to", "source"} {
		query.Set(name, c.Text(name))
	}
	var found struct {
		Reached bool   `json:"reached"`
		Why     string `json:"why"`
		Steps   []struct {
			Node  string `json:"node"`
			Table string `json:"table"`
			Says  string `json:"says"`
		} `json:"steps"`
	}
	if err := c.To.get(ctx, "/v1/trace", query, &found); err != nil {
		return primitive.Result{}, primitive.At("network", err)
	}
	says := "does not reach"
	if found.Reached {
		says = "reaches"
	}
	r := primitive.Result{Message: fmt.Sprintf("%s %s %s: %s", c.Text("from"), says, c.Text("to"), found.Why)}
	var steps strings.Builder
	for _, s := range found.Steps {
		fmt.Fprintf(&steps, "%s %s: %s\n", s.Node, s.Table, s.Says)
	}
	r.Fact("reached", fmt.Sprint(found.Reached))
	r.Fact("steps", steps.String())
	return r, nil
}

// again is how long the next look at ports waits.
const again = time.Second

// drain waits until nothing is attached on a node, so that its switch can go.
// It moves nothing: where workloads run is decided by who runs them.
func drain(ctx context.Context, c call) (primitive.Result, error) {
	if _, err := nodes(ctx, c); err != nil {
		return primitive.Result{}, err
	}
	if c.True("undo") {
		return primitive.Result{Message: "nothing to undo: the node takes workloads as before"}, nil
	}
	tick := time.NewTicker(again)
	defer tick.Stop()
	var last []port
	for {
		here, err := ports(ctx, c)
		switch {
		case err != nil && (ctx.Err() == nil || last == nil):
			return primitive.Result{}, err
		case err != nil:
			return primitive.Result{}, attached(c, last)
		case len(here) == 0:
			return primitive.Result{Message: fmt.Sprintf("nothing is attached on %s", c.Text("node"))}, nil
		case len(here) != len(last):
			c.Tell(fmt.Sprintf("%d ports are on %s", len(here), c.Text("node")))
		}
		last = here
		select {
		case <-ctx.Done():
			return primitive.Result{}, attached(c, last)
		case <-tick.C:
		}
	}
}

// attached says what keeps a switch from going.
func attached(c call, here []port) error {
	return slice.Errorf(slice.Conflict, "node: %d ports are still on %s, such as %s of %s: move the workloads, or delete the slices, first",
		len(here), c.Text("node"), here[0].Workload, here[0].Network)
}

// logs returns what happened in the domain, or on one node.
func logs(ctx context.Context, c call) (primitive.Result, error) {
	limit := int(c.Number("lines"))
	if limit == 0 || limit > maxLines {
		return primitive.Result{}, slice.Errorf(slice.Invalid, "lines: %d is not between 1 and %d", limit, maxLines)
	}
	found, err := nodes(ctx, c)
	if err != nil {
		return primitive.Result{}, err
	}
	past, err := c.To.events(ctx)
	if err != nil {
		return primitive.Result{}, err
	}
	since := time.Duration(c.Number("since-minutes")) * time.Minute
	var lines []string
	for _, e := range past {
		if (since == 0 || c.To.now().Sub(e.Time) <= since) && (c.Text("node") == "" || e.of(found)) {
			lines = append(lines, e.line())
		}
	}
	lines = lines[max(0, len(lines)-limit):]
	r := primitive.Result{Message: fmt.Sprintf("%d events", len(lines))}
	if len(lines) > 0 {
		r.Fact("log", strings.Join(lines, ""))
	}
	return r, nil
}

// maxLines is how many lines of a log are returned.
const maxLines = 5000

// of reports whether an event is of one of some nodes: of its switch, or of a
// link that is called after it.
func (e event) of(nodes []node) bool {
	for _, n := range nodes {
		if e.Subject == n.DPID || strings.Contains(e.Subject, n.Node) {
			return true
		}
	}
	return false
}
