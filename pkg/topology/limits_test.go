package topology_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

const ms = time.Millisecond

// measured gives a link metrics.
func measured(l topology.Link, capacity, reserved uint32, latency time.Duration) topology.Link {
	l.Capacity, l.Reserved, l.Latency = capacity, reserved, latency
	return l
}

func TestRoute(t *testing.T) {
	// The direct way is cheap and slow and narrow, the others are not.
	fabric := graph(
		measured(link(1, 2, 1), 1000, 600, 50*ms),
		measured(link(1, 3, 2), 0, 0, 5*ms), measured(link(3, 2, 2), 900, 0, 5*ms),
		measured(link(1, 4, 3), 0, 0, ms), measured(link(4, 2, 3), 10_000, 0, ms),
	)
	tests := map[string]struct {
		limits topology.Limits
		want   string
		kind   slice.Kind
		err    string
	}{
		"anything":          {want: "1-2:102>2:101"},
		"faster":            {limits: topology.Limits{MaxLatency: 10 * ms}, want: "1-3:103>3:101 3-2:102>2:103"},
		"fastest":           {limits: topology.Limits{MaxLatency: 2 * ms}, want: "1-4:104>4:101 4-2:102>2:104"},
		"too fast":          {limits: topology.Limits{MaxLatency: ms}, kind: slice.Exhausted, err: "the fastest path from switch 0000000000000001 to switch 0000000000000002 takes 2ms (over 1-4, 4-2), the limit is 1ms"},
		"wider":             {limits: topology.Limits{MinKbps: 500}, want: "1-3:103>3:101 3-2:102>2:103"},
		"all that is left":  {limits: topology.Limits{MinKbps: 400}, want: "1-2:102>2:101"},
		"widest":            {limits: topology.Limits{MinKbps: 1000}, want: "1-4:104>4:101 4-2:102>2:104"},
		"too wide":          {limits: topology.Limits{MinKbps: 10_001}, kind: slice.Exhausted, err: "link 1-2 has 400 of its 1000 kbps left, 10001 are asked for: it lacks 9601"},
		"around a switch":   {limits: topology.Limits{MinKbps: 500, Avoid: []slice.DPID{3}}, want: "1-4:104>4:101 4-2:102>2:104"},
		"around a link":     {limits: topology.Limits{AvoidLinks: []topology.Link{link(1, 2, 1)}}, want: "1-3:103>3:101 3-2:102>2:103"},
		"over a switch":     {limits: topology.Limits{Through: []slice.DPID{4}}, want: "1-4:104>4:101 4-2:102>2:104"},
		"over no way":       {limits: topology.Limits{Through: []slice.DPID{4, 3}}, kind: slice.Exhausted, err: "passes 0000000000000004, 0000000000000003 in this order"},
		"around everything": {limits: topology.Limits{Avoid: []slice.DPID{2}}, kind: slice.Exhausted, err: "passes what it is to avoid: 0000000000000002"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := fabric.Route(1, 2, test.limits)
			if route(got) != test.want {
				t.Errorf("got %q, want %q", route(got), test.want)
			}
			if test.err == "" && err == nil {
				return
			}
			if slice.KindOf(err) != test.kind || err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v (%s), want %q (%s)", err, slice.KindOf(err), test.err, test.kind)
			}
		})
	}
	if _, err := graph(link(1, 2, 1), link(3, 4, 1)).Route(1, 4, topology.Limits{}); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("got %v where there is no path", err)
	}
}

// anyMeasured draws a graph whose links have metrics.
func anyMeasured(t *rapid.T) topology.Graph {
	g := anyGraph(t)
	g.Spread = rapid.Uint32Range(0, 3).Draw(t, "spread")
	for i, l := range g.Links {
		g.Links[i] = measured(l, rapid.SampledFrom([]uint32{0, 10, 20}).Draw(t, "capacity"), rapid.SampledFrom([]uint32{0, 5, 15}).Draw(t, "reserved"),
			time.Duration(rapid.IntRange(0, 4).Draw(t, "latency"))*ms)
	}
	return g
}

func anyLimits(t *rapid.T, g topology.Graph) topology.Limits {
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(g.Switches), 0, min(2, len(g.Switches)), rapid.ID[slice.DPID])
	return topology.Limits{
		MaxLatency: time.Duration(rapid.SampledFrom([]int{0, 0, 3, 6}).Draw(t, "limit on latency")) * ms,
		MinKbps:    rapid.SampledFrom([]uint32{0, 0, 5, 10, 20}).Draw(t, "limit on bandwidth"),
		Through:    some.Draw(t, "through"), Avoid: some.Draw(t, "avoid"),
	}
}

// everyWay lists all paths between two switches that come to none twice.
func everyWay(g topology.Graph, a, b slice.DPID) [][]topology.Link {
	var all [][]topology.Link
	seen := map[slice.DPID]bool{}
	var walk func(at slice.DPID, way []topology.Link)
	walk = func(at slice.DPID, way []topology.Link) {
		if at == b {
			all = append(all, slices.Clone(way))
			return
		}
		seen[at] = true
		for _, l := range g.Links {
			for _, two := range [][2]slice.DPID{{l.A.Switch, l.B.Switch}, {l.B.Switch, l.A.Switch}} {
				if two[0] == at && !seen[two[1]] {
					walk(two[1], append(way, l))
				}
			}
		}
		seen[at] = false
	}
	walk(a, nil)
	return all
}

