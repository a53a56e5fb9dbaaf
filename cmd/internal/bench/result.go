package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A Result is what a benchmark found.
type Result struct {
	Name     string
	Pairs    []Pair
	Ratio    Ratio
	Load     float64           // the highest that was seen
	Versions map[string]string // of what was measured against
	Counts   map[string]any    // figures of its own; in JSON they stand beside the others
	Skipped  string            // why it did not run
}

// A Pair is one turn of ours and one of theirs. Less is better.
type Pair struct {
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
	Unit   string  `json:"unit"`
	Load   float64 `json:"load"`
}

// Ratio returns how many times better ours is.
func (p Pair) Ratio() float64 {
	if p.Ours == 0 {
		if p.Theirs == 0 {
			return 1
		}
		return p.Theirs // of nothing at all nobody can be a multiple
	}
	return p.Theirs / p.Ours
}

// A Ratio is what came of all pairs.
type Ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// String returns the ratio as the last line of a benchmark has it.
func (r Ratio) String() string { return fmt.Sprintf("ratio %.3g (%.3g..%.3g)", r.Median, r.Min, r.Max) }

func (r *Result) finish() {
	var all []float64
	for _, p := range r.Pairs {
		all = append(all, p.Ratio())
		r.Load = max(r.Load, p.Load)
	}
	if len(all) == 0 {
		r.Load = load()
		return
	}
	slices.Sort(all)
	middle := all[len(all)/2]
	if len(all)%2 == 0 {
		middle = (all[len(all)/2-1] + middle) / 2
	}
	r.Ratio = Ratio{Median: middle, Min: all[0], Max: all[len(all)-1]}
}

// MarshalJSON puts the counts beside what every result has.
func (r Result) MarshalJSON() ([]byte, error) {
	all := maps.Clone(r.Counts)
	if all == nil {
		all = map[string]any{}
	}
	all["name"], all["load"], all["versions"] = r.Name, r.Load, r.Versions
	if r.Skipped != "" {
		all["skipped"] = r.Skipped
		return json.Marshal(all)
	}
	if len(r.Pairs) > 0 {
		all["pairs"], all["ratio"] = r.Pairs, r.Ratio
	}
	return json.Marshal(all)
}
