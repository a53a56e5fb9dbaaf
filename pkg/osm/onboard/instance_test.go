package onboard_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

const params = `additionalParamsForNsi: {l2sces: {tenant: press}}
netslice-subnet:
- {id: a, vimAccountId: field, vnf: [{member-vnf-index: m, vim_account: west}], vld: [{name: data, wimAccountId: wan}, {name: mgmt, wim_account: false}]}
- {id: b, vimAccountId: west}
vnf: []
netslice-vld:
- {name: video, vim-network-name: {field: net-a, west: net-b}}
`

// filled is a world with packages and accounts.
func filled(t *testing.T) (w *world, ids map[string]string) {
	t.Helper()
	w = newWorld(t)
	_, err := w.desk.Packages(t.Context(), w.packages())
	must(t, err)
	results, err := w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	w.said = nil
	return w, map[string]string{"field": results[0].ID, "west": results[1].ID, "wan": results[4].ID}
}

func order(t *testing.T, text string) onboard.Order {
	t.Helper()
	p, err := onboard.ReadParams("params.yaml", []byte(text), false)
	must(t, err)
	return onboard.Order{Template: "town", Name: "press", Params: p}
}

// whenOrdered lets OSM do something as soon as an instance is looked at.
func (w *world) whenOrdered(do func(id string)) {
	done := false
	w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
		id, is := strings.CutPrefix(r.Path, "/nsilcm/v1/netslice_instances/")
		if ns, also := strings.CutPrefix(r.Path, "/nslcm/v1/ns_instances/"); also && !is {
			id, is = ns, true
		}
		if is && !done && r.Method == "GET" {
			done = true
			do(id)
		}
		return osmtest.Trouble{}
	})
}

