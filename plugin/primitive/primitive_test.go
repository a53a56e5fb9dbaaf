package primitive_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/primitive"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory keeps settings for a test.
type memory struct {
	now   primitive.Settings
	saves int
	fails error
}

func (m *memory) Load() (primitive.Settings, error) { return m.now, m.fails }

func (m *memory) Save(s primitive.Settings) error {
	m.now, m.saves = s, m.saves+1
	return m.fails
}

// slices is an SCO with one slice, if it is there. Calls of the order wait for
// block.
type slices struct {
	have  *intent.Status
	err   error
	block bool
	order intent.Order // of the last call
	asked []string
}

func (s *slices) note(ctx context.Context, what string, o intent.Order) error {
	s.asked, s.order = append(s.asked, what), o
	if s.block {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.err
}

func (s *slices) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	err := s.note(ctx, "apply", o)
	if err == nil || s.block {
		s.have = &intent.Status{ID: in.Slice.ID, Phase: intent.Pending, Generation: 1, Intents: &in}
	}
	if err != nil {
		return intent.Status{}, err
	}
	return *s.have, nil
}

func (s *slices) Edit(ctx context.Context, _ slice.ID, _ []intent.Edit, o intent.Order) (intent.Status, error) {
	if err := s.note(ctx, "edit", o); err != nil {
		return intent.Status{}, err
	}
	return *s.have, nil
}

func (s *slices) Delete(ctx context.Context, _ slice.ID, o intent.Order) (bool, error) {
	return s.have != nil, s.note(ctx, "delete", o)
}

func (s *slices) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	s.asked = append(s.asked, "status")
	if s.have == nil {
		return intent.Status{}, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	return *s.have, nil
}

func (s *slices) List(context.Context, intent.Query) (intent.Page, error) {
	return intent.Page{}, s.err
}

// runner runs the primitives of an SCO.
func runner(s *slices, m *memory) primitive.Runner[primitive.SCO] {
	return primitive.Runner[primitive.SCO]{
		Primitives: primitive.OfSCO(), Keep: m, Check: primitive.CheckSCO,
		Dial: func(context.Context, primitive.Settings) (primitive.SCO, func(), error) {
			return primitive.SCO{Slices: s, Now: time.Now}, func() {}, nil
		},
	}
}

func known() *memory { return &memory{now: primitive.Settings{Address: "sco.example.org:7001"}} }

const line = "slice:\n  domains: [{name: a}]\n  networks: [{name: line, domains: [a]}]\n"

// A slice that is not ready by the deadline is no failure: it goes on.
func TestPendingByTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slices{}
		began := time.Now()
		var told []string
		r, err := runner(s, known()).Run(t.Context(), "create-slice", map[string]string{"slice": "x", "intents": line, "timeout-seconds": "30"},
			func(line string) { told = append(told, line) })
		if err != nil || !r.Pending || time.Since(began) != 30*time.Second {
			t.Errorf("%+v, %v after %s", r, err, time.Since(began))
		}
		if diff := cmp.Diff([]string{"slice x is Pending, generation 1"}, told); diff != "" {
			t.Errorf("told (-want +got)\n%s", diff)
		}
		if !s.order.New {
			t.Errorf("order %+v", s.order)
		}
	})
}

// An order whose answer does not come is looked after once more.
func TestOrderWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slices{block: true}
		r, err := runner(s, known()).Run(t.Context(), "create-slice", map[string]string{"slice": "x", "intents": line, "wait": "false"}, nil)
		if err != nil || !r.Pending {
			t.Errorf("%+v, %v", r, err)
		}
		s = &slices{block: true, have: &intent.Status{ID: "x", Intents: &intent.Intents{}}}
		_, err = runner(s, known()).Run(t.Context(), "move-path",
			map[string]string{"slice": "x", "network": "line", "from": "a", "to": "b", "mode": "any", "timeout-seconds": "3"}, nil)
		if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "timeout-seconds: not done within 3s") {
			t.Errorf("%v", err)
		}
	})
}

