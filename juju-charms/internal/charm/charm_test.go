package charm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/gruyaume/goops/goopstest"
	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/juju-charms/internal/charm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A unit is one that Juju runs.
type unit struct {
	t     *testing.T
	juju  *goopstest.Context
	state goopstest.State
}

func newUnit(t *testing.T, handle func(context.Context) error, state goopstest.State) *unit {
	t.Helper()
	return &unit{t, goopstest.NewContext(func() error { return handle(t.Context()) }), state}
}

func (u *unit) hook(name string, want goopstest.StatusName, says string) {
	u.t.Helper()
	u.juju.CharmErr = nil
	out := u.juju.Run(name, u.state)
	if u.juju.CharmErr != nil {
		u.t.Fatalf("%s: %v", name, u.juju.CharmErr)
	}
	if got := out.UnitStatus; got.Name != want || !strings.Contains(got.Message, says) {
		u.t.Errorf("%s: %v, want %s and a word of %q", name, got, want, says)
	}
	u.silent()
}

// does wants an action to succeed, with words in its results.
func (u *unit) does(name string, params map[string]any, says ...string) map[string]string {
	u.t.Helper()
	u.act(name, params)
	if u.juju.ActionError != nil {
		u.t.Fatalf("%s: %v", name, u.juju.ActionError)
	}
	text := ""
	for key, value := range u.juju.ActionResults {
		text += key + ": " + value + "\n"
	}
	u.wants(name, text, says)
	if len(text) > 40<<10 {
		u.t.Errorf("%s: %d bytes of results", name, len(text))
	}
	return u.juju.ActionResults
}

// fails wants an action to fail, with words in its reason.
func (u *unit) fails(name string, params map[string]any, says ...string) {
	u.t.Helper()
	u.act(name, params)
	if u.juju.ActionError == nil {
		u.t.Fatalf("%s did not fail: %v", name, u.juju.ActionResults)
	}
	u.wants(name, u.juju.ActionError.Error(), says)
}

func (u *unit) act(name string, params map[string]any) {
	u.t.Helper()
	u.juju.CharmErr = nil
	out, err := u.juju.RunAction(name, u.state, params)
	must(u.t, err)
	must(u.t, u.juju.CharmErr)
	u.state.UnitStatus = out.UnitStatus
	u.silent()
}

func (u *unit) wants(name, text string, says []string) {
	u.t.Helper()
	for _, s := range says {
		if !strings.Contains(text, s) {
			u.t.Errorf("%s: %q does not say %q", name, text, s)
		}
	}
}

// silent wants no secret in anything that is told.
func (u *unit) silent() {
	u.t.Helper()
	var all strings.Builder
	for _, line := range u.juju.JujuLog {
		all.WriteString(line.Message)
	}
	for _, text := range u.juju.ActionResults {
		all.WriteString(text)
	}
	if u.juju.ActionError != nil {
		all.WriteString(u.juju.ActionError.Error())
	}
	for _, text := range u.state.StoredState {
		all.WriteString(text)
	}
	for _, s := range u.state.Secrets {
		for _, part := range s.Content {
			if part != "" && strings.Contains(all.String(), part) {
				u.t.Errorf("a secret is told: %s", all.String())
			}
		}
	}
}

func TestHooks(t *testing.T) {
	h := newHouse(t)
	charms := map[string]struct {
		handle  func(context.Context) error
		options map[string]any
		address string
		says    string
	}{
		"sco":  {charm.SCO().Handle, h.toSCO(), "sco", "the SCO at " + h.sco},
		"ned":  {charm.NED().Handle, h.toSCO(), "sco", "the SCO at " + h.sco},
		"sdnc": {charm.SDNC().Handle, h.toSDNC(), "sdnc", "the SDN controller of field answers"},
		"sps":  {charm.SPS().Handle, h.toSDNC(), "sdnc", "the SDN controller of field answers"},
	}
	for name, c := range charms {
		t.Run(name, func(t *testing.T) {
			u := newUnit(t, c.handle, goopstest.State{Config: map[string]any{}})
			u.t = t
			u.hook("install", goopstest.StatusMaintenance, "not configured")
			u.hook("start", goopstest.StatusBlocked, "set the option "+c.address)
			u.state = h.state(c.options)
			for _, hook := range []string{"config-changed", "update-status", "upgrade-charm", "leader-elected", "secret-changed"} {
				u.hook(hook, goopstest.StatusActive, c.says)
			}
			u.state = h.state(map[string]any{c.address: "127.0.0.1:1", "credentials": secretID, "domain": "field"})
			u.hook("update-status", goopstest.StatusWaiting, "")
			// What OSM says of the services of the KDU is an address too.
			osm := `{"v0": {"k8s": {"services": {"x": {"ip": ["127.0.0.1"], "ports": {"grpc": {"port": 7001}, "rest": {"port": 8443}}}}}}}`
			u.state = h.state(map[string]any{c.address: "", "osm-config": osm, "credentials": secretID, "domain": "field"})
			u.hook("update-status", goopstest.StatusWaiting, "")
			u.state = h.state(map[string]any{c.address: h.sco, "domain": "field"})
			u.hook("update-status", goopstest.StatusBlocked, "tls-crt")
			u.state = h.state(c.options)
			u.state.Secrets = nil
			u.hook("update-status", goopstest.StatusWaiting, "grant it")
			u.state.Secrets = h.secrets("n1")
			u.hook("update-status", goopstest.StatusBlocked, "may not")
			u.state.Secrets = h.secrets("ann")
			u.state.Secrets[0].Content["tls-key"] = "hunter2hunter2"
			u.hook("update-status", goopstest.StatusBlocked, "credentials")
			u.hook("stop", goopstest.StatusUnknown, "")
			u.hook("remove", goopstest.StatusUnknown, "")
		})
	}
}

