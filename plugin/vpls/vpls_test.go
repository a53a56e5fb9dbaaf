package vpls_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// three is the document of the first POST of a create: three ports with their
// interfaces, and no service.
func three(vlan any) doc {
	return doc{}.with(at(11), port{"ep-1", vlan}).with(at(12), port{"ep-2", vlan}).with(at(13), port{"ep-3", vlan})
}

// The life of a service, with the requests in the order in which the connector sends
// them.
func TestLife(t *testing.T) {
	h := newHouse(t)
	first := three(600)
	steps := []struct {
		name string
		post doc
		want []string // the networks that there are then
	}{
		{"ports first", first, nil},
		{"create", first.listing(svc{"one", []string{"ep-1", "ep-2", "ep-3"}, "VLAN"}), []string{"host-1@site-1 host-2@site-2 host-3@site-3"}},
		{
			"edit, ports first", first.with(at(13)).with(at(14), port{"ep-4", 600}).with(at(11), port{"ep-1", 700}).listing(svc{"one", []string{"ep-1", "ep-2", "ep-3"}, "VLAN"}),
			[]string{"host-1@site-1 host-2@site-2 host-3@site-3"},
		},
		{
			"edit", first.with(at(13)).with(at(14), port{"ep-4", 600}).with(at(11), port{"ep-1", 700}).listing(svc{"one", []string{"ep-1", "ep-2", "ep-4"}, "VLAN"}),
			[]string{"host-1@site-1 host-2@site-2 host-4@site-4"},
		},
		{"rollback", first.listing(svc{"one", []string{"ep-1", "ep-2", "ep-3"}, "VLAN"}), []string{"host-1@site-1 host-2@site-2 host-3@site-3"}},
		{"delete", doc{}.with(at(11)).with(at(12)).with(at(13)), nil},
	}
	before := updated(t, h.get("onos"))
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if out := h.post("onos", s.post, http.StatusOK); out != "" {
				t.Errorf("it is told %s", out)
			}
			got := h.get("onos")
			if now := updated(t, got); now == before {
				t.Errorf("lastUpdateTime is still %s", now)
			} else {
				before = now
			}
			if diff := cmp.Diff(decode(t, s.post.text(t)), got); diff != "" {
				t.Errorf("the document does not read back (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(s.want, h.networks()); diff != "" {
				t.Errorf("networks (-want +got):\n%s", diff)
			}
		})
	}
	if left := h.book.Services(""); len(left) != 0 {
		t.Errorf("services are left: %v", left)
	}
}

// What differs costs, and nothing else: the SCO is not asked about services that
// stay as they are.
func TestOnlyWhatDiffers(t *testing.T) {
	h := newHouse(t)
	one, two := svc{"one", []string{"ep-1", "ep-2"}, "VLAN"}, svc{"two", []string{"ep-3"}, "VLAN"}
	d := three(600)
	h.post("onos", d.listing(one, two), http.StatusOK)
	calls := h.sco.Calls("Apply") + h.sco.Calls("Delete")
	h.post("onos", d.listing(two, one), http.StatusOK)
	h.post("onos", d.with(at(14), port{"ep-4", 600}).listing(two, one), http.StatusOK)
	if now := h.sco.Calls("Apply") + h.sco.Calls("Delete"); now != calls {
		t.Errorf("%d calls for nothing", now-calls)
	}
	h.post("onos", d.listing(one), http.StatusOK)
	if now := h.sco.Calls("Apply") + h.sco.Calls("Delete"); now != calls+1 {
		t.Errorf("%d calls for one removal", now-calls)
	}
}

