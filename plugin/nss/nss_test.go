package nss_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

// plant is a document with all that we take.
func plant(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("testdata/plant.json")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// small is a slice service of one group.
func small(id, more string) string {
	return fmt.Sprintf(`{"ietf-network-slice-service:slice-service": [{"id": %q, %s
		"sdps": {"sdp": [{"id": "n", "node-id": "north"}, {"id": "s", "node-id": "south"}]},
		"connection-groups": {"connection-group": [{"id": "g", "connectivity-construct": [{"id": "c", "a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]}]}]}}]}`, id, more)
}

func TestPlant(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 204, put, root, plant(t))
	want := []string{
		"plant-1: vnet field [north south east] [east/robot-1:] mtu 1400 cap 20000",
		"plant-1: vnet trunk [north south] [] mtu 1400 cap 1000000",
		"plant-1: field at north by 100 true",
		"plant-1: trunk at north by 200 true",
		"plant-1: field east-north 12 ms 10000 kbps fast-failover",
		"plant-1: field east-south 12 ms 10000 kbps fast-failover",
		"plant-1: field north-south 12 ms 10000 kbps fast-failover",
		"plant-1: trunk north-south 12 ms 1000000 kbps fast-failover",
	}
	if diff := cmp.Diff(want, w.ordered("osm")); diff != "" {
		t.Error(diff)
	}
	accounttest.Same(t, w.Must(t, 200, get, root+"?content=config", ""), canonical(plant(t)))
	w.Must(t, 204, del, root, "")
	if got := w.ordered("osm"); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
	accounttest.Same(t, w.Must(t, 200, get, root, ""), `{"ietf-network-slice-service:network-slice-services": {}}`)
}

// canonical writes identities of our own module with it, as our answers do.
func canonical(text string) string {
	for _, leaf := range []string{"tag-type", "metric-type", "availability", "type", "connectivity-type", "service-slo-sle-policy-override"} {
		for _, value := range []string{"customer", "two-way-delay-maximum", "one-way-bandwidth", "three-nines", "vlan", "any", "point-to-point", "partial-override"} {
			text = strings.ReplaceAll(text, fmt.Sprintf(`%q: %q`, leaf, value), fmt.Sprintf(`%q: "ietf-network-slice-service:%s"`, leaf, value))
		}
	}
	return strings.ReplaceAll(text, `["traffic-isolation"]`, `["ietf-network-slice-service:traffic-isolation"]`)
}

