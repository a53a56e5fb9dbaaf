package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

var ab = map[string]string{"a": "alpha", "b": "beta"}

// A whole life gives each slice once.
func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.order("News", "two", ab, nil)
		w.nbi.Forget()
		w.want() // nobody has begun with it
		w.nbi.Start(nsi)
		w.want("press/news video[alpha beta]")
		w.nbi.Finish(nsi)
		w.want("press/news video[alpha beta]")
		c := w.nbi.AddService(nsi, "c", "c-ns", w.vims["gamma"], map[string]string{"video": "data-sap"})
		w.want("press/news video[alpha beta gamma]")
		w.nbi.FinishService(c)
		w.want("press/news video[alpha beta gamma]")
		w.nbi.RemoveService(nsi, c)
		w.want("press/news video[alpha beta]")
		w.nbi.Terminating(nsi)
		w.want("press/news video[alpha beta]")
		w.nbi.Terminated(nsi)
		w.want()
		w.nbi.Drop(nsi)
		w.want()
		want := []string{"put press/news video[alpha beta]", "put press/news video[alpha beta gamma]", "put press/news video[alpha beta]", "delete news"}
		if got := w.sco.changes(); !slices.Equal(got, want) {
			t.Errorf("changes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if f := w.watcher.Faults(); len(f) > 0 {
			t.Error(f)
		}
		w.silent()
	})
}

func TestServiceLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, leave := range map[string]func(w *world, nsr string){
			"failed":     func(w *world, nsr string) { w.nbi.FailService(nsr) },
			"terminated": func(w *world, nsr string) { w.nbi.EndService(nsr) },
		} {
			w := newWorld(t)
			nsi := w.running("s", "two", ab, nil)
			w.want("press/s video[alpha beta]")
			leave(w, w.nbi.Services(nsi)[1])
			w.want("press/s video[alpha]")
			w.nbi.FinishService(w.nbi.Services(nsi)[1])
			w.want("press/s video[alpha beta]")
			if t.Failed() {
				t.Fatal(name)
			}
		}
	})
}

// A domain stays while another service of the slice is in it.
func TestServiceLeavesNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		c := w.nbi.AddService(nsi, "c", "c-ns", w.vims["beta"], map[string]string{"video": "data-sap"})
		w.nbi.FailService(c)
		w.want("press/s video[alpha beta]")
		w.nbi.FailService(w.nbi.Services(nsi)[1])
		w.want("press/s video[alpha]")
		w.nbi.FailService(w.nbi.Services(nsi)[0]) // nothing is left: it stays until OSM ends it
		w.want("press/s video[alpha]")
		if f := w.watcher.Faults(); len(f) != 1 {
			t.Errorf("%v", f)
		}
	})
}

// What is remembered of slices that are gone has a limit.
func TestMemories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		err := w.book.Update(t.Context(), service.NSI, "osm", func(tx *service.Tx) error {
			for i := range 700 {
				tx.SetNote(fmt.Sprintf("nsi/%d", i), fmt.Appendf(nil, `{"modified":%d,"ended":true}`, i))
			}
			tx.SetNote("nsi/broken", []byte("{"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.running("s", "two", ab, nil)
		w.want("press/s video[alpha beta]")
		w.book.View(service.NSI, "osm", func(tx *service.Tx) {
			if n := len(tx.Notes()); n != 502 || tx.Note("nsi/199") != nil || tx.Note("nsi/200") == nil {
				t.Errorf("%d notes", n)
			}
		})
	})
}

// A slice that failed stays as it is, and says so.
func TestFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		other := w.order("never", "two", ab, nil)
		w.nbi.Fail(other)
		w.want("press/s video[alpha beta]")
		w.nbi.FailService(w.nbi.Services(nsi)[0])
		w.nbi.Fail(nsi)
		w.want("press/s video[alpha beta]")
		if f := w.watcher.Faults(); len(f) != 1 || f[0].ID != nsi || !strings.Contains(f[0].Text, "failed") {
			t.Errorf("%v", f)
		}
		w.nbi.Terminated(nsi)
		w.want()
		if f := w.watcher.Faults(); len(f) != 0 {
			t.Errorf("%v", f)
		}
	})
}

