package watch_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/osm/osmtest"
)

// A life is a slice as OSM truly has it.
type life struct {
	id, name string
	domains  map[string]bool // of services that are there
	third    string          // id of the service that was added
	stage    int             // ordered, started, finished, terminating, terminated, dropped
}

const (
	ordered = iota
	started
	finished
	terminating
	terminated
	dropped
)

func (l *life) text() string {
	var all []string
	for d, there := range l.domains {
		if there {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	return fmt.Sprintf("press/%s video%v", l.name, all)
}

// step lets something happen to a slice.
func (w *world) step(r *rand.Rand, l *life) {
	switch l.stage {
	case ordered:
		w.nbi.Start(l.id)
		l.stage = started
	case started:
		w.nbi.Finish(l.id)
		l.stage = finished
	case finished:
		w.live(r, l)
	case terminating:
		w.nbi.Terminated(l.id)
		l.stage = terminated
	case terminated:
		w.nbi.Drop(l.id)
		l.stage = dropped
	}
}

// live lets something happen to a slice that runs.
func (w *world) live(r *rand.Rand, l *life) {
	services := w.nbi.Services(l.id)
	switch r.IntN(6) {
	case 0:
		if l.third == "" {
			l.third = w.nbi.AddService(l.id, "c", "c-ns", w.vims["gamma"], map[string]string{"video": "data-sap"})
			l.domains["gamma"] = true
		}
	case 1:
		if l.third != "" && len(services) == 3 {
			w.nbi.FailService(l.third)
			l.domains["gamma"] = false
		}
	case 2:
		if l.third != "" && len(services) == 3 {
			w.nbi.FinishService(l.third)
			l.domains["gamma"] = true
		}
	case 3:
		w.nbi.FailService(services[1])
		l.domains["beta"] = false
	case 4:
		w.nbi.FinishService(services[1])
		l.domains["beta"] = true
	default:
		if r.IntN(3) == 0 {
			w.nbi.Terminating(l.id)
			l.stage = terminating
		}
	}
}

// mischief makes trouble by chance: refusals, lost and cut answers, lists without
// some, and answers from earlier.
func mischief(r *rand.Rand) func(osmtest.Request) osmtest.Trouble {
	earlier := map[string][][]byte{}
	part := filter(func(string) bool { return r.IntN(2) == 0 })
	return func(q osmtest.Request) osmtest.Trouble {
		switch n := r.IntN(20); {
		case n < 3:
			return osmtest.Trouble{Status: []int{401, 403, 404, 409, 429, 500, 503}[r.IntN(7)]}
		case n == 3:
			return osmtest.Trouble{Lost: true}
		case n == 4:
			return osmtest.Trouble{Cut: true}
		case q.Method != http.MethodGet:
			return osmtest.Trouble{}
		case n == 5:
			return part(q)
		case n < 9 && len(earlier[q.Path]) > 0:
			body := earlier[q.Path][r.IntN(len(earlier[q.Path]))]
			return osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 200, body }}
		}
		return osmtest.Trouble{Change: func(status int, body []byte) (int, []byte) {
			if status == http.StatusOK {
				earlier[q.Path] = append(earlier[q.Path], body)
			}
			return status, body
		}}
	}
}

// Whatever OSM answers on the way, no slice that runs is taken away, and in the end
// the SCO has what OSM has.
func TestRandom(t *testing.T) {
	seeds := 30
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { random(t, uint64(seed)) })
		})
	}
}

func random(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t)
	var lives []*life
	trouble := mischief(r)
	for range 40 {
		switch n := r.IntN(12); {
		case n == 0 && len(lives) < 4:
			name := fmt.Sprintf("s%d", len(lives))
			lives = append(lives, &life{id: w.order(name, "two", ab, nil), name: name, domains: map[string]bool{"alpha": true, "beta": true}})
		case n == 1:
			w.nbi.Restart()
		case n == 2:
			w.restart()
		case n < 8 && len(lives) > 0:
			w.step(r, lives[r.IntN(len(lives))])
		default:
			before := w.sco.state()
			w.nbi.Disturb(trouble)
			_ = w.watcher.Poll(t.Context()) // it may fail
			w.nbi.Disturb(nil)
			for _, l := range lives {
				mine := func(s string) bool { return strings.HasPrefix(s, "press/"+l.name+" ") }
				if l.stage <= finished && slices.ContainsFunc(before, mine) && !slices.ContainsFunc(w.sco.state(), mine) {
					t.Fatalf("%s runs and was taken away", l.name)
				}
			}
		}
	}
	var want []string
	for _, l := range lives {
		for l.stage == terminating {
			w.step(r, l)
		}
		if l.stage == started || l.stage == finished {
			want = append(want, l.text())
		}
	}
	for range 3 {
		_ = w.watcher.Poll(t.Context()) // the list may lack one for the first time
	}
	slices.Sort(want)
	w.have(want...)
	w.silentBut(len(lives))
}

// silentBut is silent, where the test itself has written.
func (w *world) silentBut(orders int) {
	w.t.Helper()
	for _, r := range w.nbi.Requests() {
		if r.Method != http.MethodGet && r.Path == "/nsilcm/v1/netslice_instances_content" && r.Status == http.StatusCreated {
			orders--
		}
		if r.Method == http.MethodDelete || r.Method == http.MethodPatch {
			w.t.Errorf("the watcher wrote into OSM: %s %s", r.Method, r.Path)
		}
	}
	if orders != 0 {
		w.t.Errorf("%d orders too few", orders)
	}
}