// keeps says by the words of the limits whether a path keeps to them.
func keeps(way []topology.Link, a slice.DPID, l topology.Limits) bool {
	var latency time.Duration
	passed := []slice.DPID{a}
	for _, link := range way {
		latency += link.Latency
		if link.Capacity != 0 && max(int64(link.Capacity)-int64(link.Reserved), 0) < int64(l.MinKbps) {
			return false
		}
		a = link.A.Switch ^ link.B.Switch ^ a
		if slices.Contains(l.Avoid, a) {
			return false
		}
		passed = append(passed, a)
	}
	var through []slice.DPID
	for _, s := range passed {
		if slices.Contains(l.Through, s) {
			through = append(through, s)
		}
	}
	return slices.Equal(through, l.Through) && (l.MaxLatency == 0 || latency <= l.MaxLatency)
}

func costOf(way []topology.Link) (cost uint64) {
	for _, l := range way {
		cost += uint64(max(l.Cost, 1))
	}
	return cost
}

func linksOf(way []topology.Hop) []topology.Link {
	var links []topology.Link
	for _, h := range way {
		links = append(links, h.Link)
	}
	return links
}

// The path that is found is one of the cheapest of all that keep to the limits,
// and where none is found there is none. So with the alternatives.
func TestRouteAgainstAllPaths(t *testing.T) {
	found, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := anyMeasured(t)
		if len(g.Switches) < 2 {
			t.Skip("one switch")
		}
		ends := rapid.SliceOfNDistinct(rapid.SampledFrom(g.Switches), 2, 2, rapid.ID[slice.DPID]).Draw(t, "ends")
		a, b, limits := ends[0], ends[1], anyLimits(t, g)
		all := everyWay(g, a, b)
		good := slices.DeleteFunc(slices.Clone(all), func(way []topology.Link) bool { return !keeps(way, a, limits) })
		got, err := g.Alternatives(a, b, 3, limits)
		if len(good) == 0 {
			refused++
			want := slice.Exhausted
			if len(all) == 0 {
				want = slice.Unavailable
			}
			if slice.KindOf(err) != want {
				t.Fatalf("got %v, want kind %s", err, want)
			}
			return
		}
		if err != nil {
			t.Fatalf("%d paths would do: %v", len(good), err)
		}
		found++
		slices.SortStableFunc(good, func(x, y []topology.Link) int { return int(costOf(x)) - int(costOf(y)) })
		for i, way := range got {
			links := linksOf(way)
			if !keeps(links, a, limits) || !slices.ContainsFunc(good, func(o []topology.Link) bool { return slices.Equal(o, links) }) {
				t.Fatalf("%s is none of the paths that would do", route(way))
			}
			for _, o := range got[:i] {
				if slices.Equal(linksOf(o), links) {
					t.Fatalf("%s is there twice", route(way))
				}
			}
			exact := i == 0 || limits.MaxLatency == 0 && len(limits.Through) == 0
			if exact && costOf(links) != costOf(good[i]) {
				t.Fatalf("path %d costs %d, there is one for %d", i, costOf(links), costOf(good[i]))
			}
		}
		if free := limits.MaxLatency == 0 && len(limits.Through) == 0; free && len(got) != min(3, len(good)) {
			t.Fatalf("%d paths of %d", len(got), len(good))
		}
		again, err := shuffled(g).Alternatives(a, b, 3, limits)
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Fatalf("another order of the links gives other paths: %v\n%s", err, diff)
		}
	})
	if found == 0 || refused == 0 {
		t.Errorf("%d found, %d refused: the test is blind", found, refused)
	}
}

// A backup shares no link with the path, and no switch if that can be. Where
// none is found there is none.
func TestBackupAgainstAllPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyMeasured(t)
		if len(g.Switches) < 2 {
			t.Skip("one switch")
		}
		ends := rapid.SliceOfNDistinct(rapid.SampledFrom(g.Switches), 2, 2, rapid.ID[slice.DPID]).Draw(t, "ends")
		way, err := g.Route(ends[0], ends[1], topology.Limits{})
		if err != nil {
			t.Skip("no path")
		}
		shared := func(o []topology.Link) (links, switches int) {
			at := ends[0]
			for _, l := range o {
				at = l.A.Switch ^ l.B.Switch ^ at
				for _, h := range way {
					if h.Link.Same(l) {
						links++
					}
					if h.To == at && at != ends[1] {
						switches++
					}
				}
			}
			return links, switches
		}
		apart, quite := false, false
		for _, o := range everyWay(g, ends[0], ends[1]) {
			links, switches := shared(o)
			apart, quite = apart || links == 0, quite || links+switches == 0
		}
		back, ok := g.Backup(way, topology.Limits{})
		if ok != apart {
			t.Fatalf("found %v, there is one: %v", ok, apart)
		}
		if links, switches := shared(linksOf(back)); ok && (links > 0 || quite && switches > 0) {
			t.Fatalf("%s shares %d links and %d switches with %s", route(back), links, switches, route(way))
		}
	})
}
