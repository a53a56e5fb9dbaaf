package lint

import (
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// reach returns the values that a path of keys leads to, through every element
// of the lists on its way. Without a path it is the node itself.
func reach(n descriptor.Node, path string) []descriptor.Node {
	found := flat(nil, n)
	for path != "" {
		var key string
		key, path, _ = strings.Cut(path, ".")
		var next []descriptor.Node
		for _, one := range found {
			next = flat(next, one.Get(key))
		}
		found = next
	}
	return found
}

// flat appends a node, or the elements of a list, where there are any.
func flat(to []descriptor.Node, n descriptor.Node) []descriptor.Node {
	switch {
	case !n.Exists():
		return to
	case n.Form() == descriptor.FormList:
		return append(to, n.Items()...)
	default:
		return append(to, n)
	}
}

// every calls f for a node and for everything below it.
func every(n descriptor.Node, f func(descriptor.Node)) {
	f(n)
	for _, item := range n.Items() {
		every(item, f)
	}
	for _, e := range n.Entries() {
		every(e.Value, f)
	}
}

// or returns the first node that is there.
func or(nodes ...descriptor.Node) descriptor.Node {
	for _, n := range nodes {
		if n.Exists() {
			return n
		}
	}
	return descriptor.Node{}
}

// words returns the texts of a list.
func words(nodes []descriptor.Node) map[string]bool {
	found := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		found[n.Text()] = true
	}
	return found
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }

// near names the candidate that somebody may have meant, for a complaint.
func near(wrong string, candidates []descriptor.Node) string {
	const most, far = 200, 3
	best, text := far, ""
	for i, c := range candidates {
		if i == most {
			break
		}
		if d := distance(wrong, c.Text(), best); d < best {
			best, text = d, ", but there is "+quoted(c.Text())
		}
	}
	return text
}

// distance counts the letters by which two words differ, or returns the limit
// where they are too different to count.
func distance(a, b string, limit int) int {
	const long = 64
	if len(a) > long || len(b) > long || max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, last+1, row[j]+1)
		}
	}
	return row[len(b)]
}