const line = `
slice:
  domains: [{name: field}]
  networks: [{name: line, domains: [field], members: [{name: camera, domain: field}, {name: phone, domain: field}]}]
`

func TestActionsOfSCO(t *testing.T) {
	h := newHouse(t)
	u := newUnit(t, charm.SCO().Handle, h.state(map[string]any{}))
	u.fails("get-status", nil, "run the primitive config")
	u.does("config", map[string]any{"osm-config": "{v0: {}}", "strange": []string{"x"}}, "nothing to drive yet")
	u.fails("config", map[string]any{"sco": "127.0.0.1:1", "credentials": secretID, "timeout-seconds": 1}, "sco: ")
	u.fails("config", map[string]any{"sco": h.sco, "credentials": "secret:none"}, "sco: credentials: the secret cannot be read")
	u.does("config", map[string]any{"sco": h.sco, "credentials": secretID, "tenant": "press"}, "answers")
	if got := u.state.UnitStatus; got.Name != goopstest.StatusActive {
		t.Errorf("after config: %v", got)
	}
	made := u.does("create-slice", map[string]any{"slice": "live", "intents": line}, "slice live is Ready, generation 1", "members 2 of 2")
	if made["state"] != "done" || made["phase"] != "Ready" {
		t.Errorf("results %v", made)
	}
	u.does("create-slice", map[string]any{"slice": "live", "intents": line}, "generation 1")
	u.fails("create-slice", map[string]any{"slice": "live", "intents": strings.Replace(line, ", {name: phone, domain: field}", "", 1)}, "slice: ", "is there already")
	u.does("create-slice", map[string]any{"slice": "plan", "intents": line, "dry-run": true}, "nothing is changed")
	u.does("update-slice", map[string]any{"slice": "live", "intents": "slice: {qos: {id: 7}}", "mask": "slice.qos", "wait": false}, "generation 2")
	u.does("get-status", map[string]any{"slice": "live"}, "phase: Ready", "Ready true")
	u.does("get-status", map[string]any{"domain": "field"}, "used by 1 slices", "gateway: n1")
	u.does("get-status", nil, "1 slices, 1 domains")
	u.does("collect-logs", map[string]any{"slice": "live", "lines": float64(1)}, "1 events")
	u.does("collect-logs", nil, "user/ann slice.apply slice/live: OK")
	u.fails("move-path", map[string]any{"slice": "live", "network": "line", "from": "field", "to": "mars", "hops": "field,mars"}, "hops: ", "mars")
	u.fails("move-path", map[string]any{"slice": "live"}, "network: it is missing", "from: it is missing", "to: it is missing")
	u.does("add-domain", map[string]any{"domain": "east", "address": "192.0.2.7:7002", "force": true}, "domain east is registered")
	u.does("remove-domain", map[string]any{"domain": "east"}, "domain east is removed")
	u.fails("remove-domain", map[string]any{"domain": "field"}, "domain: ")
	u.fails("add-domain", map[string]any{"slice": "live", "domain": "mars"}, "domain: ", "mars")
	u.fails("delete-slice", map[string]any{"slice": "live", "generation": float64(1)}, "generation: ")
	u.does("delete-slice", map[string]any{"slice": "live"}, "slice live is deleted")
	u.does("delete-slice", map[string]any{"slice": "live"}, "there is no slice live")
	u.fails("reboot", nil, "name: there is no primitive")

	// Who changes an option afterwards means it.
	u.state.Config = map[string]any{"sco": "127.0.0.1:1", "credentials": secretID}
	u.hook("config-changed", goopstest.StatusWaiting, "")
}

