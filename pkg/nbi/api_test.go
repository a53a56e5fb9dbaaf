package nbi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestNetworkLivesAndGoes(t *testing.T) {
	d := newDomain(t)
	const path = "/v1/networks/press/voice"
	made := want[rest.Network](d, 200, "PUT", path, voice)
	if made.Segment.ID.String() != "press/voice" || !made.Status.Ready {
		t.Fatalf("made %+v", made)
	}
	tag := d.ask("GET", path, "").header.Get("ETag")
	if again := d.ask("PUT", path, voice).header.Get("ETag"); tag == "" || again != tag {
		t.Errorf("tag %s, after the same again %s", tag, again)
	}
	if r := d.ask("GET", path, "", "If-None-Match", tag); r.status != http.StatusNotModified || r.body != "" {
		t.Errorf("not modified: %d %s", r.status, r.body)
	}
	want[problem](d, 412, "PUT", path, voice, "If-None-Match", "*")
	want[problem](d, 412, "PUT", path, voice, "If-Match", `"old"`)
	want[rest.Network](d, 200, "PUT", path, strings.Replace(voice, "1400", "1300", 1), "If-Match", tag)
	want[problem](d, 412, "DELETE", path, "", "If-Match", tag)

	if r := d.ask("DELETE", path+"?dryRun=true", ""); r.status != 204 || d.ask("GET", path, "").status != 200 {
		t.Errorf("a dry run: %d, and then the network: %d", r.status, d.ask("GET", path, "").status)
	}
	for range 2 {
		if r := d.ask("DELETE", path, ""); r.status != 204 {
			t.Errorf("delete: %d %s", r.status, r.body)
		}
	}
	want[problem](d, 404, "GET", path, "")
	for n, m := range d.mem {
		for _, f := range m.Held().Flows {
			if f.Owner != 0 {
				t.Errorf("left on %s: %s", n, f)
			}
		}
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	d := newDomain(t)
	want[rest.Network](d, 200, "PUT", "/v1/networks/press/voice?dryRun=true", voice)
	want[problem](d, 404, "GET", "/v1/networks/press/voice", "")
	large := strings.Replace(voice, "1400", "9000", 1)
	p := want[problem](d, 400, "PUT", "/v1/networks/press/voice?dryRun=true", large)
	if p.Detail == nil || !strings.Contains(*p.Detail, "1450") {
		t.Errorf("problem %+v, want it to say what fits", p)
	}
}

func TestSeveralNetworksAllOrNone(t *testing.T) {
	d := newDomain(t)
	one := func(id, workload string) string {
		return fmt.Sprintf(`{"id":%q,"type":"vnet","ports":[{"workload":%q,"interface":"i0","mac":"02:00:00:00:00:01"}]}`, id, workload)
	}
	both := func(x, y string) string { return `{"items":[` + x + "," + y + `]}` }
	// The second wants what the first has.
	p := want[problem](d, 409, "POST", "/v1/networks", both(one("p/x", "a"), one("p/y", "a")))
	if p.Detail == nil || !strings.Contains(*p.Detail, "p/x") && !strings.Contains(*p.Detail, "p/y") {
		t.Errorf("problem %+v", p)
	}
	if all := want[rest.NetworkPage](d, 200, "GET", "/v1/networks", ""); len(all.Items) != 0 {
		t.Errorf("left behind: %+v", all)
	}
	made := want[rest.NetworkPage](d, 200, "POST", "/v1/networks", both(one("p/x", "a"), one("p/y", "b")))
	if len(made.Items) != 2 || !made.Items[0].Status.Ready || !made.Items[1].Status.Ready {
		t.Errorf("made %+v", made)
	}
}

func TestPages(t *testing.T) {
	d := newDomain(t)
	var names []string
	for i := range 5 {
		name := fmt.Sprintf("n%d", i)
		names = append(names, "p/"+name)
		want[rest.Network](d, 200, "PUT", "/v1/networks/p/"+name, `{"type":"vnet"}`)
	}
	var got []string
	next := ""
	for page := 0; page == 0 || next != ""; page++ {
		all := want[rest.NetworkPage](d, 200, "GET", "/v1/networks?limit=2&cursor="+next, "")
		if page == 1 { // what goes meanwhile must not shift the rest
			d.ask("DELETE", "/v1/networks/p/n0", "")
		}
		if next = ""; all.Next != nil {
			next = *all.Next
		}
		for _, n := range all.Items {
			got = append(got, n.Segment.ID.String())
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for _, q := range []string{"limit=0", "limit=1001", "limit=x", "cursor=!"} {
		want[problem](d, 400, "GET", "/v1/networks?"+q, "")
	}
}

func TestIdempotencyKeys(t *testing.T) {
	d := newDomain(t)
	const path = "/v1/networks/press/voice"
	first := d.ask("PUT", path, voice, "Idempotency-Key", "k1")
	mods := d.mem["n1"].Applied()
	again := d.ask("PUT", path, voice, "Idempotency-Key", "k1")
	if first.status != 200 || again.status != 200 || again.body != first.body || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("first %d %s, again %d %s", first.status, first.body, again.status, again.body)
	}
	if got := d.mem["n1"].Applied(); got != mods {
		t.Errorf("the switch got %d changes more", got-mods)
	}
	want[problem](d, 422, "PUT", path, strings.Replace(voice, "1400", "1300", 1), "Idempotency-Key", "k1")
	want[problem](d, 422, "DELETE", path, "", "Idempotency-Key", "k1")
	// An error is an answer as well, unless it is ours.
	want[problem](d, 400, "PUT", path, `{"type":"x"}`, "Idempotency-Key", "k2")
	want[problem](d, 400, "PUT", path, `{"type":"x"}`, "Idempotency-Key", "k2")
	want[problem](d, 400, "PUT", path, voice, "Idempotency-Key", strings.Repeat("k", 256))
	// Another caller has keys of its own.
	d.caller = "l2sces://domain/field/node/n1"
	want[problem](d, 403, "PUT", path, voice, "Idempotency-Key", "k1")
}

func TestA10BodiesAreRefused(t *testing.T) {
	d := newDomain(t)
	const path = "/v1/networks/press/voice"
	tests := map[string]struct {
		method, path, body string
		headers            []string
		status             int
		says               string
	}{
		"unknown field":         {body: `{"type":"vnet","colour":1}`, status: 400, says: `"colour"`},
		"unknown field inside":  {body: `{"type":"vnet","ports":[{"vlan":1}]}`, status: 400, says: `"vlan"`},
		"a key twice":           {body: `{"type":"vnet","type":"vlink"}`, status: 400, says: `"type"`},
		"a key twice, in cases": {body: `{"type":"vnet","Type":"vlink"}`, status: 400, says: `"Type"`},
		"deep":                  {body: strings.Repeat("[", 100_000), status: 400, says: "deeper"},
		"large":                 {body: `{"type":"` + strings.Repeat("x", 2<<20) + `"}`, status: 413},
		"not JSON":              {body: `type: vnet`, status: 400},
		"two values":            {body: `{"type":"vnet"} {}`, status: 400, says: "behind"},
		"nothing":               {body: ` `, status: 400},
		"not a number":          {body: `{"type":"vnet","mtu":NaN}`, status: 400},
		"negative":              {body: `{"type":"vnet","mtu":-1}`, status: 400},
		"huge":                  {body: `{"type":"vnet","mtu":1e99}`, status: 400},
		"not UTF-8":             {body: "{\"type\":\"\xff\"}", status: 400, says: "UTF-8"},
		"compressed":            {body: `{}`, headers: []string{"Content-Encoding", "gzip"}, status: 415},
		"another type":          {body: `{}`, headers: []string{"Content-Type", "text/plain"}, status: 415},
		"another network":       {body: `{"id":"a/b","type":"vnet"}`, status: 400, says: "a/b"},
		"a name with dots":      {path: "/v1/networks/..%2f..%2fetc/passwd", body: `{"type":"vnet"}`, status: 400},
		"a name with capitals":  {path: "/v1/networks/Press/voice", body: `{"type":"vnet"}`, status: 400},
		"a name in unicode":     {path: "/v1/networks/pr%C3%A9ss/voice", body: `{"type":"vnet"}`, status: 400},
		"another method":        {method: "PATCH", body: `{}`, status: 405},
		"an invented method":    {method: "BREW", body: `{}`, status: 405},
		"a group address":       {body: `{"type":"vnet","ports":[{"workload":"a","interface":"i","mac":"ff:ff:ff:ff:ff:ff"}]}`, status: 400, says: "ports[0]"},
		"three in a link":       {body: `{"type":"vlink","ports":[{},{},{}]}`, status: 400, says: "vlink"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d.T = t
			method, at := test.method, test.path
			if method == "" {
				method = "PUT"
			}
			if at == "" {
				at = path
			}
			p := want[problem](d, test.status, method, at, test.body, test.headers...)
			if p.Status != test.status || test.says != "" && (p.Detail == nil || !strings.Contains(*p.Detail, test.says)) {
				t.Errorf("problem %+v, want it to say %s", p, test.says)
			}
		})
	}
}

func TestStrangersAreDenied(t *testing.T) {
	d := newDomain(t)
	d.caller = "l2sces://domain/field/node/n1"
	for _, path := range []string{"/v1/networks", "/v1/switches", "/v1/events", "/v1/openapi.json"} {
		want[problem](d, 403, "GET", path, "")
	}
}

func TestWhatCarriesANetwork(t *testing.T) {
	d := newDomain(t)
	want[rest.Network](d, 200, "PUT", "/v1/networks/press/voice", voice)
	switches := want[rest.SwitchPage](d, 200, "GET", "/v1/switches", "").Items
	if len(switches) != 2 || !switches[0].Connected || !switches[1].Agent || switches[0].Networks != 1 || switches[0].Guest {
		t.Errorf("switches %+v", switches)
	}
	links := want[rest.LinkPage](d, 200, "GET", "/v1/links", "").Items
	if len(links) != 1 || links[0].Name != "n1-n2" || !links[0].Up || links[0].A.Node != "n1" {
		t.Errorf("links %+v", links)
	}
	ports := want[rest.PortPage](d, 200, "GET", "/v1/ports?network=press/voice", "").Items
	if len(ports) != 2 || *ports[0].Workload != "a" || *ports[0].Node != "n1" || !ports[0].Ready {
		t.Errorf("ports %+v", ports)
	}
	dpid := slice.DPIDOf("field", "n1", "br-sps").String()
	wanted := want[rest.FlowPage](d, 200, "GET", "/v1/flows?limit=1000&network=press/voice&switch="+dpid, "").Items
	held := want[rest.FlowPage](d, 200, "GET", "/v1/flows?limit=1000&source=switch&network=press/voice&switch="+dpid, "").Items
	if diff := cmp.Diff(wanted, held); diff != "" || len(wanted) == 0 {
		t.Errorf("wanted and held (-wanted +held):\n%s", diff)
	}
	want[problem](d, 404, "GET", "/v1/flows?switch=00000000000000ff", "")
	want[problem](d, 400, "GET", "/v1/flows?source=moon", "")
	paths := want[rest.Paths](d, 200, "GET", "/v1/networks/press/voice/paths", "")
	if diff := cmp.Diff(rest.Paths{Links: []string{"n1-n2"}, Pairs: []rest.Path{
		{From: "a", To: "b", Nodes: []string{"n1", "n2"}},
		{From: "b", To: "a", Nodes: []string{"n2", "n1"}},
	}}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestTrace(t *testing.T) {
	d := newDomain(t)
	want[rest.Network](d, 200, "PUT", "/v1/networks/press/voice", voice)
	ask := func(query string) rest.Trace {
		return want[rest.Trace](d, 200, "GET", "/v1/trace?network=press/voice&"+query, "")
	}
	for _, source := range []string{"wanted", "switch"} {
		got := ask("from=a&to=b&source=" + source)
		if !got.Reached || got.Source != rest.Source(source) || len(got.Steps) < 4 || got.Steps[0].Table != "Classify" {
			t.Errorf("from the rules of %s: %+v", source, got)
		}
	}
	if got := ask("from=b&to=all"); !got.Reached || len(*got.Delivered) != 1 {
		t.Errorf("to all: %+v", got)
	}
	if got := ask("from=a&to=02:00:00:00:00:99"); got.Reached || !strings.Contains(got.Why, "Forward") || !strings.Contains(got.Why, "nobody") {
		t.Errorf("to a stranger: %+v", got)
	}
	want[problem](d, 404, "GET", "/v1/trace?network=press/voice&from=a&to=nobody", "")
	want[problem](d, 404, "GET", "/v1/trace?network=press/none&from=a&to=b", "")
	want[problem](d, 400, "GET", "/v1/trace?network=press&from=a&to=b", "")

	// Somebody takes the rules off a switch: what is wanted still works, what
	// the switch holds does not.
	held := d.mem["n2"].Held()
	held.Flows = nil
	d.mem["n2"].Set(held)
	if got := ask("from=a&to=b"); !got.Reached {
		t.Errorf("what is wanted: %+v", got)
	}
	if got := ask("from=a&to=b&source=switch"); got.Reached || !strings.Contains(got.Why, "on n2, table Classify") {
		t.Errorf("what the switch holds: %+v", got)
	}
	// A workload that no node has.
	away := strings.Replace(voice, `"workload": "b"`, `"workload": "gone"`, 1)
	var segment intent.Segment
	if err := json.Unmarshal([]byte(away), &segment); err != nil {
		t.Fatal(err)
	}
	segment.ID = slice.NetworkID{Slice: "press", Network: "voice"}
	now, cancel := context.WithCancel(t.Context())
	cancel() // it does not become true, and nobody needs to wait for that
	if _, err := d.control.Apply(now, []intent.Segment{segment}); err != nil {
		t.Fatal(err)
	}
	if got := ask("from=a&to=gone"); got.Reached || !strings.Contains(got.Why, "no node of domain field has workload gone") {
		t.Errorf("to a workload that no node has: %+v", got)
	}
}

func TestEvents(t *testing.T) {
	d := newDomain(t)
	lines := func(last string) (next func() string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.server.URL+"/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Last-Event-ID", last)
		res, err := d.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() }) // a stream has no end
		if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("type %s", got)
		}
		scan := bufio.NewScanner(res.Body)
		return func() string {
			for scan.Scan() {
				if text, ok := strings.CutPrefix(scan.Text(), "event: "); ok {
					return text
				}
			}
			return "end"
		}
	}
	next := lines("")
	d.events.Add(rest.SwitchUp, "1", "")
	d.events.Add(rest.SwitchRefused, "2", "no certificate")
	if a, b := next(), next(); a != "switch-up" || b != "switch-refused" {
		t.Errorf("events %s, %s", a, b)
	}
	// From another process, or long ago: all that are kept, and a warning.
	again := lines("x-1")
	if a, b, c := again(), again(), again(); a != "lost" || b != "switch-up" || c != "switch-refused" {
		t.Errorf("events %s, %s, %s", a, b, c)
	}
}

func TestDocument(t *testing.T) {
	d := newDomain(t)
	doc := want[map[string]any](d, 200, "GET", "/v1/openapi.json", "")
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", doc["openapi"])
	}
	if r := d.ask("GET", "/v1/openapi.yaml", ""); r.status != 200 || !strings.HasPrefix(r.body, "openapi: 3.1.0") {
		t.Errorf("yaml: %d %.40s", r.status, r.body)
	}
}