func TestEdits(t *testing.T) {
	const trunk = plants + "=plant-1/connection-groups/connection-group=trunk"
	field := []string{
		"plant-1: vnet field [north south east] [east/robot-1:] mtu 1400 cap 20000",
		"plant-1: field at north by 100 true",
		"plant-1: field east-north 12 ms 10000 kbps fast-failover",
		"plant-1: field east-south 12 ms 10000 kbps fast-failover",
		"plant-1: field north-south 12 ms 10000 kbps fast-failover",
	}
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		has, lacks               []string
	}{
		{name: "add a slice service", method: post, path: root, body: small("two", ""), status: 201, has: []string{"two: vnet g [north south] [] mtu 0 cap 0", field[0]}},
		{name: "put a slice service", method: put, path: plants + "=two", body: small("two", `"description": "d",`), status: 201, has: []string{"two: vnet g [north south] [] mtu 0 cap 0"}},
		{name: "replace one", method: put, path: plants + "=plant-1", body: small("plant-1", ""), status: 204, has: []string{"plant-1: vnet g [north south] [] mtu 0 cap 0"}, lacks: field},
		{name: "remove one", method: del, path: plants + "=plant-1", status: 204, lacks: field},
		{name: "remove a group whose criteria are left", method: del, path: trunk, status: 409, has: []string{"plant-1: trunk at north by 200 true"}},
		{name: "remove a construct of a pair", method: del, path: trunk + "/connectivity-construct=back", status: 204, has: []string{"plant-1: trunk north-south 12 ms 1000000 kbps fast-failover"}},
		{
			name: "more for all through the template", method: put, path: templates + "/slo-sle-template=control/slo-policy/metric-bound=one-way-bandwidth",
			body:   `{"ietf-network-slice-service:metric-bound": [{"metric-type": "ietf-network-slice-service:one-way-bandwidth", "metric-unit": "Mbps", "bound": "20"}]}`,
			status: 204, has: []string{"plant-1: field north-south 12 ms 20000 kbps fast-failover", "plant-1: trunk north-south 12 ms 1000000 kbps fast-failover"},
		},
		{
			name: "merge an end into a group", method: patch, path: plants + "=plant-1",
			body: `{"ietf-network-slice-service:slice-service": [{"id": "plant-1",
				"sdps": {"sdp": [{"id": "plc", "node-id": "north/plc", "service-match-criteria": {"match-criterion": [{"index": 1, "target-connection-group-id": "field"}]}}]}}]}`,
			status: 204, has: []string{"plant-1: vnet field [north south east] [east/robot-1: north/plc:eth1] mtu 1400 cap 30000", "plant-1: field east-north 12 ms 20000 kbps fast-failover"},
		},
		{
			name: "an end that is down", method: patch, path: plants + "=plant-1/sdps/sdp=robot", body: `{"ietf-network-slice-service:sdp": [{"id": "robot", "status": {"admin-status": {"status": "ietf-vpn-common:admin-down"}}}]}`,
			status: 204, has: []string{"plant-1: vnet field [north south] [] mtu 1400 cap 10000"},
		},
		{name: "a slice service that is down", method: put, path: plants + "=plant-1/status", body: `{"ietf-network-slice-service:status": {"admin-status": {"status": "ietf-vpn-common:admin-down"}}}`, status: 201, lacks: field},
		{
			name: "encryption, which nobody refuses here", method: put, path: plants + "=two", status: 201,
			body: small("two", `"service-slo-sle-policy": {"sle-policy": {"security": ["encryption"]}},`), has: []string{"two: wireguard"},
		},
		{name: "remove a template that is used", method: del, path: templates + "/slo-sle-template=control", status: 409, has: field},
		{name: "remove all templates", method: del, path: templates, status: 409, has: field},
		{name: "a template that stands on itself", method: patch, path: templates + "/slo-sle-template=base", body: `{"ietf-network-slice-service:slo-sle-template": [{"id": "base", "template-ref": "control"}]}`, status: 400, has: field},
		{name: "leave one end", method: del, path: plants + "=plant-1/sdps/sdp=robot", status: 204, has: []string{"plant-1: vnet field [north south] [] mtu 1400 cap 10000"}},
		{name: "leave too few ends", method: put, path: plants + "=plant-1/sdps", body: `{"ietf-network-slice-service:sdps": {"sdp": [{"id": "north"}]}}`, status: 400, has: field},
		{name: "write a state", method: put, path: plants + "=plant-1/status/oper-status", body: `{"ietf-network-slice-service:oper-status": {"status": "ietf-vpn-common:op-up"}}`, status: 400, has: field},
		{name: "an entry that is not there", method: patch, path: plants + "=two", body: small("two", ""), status: 404},
		{name: "one that is there", method: post, path: root, body: small("plant-1", ""), status: 409, has: field},
		{name: "a query", method: post, path: root + "?insert=first", body: small("two", ""), status: 400, has: field},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.Must(t, 204, put, root, plant(t))
			before := w.Must(t, 200, get, root+"?content=config", "")
			out := w.Ask(test.method, test.path, test.body)
			if out.Code != test.status {
				t.Fatalf("got %d, want %d\n%s", out.Code, test.status, out.Body)
			}
			if test.method == post && test.status == 201 && out.Header().Get("Location") != plants+"=two" {
				t.Errorf("location %s", out.Header().Get("Location"))
			}
			got := w.ordered("osm")
			for _, line := range test.has {
				if !contains(got, line) {
					t.Errorf("no %s in\n%s", line, strings.Join(got, "\n"))
				}
			}
			for _, line := range test.lacks {
				if contains(got, line) {
					t.Errorf("still %s", line)
				}
			}
			if test.status >= 400 {
				fault(t, out.Body.String())
				accounttest.Same(t, w.Must(t, 200, get, root+"?content=config", ""), before)
			}
		})
	}
}

func contains(lines []string, line string) bool {
	for _, l := range lines {
		if l == line {
			return true
		}
	}
	return false
}