func TestActionsOfNED(t *testing.T) {
	h := newHouse(t)
	u := newUnit(t, charm.NED().Handle, h.state(map[string]any{}))
	u.does("config", map[string]any{"domain": "field"}, "nothing to drive yet")
	u.does("config", map[string]any{"sco": h.sco, "credentials": secretID}, "answers") // the domain stays
	u.does("get-status", nil, "domain field", "gateway: n1")
	u.does("get-status", map[string]any{"node": "n1"}, "domain field")
	u.fails("get-status", map[string]any{"node": "n2"}, `node: domain field has its NED on "n1"`)
	u.does("drain-node", map[string]any{"node": "all"}, "takes no new slice", "draining: true")
	u.does("drain-node", map[string]any{"node": "n1"}, "takes no new slice")
	u.does("collect-logs", nil, "DomainDrains")
	u.does("drain-node", map[string]any{"node": "n1", "undo": true}, "takes slices again", "draining: false")
	u.fails("drain-node", nil, "node: it is missing")
	u.state.Config["domain"] = "mars"
	u.state.Config["sco"], u.state.Config["credentials"] = h.sco, secretID
	u.fails("get-status", nil, "domain: ", "mars")
}

func TestActionsOfSDNC(t *testing.T) {
	h := newHouse(t)
	u := newUnit(t, charm.SDNC().Handle, h.state(map[string]any{}))
	u.fails("config", map[string]any{"sdnc": h.sdnc, "credentials": secretID}, "domain: ")
	u.fails("config", map[string]any{"sdnc": h.sdnc, "credentials": secretID, "domain": "fire"}, "wanted [l2sces://domain/fire/sdnc]")
	u.does("config", map[string]any{"sdnc": h.sdnc, "credentials": secretID, "domain": "field"}, "the SDN controller of field answers")
	h.order("live")
	u.does("get-status", nil, "2 of 2 switches are as they should be, 2 ports", "camera on n1 in live/line: ready true")
	u.does("get-status", map[string]any{"node": "n2"}, "1 of 1 switches are as they should be, 1 ports")
	u.does("get-status", map[string]any{"network": "live/line"}, "network live/line: ready true")
	u.fails("get-status", map[string]any{"network": "live/other"}, "network: ")
	u.fails("get-status", map[string]any{"network": "../../metrics"}, "is not SLICE/NETWORK")
	u.fails("get-status", map[string]any{"node": "n9"}, "node: the domain has no switch on")
	u.does("trace", map[string]any{"network": "live/line", "from": "camera", "to": "phone"}, "camera reaches phone", "reached: true")
	u.fails("trace", map[string]any{"network": "live/line", "from": "camera", "to": "phone", "source": "rumour"}, "network: ")
	u.does("collect-logs", nil, "0 events")
	h.events.Add("link-down", "n1/n2", "silent")
	h.events.Add("switch-up", "00000000000000ff", "")
	u.does("collect-logs", nil, "2 events", "link-down n1/n2 silent")
	u.does("collect-logs", map[string]any{"node": "n1"}, "1 events")
	u.fails("collect-logs", map[string]any{"lines": "0"}, "lines: ")
}

func TestActionsOfSPS(t *testing.T) {
	h := newHouse(t)
	u := newUnit(t, charm.SPS().Handle, h.state(map[string]any{}))
	u.does("config", map[string]any{"sdnc": h.sdnc, "credentials": secretID, "domain": "field"}, "answers")
	u.does("drain-node", map[string]any{"node": "all", "timeout-seconds": 1}, "nothing is attached on all")
	h.order("live")
	u.does("get-status", map[string]any{"node": "n1"}, "1 of 1 switches")
	u.fails("get-status", map[string]any{"network": "live/line"}, "network: get-status has no such parameter")
	u.fails("drain-node", map[string]any{"node": "n1", "timeout-seconds": 1}, "node: 1 ports are still on n1, such as camera of live/line")
	u.fails("drain-node", map[string]any{"node": "n9", "timeout-seconds": 1}, "node: the domain has no switch on")
	u.does("drain-node", map[string]any{"node": "n1", "undo": true}, "nothing to undo")
	u.does("collect-logs", nil, "events")
}