func TestShapes(t *testing.T) {
	neds := doc{}.with("of:0000000000000021/3", port{"ned-a", 600}).with("of:0000000000000022/3", port{"ned-b", "600"}).with("of:0000000000000023/3", port{Name: "ned-c"})
	for _, c := range []struct {
		name     string
		post     doc
		networks []string
		handOffs string
		told     string
	}{
		{"ELINE, untagged", three(nil).listing(svc{"one", []string{"ep-1", "ep-2"}, "NONE"}), []string{"host-1@site-1 host-2@site-2"}, "", ""},
		{"one point", three(600).listing(svc{"one", []string{"ep-1"}, "VLAN"}), []string{"host-1@site-1"}, "", ""},
		{"no point", three(600).listing(svc{"one", nil, "VLAN"}), nil, "", ""},
		{"hand-offs", neds.listing(svc{"one", []string{"ned-a", "ned-b", "ned-c"}, "VLAN"}), []string{"domain-a domain-b domain-c"}, "domain-a 600, domain-b 600", ""},
		{"both", neds.with(at(11), port{"ep-1", 5}).listing(svc{"one", []string{"ned-a", "ep-1"}, "VLAN"}), []string{"domain-a host-1@site-1"}, "domain-a 600", ""},
		{
			"two interfaces of one port", doc{}.with(at(11), port{"ep-1.600", 600}, port{"ep-1.601", 601}).listing(svc{"one", []string{"ep-1.600", "ep-1.601"}, "VLAN"}),
			[]string{"host-1@site-1"},
			"", "",
		},
		{"no port, and the catalog knows", three(600).listing(svc{"one", []string{"ep-1", "ep-4", "ned-a"}, "VLAN"}), []string{"domain-a host-1@site-1 host-4@site-4"}, "", ""},
		{"no port, and nobody knows", three(600).listing(svc{"one", []string{"ep-1", "lost"}, "VLAN"}), []string{"host-1@site-1"}, "", "service one: no endpoint is known for lost"},
		{"only lost ones", three(600).listing(svc{"one", []string{"lost", "too"}, ""}), nil, "", "service one: no endpoint is known for lost, too"},
		{"None is no tag", doc{}.with("of:0000000000000021/3", port{"ned-a", "None"}).listing(svc{"one", []string{"ned-a"}, "NONE"}), []string{"domain-a"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			if out := h.post("onos", c.post, http.StatusOK); !strings.Contains(out, c.told) || (out == "") != (c.told == "") {
				t.Errorf("it is told %q, want %q", out, c.told)
			}
			if (c.told != "") != strings.Contains(h.log.String(), "lead to no endpoint") {
				t.Errorf("log: %s", &h.log)
			}
			if diff := cmp.Diff(c.networks, h.networks()); diff != "" {
				t.Errorf("networks (-want +got):\n%s", diff)
			}
			var handOffs []string
			for _, s := range h.book.Services("osm") {
				for _, x := range s.HandOffs {
					if !x.Claims {
						t.Errorf("%v claims nothing", x)
					}
					handOffs = append(handOffs, fmt.Sprintf("%s %d", x.Domain, x.VLAN))
				}
			}
			if got := strings.Join(handOffs, ", "); got != c.handOffs {
				t.Errorf("hand-offs %q, want %q", got, c.handOffs)
			}
			got := h.get("onos")
			updated(t, got)
			if diff := cmp.Diff(decode(t, c.post.text(t)), got); diff != "" {
				t.Errorf("the document does not read back (-want +got):\n%s", diff)
			}
		})
	}
}

// The connector uses an interface that exists as it is, also for another service, and
// takes it away with the first of them.
func TestDeleteWhileAnotherUsesIt(t *testing.T) {
	h := newHouse(t)
	a, b := svc{"a", []string{"ep-1", "ep-2"}, "VLAN"}, svc{"b", []string{"ep-1", "ep-2"}, "VLAN"}
	d := doc{}.with(at(11), port{"ep-1", 600}).with(at(12), port{"ep-2", 600})
	h.post("onos", d.listing(a, b), http.StatusOK)
	if diff := cmp.Diff([]string{"host-1@site-1 host-2@site-2", "host-1@site-1 host-2@site-2"}, h.networks()); diff != "" {
		t.Errorf("two services are two networks (-want +got):\n%s", diff)
	}
	bare := doc{}.with(at(11)).with(at(12))
	h.post("onos", bare.listing(b), http.StatusOK)
	if diff := cmp.Diff([]string{"host-1@site-1 host-2@site-2"}, h.networks()); diff != "" {
		t.Errorf("b stays (-want +got):\n%s", diff)
	}
	h.post("onos", bare, http.StatusOK)
	if got := h.networks(); len(got) != 0 {
		t.Errorf("networks are left: %v", got)
	}
}