// TestObjectives says what becomes of each objective of a slice service between two
// domains.
func TestObjectives(t *testing.T) {
	bound := func(metric, unit, n string) string {
		return fmt.Sprintf(`"service-slo-sle-policy": {"slo-policy": {"metric-bound": [{"metric-type": %q, "metric-unit": %q, "bound": %q}]}},`, metric, unit, n)
	}
	const none = "two: vnet g [north south] [] mtu 0 cap 0"
	for _, test := range []struct {
		name, policy string
		want         []string // nil: refused
		tag, path    string
	}{
		{name: "none", want: []string{none}},
		{name: "delay", policy: bound("one-way-delay-maximum", "milliseconds", "20"), want: []string{none, "two: g north-south 20 ms 0 kbps none"}},
		{name: "delay of both ways", policy: bound("two-way-delay-maximum", "microseconds", "9999"), want: []string{none, "two: g north-south 4 ms 0 kbps none"}},
		{name: "a percentile of delay", policy: bound("one-way-delay-percentile", "s", "1"), want: []string{none, "two: g north-south 1000 ms 0 kbps none"}},
		{name: "a delay without end", policy: bound("one-way-delay-maximum", "hours", "18446744073709551615"), want: []string{none}},
		{name: "unbounded", policy: bound("one-way-packet-loss", "percentage", "0"), want: []string{none}},
		{name: "bandwidth", policy: bound("one-way-bandwidth", "bps", "1001"), want: []string{"two: vnet g [north south] [] mtu 0 cap 2", "two: g north-south 0 ms 2 kbps none"}},
		{name: "bandwidth of both ways", policy: bound("two-way-bandwidth", "Gbps", "1"), want: []string{"two: vnet g [north south] [] mtu 0 cap 1000000", "two: g north-south 0 ms 1000000 kbps none"}},
		{name: "availability", policy: `"service-slo-sle-policy": {"slo-policy": {"availability": "five-nines"}},`, want: []string{none, "two: g north-south 0 ms 0 kbps fast-failover"}},
		{name: "mtu", policy: `"service-slo-sle-policy": {"slo-policy": {"mtu": 9000}},`, want: []string{"two: vnet g [north south] [] mtu 9000 cap 0"}},
		{name: "isolation", policy: `"service-slo-sle-policy": {"sle-policy": {"isolation": ["traffic-isolation"]}},`, want: []string{none}},
		{name: "integrity", policy: `"service-slo-sle-policy": {"sle-policy": {"security": ["integrity"]}},`, want: []string{none, "two: wireguard"}},
		{name: "a delay too short", policy: bound("two-way-delay-maximum", "milliseconds", "1"), tag: "operation-not-supported", path: "/bound"},
		{name: "loss", policy: bound("one-way-packet-loss", "percentage", "1"), tag: "operation-not-supported", path: "one-way-packet-loss']"},
		{name: "variation", policy: bound("two-way-delay-variation-maximum", "ms", "1"), tag: "operation-not-supported"},
		{name: "shared bandwidth", policy: bound("shared-bandwidth", "Mbps", "1"), tag: "operation-not-supported"},
		{name: "no metric of the model", policy: bound("colour", "ms", "1"), tag: "invalid-value", path: "/metric-type"},
		{name: "no unit of time", policy: bound("one-way-delay-maximum", "Mbps", "1"), tag: "invalid-value", path: "/metric-unit"},
		{name: "no unit of bandwidth", policy: bound("one-way-bandwidth", "ms", "1"), tag: "invalid-value", path: "/metric-unit"},
		{name: "too much bandwidth", policy: bound("one-way-bandwidth", "Gbps", "5000"), tag: "invalid-value"},
		{name: "far too much bandwidth", policy: bound("one-way-bandwidth", "Gbps", "18446744073709551615"), tag: "invalid-value"},
		{name: "no unit", policy: `"service-slo-sle-policy": {"slo-policy": {"metric-bound": [{"metric-type": "one-way-bandwidth", "bound": "1"}]}},`, tag: "missing-element", path: "/metric-unit"},
		{name: "a metric twice", policy: `"service-slo-sle-policy": {"slo-policy": {"metric-bound": [{"metric-type": "one-way-bandwidth", "metric-unit": "bps"}, {"metric-type": "ietf-network-slice-service:one-way-bandwidth", "metric-unit": "bps"}]}},`, tag: "bad-element"},
		{name: "no percentile", policy: `"service-slo-sle-policy": {"slo-policy": {"metric-bound": [{"metric-type": "one-way-delay-percentile", "metric-unit": "ms", "percentile-value": "100.001", "bound": "5"}]}},`, tag: "invalid-value", path: "/percentile-value"},
		{name: "seven nines", policy: `"service-slo-sle-policy": {"slo-policy": {"availability": "seven-nines"}},`, tag: "invalid-value", path: "/availability"},
		{name: "a large mtu", policy: `"service-slo-sle-policy": {"slo-policy": {"mtu": 65536}},`, tag: "invalid-value", path: "/mtu"},
		{name: "diversity", policy: `"service-slo-sle-policy": {"sle-policy": {"path-constraints": {"diversity": {"diversity-type": "node"}}}},`, tag: "unknown-element", path: "/path-constraints"},
		{name: "a template and a policy", policy: `"slo-sle-template": "x", "service-slo-sle-policy": {},`, tag: "bad-element"},
		{name: "a template that is not there", policy: `"slo-sle-template": "x",`, tag: "data-missing", path: "/slo-sle-template"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			out := w.Ask(post, root, small("two", test.policy))
			if test.want == nil {
				if tag := fault(t, out.Body.String()); out.Code < 400 || tag != test.tag || !strings.Contains(out.Body.String(), test.path) {
					t.Errorf("got %d %s, want %s at %s", out.Code, out.Body, test.tag, test.path)
				}
				test.want = []string{}
			}
			if diff := cmp.Diff(test.want, w.ordered("osm")); diff != "" {
				t.Errorf("%s\n%s", diff, out.Body)
			}
		})
	}
}

