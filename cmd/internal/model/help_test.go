package model_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is the root of the repository.
const house = "../../.."

// world is a model with what tests ask of it.
type world struct {
	*model.World
	t   *testing.T
	ctx context.Context //nolint:containedctx // of everything in the world
}

// three returns the world of the lab with three domains.
func three(t *testing.T, cfg model.Config) *world {
	t.Helper()
	const file = house + "/deploy/lab/three-domains.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l lab.Lab
	if err := descriptor.FromYAML(file, text, &l); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m, err := model.New(ctx, l, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); m.Wait() })
	return &world{m, t, ctx}
}

// template translates a template of the repository, with its parameters.
func template(t *testing.T, name string) intent.Intents {
	t.Helper()
	in, warnings, err := translate.File(os.DirFS(house), translate.Files{
		Template: "descriptors/nst/" + name, NSDs: []string{"nsd"}, Params: "descriptors/params/" + name + ".yaml",
	})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%s: %v, %v", name, err, warnings)
	}
	return in
}

func (w *world) ready(in intent.Intents) intent.Status {
	w.t.Helper()
	s, err := w.SCO.Apply(w.ctx, in, intent.Order{})
	if err != nil || s.Phase != intent.Ready {
		w.t.Fatalf("slice %s: %s %q, %v", in.Slice.ID, s.Phase, s.Message, err)
	}
	return s
}

func (w *world) gone(id slice.ID) {
	w.t.Helper()
	if was, err := w.SCO.Delete(w.ctx, id, intent.Order{}); !was || err != nil {
		w.t.Fatalf("delete %s: %v, %v", id, was, err)
	}
}

// member is a port of a network, with its place.
type member struct {
	intent.MemberStatus
	network slice.NetworkID
	at      flowtest.End
}

// members returns the members of all networks of a slice.
func (w *world) members(s intent.Status) []member {
	w.t.Helper()
	var all []member
	for _, n := range s.Networks {
		for _, m := range n.Members {
			sw := w.Switch(m.Node, bridge.SPS)
			if sw == nil {
				w.t.Fatalf("member %s is on no node: %q", m.Name, m.Node)
			}
			ports := sw.Wanted().Ports
			// Interfaces are named after their networks here.
			i := slices.IndexFunc(ports, func(p bridge.Port) bool { return p.Workload == m.Name && p.Interface == string(n.Name) })
			if i < 0 {
				w.t.Fatalf("member %s has no port on %s", m.Name, m.Node)
			}
			all = append(all, member{
				m,
				slice.NetworkID{Slice: s.ID, Network: n.Name},
				flowtest.End{Switch: sw.Memory.DPID(), Port: ports[i].Number},
			})
		}
	}
	return all
}

// everything is what can be seen of a world, but for the numbers that are next.
type everything struct {
	Rules    map[string][]string
	Bridges  map[string]bridge.Bridge
	Stores   []map[string]map[string]string
	Statuses []intent.Status
}

func (w *world) everything() everything {
	w.t.Helper()
	e := everything{Rules: map[string][]string{}, Bridges: map[string]bridge.Bridge{}}
	for _, s := range w.Switches {
		name := s.Bridge + " on " + string(s.Node)
		e.Bridges[name] = s.Wanted()
		rules := s.Memory.Held()
		for _, f := range rules.Flows {
			e.Rules[name] = append(e.Rules[name], f.String())
		}
		for _, g := range rules.Groups {
			e.Rules[name] = append(e.Rules[name], g.String())
		}
		for _, m := range rules.Meters {
			e.Rules[name] = append(e.Rules[name], m.String())
		}
		slices.Sort(e.Rules[name])
	}
	for _, s := range w.Stores {
		e.Stores = append(e.Stores, w.stored(s))
	}
	page, err := w.SCO.List(w.ctx, intent.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	e.Statuses = page.Slices
	return e
}

// past are the buckets that tell what was: numbers that were given, orders,
// events.
var past = []string{"fabric-numbers", "fabric-ports", "fabric-resting", "labels", "slice-history", "slice-conditions", "events"}

// stored returns what a store holds without the places where rings go on: a
// number that was given back is not given again at once.
func (w *world) stored(s *fabrictest.Store) map[string]map[string]string {
	w.t.Helper()
	out := map[string]map[string]string{}
	for bucket, values := range s.All() {
		if len(values) == 0 || slices.Contains(past, bucket) {
			continue
		}
		out[bucket] = map[string]string{}
		for key, text := range values {
			var v map[string]any
			if err := json.Unmarshal(text, &v); err != nil {
				w.t.Fatal(err)
			}
			delete(v, "ring")
			clean, err := json.Marshal(v)
			if err != nil {
				w.t.Fatal(err)
			}
			out[bucket][key] = string(clean)
		}
	}
	return out
}
