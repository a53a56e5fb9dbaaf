package sco_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
	durable "github.com/l2sces/l2sces/pkg/store"
)

var update = flag.Bool("update", false, "write the newest golden state anew")

// newest is the form that this program writes. Once it is released, a change of
// what is stored gets a folder of its own: count up here, and run with -update.
const newest = "v2"

// plain is a domain that takes everything.
type plain struct{ name slice.Domain }

func (d plain) Apply(_ context.Context, all []intent.Segment) ([]intent.SegmentStatus, error) {
	out := make([]intent.SegmentStatus, len(all))
	for i, s := range all {
		out[i] = intent.SegmentStatus{ID: s.ID, Label: slice.VLAN(i + 10), Gateway: slice.Node(d.name + "-1"), Ready: true}
	}
	return out, nil
}

func (plain) Delete(context.Context, []slice.NetworkID) error { return nil }

func (plain) List(context.Context) ([]intent.SegmentStatus, error) { return nil, nil }

func (d plain) Info(context.Context) (intent.DomainInfo, error) {
	gateway := slice.Node(d.name + "-1")
	return intent.DomainInfo{Name: d.name, Gateway: gateway, MTU: 1450, Nodes: []slice.Node{gateway}}, nil
}

func fromFile(t *testing.T, s *durable.Store) *sco.SCO {
	t.Helper()
	out, err := sco.New(sco.Config{
		Domains: sco.Fixed{"a": plain{"a"}, "b": plain{"b"}}, Store: s,
		Now:    func() time.Time { return time.Date(2000, 1, 2, 3, 4, 5, 0, time.UTC) },
		Caller: func(context.Context) string { return "user/ann" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func emptyFile(t *testing.T) *durable.Store {
	t.Helper()
	s, err := durable.Open(filepath.Join(t.TempDir(), "sco.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestGoldenStates opens what every version has written.
func TestGoldenStates(t *testing.T) {
	images, err := filepath.Glob("testdata/state/*/sco.image")
	if err != nil || len(images) < 2 {
		t.Fatalf("%v, %v", images, err)
	}
	for _, name := range images {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			store := emptyFile(t)
			if _, err := store.Import(bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			s := fromFile(t, store)
			file := filepath.Join(filepath.Dir(name), "slices.txt")
			got := remembered(t, s)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("slices (-want +got):\n%s", diff)
			}
			again := *goldenOrders()[0]
			if diff, err := s.Plan(t.Context(), again); err != nil || len(diff.Changes) > 0 {
				t.Errorf("the same order would change %+v, %v", diff, err)
			}
		})
	}
}

// remembered tells what an SCO knows of slices.
func remembered(t *testing.T, s *sco.SCO) string {
	t.Helper()
	page, err := s.List(t.Context(), intent.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var w strings.Builder
	for _, one := range page.Slices {
		fmt.Fprintln(&w, one.ID, one.Tenant, one.Generation, one.Paused)
		for _, n := range one.Networks {
			fmt.Fprintln(&w, " ", n.Name, n.Type, n.Number, n.CIDR, n.MTU, n.Links)
			for _, m := range n.Members {
				fmt.Fprintln(&w, "   ", m.Name, m.Domain, m.Address, m.MAC)
			}
		}
	}
	return w.String()
}

// goldenOrders are slices with something in every field that is stored.
func goldenOrders() []*intent.Intents {
	line := intent.Network{Name: "line", Type: slice.VLink, Members: []intent.Member{{Name: "w3", Domain: "a"}, {Name: "w4", Domain: "b"}}}
	fire := intent.Intents{
		Slice: intent.Slice{
			ID: "fire", Tenant: "blue", SNSSAI: intent.SNSSAI{SST: "URLLC", SD: "1"},
			QoS:     intent.QoS{ID: 65, ResourceType: "GBR", PriorityLevel: 7, PacketDelayBudgetMs: 75},
			Domains: []intent.Domain{{Name: "a", Gateway: "a-1"}, {Name: "b"}},
			Networks: []intent.Network{
				{
					Name: "voice", CIDR: netip.MustParsePrefix("192.0.2.0/24"), MTU: 1400, BandwidthKbps: 1000, Domains: []slice.Domain{"a", "b"},
					Members: []intent.Member{
						{Name: "w1", Domain: "a", Address: netip.MustParseAddr("192.0.2.11"), MAC: slice.MAC{2, 0, 0, 0, 0, 1}}, {Name: "w2", Domain: "b"},
					},
				}, line,
			},
		},
		Overlay: intent.Overlay{Shape: intent.Mesh},
		Paths:   []intent.Path{{Network: "voice", From: "a", To: "b", Hops: []slice.Domain{"a", "b"}}},
	}
	press := fire
	press.Slice.ID, press.Slice.Networks, press.Paths = "press", []intent.Network{line}, nil
	return []*intent.Intents{&fire, &press}
}

// writeState has an SCO store all kinds of things, and returns them as an image.
func writeState(t *testing.T) []byte {
	t.Helper()
	store := emptyFile(t)
	s := fromFile(t, store)
	short := func(f func(ctx context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // there are no NEDs to wait for
		defer cancel()
		if err := f(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	for _, in := range goldenOrders() {
		short(func(ctx context.Context) error {
			_, err := s.Apply(ctx, *in, intent.Order{RequestID: "r-" + string(in.Slice.ID)})
			return err
		})
	}
	short(func(ctx context.Context) error {
		_, err := s.Pause(ctx, "press", true, intent.Order{})
		return err
	})
	var image bytes.Buffer
	if _, err := store.Export(&image); err != nil {
		t.Fatal(err)
	}
	return image.Bytes()
}

// TestStateHasAGoldenForm fails when what is stored gets another form, until
// there is a golden state of it.
func TestStateHasAGoldenForm(t *testing.T) {
	file := filepath.Join("testdata/state", newest, "sco.image")
	image := writeState(t)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, image, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shape(t, golden), shape(t, image)); diff != "" {
		t.Errorf("what is stored has another form than %s. If that one is released, let newest be the next; then run with -update (-want +got):\n%s", file, diff)
	}
}

// shape returns the paths of all values of an image, without the values.
func shape(t *testing.T, image []byte) []string {
	t.Helper()
	paths := map[string]bool{}
	_, err := durable.ReadImage(bytes.NewReader(image), func(bucket, _ string, value []byte) error {
		var v any
		if json.Unmarshal(value, &v) != nil {
			v = "bytes"
		}
		walk(bucket, v, paths)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(paths))
}

func walk(path string, v any, paths map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			walk(path+"."+name, below, paths)
		}
	case []any:
		for _, below := range v {
			walk(path+"[]", below, paths)
		}
	default:
		paths[path] = true
	}
}
