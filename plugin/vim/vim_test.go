package vim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/vim"
)

func TestCheck(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name, path string
		want       int
		text       string
	}{
		{"account alone", "", 200, `"account":"ro"`},
		{"a domain", "?domain=field", 200, `"domain":"field"`},
		{"no domain", "?domain=moon", 404, "there is no domain moon"},
		{"no name for one", "?domain=My+Tenant", 400, "not a DNS label"},
		{"a workload", "?domain=field%2Fcam", 400, "not a DNS label"},
		{"tenants", "/tenants", 200, `{"tenants":[{"id":"core","name":"core"},{"id":"field","name":"field"}]}`},
		{"one tenant", "/tenants?name=field", 200, `{"tenants":[{"id":"field","name":"field"}]}`},
		{"no tenant", "/tenants?id=moon", 200, `{"tenants":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := h.as("ro", http.MethodGet, c.path, "")
			if status != c.want || !strings.Contains(string(body), c.text) {
				t.Errorf("got %d %s, want %d and %s", status, body, c.want, c.text)
			}
		})
	}
	h.do(http.MethodPost, "/tenants", `{"name": "new"}`, http.StatusNotImplemented, nil)
	h.do(http.MethodDelete, "/tenants/field", "", http.StatusNotImplemented, nil)
}

func TestLifeOfANetwork(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"type": "bridge", "request": "r1", "process": "p1", "ip_profile": {"ip_version": "IPv4", "subnet_address": "192.0.2.0/24",
		"gateway_address": "192.0.2.1", "dns_address": "203.0.113.7", "dhcp_enabled": true, "dhcp_start_address": "192.0.2.100", "dhcp_count": 50},
		"provider_network_profile": {"segmentation-id": "101", "physical-network": "physnet"}`)
	want := vim.Network{
		ID: n.ID, Name: "ns-data", Status: vim.Active, Type: "bridge", Tenant: "field", NetworkType: "vlan", Segmentation: 101,
		CreatedItems: map[string]string{"network": n.ID, "domain": "field"},
	}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	got := h.sco.network(t)
	if got.Type != slice.VNet || got.CIDR != netip.MustParsePrefix("192.0.2.0/24") || len(got.Members) != 0 || !cmp.Equal(got.Domains, []slice.Domain{"field"}) {
		t.Errorf("the SCO got %+v", got)
	}
	if diff := cmp.Diff("[192.0.2.0-192.0.2.99 192.0.2.1 192.0.2.150-192.0.2.255]", fmt.Sprint(got.Reserved)); diff != "" {
		t.Errorf("reserved (-want +got):\n%s", diff)
	}
	all := h.book.Services("")
	if len(all) != 1 || !cmp.Equal(all[0].HandOffs, []service.HandOff{{Network: "ns-data", Domain: "field", VLAN: 101}}) || all[0].Key != (service.Key{Door: service.VIM, Account: "ro", ID: n.ID}) {
		t.Errorf("the book has %+v", all)
	}

	var list vim.Networks
	h.do(http.MethodGet, "/networks?name=ns-data&domain=field&shared=false&status=ACTIVE", "", 200, &list)
	if diff := cmp.Diff([]vim.Network{want}, list.Networks); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	for _, none := range []string{"?name=other", "?domain=core", "?shared=true", "?status=ERROR", "?id=0", "?tenant_id=core"} {
		if h.do(http.MethodGet, "/networks"+none, "", 200, &list); len(list.Networks) != 0 {
			t.Errorf("%s lists %v", none, list.Networks)
		}
	}
	var one vim.Network
	h.do(http.MethodGet, "/networks/"+n.ID, "", 200, &one)
	if diff := cmp.Diff(one, h.refreshed(n.ID)); diff != "" {
		t.Errorf("get and refresh differ (-get +refresh):\n%s", diff)
	}
	for _, line := range []string{"domain: field", "cidr: 192.0.2.0/24", "vlan: 101", "physicalNetwork: physnet", "203.0.113.7"} {
		if !strings.Contains(one.Info, line) {
			t.Errorf("vim_info lacks %q:\n%s", line, one.Info)
		}
	}

	h.do(http.MethodDelete, "/networks/"+n.ID, "", http.StatusNoContent, nil)
	h.do(http.MethodDelete, "/networks/"+n.ID, "", http.StatusNotFound, nil)
	h.do(http.MethodGet, "/networks/"+n.ID, "", http.StatusNotFound, nil)
	if got := h.refreshed(n.ID); got.Status != vim.Deleted {
		t.Errorf("a deleted network is %s", got.Status)
	}
	if left := h.sco.slices(); len(left) != 0 {
		t.Errorf("the SCO still has %v", left)
	}
	if left := h.notes("ro"); len(left) != 0 {
		t.Errorf("notes are left: %v", left)
	}
}