func TestInstantiate(t *testing.T) {
	w, ids := filled(t)
	plan := w.desk
	plan.DryRun = true
	r, err := plan.Instantiate(t.Context(), order(t, params))
	must(t, err)
	if r.Act != onboard.Create || r.State != onboard.Planned || w.sent("POST", "/nsilcm") != nil {
		t.Errorf("the plan is %+v", r)
	}
	w.whenOrdered(func(id string) { w.nbi.Start(id); w.nbi.Finish(id) })
	r, err = w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	if r.Act != onboard.Create || r.State != onboard.Done || r.Detail != "running done; press.a running; press.b running" {
		t.Errorf("got %+v", r)
	}
	nst, err := w.desk.NBI.Find(t.Context(), osm.NST, "town")
	must(t, err)
	want := map[string]any{
		"nsiName": "press", "nstId": nst.ID, "nsiDescription": "press", "vimAccountId": ids["field"],
		"additionalParamsForNsi": map[string]any{"l2sces": map[string]any{"tenant": "press"}},
		"netslice-subnet": []any{
			map[string]any{
				"id": "a", "vimAccountId": ids["field"], "vnf": []any{map[string]any{"member-vnf-index": "m", "vimAccountId": ids["west"]}},
				"vld": []any{map[string]any{"name": "data", "wimAccountId": ids["wan"]}, map[string]any{"name": "mgmt", "wimAccountId": false}},
			},
			map[string]any{"id": "b", "vimAccountId": ids["west"]},
		},
		"netslice-vld": []any{map[string]any{"name": "video", "vim-network-name": map[string]any{ids["field"]: "net-a", ids["west"]: "net-b"}}},
	}
	if diff := cmp.Diff(want, w.sent("POST", "/nsilcm")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	before := w.changes()
	again, err := w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	if again.Act != onboard.Keep || again.ID != r.ID || w.changes() != before {
		t.Errorf("again: %+v", again)
	}
	_, err = w.desk.Instantiate(t.Context(), order(t, strings.Replace(params, "net-b", "net-c", 1)))
	wantErr(t, err, slice.Conflict, "slice press is there already with other parameters")
}

func TestInstantiateFails(t *testing.T) {
	w, _ := filled(t)
	w.whenOrdered(func(id string) { w.nbi.Fail(id) })
	r, err := w.desk.Instantiate(t.Context(), order(t, params))
	wantErr(t, err, slice.Unavailable, "press failed: told to")
	if r.State != onboard.Failed {
		t.Errorf("got %+v", r)
	}
	w.nbi.Disturb(nil)
	_, err = w.desk.Instantiate(t.Context(), order(t, params))
	wantErr(t, err, slice.Conflict, "is there already and failed: end it first")

	w, _ = filled(t)
	w.desk.Timeout = 20 * time.Millisecond
	_, err = w.desk.Instantiate(t.Context(), order(t, params))
	wantErr(t, err, slice.Unavailable, "OSM has not finished with slice press within 20ms")
	w.desk.Timeout = 5 * time.Second
	w.whenOrdered(func(id string) { w.nbi.Finish(id) })
	r, err = w.desk.Instantiate(t.Context(), order(t, params)) // goes on with what is there
	must(t, err)
	if r.Act != onboard.Keep || r.State != onboard.Done {
		t.Errorf("again: %+v", r)
	}

	ctx, end := context.WithCancel(t.Context())
	o := order(t, params)
	o.Name = "other"
	w.whenOrdered(func(string) { end() })
	_, err = w.desk.Instantiate(ctx, o)
	wantErr(t, err, slice.Unavailable, "OSM goes on with it")
}

// A lost answer makes no second instance.
func TestInstantiateLost(t *testing.T) {
	w, _ := filled(t)
	w.desk.Timeout = 0
	w.nbi.Next("POST", "/nsilcm", osmtest.Trouble{Lost: true})
	r, err := w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	all, err := w.desk.NBI.Instances(t.Context(), osm.Slices())
	must(t, err)
	if len(all) != 1 || r.ID != all[0].ID || r.State != onboard.Ordered {
		t.Errorf("%d instances, %+v", len(all), r)
	}
}

func TestInstantiateRefuses(t *testing.T) {
	w, _ := filled(t)
	for name, tc := range map[string]struct {
		change func(*onboard.Order)
		says   string
	}{
		"no such template":  {func(o *onboard.Order) { o.Template = "none" }, "OSM has no nst \"none\": onboard it first"},
		"no template":       {func(o *onboard.Order) { o.Template = "" }, "OSM has no nst"},
		"an odd name":       {func(o *onboard.Order) { o.Name = "a(b)" }, "OSM takes 1 to 255 characters"},
		"no such account":   {func(o *onboard.Order) { o.VIM = "moon" }, "no vim account \"moon\""},
		"no account":        {func(o *onboard.Order) { o.Params = onboard.Params{} }, "no vim account is named"},
		"a WIM of a number": {func(o *onboard.Order) { o.Params = order(t, strings.Replace(params, "wan", "7", 1)).Params }, "params.yaml:3:"},
		"an unknown VIM": {func(o *onboard.Order) {
			o.Params = order(t, strings.Replace(params, "west: net-b", "moon: net-b", 1)).Params
		}, "params.yaml:7:"},
	} {
		o := order(t, params)
		tc.change(&o)
		_, err := w.desk.Instantiate(t.Context(), o)
		if err == nil || slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.sent("POST", "/nsilcm") != nil {
		t.Error("something was ordered")
	}
	for _, text := range []string{"colour: red\n", "netslice-subnet: 7\n", "a: [", "additionalParamsForNsi: {l2sces: {colour: red}}\n"} {
		if _, err := onboard.ReadParams("params.yaml", []byte(text), false); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestInstantiateService(t *testing.T) {
	w, ids := filled(t)
	p, err := onboard.ReadParams("params.yaml", []byte("vnf: [{member-vnf-index: m, vim_account: west}]\nvld: [{name: data, vim-network-name: {field: x}}]\n"), true)
	must(t, err)
	w.whenOrdered(w.nbi.FinishService)
	o := onboard.Order{Template: "a-ns", Name: "press", VIM: "field", Params: p, Service: true, Description: "words"}
	r, err := w.desk.Instantiate(t.Context(), o)
	must(t, err)
	if r.Kind != "service" || r.State != onboard.Done {
		t.Errorf("got %+v", r)
	}
	got := w.sent("POST", "/nslcm")
	delete(got, "nsdId")
	want := map[string]any{
		"nsName": "press", "nsDescription": "words", "vimAccountId": ids["field"], "vnf": []any{map[string]any{"member-vnf-index": "m", "vimAccountId": ids["west"]}},
		"vld": []any{map[string]any{"name": "data", "vim-network-name": map[string]any{ids["field"]: "x"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.nbi.Disturb(nil)
	if r, err = w.desk.Instantiate(t.Context(), o); err != nil || r.Act != onboard.Keep {
		t.Errorf("again: %+v, %v", r, err)
	}
}

func TestTerminate(t *testing.T) {
	w, _ := filled(t)
	w.whenOrdered(func(id string) { w.nbi.Finish(id) })
	made, err := w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	w.nbi.Disturb(nil)

	plan := w.desk
	plan.DryRun = true
	before := w.changes()
	r, err := plan.Terminate(t.Context(), "press", false, false)
	must(t, err)
	if r.Act != onboard.Remove || r.ID != made.ID || w.changes() != before {
		t.Errorf("the plan is %+v", r)
	}
	w.whenOrdered(func(id string) { w.nbi.Terminating(id); w.nbi.Terminated(id) })
	r, err = w.desk.Terminate(t.Context(), "press", false, false)
	must(t, err)
	all, err := w.desk.NBI.Instances(t.Context(), osm.Slices())
	must(t, err)
	if r.Act != onboard.Remove || r.State != onboard.Done || len(all) > 0 {
		t.Errorf("%+v, %d instances are left", r, len(all))
	}
	r, err = w.desk.Terminate(t.Context(), "press", false, false)
	must(t, err)
	if r.Act != onboard.Keep || r.State != onboard.Done {
		t.Errorf("again: %+v", r)
	}
}

// What OSM is busy with is not pulled from under it.
func TestTerminateBusy(t *testing.T) {
	w, _ := filled(t)
	w.desk.Timeout = 0
	made, err := w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	_, err = w.desk.Terminate(t.Context(), "press", false, false)
	wantErr(t, err, slice.Conflict, "OSM is busy with it (instantiate)")
	r, err := w.desk.Terminate(t.Context(), "press", false, true)
	must(t, err)
	if r.State != onboard.Done { // only a record was there
		t.Errorf("by force: %+v", r)
	}

	made, err = w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	w.nbi.Finish(made.ID)
	r, err = w.desk.Terminate(t.Context(), "press", false, false)
	must(t, err)
	if r.State != onboard.Ordered {
		t.Errorf("not waited for: %+v", r)
	}
	w.nbi.Terminating(made.ID)
	w.desk.Timeout = 5 * time.Second
	w.whenOrdered(func(id string) { w.nbi.Terminated(id) })
	before := w.changes()
	r, err = w.desk.Terminate(t.Context(), made.ID, false, false) // by its id, and the same operation
	must(t, err)
	if r.State != onboard.Done || w.changes() != before+1 {
		t.Errorf("%+v, %d changes", r, w.changes()-before)
	}
}

// sco knows one slice.
type sco struct{ away bool }

func (s sco) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	switch {
	case s.away:
		return intent.Status{}, slice.Errorf(slice.Unavailable, "the SCO is away")
	case id == "press":
		return intent.Status{ID: id, Phase: intent.Ready}, nil
	default:
		return intent.Status{}, slice.Errorf(slice.NotFound, "no slice %s", id)
	}
}

func TestLook(t *testing.T) {
	w, _ := filled(t)
	w.whenOrdered(func(id string) { w.nbi.Finish(id) })
	_, err := w.desk.Instantiate(t.Context(), order(t, params))
	must(t, err)
	w.nbi.Disturb(nil)
	w.desk.Timeout = 0
	other := order(t, strings.Replace(params, "tenant: press", "slice: else", 1))
	other.Name = "Other One"
	_, err = w.desk.Instantiate(t.Context(), other)
	must(t, err)

	views, err := w.desk.Look(t.Context(), "press", sco{})
	must(t, err)
	if len(views) != 1 || views[0].Operational != "running" || views[0].Slice == nil || views[0].Slice.Phase != intent.Ready || len(views[0].Services) != 2 {
		t.Fatalf("got %+v", views)
	}
	if s := views[0].Services[1]; s.Name != "press.b" || s.VIM != "west" || s.Operational != "running" || s.Template != "b-ns" {
		t.Errorf("got %+v", s)
	}
	views, err = w.desk.Look(t.Context(), "", nil)
	must(t, err)
	if len(views) != 2 || views[1].SliceID != "else" || views[1].Slice != nil || views[1].Operational != "NOT_INSTANTIATED" {
		t.Errorf("got %+v", views)
	}
	for _, tc := range []struct {
		sco  sco
		says string
	}{{sco{}, "the SCO has no slice else"}, {sco{away: true}, "the SCO is away"}} {
		if views, err = w.desk.Look(t.Context(), "Other One", tc.sco); err != nil || views[0].Message != tc.says {
			t.Errorf("%v, %+v", err, views)
		}
	}
	_, err = w.desk.Look(t.Context(), "none", nil)
	wantErr(t, err, slice.NotFound, "OSM has no slice instance \"none\"")
}

func FuzzReadParams(f *testing.F) {
	f.Add([]byte(params), false)
	f.Add([]byte("vnf: [{member-vnf-index: m, vim_account: west}]\n"), true)
	f.Fuzz(func(_ *testing.T, text []byte, service bool) {
		if p, err := onboard.ReadParams("params.yaml", text, service); err == nil {
			_ = onboard.Resolve(p)
		}
	})
}
