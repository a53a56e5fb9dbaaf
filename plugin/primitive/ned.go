package primitive

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// all stands for every node of a domain.
const all = "all"

// OfNED returns the primitives of the NEDs of one domain. They ask the SCO,
// which commands the NEDs: it knows domains and their gateways.
func OfNED() []Primitive[SCO] {
	node := Parameter{Name: "node", Type: Text}
	must := node
	must.Mandatory = true
	return []Primitive[SCO]{
		Config[SCO]("sco", Parameter{Name: "domain", Type: Text}),
		{Name: "get-status", Help: "Tell how the domain and its gateway are, and which slices need them", Do: nedStatus, Parameters: []Parameter{node}},
		{Name: "drain-node", Help: "Let no new slice into the domain of the gateway; slices that are there stay", Do: nedDrain, Parameters: []Parameter{must, {Name: "undo", Type: Truth, Default: "false"}, Limited}},
		{Name: "collect-logs", Help: "Return what happened to the domain, newest last", Do: nedLog, Parameters: []Parameter{node, Since, Lines}},
	}
}

// home returns the domain of the NEDs, if the node that is named is its
// gateway. The SCO knows no other NED of a domain.
func home(ctx context.Context, c Call[SCO]) (intent.Registration, error) {
	d := slice.Domain(c.Settings.Domain)
	if d == "" {
		return intent.Registration{}, fault("domain", "run config with domain", "it is not configured")
	}
	r, err := c.To.Domains.Registration(ctx, d)
	if err != nil {
		return r, At("domain", err)
	}
	if n := c.Text("node"); n != "" && n != all && slice.Node(n) != r.Info.Gateway {
		return r, fault("node", "", "domain %s has its NED on %q, not on %q", d, r.Info.Gateway, clip(n))
	}
	return r, nil
}

func nedStatus(ctx context.Context, c Call[SCO]) (Result, error) {
	r, err := home(ctx, c)
	if err != nil {
		return Result{}, err
	}
	return domainStatus(ctx, c.To, r.Name)
}

// nedDrain lets no new slice into the domain, or lets them in again. Slices
// that are there stay: their frames need the NED.
func nedDrain(ctx context.Context, c Call[SCO]) (Result, error) {
	r, err := home(ctx, c)
	if err != nil {
		return Result{}, err
	}
	undo := c.True("undo")
	if r, err = c.To.Domains.DrainDomain(ctx, r.Name, !undo); err != nil {
		return Result{}, At("node", err)
	}
	out := Result{Message: fmt.Sprintf("domain %s takes no new slice; %d slices still use it", r.Name, r.Slices)}
	if undo {
		out.Message = fmt.Sprintf("domain %s takes slices again", r.Name)
	}
	out.Fact("draining", fmt.Sprint(r.Draining))
	out.Fact("slices", fmt.Sprint(r.Slices))
	return out, nil
}

func nedLog(ctx context.Context, c Call[SCO]) (Result, error) {
	r, err := home(ctx, c)
	if err != nil {
		return Result{}, err
	}
	return log(ctx, c, intent.EventQuery{Domain: r.Name})
}
