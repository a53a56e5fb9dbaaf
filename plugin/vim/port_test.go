package vim_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/vim"
)

func TestPorts(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"ip_profile": {"subnet_address": "192.0.2.0/24", "gateway_address": "192.0.2.1", "dhcp_start_address": "192.0.2.100", "dhcp_count": 10}`)
	port := "/networks/" + n.ID + "/ports/"
	var got vim.Network
	h.do(http.MethodPut, port+"cam", `{"domain": "field", "interface": "eth1", "address": "192.0.2.20", "mac": "02:00:00:00:00:01"}`, 200, &got)
	if !strings.Contains(got.Info, "name: cam") {
		t.Errorf("vim_info lacks the port:\n%s", got.Info)
	}
	h.do(http.MethodPut, port+"mic", `{}`, 200, nil)
	h.do(http.MethodPut, port+"mic", `{}`, 200, nil)
	want := []intent.Member{
		{Name: "cam", Domain: "field", Interface: "eth1", Address: netip.MustParseAddr("192.0.2.20"), MAC: slice.MAC{2, 0, 0, 0, 0, 1}},
		{Name: "mic", Domain: "field", Interface: "mic0"},
	}
	byName := cmpopts.SortSlices(func(a, b intent.Member) bool { return a.Name < b.Name })
	if diff := cmp.Diff(want, h.sco.network(t).Members, byName, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	h.do(http.MethodPut, port+"mic", `{"address": "192.0.2.1"}`, 400, nil) // the gateway's
	h.do(http.MethodDelete, port+"cam", "", 204, nil)
	h.do(http.MethodDelete, port+"cam", "", 204, nil)
	if m := h.sco.network(t).Members; len(m) != 1 || m[0].Name != "mic" || m[0].Address.IsValid() {
		t.Errorf("members are %v", m)
	}
	h.do(http.MethodDelete, "/networks/"+n.ID, "", 204, nil)
	if len(h.sco.slices()) != 0 {
		t.Error("the network is still there")
	}
}

func TestLinkBeginsWithItsSecondEnd(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"type": "ptp"`)
	port := "/networks/" + n.ID + "/ports/"
	var got vim.Network
	h.do(http.MethodPut, port+"cam", `{}`, 200, &got)
	if net := h.sco.network(t); net.Type != slice.VLink || len(net.Members) != 0 || !strings.Contains(got.Info, "waiting:\n- cam") {
		t.Errorf("with one end: %+v\n%s", net, got.Info)
	}
	h.do(http.MethodPut, port+"mic", `{}`, 200, nil)
	if net := h.sco.network(t); len(net.Members) != 2 {
		t.Errorf("with two ends: %+v", net)
	}
	h.do(http.MethodPut, port+"tap", `{}`, http.StatusConflict, nil)
	h.do(http.MethodDelete, port+"cam", "", 204, nil)
	if net := h.sco.network(t); len(net.Members) != 0 {
		t.Errorf("after one end left: %+v", net)
	}
}

func TestStatus(t *testing.T) {
	phase := func(p intent.Phase, ready ...bool) func(*intent.Status) {
		return func(s *intent.Status) {
			s.Phase, s.Message = p, "so it is"
			for i, r := range ready {
				s.Networks[0].Members[i].Ready = r
			}
		}
	}
	for _, c := range []struct {
		name  string
		ports []string
		look  func(*intent.Status)
		want  vim.Status
		text  string
	}{
		{"ready", []string{"cam", "mic"}, phase(intent.Ready), vim.Active, ""},
		{"not yet", []string{"cam", "mic"}, phase(intent.Pending), vim.Build, "so it is"},
		{"one port is lost", []string{"cam", "mic"}, phase(intent.Degraded, true, false), vim.Active, "so it is"},
		{"all ports are lost", []string{"cam", "mic"}, phase(intent.Degraded, false, false), vim.Down, "so it is"},
		{"nothing is there to be lost", nil, phase(intent.Degraded), vim.Active, "so it is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			n := h.create(`"type": "data"`)
			for _, w := range c.ports {
				h.do(http.MethodPut, "/networks/"+n.ID+"/ports/"+w, `{}`, 200, nil)
			}
			h.sco.mu.Lock()
			h.sco.look = c.look
			h.sco.mu.Unlock()
			if got := h.refreshed(n.ID); got.Status != c.want || !strings.Contains(got.ErrorMsg, c.text) || c.text == "" && got.ErrorMsg != "" {
				t.Errorf("got %s %q, want %s %q", got.Status, got.ErrorMsg, c.want, c.text)
			}
		})
	}
}

// TestJoined has the network of a domain become one with that of a slice, as the
// watcher of slices does.
func TestJoined(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"type": "bridge"`)
	h.do(http.MethodPut, "/networks/"+n.ID+"/ports/cam", `{}`, 200, nil)
	whole := service.Service{Key: service.Key{ID: "nsi"}, Tenant: "blue"}
	whole.Intents.Slice.ID = "emergency"
	whole.Intents.Slice.Domains = []intent.Domain{{Name: "core"}}
	whole.Intents.Slice.Networks = []intent.Network{{Name: "video", Domains: []slice.Domain{"core"}, Members: []intent.Member{{Name: "screen", Domain: "core"}}}}
	whole.Joins = []service.Join{{Network: "video", With: service.Key{Door: service.VIM, Account: "ro", ID: n.ID}}}
	put := func(tx *service.Tx) error { tx.Put(whole); return nil }
	if err := h.book.Update(t.Context(), service.NSI, "watcher", put); err != nil {
		t.Fatal(err)
	}
	if net := h.sco.network(t); len(net.Members) != 2 || len(net.Domains) != 2 {
		t.Errorf("joined: %+v", net)
	}
	got := h.refreshed(n.ID)
	if got.Status != vim.Active || !strings.Contains(got.Info, "network: emergency/video") || !strings.Contains(got.Info, "name: cam") {
		t.Errorf("got %s\n%s", got.Status, got.Info)
	}
	if strings.Contains(got.Info, "screen") {
		t.Errorf("vim_info tells what another domain has:\n%s", got.Info)
	}
	h.do(http.MethodDelete, "/networks/"+n.ID, "", http.StatusNoContent, nil)
	if net := h.sco.network(t); len(net.Members) != 1 || net.Members[0].Name != "screen" {
		t.Errorf("after delete: %+v", net)
	}
}
