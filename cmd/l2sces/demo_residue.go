package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// holdings is everything that a slice could leave behind: rules and ports of
// every switch, interfaces and addresses of every namespace. One a line.
type holdings []string

// readHoldings looks at every switch and every namespace.
func readHoldings(ctx context.Context, p lab.Plan) (holdings, error) {
	var all holdings
	for _, d := range p.Lab.Domains {
		for _, n := range d.Nodes {
			some, err := switchHoldings(ctx, viewOf(p, n.Name))
			if err != nil {
				return nil, fmt.Errorf("node %s: %w", n.Name, err)
			}
			all = append(all, prefixed(string(n.Name), some)...)
		}
	}
	for _, n := range p.Namespaces {
		ports, err := probe.Ports(func(f func() error) error { return netns.Do(n.Name, f) })
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", n.Name, err)
		}
		for _, q := range ports {
			all = append(all, fmt.Sprintf("%s interface %s %v", n.Name, q.Interface, q.Addresses))
		}
	}
	slices.Sort(all)
	return all, nil
}

func switchHoldings(ctx context.Context, v switchView) ([]string, error) {
	interfaces, err := v.interfaces(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, i := range interfaces {
		all = append(all, "port "+i.name+" "+i.kind+" "+i.options)
	}
	bridges, err := v.bridges(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range bridges {
		rules, err := v.rules(ctx, b)
		if err != nil {
			return nil, err
		}
		all = append(all, rules...)
	}
	return all, nil
}

// settledHoldings reads until two readings are the same: what a lab makes
// after it is ready is no slice's doing.
func settledHoldings(ctx context.Context, p lab.Plan) (holdings, error) {
	var last holdings
	err := poll(ctx, readyTime, func() (bool, error) {
		next, err := readHoldings(ctx, p)
		same := err == nil && slices.Equal(last, next)
		last = next
		if err != nil || same {
			return same, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(settle):
		}
		return false, ctx.Err()
	})
	return last, err
}

// without returns what h holds and o does not.
func (h holdings) without(o holdings) []string {
	count := map[string]int{}
	for _, line := range o {
		count[line]++
	}
	var more []string
	for _, line := range h {
		if count[line]--; count[line] < 0 {
			more = append(more, line)
		}
	}
	return more
}

// checkDelete deletes slices and compares what is there with what was before
// the first of them.
func (d *demo) checkDelete(ctx context.Context, before holdings, ids ...slice.ID) error {
	for _, id := range ids {
		d.say("deleting %s", id)
		if err := deleteSlice(ctx, d.plan.Dir, id); err != nil {
			return fmt.Errorf("delete %s: %w", id, err)
		}
		var err error
		if perr := poll(ctx, readyTime, func() (bool, error) {
			_, err = sliceStatus(ctx, d.plan.Dir, id)
			return slice.KindOf(err) == slice.NotFound, nil
		}); perr != nil {
			return perr
		}
		d.check("slice "+string(id)+" after its delete", slice.NotFound.String(), slice.KindOf(err).String())
	}
	return d.checkResidue(ctx, before)
}

func (d *demo) checkResidue(ctx context.Context, before holdings) error {
	var more, less []string
	err := poll(ctx, readyTime, func() (bool, error) {
		after, err := readHoldings(ctx, d.plan)
		more, less = after.without(before), before.without(after)
		return len(more)+len(less) == 0, err
	})
	if err != nil {
		return err
	}
	d.check("flows, groups, meters, ports, tunnels and addresses after the delete",
		remains(nil, nil), remains(more, less))
	return nil
}

// remains tells how many lines are too many and too few, and the first of
// each.
func remains(more, less []string) string {
	s := fmt.Sprintf("%d left, %d missing", len(more), len(less))
	if few := append(more[:min(3, len(more)):len(more)], less[:min(3, len(less))]...); len(few) > 0 {
		s += ": " + strings.Join(few, "; ")
	}
	return s
}

func prefixed(with string, lines []string) []string {
	for i, line := range lines {
		lines[i] = with + " " + line
	}
	return lines
}