// A fault of one slice keeps no other.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			l2sces any
			text   string
		}{
			"an unknown key":       {map[string]any{"overlai": 1}, "overlai"},
			"no mapping":           {[]any{1}, "no mapping"},
			"another tenant":       {map[string]any{"tenant": "radio"}, "radio"},
			"a path to nowhere":    {map[string]any{"paths": []any{map[string]any{"network": "video", "from": "alpha", "to": "omega"}}}, "omega"},
			"not even a label":     {map[string]any{"slice": "Ä"}, "label"},
			"a subnet of no use":   {map[string]any{"subnets": []any{map[string]any{"id": "x", "domain": "d"}}}, "netslice-subnet"},
			"subnets as a mapping": {map[string]any{"subnets": map[string]any{"a": 1}}, "a list is wanted"},
		} {
			w := newWorld(t)
			bad := w.running("bad", "two", ab, map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": tc.l2sces}})
			w.running("good", "two", ab, nil)
			w.want("press/good video[alpha beta]")
			if f := w.watcher.Faults(); len(f) != 1 || f[0].ID != bad || f[0].Name != "bad" || !strings.Contains(f[0].Text, tc.text) {
				t.Errorf("%s: %+v", name, f)
			}
			w.nbi.Terminated(bad)
			w.nbi.Drop(bad)
			w.want("press/good video[alpha beta]")
			if f := w.watcher.Faults(); len(f) != 0 {
				t.Errorf("%s: %+v", name, f)
			}
		}
	})
}

// What the SCO refuses is told, tried again, and nothing is kept of it.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		w.sco.refuse = slice.Errorf(slice.Conflict, "domain alpha is full")
		w.want()
		if f := w.watcher.Faults(); len(f) != 1 || !strings.Contains(f[0].Text, "full") {
			t.Errorf("%+v", f)
		}
		w.sco.refuse = nil
		w.want("press/s video[alpha beta]")
		if f := w.watcher.Faults(); len(f) != 0 {
			t.Errorf("%+v", f)
		}
		w.nbi.Terminated(nsi)
		w.want()
	})
}

// Which slices are followed, and what they are called.
func TestWhich(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.Ignore = []string{"mixed"}
		w.restart()
		w.running("both at one place", "two", map[string]string{"a": "alpha", "b": "alpha"}, nil) // OSM joins them itself
		w.running("lone", "lone", map[string]string{"a": "alpha"}, nil)
		w.running("ignored", "mixed", map[string]string{"span": "alpha", "c": "gamma"}, nil)
		w.want()
		w.running("lone but asked for", "lone", map[string]string{"a": "beta"}, map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": map[string]any{}}})
		w.running("named", "two", ab, map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": map[string]any{"slice": "mine"}}})
		w.want("press/lone-but-asked-for video[beta]", "press/mine video[alpha beta]")
		w.running("Mine", "two", ab, nil)
		w.want("press/lone-but-asked-for video[beta]", "press/mine video[alpha beta]")
		if f := w.watcher.Faults(); len(f) != 1 || !strings.Contains(f[0].Text, "mine") {
			t.Errorf("%+v", f)
		}
	})
}

// An annex counts, and again when the template has another revision.
func TestAnnex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		text := "apiVersion: l2sces/v1\nnetworks:\n- name: video\n  cidr: 10.1.0.0/24\n  members:\n  - {name: cam, domain: alpha}\n  - {name: wall, domain: beta}\n"
		files := map[string]string{"nst.yaml": template("annexed", "a", "b"), "l2sces/intents.yaml": text}
		w.nst["annexed"] = w.upload("nst", "annexed", files)
		nsi := w.running("s", "annexed", ab, nil)
		w.want("press/s video[alpha beta]")
		if in := w.sco.slices["s"]; len(in.Slice.Networks[0].Members) != 2 || in.Slice.Networks[0].CIDR.String() != "10.1.0.0/24" || in.Slice.Networks[0].BandwidthKbps != 1000 {
			t.Errorf("%+v", in)
		}
		w.nbi.Forget()
		w.poll()
		for _, r := range w.nbi.Requests() {
			if strings.Contains(r.Path, "artifacts") {
				t.Error("the annex is read again")
			}
		}
		// A service that leaves takes its members along.
		w.nbi.FailService(w.nbi.Services(nsi)[1])
		w.want("press/s video[alpha]")
		if in := w.sco.slices["s"]; len(in.Slice.Networks[0].Members) != 1 || in.Slice.Networks[0].Members[0].Name != "cam" {
			t.Errorf("%+v", in)
		}
		files["l2sces/intents.yaml"] = strings.ReplaceAll(text, "cam", "lens")
		// Nobody else updates it meanwhile.
		if err := w.admin.Update(t.Context(), "nst", w.nst["annexed"], "annexed", archive(t, "annexed", files)); err != nil {
			t.Fatal(err)
		}
		w.poll()
		if in := w.sco.slices["s"]; in.Slice.Networks[0].Members[0].Name != "lens" {
			t.Errorf("%+v", in)
		}
		files["l2sces/intents.yaml"] = "nonsense: ["
		if err := w.admin.Update(t.Context(), "nst", w.nst["annexed"], "annexed", archive(t, "annexed", files)); err != nil {
			t.Fatal(err)
		}
		w.want("press/s video[alpha]")
		if f := w.watcher.Faults(); len(f) != 1 || !strings.Contains(f[0].Text, "annex of annexed:1") {
			t.Errorf("%+v", f)
		}
	})
}