// notes returns what is kept beside the services of an account.
func (h *house) notes(account string) (names []string) {
	h.book.View(service.VIM, account, func(tx *service.Tx) { names = tx.Notes() })
	return names
}

func TestProfiles(t *testing.T) {
	const v4 = `"subnet_address": "192.0.2.0/28"`
	for _, c := range []struct{ name, ip, provider, reserved, fault string }{
		{name: "nothing", ip: "null", provider: "null"},
		{name: "RO's nothing", ip: `{"ip_version": "IPv4", "subnet_address": null, "gateway_address": null, "dhcp_enabled": false, "dhcp_start_address": null, "dhcp_count": null}`},
		{name: "subnet", ip: `{` + v4 + `}`},
		{name: "subnet of a host", ip: `{"subnet_address": "192.0.2.5/28"}`},
		{name: "gateway", ip: `{` + v4 + `, "gateway_address": "192.0.2.14"}`, reserved: "192.0.2.14"},
		{name: "range without start", ip: `{` + v4 + `, "dhcp_count": 4}`, reserved: "192.0.2.0 192.0.2.5-192.0.2.15"},
		{name: "range without count", ip: `{` + v4 + `, "dhcp_start_address": "192.0.2.8"}`, reserved: "192.0.2.0/29"},
		{name: "range as text", ip: `{` + v4 + `, "dhcp_start_address": "192.0.2.8", "dhcp_count": "8"}`, reserved: "192.0.2.0/29"},
		{name: "no DHCP", ip: `{` + v4 + `, "dhcp_enabled": false, "dhcp_start_address": "192.0.2.8", "dhcp_count": 1}`},
		{name: "IPv6", ip: `{"ip_version": "IPv6", "subnet_address": "2001:db8::/64", "dhcp_start_address": "2001:db8::1:0", "dhcp_count": 65536}`, reserved: "2001:db8::/112 2001:db8::2:0-2001:db8::ffff:ffff:ffff:ffff"},
		{name: "unknown key", ip: `{` + v4 + `, "security_group": "x"}`},
		{name: "tag with underscore", provider: `{"segmentation_id": 100, "network-type": "vlan", "sdn-ports": []}`},

		{name: "list", ip: `[]`, fault: "ip_profile: not an object"},
		{name: "text for a subnet", ip: `{"subnet_address": "all"}`, fault: "not ADDRESS/LENGTH"},
		{name: "number for a subnet", ip: `{"subnet_address": 4}`, fault: "ip_profile"},
		{name: "other version", ip: `{"ip_version": "IPv6", ` + v4 + `}`, fault: "is IPv4"},
		{name: "gateway alone", ip: `{"gateway_address": "192.0.2.1"}`, fault: "need a subnet_address"},
		{name: "gateway outside", ip: `{` + v4 + `, "gateway_address": "192.0.2.16"}`, fault: "not in 192.0.2.0/28"},
		{name: "gateway of a zone", ip: `{"subnet_address": "fe80::/64", "gateway_address": "fe80::1%eth0"}`, fault: "not an address"},
		{name: "start outside", ip: `{` + v4 + `, "dhcp_start_address": "192.0.3.1"}`, fault: "not in"},
		{name: "count too large", ip: `{` + v4 + `, "dhcp_start_address": "192.0.2.8", "dhcp_count": 9}`, fault: "has no 9 addresses"},
		{name: "count larger than all", ip: `{"subnet_address": "ffff::/16", "dhcp_start_address": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0", "dhcp_count": 9223372036854775807}`, fault: "has no"},
		{name: "count of zero", ip: `{` + v4 + `, "dhcp_count": 0}`, fault: "not a number of addresses"},
		{name: "count with a fraction", ip: `{` + v4 + `, "dhcp_count": 1.5}`, fault: "not a number of addresses"},
		{name: "count of words", ip: `{` + v4 + `, "dhcp_count": "ten"}`, fault: "ip_profile"},
		{name: "multicast", ip: `{"subnet_address": "224.0.0.0/24"}`, fault: "not a range for hosts"},
		{name: "no VLAN", provider: `{"segmentation-id": 4095}`, fault: "not a VLAN"},
		{name: "VLAN zero", provider: `{"segmentation-id": 0}`, fault: "not a VLAN"},
		{name: "VLAN of words", provider: `{"segmentation-id": "x"}`, fault: "provider_network_profile"},
		{name: "two tags", provider: `{"segmentation-id": 5, "segmentation_id": 6}`, fault: "two tags"},
		{name: "vxlan", provider: `{"network-type": "vxlan", "segmentation-id": 5}`, fault: "only vlan"},
		{name: "long name", provider: `{"physical-network": "` + strings.Repeat("x", 129) + `"}`, fault: "more than 128 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			body := `{"domain": "field", "name": "net"`
			if c.ip != "" {
				body += `, "ip_profile": ` + c.ip
			}
			if c.provider != "" {
				body += `, "provider_network_profile": ` + c.provider
			}
			status, out := h.as("ro", http.MethodPost, "/networks", body+"}")
			if c.fault != "" {
				if status != http.StatusBadRequest || !strings.Contains(string(out), c.fault) {
					t.Errorf("got %d %s, want 400 and %q", status, out, c.fault)
				}
				if len(h.sco.slices())+len(h.notes("ro"))+len(h.book.Services("")) != 0 {
					t.Error("a refused network left something")
				}
				return
			}
			if status != http.StatusCreated {
				t.Fatalf("got %d %s", status, out)
			}
			var reserved []string
			for _, s := range h.sco.network(t).Reserved {
				reserved = append(reserved, s.String())
			}
			if got := strings.Join(reserved, " "); got != c.reserved {
				t.Errorf("reserved %q, want %q", got, c.reserved)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"type": "bridge"`)
	calls := h.sco.calls
	for _, c := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"no JSON", "POST", "/networks", `{`, 400},
		{"unknown key", "POST", "/networks", `{"domain": "field", "name": "x", "vlan": 4}`, 400},
		{"key twice", "POST", "/networks", `{"domain": "field", "name": "x", "Name": "y"}`, 400},
		{"no name", "POST", "/networks", `{"domain": "field"}`, 400},
		{"name with a newline", "POST", "/networks", `{"domain": "field", "name": "a\nb"}`, 400},
		{"long name", "POST", "/networks", `{"domain": "field", "name": "` + strings.Repeat("x", 256) + `"}`, 400},
		{"no type", "POST", "/networks", `{"domain": "field", "name": "x", "type": "vnet"}`, 400},
		{"no domain", "POST", "/networks", `{"name": "x"}`, 400},
		{"unknown domain", "POST", "/networks", `{"domain": "moon", "name": "x"}`, 404},
		{"long request", "POST", "/networks", `{"domain": "field", "name": "x", "request": "` + strings.Repeat("x", 129) + `"}`, 400},
		{"large body", "POST", "/networks", `{"name": "` + strings.Repeat("x", 70_000) + `"}`, 413},
		{"deep body", "POST", "/networks", `{"ip_profile": {"a": ` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}}`, 400},
		{"many ids", "POST", "/networks/refresh", `{"ids": ["x"` + strings.Repeat(`,"x"`, 1000) + `]}`, 400},
		{"unknown filter", "GET", "/networks?vlan=4", "", 400},
		{"limit of words", "GET", "/networks?limit=all", "", 400},
		{"limit too large", "GET", "/networks?limit=1001", "", 400},
		{"cursor of nobody", "GET", "/networks?cursor=*", "", 400},
		{"shared maybe", "GET", "/networks?shared=maybe", "", 400},
		{"unknown network", "GET", "/networks/none", "", 404},
		{"port of an unknown network", "PUT", "/networks/none/ports/cam", `{}`, 404},
		{"port out of an unknown network", "DELETE", "/networks/none/ports/cam", "", 404},
		{"unknown workload", "PUT", "/networks/" + n.ID + "/ports/nobody", `{}`, 404},
		{"another tenant's workload", "PUT", "/networks/" + n.ID + "/ports/secret", `{}`, 404},
		{"a workload elsewhere", "PUT", "/networks/" + n.ID + "/ports/far", `{}`, 404},
		{"no name of a workload", "PUT", "/networks/" + n.ID + "/ports/A.b", `{}`, 400},
		{"another domain", "PUT", "/networks/" + n.ID + "/ports/cam", `{"domain": "core"}`, 400},
		{"address without prefix", "PUT", "/networks/" + n.ID + "/ports/cam", `{"address": "192.0.2.1"}`, 400},
		{"address of words", "PUT", "/networks/" + n.ID + "/ports/cam", `{"address": "first"}`, 400},
		{"group address", "PUT", "/networks/" + n.ID + "/ports/cam", `{"mac": "03:00:00:00:00:01"}`, 400},
		{"long interface", "PUT", "/networks/" + n.ID + "/ports/cam", `{"interface": "abcdefghijklmnop"}`, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, out := h.as("ro", c.method, c.path, c.body); status != c.want {
				t.Errorf("got %d %s, want %d", status, out, c.want)
			}
		})
	}
	if got := len(h.book.Services("")); got != 1 {
		t.Errorf("the book has %d services, want 1", got)
	}
	if members := h.sco.network(t).Members; len(members) != 0 || h.sco.calls != calls {
		t.Errorf("refused requests came to the SCO: %v", members)
	}
}

func TestRefusedAndLostOrders(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		kind slice.Kind
		want int
	}{{slice.Exhausted, 507}, {slice.Conflict, 409}, {slice.Unavailable, 503}} {
		h.sco.mu.Lock()
		h.sco.err = slice.Errorf(c.kind, "the SCO says so")
		h.sco.mu.Unlock()
		status, out := h.as("ro", http.MethodPost, "/networks", `{"domain": "field", "name": "x", "request": "r1"}`)
		if status != c.want || !strings.Contains(string(out), "the SCO says so") {
			t.Errorf("%s: got %d %s, want %d", c.kind, status, out, c.want)
		}
		if len(h.notes("ro")) != 0 || len(h.book.Services("")) != 0 {
			t.Errorf("%s: something is left in the book", c.kind)
		}
	}
}

func TestAccountsAreApart(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"request": "r1", "process": "p1"`)
	h.now = h.now.Add(time.Hour)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/networks/" + n.ID, "", 404},
		{"DELETE", "/networks/" + n.ID, "", 404},
		{"PUT", "/networks/" + n.ID + "/ports/cam", "{}", 404},
		{"DELETE", "/networks/" + n.ID + "/ports/cam", "", 404},
		{"GET", "?domain=core", "", 404}, // a domain that is ro's alone
	} {
		if status, out := h.as("rival", c.method, c.path, c.body); status != c.want {
			t.Errorf("%s %s: got %d %s, want %d", c.method, c.path, status, out, c.want)
		}
	}
	_, out := h.as("rival", http.MethodGet, "/networks", "")
	if string(out) != `{"networks":[]}`+"\n" {
		t.Errorf("the rival sees %s", out)
	}
	status, out := h.as("rival", http.MethodPost, "/networks", `{"domain": "field", "name": "ns-data", "request": "r1", "process": "p2"}`)
	var mine vim.Network
	if err := json.Unmarshal(out, &mine); status != 201 || err != nil || mine.ID == n.ID {
		t.Errorf("the rival got %d %s", status, out)
	}
	if status, _ := h.as("stranger", http.MethodGet, "", ""); status != http.StatusUnauthorized {
		t.Errorf("a stranger got %d", status)
	}
}

func TestListGoesOverPages(t *testing.T) {
	h := newHouse(t)
	var want, got []string
	for range 7 {
		h.now = h.now.Add(time.Millisecond)
		want = append(want, h.create(`"type": "bridge"`).ID)
	}
	for cursor := ""; ; {
		var page vim.Networks
		h.do(http.MethodGet, "/networks?limit=3&cursor="+cursor, "", 200, &page)
		for _, n := range page.Networks {
			got = append(got, n.ID)
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}
