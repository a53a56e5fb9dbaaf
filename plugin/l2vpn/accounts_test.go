package l2vpn_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// Two accounts that use the same ids at once get what each of them has asked for.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	const many = 20
	var all sync.WaitGroup
	for _, user := range []string{"osm", "second"} {
		for worker := range 2 {
			all.Go(func() {
				for i := worker * many; i < (worker+1)*many; i++ {
					id := fmt.Sprintf("v%02d", i)
					for _, c := range []call{
						{post, vpns, vpnBody(id, "vpws"), 201},
						{post, inSite("s"), accessBody(id+"a", id, "ned-a", i+1), 201},
						{post, inSite("s"), accessBody(id+"b", id, "ned-b", i+1), 201},
						{put, inSite("s"), accessBody(id+"b", id, "ned-b", i+101), 204},
					} {
						if out := w.AskAs(user, c.method, c.path, c.body); out.Code != c.status {
							t.Errorf("%s %s: %d %s", user, id, out.Code, out.Body)
						}
					}
				}
			})
		}
	}
	all.Wait()
	var want []string
	for i := range 2 * many {
		want = append(want, fmt.Sprintf("v%02d: a.%d b.%d", i, i+1, i+101))
	}
	for _, user := range []string{"osm", "second"} {
		if got := w.ordered(user); !slices.Equal(got, want) {
			t.Errorf("%s has %q", user, got)
		}
	}
}