// What OSM is asked for in the parameters reaches the intents, also where a record
// has it only as text.
func TestParams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		more := map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": map[string]any{
			"overlay": map[string]any{"encryption": "ipsec", "shape": "ring"},
			"paths":   []any{map[string]any{"network": "video", "from": "alpha", "to": "beta", "maxLatencyMs": 20}},
		}}}
		w.running("s", "two", ab, more)
		w.want("press/s video[alpha beta]")
		if in := w.sco.slices["s"]; in.Overlay.Encryption != intent.IPsec || in.Overlay.Shape != intent.Ring || len(in.Paths) != 1 || in.Paths[0].MaxLatencyMs != 20 {
			t.Errorf("%+v", in)
		}
		nsi := w.order("old", "two", ab, more)
		w.nbi.Strip(nsi)
		w.nbi.Start(nsi)
		w.want("press/old video[alpha beta]", "press/s video[alpha beta]")
		if in := w.sco.slices["old"]; in.Overlay.Encryption != intent.IPsec {
			t.Errorf("%+v", in)
		}
	})
}

// Where VIM accounts are: a table, the name, a cluster's name, the parameters.
func TestDomains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			table  map[string]slice.Domain
			known  []slice.Domain
			params map[string]any
			want   string
		}{
			"as called":        {nil, nil, nil, "press/s video[alpha beta]"},
			"a table of names": {map[string]slice.Domain{"alpha": "field", "k8s-b": "never"}, nil, nil, "press/s video[beta field]"},
			"of clusters":      {map[string]slice.Domain{"k8s-a": "field"}, nil, nil, "press/s video[beta field]"},
			"one that is known": {
				nil, []slice.Domain{"k8s-a", "beta"}, nil, "press/s video[beta k8s-a]",
			},
			"none that is known": {nil, []slice.Domain{"x"}, nil, "press/s video[alpha beta]"},
			"the parameters": {
				map[string]slice.Domain{"alpha": "field"},
				nil,
				map[string]any{"subnets": []any{map[string]any{"id": "a", "domain": "fire"}}},
				"press/s video[beta fire]",
			},
		} {
			w := newWorld(t)
			if _, err := w.admin.CreateAccount(t.Context(), "k8sclusters", map[string]any{
				"name": "k8s-a", "credentials": map[string]string{"a": "b"}, "vim_account": w.vims["alpha"], "k8s_version": "1.30", "nets": map[string]any{"n": nil},
			}); err != nil {
				t.Fatal(err)
			}
			w.cfg.Domains = tc.table
			if tc.known != nil {
				w.cfg.Known = known(tc.known)
			}
			w.restart()
			var more map[string]any
			if tc.params != nil {
				more = map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": tc.params}}
			}
			w.running("s", "two", ab, more)
			w.want(tc.want)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	})
}

// Networks that VIM accounts asked for are joined to the slice.
func TestJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.nbi.Network = func(_, link, vim string) string { return link + "-" + vim }
		put := func(tenant slice.Tenant, account, id string, d slice.Domain) {
			t.Helper()
			door := service.VIM
			if account == "thief" {
				door = service.L2VPN // whose ids are their orderers' choice
			}
			in := intent.Intents{Slice: intent.Slice{Domains: []intent.Domain{{Name: d}}, Networks: []intent.Network{{Name: "net", Domains: []slice.Domain{d}}}}}
			err := w.book.Update(t.Context(), door, account, func(tx *service.Tx) error {
				tx.Put(service.Service{Key: service.Key{ID: id}, Tenant: tenant, Intents: in})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		put("press", "va", "data-"+w.vims["alpha"], "alpha")
		put("press", "vb", "data-"+w.vims["beta"], "beta")
		put("press", "vb", "mgmtnet-"+w.vims["beta"], "beta")
		put("radio", "vr", "data-"+w.vims["beta"], "beta")
		put("press", "thief", "data-"+w.vims["beta"], "gamma")
		nsi := w.order("s", "two", ab, nil)
		w.nbi.Start(nsi)
		w.poll()
		w.nbi.Finish(nsi)
		w.poll()
		var got service.Service
		w.book.View(service.NSI, "osm", func(tx *service.Tx) { got, _ = tx.Service(nsi) })
		want := []service.Join{
			{Network: "video", With: service.Key{Door: service.VIM, Account: "va", ID: "data-" + w.vims["alpha"]}},
			{Network: "video", With: service.Key{Door: service.VIM, Account: "vb", ID: "data-" + w.vims["beta"]}},
		}
		if !slices.Equal(got.Joins, want) {
			t.Errorf("joins %v, want %v", got.Joins, want)
		}
	})
}