// TestShapes says which ends and groups are taken.
func TestShapes(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		want           []string // nil: refused
		status         int
	}{
		{name: "a vlink of two workloads", old: `"sdps": {"sdp": [{"id": "n", "node-id": "north"}, {"id": "s", "node-id": "south"}]},
		"connection-groups": {"connection-group": [{"id": "g",`, new: `"sdps": {"sdp": [{"id": "n", "node-id": "north/plc"}, {"id": "s", "node-id": "east/robot-1"}]},
		"connection-groups": {"connection-group": [{"id": "g", "connectivity-type": "point-to-point",`, want: []string{"two: vlink g [north east] [north/plc:eth1 east/robot-1:] mtu 0 cap 0"}},
		{name: "an end by its id", old: `{"id": "n", "node-id": "north"}`, new: `{"id": "n", "node-id": "north"}, {"id": "east"}`, want: []string{"two: vnet g [north south] [] mtu 0 cap 0"}},
		{
			name: "a tag of a circuit", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "ac-tags": {"ac-tag": [{"tag-type": "vlan-id", "tag-type-value": ["7"]}]}}]}`,
			want: []string{"two: vnet g [north south] [] mtu 0 cap 0", "two: g at north by 7 true"},
		},
		{
			name: "a circuit at another node", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1"}, {"id": "2", "ac-node-id": "east", "ac-tp-id": "robot-1"}]}`,
			want: []string{"two: vnet g [north east south] [east/robot-1:] mtu 0 cap 0"},
		},
		{name: "a name that is no label", old: `{"id": "g"`, new: `{"id": "The Group"`, want: []string{"two: vnet the-group-197d949a [north south] [] mtu 0 cap 0"}},
		{name: "no group yet", old: `"connection-group": [{"id": "g", "connectivity-construct": [{"id": "c", "a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]}]}]`, new: ``, want: []string{}},
		{name: "a construct that is down", old: `{"id": "c",`, new: `{"id": "c", "status": {"admin-status": {"status": "ietf-vpn-common:admin-down"}},`, want: []string{}},
		{name: "hub and spoke", old: `{"id": "g",`, new: `{"id": "g", "connectivity-type": "ietf-vpn-common:hub-spoke",`, status: 501},
		{name: "p2mp", old: `"a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]`, new: `"p2mp-sender-sdp": "n", "p2mp-receiver-sdp": ["s"]`, status: 400},
		{name: "three at two points", old: `{"id": "n", "node-id": "north"}, {"id": "s", "node-id": "south"}]},
		"connection-groups": {"connection-group": [{"id": "g",`, new: `{"id": "n", "node-id": "north"}, {"id": "s", "node-id": "south"}, {"id": "east",
			"service-match-criteria": {"match-criterion": [{"index": 1, "target-connection-group-id": "g"}]}}]},
		"connection-groups": {"connection-group": [{"id": "g", "connectivity-type": "point-to-point",`, status: 400},
		{name: "an unknown endpoint", old: `"node-id": "south"`, new: `"node-id": "west"`, status: 404},
		{name: "an endpoint of others", old: `"node-id": "south"`, new: `"node-id": "of-others"`, status: 404},
		{name: "an unknown SDP", old: `{"sdp-id": "s"}`, new: `{"sdp-id": "z"}`, status: 409},
		{name: "half a pair", old: `"a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]`, new: `"p2p-sender-sdp": "n"`, status: 400},
		{name: "one with itself", old: `"a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]`, new: `"p2p-sender-sdp": "n", "p2p-receiver-sdp": "n"`, status: 400},
		{name: "a tag for a workload", old: `"node-id": "north"`, new: `"node-id": "north/plc", "service-match-criteria": {"match-criterion": [{"index": 1, "match-type": [{"type": "vlan", "vlan": [7]}], "target-connection-group-id": "g"}]}`, status: 400},
		{name: "two tags", old: `"node-id": "north"`, new: `"node-id": "north", "service-match-criteria": {"match-criterion": [{"index": 1, "match-type": [{"type": "vlan", "vlan": [7, 8]}], "target-connection-group-id": "g"}]}`, status: 501},
		{name: "tag 0", old: `"node-id": "north"`, new: `"node-id": "north", "service-match-criteria": {"match-criterion": [{"index": 1, "match-type": [{"type": "vlan", "vlan": [0]}], "target-connection-group-id": "g"}]}`, status: 400},
		{name: "a match that we do not have", old: `"node-id": "north"`, new: `"node-id": "north", "service-match-criteria": {"match-criterion": [{"index": 1, "match-type": [{"type": "dscp"}], "target-connection-group-id": "g"}]}`, status: 400},
		{name: "a group that is not there", old: `"node-id": "north"`, new: `"node-id": "north", "service-match-criteria": {"match-criterion": [{"index": 1, "target-connection-group-id": "z"}]}`, status: 409},
		{name: "a role", old: `"node-id": "north"`, new: `"node-id": "north", "service-match-criteria": {"match-criterion": [{"index": 1, "connection-group-sdp-role": "ietf-vpn-common:hub-role", "target-connection-group-id": "g"}]}`, status: 501},
		{name: "a shaper", old: `"node-id": "north"`, new: `"node-id": "north", "incoming-qos-policy": {"rate-limits": {"cir": "1"}}`, status: 400},
		{name: "one end", old: `, {"id": "s", "node-id": "south"}`, new: ``, status: 400},
		{name: "a status that is none", old: `"node-id": "north"`, new: `"node-id": "north", "status": {"admin-status": {"status": "up"}}`, status: 400},
		{name: "a long id", old: `{"id": "g"`, new: `{"id": "` + strings.Repeat("g", 256) + `"`, status: 400},
		{name: "a circuit too narrow", old: `"sdps": {"sdp": [{"id": "n", "node-id": "north"`, new: `"service-slo-sle-policy": {"slo-policy": {"mtu": 1001}},
			"sdps": {"sdp": [{"id": "n", "node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "mtu": 1000}]}`, status: 400},
		{name: "two tags of a circuit", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "ac-tags": {"ac-tag": [{"tag-type": "vlan-id", "tag-type-value": ["7"]}, {"tag-type": "cvlan-id", "tag-type-value": ["8"]}]}}]}`, status: 400},
		{name: "no tag of a circuit", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "ac-tags": {"ac-tag": [{"tag-type": "vlan-id", "tag-type-value": ["4095"]}]}}]}`, status: 400},
		{name: "one tag of a circuit and one to match", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "ac-tags": {"ac-tag": [{"tag-type": "vlan-id", "tag-type-value": ["7"]}]}}]},
			"service-match-criteria": {"match-criterion": [{"index": 1, "match-type": [{"type": "vlan", "vlan": [8]}], "target-connection-group-id": "g"}]}`, status: 400},
		{name: "two groups with one name of a network", old: `{"id": "g",`, new: `{"id": "the-group-197d949a", "connectivity-construct": [{"id": "c", "a2a-sdp": [{"sdp-id": "n"}, {"sdp-id": "s"}]}]}, {"id": "The Group",`, status: 400},
		{name: "a circuit that is wide enough", old: `"node-id": "north"`, new: `"node-id": "north", "attachment-circuits": {"attachment-circuit": [{"id": "1", "mtu": 1000}]}`, want: []string{"two: vnet g [north south] [] mtu 0 cap 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			body := small("two", "")
			if !strings.Contains(body, test.old) {
				t.Fatalf("the body has no %s", test.old)
			}
			out := w.Ask(post, root, strings.Replace(body, test.old, test.new, 1))
			if test.want == nil {
				if fault(t, out.Body.String()); out.Code != test.status {
					t.Errorf("got %d %s, want %d", out.Code, out.Body, test.status)
				}
				test.want = []string{}
			}
			if diff := cmp.Diff(test.want, w.ordered("osm")); diff != "" {
				t.Errorf("%s\n%s", diff, out.Body)
			}
		})
	}
}