// Of two services over one tag only the older has it; both are kept apart.
func TestOneTagTwice(t *testing.T) {
	h := newHouse(t)
	d := doc{}.with("of:0000000000000021/3", port{"ned-a", 600}).with("of:0000000000000022/3", port{"ned-b", 600})
	h.post("onos", d.listing(svc{"a", []string{"ned-a", "ned-b"}, "VLAN"}), http.StatusOK)
	h.post("second", d.listing(svc{"a", []string{"ned-a", "ned-b"}, "VLAN"}), http.StatusOK)
	if diff := cmp.Diff([]string{"domain-a domain-b", "domain-a domain-b"}, h.networks()); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
	for name, notes := range map[string]int{"onos": 0, "second": 1} {
		state, err := h.book.State(t.Context(), service.Key{Door: service.VPLS, Account: name, ID: "a"})
		if err != nil || min(len(state.Notes), 1) != notes {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
}

// An interface that is in use gets another tag, and with it the hand-off.
func TestTagChanges(t *testing.T) {
	h := newHouse(t)
	one := svc{"one", []string{"ned-a"}, "VLAN"}
	for _, vlan := range []slice.VLAN{600, 700} {
		h.post("onos", doc{}.with("of:0000000000000021/3", port{"ned-a", vlan}).listing(one), http.StatusOK)
		all := h.book.Services("osm")
		if len(all) != 1 || len(all[0].HandOffs) != 1 || all[0].HandOffs[0].VLAN != vlan {
			t.Errorf("services %+v, want tag %d", all, vlan)
		}
	}
}

// What is refused changes nothing: neither the document, nor the services.
func TestA10Refused(t *testing.T) {
	const (
		vplsOf = `{"ports": {%s}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [%s]}}}}`
		list   = `apps.\"org.onosproject.vpls\".vpls.vplsList`
	)
	long := strings.Repeat("x", 257)
	ports := func(s string) string { return fmt.Sprintf(vplsOf, s, "") }
	listed := func(s string) string {
		return fmt.Sprintf(vplsOf, `"of:0000000000000019/1": {"interfaces": [{"name": "new"}]}`, s)
	}
	for _, c := range []struct {
		name, body string
		want       int
		text       string
	}{
		{"no JSON", `{`, 400, "body"},
		{"nothing", ``, 400, "body"},
		{"a list", `[]`, 400, "document: not an object"},
		{"twice", `{"ports": {}, "ports": {}}`, 400, `key \"ports\" is there twice`},
		{"deep", `{"x": ` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`, 400, "nested deeper"},
		{"no UTF-8", "{\"x\": \"\xff\"}", 400, "UTF-8"},
		{"large", `{"x": "` + strings.Repeat("x", 4<<20) + `"}`, 413, "more than"},
		{"ports are a list", `{"ports": []}`, 400, "ports: not an object"},
		{"apps are a text", `{"apps": "x"}`, 400, "apps: not an object"},
		{"the app is a number", `{"apps": {"org.onosproject.vpls": 1}}`, 400, `apps.\"org.onosproject.vpls\": not an object`},
		{"vpls is a list", `{"apps": {"org.onosproject.vpls": {"vpls": []}}}`, 400, `.vpls: not an object`},
		{"vplsList is an object", `{"apps": {"org.onosproject.vpls": {"vpls": {"vplsList": {}}}}}`, 400, list + ": not a list"},
		{"port is a number", ports(`"of:1/1": 1`), 400, `ports.\"of:1/1\": not an object`},
		{"port without a name", ports(`"": {}`), 400, "is no name"},
		{"long port", ports(`"` + long + `": {}`), 400, "of 257 bytes is no name"},
		{"interfaces are an object", ports(`"of:1/1": {"interfaces": {}}`), 400, `.interfaces: not a list`},
		{"interface is a text", ports(`"of:1/1": {"interfaces": ["x"]}`), 400, `.interfaces[0]: not an object`},
		{"name is a number", ports(`"of:1/1": {"interfaces": [{"name": 1}]}`), 400, `.interfaces[0].name: not a text`},
		{"long name", ports(`"of:1/1": {"interfaces": [{"name": "` + long + `"}]}`), 400, "of 257 bytes is no name"},
		{"control character", ports(`"of:1/1": {"interfaces": [{"name": "a\nb"}]}`), 400, "is no name"},
		{"one interface twice", ports(`"of:1/1": {"interfaces": [{"name": "x"}]}, "of:2/1": {"interfaces": [{"name": "y"}, {"name": "x"}]}`), 400, `ports.\"of:2/1\".interfaces[1].name: interface \"x\" is at port \"of:1/1\" already`},
		{"VLAN 0", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": 0}]}`), 400, `.interfaces[0].vlan: 0 is no decimal number from 1 to 4094`},
		{"VLAN 4095", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": 4095}]}`), 400, "4095"},
		{"VLAN -1", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": -1}]}`), 400, "vlan"},
		{"VLAN 6e2", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": 6e2}]}`), 400, "vlan"},
		{"VLAN 600.0", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": 600.0}]}`), 400, "vlan"},
		{"VLAN text", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": "any"}]}`), 400, "vlan"},
		{"VLAN 0600", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": "0600"}]}`), 400, "vlan"},
		{"VLAN empty", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": ""}]}`), 400, "vlan"},
		{"VLAN list", ports(`"of:1/1": {"interfaces": [{"name": "x", "vlan": [600]}]}`), 400, "vlan"},
		{"service is a text", listed(`"one"`), 400, list + "[0]: not an object"},
		{"service without a name", listed(`{"interfaces": []}`), 400, list + "[0].name: not a text"},
		{"service twice", listed(`{"name": "a"}, {"name": "b"}, {"name": "a"}`), 400, list + "[2].name: service \\\"a\\\" is there already"},
		{"interface twice in a service", listed(`{"name": "a", "interfaces": ["ep-1", "ep-1"]}`), 400, list + "[0].interfaces[1]: interface"},
		{"interfaces of a service are a text", listed(`{"name": "a", "interfaces": "ep-1"}`), 400, list + "[0].interfaces: not a list"},
		{"interface of a service is a number", listed(`{"name": "a", "interfaces": [1]}`), 400, list + "[0].interfaces[0]: not a text"},
		{"encapsulation", listed(`{"name": "a", "encapsulation": "MPLS"}`), 400, list + "[0].encapsulation"},
		{"unknown endpoint", listed(`{"name": "a", "interfaces": ["ep-1", "new"]}`), 400, list + `[0].interfaces[1]: no endpoint is called \"new\"`},
		{"another's endpoint", fmt.Sprintf(vplsOf, `"of:0000000000000019/1": {"interfaces": [{"name": "hers"}]}`, `{"name": "a", "interfaces": ["hers"]}`), 400, `no endpoint is called \"hers\"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.post("onos", three(600).listing(svc{"kept", []string{"ep-1", "ep-2"}, "VLAN"}), http.StatusOK)
			before, networks := h.get("onos"), h.networks()
			status, out := h.as("onos", http.MethodPost, path, c.body)
			if status != c.want || !strings.Contains(out, c.text) {
				t.Errorf("%d %s, want %d with %s", status, out, c.want, c.text)
			}
			if diff := cmp.Diff(before, h.get("onos")); diff != "" {
				t.Errorf("the document changed:\n%s", diff)
			}
			if diff := cmp.Diff(networks, h.networks()); diff != "" {
				t.Errorf("the networks changed:\n%s", diff)
			}
		})
	}
}

// An SCO that does not take an order leaves everything as it was.
func TestA17SCORefuses(t *testing.T) {
	for kind, want := range map[slice.Kind]int{slice.Conflict: 409, slice.Exhausted: 507, slice.Unavailable: 503, slice.Denied: 403, slice.Invalid: 400, slice.Internal: 500} {
		t.Run(kind.String(), func(t *testing.T) {
			h := newHouse(t)
			h.post("onos", three(600).listing(svc{"kept", []string{"ep-1", "ep-2"}, "VLAN"}), http.StatusOK)
			before, networks := h.get("onos"), h.networks()
			h.sco.Fail(1, kind)
			h.post("onos", three(600).listing(svc{"kept", []string{"ep-1", "ep-2"}, "VLAN"}, svc{"new", []string{"ep-3"}, "VLAN"}), want)
			if diff := cmp.Diff(before, h.get("onos")); diff != "" {
				t.Errorf("the document changed:\n%s", diff)
			}
			if diff := cmp.Diff(networks, h.networks()); diff != "" {
				t.Errorf("the networks changed:\n%s", diff)
			}
		})
	}
}

// A catalog that does not answer is a reason to wait, but not for what is there.
func TestCatalogAway(t *testing.T) {
	h := newHouse(t)
	one := svc{"one", []string{"ep-1", "ep-2"}, "VLAN"}
	h.post("onos", three(600).listing(one), http.StatusOK)
	h.catalog.fail(slice.Errorf(slice.Unavailable, "the SCO is away"))
	h.post("onos", three(600).listing(one, svc{"two", []string{"ep-3"}, "VLAN"}), http.StatusServiceUnavailable)
	h.post("onos", three(601).listing(one), http.StatusOK)
	h.catalog.fail(nil)
	h.catalog.forget("ep-2")
	h.post("onos", three(602).with(at(12)).with("of:0000000000000099/1", port{"ep-9", 1}).listing(svc{"one", []string{"ep-1", "ep-2"}, "NONE"}), http.StatusOK)
	if diff := cmp.Diff([]string{"host-1@site-1 host-2@site-2"}, h.networks()); diff != "" {
		t.Errorf("what was known stays (-want +got):\n%s", diff)
	}
	h.post("onos", three(602).with("of:0000000000000099/1", port{"ep-9", 1}).listing(svc{"one", []string{"ep-1", "ep-9"}, "NONE"}), http.StatusBadRequest)
}

// What led nowhere is looked up again whenever the document is written.
func TestLostIsFound(t *testing.T) {
	h := newHouse(t)
	d := three(600).listing(svc{"one", []string{"ep-1", "late"}, "VLAN"})
	h.post("onos", d, http.StatusOK)
	h.catalog.learn("ep-2", "late")
	if out := h.post("onos", d, http.StatusOK); out != "" {
		t.Errorf("it is told %s", out)
	}
	if diff := cmp.Diff([]string{"host-1@site-1 host-2@site-2"}, h.networks()); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
}

func TestA10Limits(t *testing.T) {
	many := func(n int, format string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(all, ",")
	}
	for _, c := range []struct{ name, body, text string }{
		{"ports", `{"ports": {` + many(10_001, `"of:%d/1": {}`) + `}}`, "ports: 10001 are more than 10000"},
		{"interfaces", `{"ports": {"of:1/1": {"interfaces": [` + many(40_001, `{"name": "x%d"}`) + `]}}}`, "more than 40000 interfaces"},
		{"services", `{"apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [` + many(5001, `{"name": "x%d"}`) + `]}}}}`, "more than 5000 services"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			if status, out := h.as("onos", http.MethodPost, path, c.body); status != http.StatusBadRequest || !strings.Contains(out, c.text) {
				t.Errorf("%d %.200s, want 400 with %s", status, out, c.text)
			}
		})
	}
	h := newHouse(t)
	h.post("onos", doc{raw: `{"ports": {` + many(10_000, `"of:%d/1": {}`) + `}}`}, http.StatusOK)
}

// What we need to find later is put in, and all the rest is kept as it is.
func TestRepairs(t *testing.T) {
	for _, c := range []struct{ name, post, want string }{
		{"nothing", `{}`, `{"ports": {}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": []}}}}`},
		{"nulls", `{"ports": null, "apps": null, "links": null}`, `{"ports": {}, "links": null, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": []}}}}`},
		{"another app", `{"ports": {}, "apps": {"org.example.other": {"k": 1}}}`, `{"ports": {}, "apps": {"org.example.other": {"k": 1}, "org.onosproject.vpls": {"vpls": {"vplsList": []}}}}`},
		{"port without interfaces", `{"ports": {"of:1/1": {}, "of:2/1": null, "of:3/1": {"interfaces": null, "x": 1}}}`, `{"ports": {"of:1/1": {"interfaces": []}, "of:2/1": {"interfaces": []}, "of:3/1": {"interfaces": [], "x": 1}}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": []}}}}`},
		{
			"what nobody reads", `{"Extra": 1.50e300, "devices": {"of:1": {"basic": {"name": "<é&\u2028>"}}}, "ports": {"x": {"interfaces": [{"ips": ["192.0.2.1/24"]}, {"name": "ep-1", "vlan": "7", "mac": null}], "n": 12345678901234567890}}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [{"name": "s", "k": {"a": [0.10]}}], "more": true}, "other": {}}}}`,
			`{"Extra": 1.50e300, "devices": {"of:1": {"basic": {"name": "<é&\u2028>"}}}, "ports": {"x": {"interfaces": [{"ips": ["192.0.2.1/24"]}, {"name": "ep-1", "vlan": "7", "mac": null}], "n": 12345678901234567890}}, "apps": {"org.onosproject.vpls": {"vpls": {"vplsList": [{"name": "s", "k": {"a": [0.10]}}], "more": true}, "other": {}}}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.post("onos", doc{raw: c.post}, http.StatusOK)
			got := h.get("onos")
			updated(t, got)
			if diff := cmp.Diff(decode(t, c.want), got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

// Paths beside the document itself.
func TestPaths(t *testing.T) {
	h := newHouse(t)
	h.post("onos", three(600).listing(svc{"one", []string{"ep-1"}, "VLAN"}), http.StatusOK)
	for _, c := range []struct {
		method, path string
		want         int
		text         string
	}{
		{"GET", path + "/", 200, `"vplsList":[{`},
		{"GET", path + "/ports", 200, `{"of:0000000000000011/1":{`},
		{"GET", path + "/ports/of:0000000000000011%2F1", 200, `{"interfaces":[{"name":"ep-1","vlan":600}]}`},
		{"GET", path + "/apps/org.onosproject.vpls", 200, `{"vpls":{`},
		{"GET", path + "/apps/org.onosproject.vpls/vpls/", 200, `"vplsList":[{`},
		{"GET", path + "/apps/nothing", 404, "nothing"},
		{"GET", path + "/apps/org.onosproject.vpls/vpls/vplsList/0", 404, ""},
		{"GET", "/onos/v1/hosts", 200, `{"hosts":[]}`},
		{"GET", "/onos/v1/hosts/", 200, `{"hosts":[]}`},
		{"GET", "/onos/v1/hosts/02:00:00:00:00:01/None", 404, ""},
		{"DELETE", "/onos/v1/hosts/02:00:00:00:00:01/None", 200, ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			if status, out := h.as("onos", c.method, c.path, ""); status != c.want || !strings.Contains(out, c.text) {
				t.Errorf("%d %s, want %d with %s", status, out, c.want, c.text)
			}
		})
	}
	if status, _ := h.as("onos", http.MethodPost, path+"/", three(600).text(t)); status != http.StatusOK {
		t.Errorf("post with a slash: %d", status)
	}
	if got := h.networks(); len(got) != 0 {
		t.Errorf("networks are left: %v", got)
	}
}

// Each account has a document of its own, also where both list a service of one name.
func TestAccountsAreApart(t *testing.T) {
	h := newHouse(t)
	if status, out := h.as("", http.MethodGet, path, ""); status != http.StatusUnauthorized {
		t.Errorf("without a name: %d %s", status, out)
	}
	d := three(600).listing(svc{"one", []string{"ep-1", "ep-2"}, "VLAN"})
	h.post("onos", d, http.StatusOK)
	if got := inside(t, h.get("third"), "ports"); len(got) != 0 {
		t.Errorf("another reads %v", got)
	}
	h.post("second", d, http.StatusOK)
	h.post("second", doc{}, http.StatusOK)
	if diff := cmp.Diff([]string{"host-1@site-1 host-2@site-2"}, h.networks()); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
}

// The plugin that is killed and started again has the document, and the services.
func TestRestart(t *testing.T) {
	h := newHouse(t)
	h.post("onos", three(600).listing(svc{"one", []string{"ep-1", "ep-2"}, "VLAN"}), http.StatusOK)
	before := h.get("onos")
	h.open()
	if diff := cmp.Diff(before, h.get("onos")); diff != "" {
		t.Errorf("the document changed:\n%s", diff)
	}
}