func TestDeletionGoesOn(t *testing.T) {
	s := &slices{have: &intent.Status{ID: "x", Phase: intent.Deleting}, err: slice.Errorf(slice.Unavailable, "not wholly gone yet")}
	r, err := runner(s, known()).Run(t.Context(), "delete-slice", map[string]string{"slice": "x"}, nil)
	if err != nil || !r.Pending || !strings.Contains(r.Message, "not wholly gone") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestOrdersAreHandedOn(t *testing.T) {
	for name, test := range map[string]struct {
		primitive string
		given     map[string]string
		want      intent.Order
	}{
		"create": {"create-slice", map[string]string{"intents": line, "request-id": "7", "dry-run": "true"}, intent.Order{RequestID: "7", New: true, DryRun: true}},
		"update": {"update-slice", map[string]string{"intents": line, "generation": "3", "dry-run": "true"}, intent.Order{Generation: 3, Old: true, DryRun: true}},
		"mask":   {"update-slice", map[string]string{"intents": "overlay: {shape: ring}", "mask": "overlay, slice.qos", "dry-run": "true"}, intent.Order{Old: true, DryRun: true, Mask: []string{"overlay", "slice.qos"}}},
		"move":   {"move-path", map[string]string{"network": "line", "from": "a", "to": "b", "hops": "a b", "generation": "2", "dry-run": "true"}, intent.Order{Generation: 2, DryRun: true}},
		"delete": {"delete-slice", map[string]string{"generation": "9"}, intent.Order{Generation: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &slices{have: &intent.Status{ID: "x", Phase: intent.Ready}}
			test.given["slice"] = "x"
			if _, err := runner(s, known()).Run(t.Context(), test.primitive, test.given, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, s.order, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	const services = `{"v0": {"k8s": {"services": {"x-sco-peers": {"ip": ["None"], "ports": {"grpc": {"port": 7001}}}, "x-sco": {"type": "LoadBalancer", "ip": ["192.0.2.4"], "ports": {"rest": {"port": 8443, "protocol": "TCP"}, "grpc": {"port": 7001, "protocol": "TCP"}}}}}}}`
	away := slice.Errorf(slice.Unavailable, "nobody is there")
	for name, test := range map[string]struct {
		before, want primitive.Settings
		given        map[string]string
		err          error
		says         string // of the result or of the error
		fails        bool
	}{
		"nothing known":             {says: "nothing to drive yet"},
		"strange":                   {given: map[string]string{"osm-config": "][", "ns_config_info": "{}"}, says: "nothing to drive yet"},
		"OSM tells":                 {given: map[string]string{"osm-config": services}, want: primitive.Settings{Address: "192.0.2.4:7001"}, says: "answers"},
		"OSM tells of what is away": {given: map[string]string{"osm-config": services}, err: away, want: primitive.Settings{Address: "192.0.2.4:7001"}, says: "does not answer yet"},
		"named":                     {given: map[string]string{"sco": "h:1", "tenant": "t", "osm-config": services}, want: primitive.Settings{Address: "h:1", Tenant: "t"}, says: "answers"},
		"named and away": {
			before: primitive.Settings{Address: "old:1"}, given: map[string]string{"sco": "h:1"}, err: away,
			want: primitive.Settings{Address: "old:1"}, says: "sco: nobody is there", fails: true,
		},
		"the rest stays": {
			before: primitive.Settings{Address: "h:1", Credentials: "c", Tenant: "t"}, given: map[string]string{"tenant": "u"},
			want: primitive.Settings{Address: "h:1", Credentials: "c", Tenant: "u"}, says: "answers",
		},
		"bad address": {given: map[string]string{"sco": "h"}, says: `sco: "h" is not HOST:PORT`, fails: true},
		"bad tenant":  {given: map[string]string{"tenant": "A b"}, says: "tenant: ", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{now: test.before}
			r, err := runner(&slices{err: test.err}, m).Run(t.Context(), "config", test.given, nil)
			text := r.Message
			if err != nil {
				text = err.Error()
			}
			if (err != nil) != test.fails || !strings.Contains(text, test.says) {
				t.Errorf("%q, %v, want %q", text, err, test.says)
			}
			if diff := cmp.Diff(test.want, m.now); diff != "" {
				t.Errorf("(-want +kept)\n%s", diff)
			}
		})
	}
}

func TestSettingsThatCannotBeKept(t *testing.T) {
	m := &memory{fails: errors.New("the disk is full")}
	if _, err := runner(&slices{}, m).Run(t.Context(), "get-status", nil, nil); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
}

func TestIntentsOfManyForms(t *testing.T) {
	template := "nst:\n- id: pair\n  name: pair\n  SNSSAI-identifier: {slice-service-type: eMBB}\n  quality-of-service: {id: 9}\n" +
		"  netslice-subnet:\n  - {id: a, description: one, nsd-ref: a-ns}\n  - {id: b, description: two, nsd-ref: b-ns}\n" +
		"  netslice-vld:\n  - id: line\n    name: line\n    nss-connection-point-ref:\n    - {nss-ref: a, nsd-connection-point-ref: line}\n    - {nss-ref: b, nsd-connection-point-ref: line}\n"
	order := func(o map[string]any) string {
		text, err := descriptor.YAML(o)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const params = "netslice-subnet:\n- {id: a, vimAccountId: a}\n- {id: b, vimAccountId: b}\n"
	for name, test := range map[string]struct{ text, tenant, says string }{
		"intents":           {line, "", ""},
		"template":          {template, "", ""},
		"order":             {order(map[string]any{"template": template, "params": params}), "press", ""},
		"another slice":     {"slice: {id: y}", "", `slice: the intents are of slice "y"`},
		"another tenant":    {"slice: {tenant: red}", "blue", `tenant: the intents are of tenant "red"`},
		"no YAML":           {"{", "", "intents: intents:1:"},
		"unknown key":       {line + "color: red\n", "", "intents: intents:4:1"},
		"faulty intents":    {"slice:\n  networks:\n  - name: V\n", "", "intents: intents:2:3: slice.domains"},
		"faulty template":   {"nst:\n- id: 7\n  color: red\n", "", "intents: intents:3:3"},
		"faulty annex":      {order(map[string]any{"template": template, "annex": "color: red"}), "", "intents: annex:1:1"},
		"template no text":  {"template: {nst: []}", "", "intents: "},
		"services too many": {order(map[string]any{"template": template, "services": []string{"{"}}), "", "intents: services[0]:1:"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &slices{}
			given := map[string]string{"slice": "x", "intents": test.text, "tenant": test.tenant, "dry-run": "true"}
			_, err := runner(s, known()).Run(t.Context(), "create-slice", given, nil)
			switch {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says == "" && (s.have.Intents.Slice.ID != "x" || s.have.Intents.Slice.Tenant == ""):
				t.Errorf("slice %+v", s.have.Intents.Slice)
			case test.says != "" && (slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.says)):
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}

// What is written as a flat map is read as it was.
func TestFlatReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOfN(rapid.StringMatching(`[a-z][a-z-]{0,20}`), rapid.StringMatching(`[ -~]{0,40}`), 0, 20).Draw(t, "parameters")
		text, err := descriptor.YAML(want)
		if err != nil {
			t.Fatal(err)
		}
		have, err := primitive.Flat(string(text))
		if err != nil || !maps.Equal(want, have) {
			t.Fatalf("%q is read as %v, %v, want %v", text, have, err, want)
		}
	})
}

// Whatever is sent, a primitive answers, and nothing of it is taken for more
// than a text.
func FuzzFlat(f *testing.F) {
	for _, seed := range []string{"", "slice: a\n", "slice: {a: b}", "[", "a: &x b\nc: *x", "dry-run: yes", "generation: 1e3", "slice: !!binary aGk=", "? [a]\n: b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		given, err := primitive.Flat(text)
		if err != nil {
			if slice.KindOf(err) != slice.Invalid {
				t.Errorf("%q: %v is no fault of the caller", text, err)
			}
			return
		}
		s := &slices{have: &intent.Status{ID: "a", Phase: intent.Ready}}
		_, err = runner(s, known()).Run(t.Context(), "delete-slice", given, nil)
		if err != nil && slice.KindOf(err) != slice.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func FuzzIntents(f *testing.F) {
	for _, seed := range []string{line, "nst: [{id: a}]", "template: 'nst: []'\nservices: ['x']", "apiVersion: l2sces/v1", "slice: 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := runner(&slices{}, known()).Run(t.Context(), "create-slice", map[string]string{"slice": "x", "intents": text, "dry-run": "true"}, nil)
		if err != nil && slice.KindOf(err) != slice.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	})
}
