//go:build lab

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

// The doors in the lab: where they are, and who may call.
const (
	pluginDoor      = "127.0.0.1:8445"
	pluginAccounts  = "accounts:\n- {name: osm, tenant: blue, passwordFile: osm.password}\n- {name: other, tenant: red, passwordFile: other.password}\n"
	pluginEndpoints = `
endpoints:
- {name: ep-1, domain: field, workload: sip-field, device: 'of:0000000000000011', port: 1}
- {name: ep-2, domain: fire, workload: sip-fire, device: 'of:0000000000000012', port: 1}
- {name: ep-3, domain: private, workload: sip-private, device: 'of:0000000000000013', port: 1}
`
)

// An osmDesk is a lab with OSM's doors, and an account that calls them.
type osmDesk struct {
	*demo
	core    string // namespace in which the plugin answers
	sco     *cli.SCO
	client  *http.Client
	account string
}

// doorsLab starts a lab whose plugin serves OSM's accounts.
func doorsLab(t *testing.T) *osmDesk {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"accounts.yaml": pluginAccounts, "endpoints.yaml": pluginEndpoints, "osm.password": "hush", "other.password": "hush hush"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	d := &osmDesk{account: "osm"}
	d.demo, d.core = labWith(t, "osm", "osm-plugin", "--osm-listen", pluginDoor, "--osm-plain",
		"--accounts", dir+"/accounts.yaml", "--endpoints", dir+"/endpoints.yaml", "--store", dir+"/plugin.db")
	d.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = netns.Do(d.core, func() error {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}}}
	door := cli.Door{Place: labSCO(d.plan.Dir)}
	var err error
	d.sco, err = door.Open()
	must(t, err)
	t.Cleanup(func() { must(t, d.sco.Close()) })
	return d
}

// call sends a request as a connector does, and wants a status.
func (d *osmDesk) call(t *testing.T, method, path, body string, status int) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+pluginDoor+path, strings.NewReader(body))
	must(t, err)
	password := map[string]string{"osm": "hush", "other": "hush hush"}[d.account]
	r.SetBasicAuth(d.account, password)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := d.client.Do(r)
	must(t, err)
	defer func() { must(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, answer.StatusCode, status, text)
	}
	return text
}

// slices returns all slices of a tenant.
func (d *osmDesk) slices(t *testing.T, tenant slice.Tenant) []intent.Status {
	t.Helper()
	page, err := d.sco.Slices.List(t.Context(), intent.Query{Tenant: tenant})
	must(t, err)
	var all []intent.Status
	for _, s := range page.Slices {
		one, err := d.sco.Slices.Status(t.Context(), s.ID)
		must(t, err)
		all = append(all, one)
	}
	return all
}

// frames wants so many networks of so many members, whose frames reach one another
// and nobody else.
func (d *osmDesk) frames(t *testing.T, members ...int) {
	t.Helper()
	all := d.slices(t, "blue")
	ms, err := openMembers(d.plan.Lab, all...)
	must(t, err)
	defer func() { must(t, ms.close()) }()
	var have []int
	for _, n := range ms.networks() {
		have = append(have, len(n))
	}
	if fmt.Sprint(have) != fmt.Sprint(members) {
		t.Fatalf("networks with %v members, want %v: %+v", have, members, all)
	}
	before := len(d.report.Checks)
	must(t, d.checkFrames(t.Context(), ms))
	if len(ms.addressed()) > 0 {
		must(t, d.checkPings(t.Context(), ms))
		must(t, d.checkForeignPings(t.Context(), ms))
	}
	if len(d.report.Checks) == before {
		t.Error("no frame was sent")
	}
	d.wantAll(t)
}

const onosConfig = "/onos/v1/network/configuration"

// onos is a configuration document, as the connector of VPLS makes it.
type onos struct {
	Devices json.RawMessage           `json:"devices"`
	Ports   map[string]onosPort       `json:"ports"`
	Links   json.RawMessage           `json:"links"`
	Apps    map[string]map[string]any `json:"apps"`
	Hosts   json.RawMessage           `json:"hosts"`
	Layouts json.RawMessage           `json:"layouts"`
}

type onosPort struct {
	Interfaces []map[string]any `json:"interfaces"`
}

// list returns the application's services, and takes off the time of the last
// change, as the connector does.
func (o onos) list(t *testing.T) (vpls map[string]any, all []any) {
	t.Helper()
	vpls, _ = o.Apps["org.onosproject.vpls"]["vpls"].(map[string]any)
	all, ok := vpls["vplsList"].([]any)
	if !ok {
		t.Fatalf("the document has no services: %+v", o)
	}
	delete(vpls, "lastUpdateTime")
	return vpls, all
}

// read fetches the document.
func (d *osmDesk) read(t *testing.T) (o onos) {
	t.Helper()
	must(t, json.Unmarshal(d.call(t, http.MethodGet, onosConfig, "", 200), &o))
	return o
}

func (d *osmDesk) write(t *testing.T, o onos) {
	t.Helper()
	text, err := json.Marshal(o)
	must(t, err)
	d.call(t, http.MethodPost, onosConfig, string(text), 200)
}

// vplsCreate makes a service in the connector's steps: ports first.
func (d *osmDesk) vplsCreate(t *testing.T, id string, vlan int, ends map[string]string) {
	t.Helper()
	o := d.read(t)
	var names []any
	for port, name := range ends {
		o.Ports[port] = onosPort{append(o.Ports[port].Interfaces, map[string]any{"name": name, "vlan": vlan})}
		names = append(names, name)
	}
	d.write(t, o)
	vpls, all := o.list(t)
	vpls["vplsList"] = append(all, map[string]any{"name": id, "interfaces": names, "encapsulation": "VLAN"})
	d.write(t, o)
}

// vplsDelete takes it off again.
func (d *osmDesk) vplsDelete(t *testing.T, id string, ends map[string]string) {
	t.Helper()
	o := d.read(t)
	for port := range ends {
		o.Ports[port] = onosPort{[]map[string]any{}}
	}
	vpls, all := o.list(t)
	vpls["vplsList"] = slices.DeleteFunc(all, func(one any) bool {
		s, _ := one.(map[string]any)
		return s["name"] == id
	})
	d.write(t, o)
}

const (
	vpnRoot  = "/restconf/data/ietf-l2vpn-svc:l2vpn-svc"
	tapiRoot = "/restconf/data/tapi-common:context"
	vpnID    = "7a1f5e0e-54a7-4df1-92c0-b8c0d4b30c11"
	tapiID   = "0c6e5ba4-7c9b-4c1b-8b1e-6d8f0a3c9d22"
)

// OSM's connectors order an ELAN over three domains and ELINEs; frames follow, and
// nothing is left when they take them back.
func TestOSMConnectorsOnSwitches(t *testing.T) {
	d := doorsLab(t)
	before, err := settledHoldings(t.Context(), d.plan)
	must(t, err)

	ends := map[string]string{"of:0000000000000011/1": "ep-1", "of:0000000000000012/1": "ep-2", "of:0000000000000013/1": "ep-3"}
	d.vplsCreate(t, "lan", 600, ends)
	d.frames(t, 3)
	d.account = "other"
	if o := d.read(t); len(o.Ports) > 0 {
		t.Errorf("another account sees the ports of the first: %+v", o.Ports)
	}
	d.account = "osm"

	d.call(t, http.MethodPost, vpnRoot+"/vpn-services", fmt.Sprintf(`{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": %q, "vpn-svc-type": "vpws", "svc-topo": "any-to-any", "customer-name": "osm"}]}`, vpnID), 201)
	for i, w := range []string{"field/cam", "fire/tablet"} {
		d.call(t, http.MethodPost, vpnRoot+"/sites/site=s"+fmt.Sprint(i)+"/site-network-accesses/", fmt.Sprintf(`{"ietf-l2vpn-svc:site-network-access": [{"connection": {},
			"vpn-attachment": {"vpn-id": %q, "site-role": "any-to-any-role"}, "network-access-id": "%08d-0000-4000-8000-000000000000", "bearer": {"bearer-reference": %q}}]}`, vpnID, i, w), 201)
	}
	d.call(t, http.MethodGet, vpnRoot+"/vpn-services/vpn-service="+vpnID+"/", "", 200)
	d.frames(t, 2, 3)

	end := func(n, name string) string {
		return fmt.Sprintf(`{"local-id": %q, "layer-protocol-name": "ETH", "service-interface-point": {"service-interface-point-uuid": %q}}`, n, endpoint.UUID(name))
	}
	d.call(t, http.MethodPost, tapiRoot+"/tapi-connectivity:connectivity-context", fmt.Sprintf(`{"tapi-connectivity:connectivity-service": [{"uuid": %q, "service-type": "POINT_TO_POINT_CONNECTIVITY",
		"requested-capacity": {"total-size": {"value": "1", "unit": "GBPS"}}, "connectivity-direction": "BIDIRECTIONAL", "end-point": [%s, %s]}]}`, tapiID, end("0", "ep-1"), end("1", "ep-3")), 201)
	d.frames(t, 2, 2, 3)

	d.call(t, http.MethodPost, "/restconf/operations/tapi-connectivity:delete-connectivity-service", fmt.Sprintf(`{"tapi-connectivity:input": {"uuid": %q}}`, tapiID), 204)
	d.call(t, http.MethodDelete, vpnRoot+"/vpn-services/vpn-service="+vpnID+"/", "", 204)
	d.vplsDelete(t, "lan", ends)
	if all := d.slices(t, ""); len(all) > 0 {
		t.Errorf("after the deletes: %+v", all)
	}
	must(t, d.checkResidue(t.Context(), before))
	d.wantAll(t)
}

// shim calls the connector of VIM accounts as OSM's RO does, for the VIM account of
// a domain, and returns the result of its last call.
func (d *osmDesk) shim(t *testing.T, domain string, method string, arguments map[string]any) json.RawMessage {
	t.Helper()
	account, err := json.Marshal(map[string]any{
		"uuid": "vim-" + domain, "name": domain, "tenant_id": nil, "tenant_name": domain, "url": "http://" + pluginDoor, "url_admin": nil,
		"user": "osm", "passwd": "hush", "log_level": nil, "config": map[string]any{"insecure": true}, "persistent_info": map[string]any{},
	})
	must(t, err)
	args, err := json.Marshal(arguments)
	must(t, err)
	rovim, err := filepath.Abs(filepath.Join(root, "plugin/rovim"))
	must(t, err)
	lib := t.TempDir()
	var out, complaint bytes.Buffer
	prepare := exec.CommandContext(t.Context(), "python3", filepath.Join(rovim, "testdata/dist.py"), filepath.Join(rovim, "setup.cfg"), lib)
	prepare.Stderr = &complaint
	if err := prepare.Run(); err != nil {
		t.Fatalf("dist.py: %v: %s", err, complaint.String())
	}
	cmd := exec.CommandContext(t.Context(), "python3", filepath.Join(rovim, "testdata/drive.py"), string(account), method, string(args))
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+strings.Join([]string{lib, rovim, filepath.Join(rovim, "testdata")}, ":"))
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := netns.Do(d.core, cmd.Run); err != nil {
		t.Fatalf("%s of %s: %v: %s%s", method, domain, err, out.String(), complaint.String())
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
		Text   string          `json:"text"`
	}
	must(t, json.Unmarshal(out.Bytes(), &answer))
	if answer.Error != "" {
		t.Fatalf("%s: %s: %s", method, answer.Error, answer.Text)
	}
	return answer.Result
}

// RO makes networks in two VIM accounts, workloads attach and stay apart; a WIM
// joins what both hand over by one tag.
func TestVIMNetworksOnSwitches(t *testing.T) {
	d := doorsLab(t)
	before, err := settledHoldings(t.Context(), d.plan)
	must(t, err)
	ids := map[string]string{}
	for domain, workloads := range map[string][]string{"field": {"cam", "iot-gw"}, "fire": {"tablet", "video-wall"}} {
		var made []json.RawMessage
		must(t, json.Unmarshal(d.shim(t, domain, "new_network", map[string]any{
			"net_name": "ns-data-" + domain, "net_type": "bridge",
			"ip_profile":               map[string]any{"ip_version": "IPv4", "subnet_address": "10.9.0.0/24", "dhcp_enabled": false},
			"provider_network_profile": map[string]any{"segmentation_id": 700},
		}), &made))
		var id string
		must(t, json.Unmarshal(made[0], &id))
		ids[domain] = id
		for i, w := range workloads {
			address := fmt.Sprintf("10.9.0.%d", 10*len(domain)+i)
			d.call(t, http.MethodPut, "/vim/v1/networks/"+id+"/ports/"+w, fmt.Sprintf(`{"address": %q}`, address), 200)
		}
		var states map[string]map[string]any
		must(t, json.Unmarshal(d.shim(t, domain, "refresh_nets_status", map[string]any{"net_list": []string{id}}), &states))
		if states[id]["status"] != "ACTIVE" {
			t.Errorf("network of %s: %v", domain, states)
		}
	}
	d.frames(t, 2, 2) // apart, although they have one range and one tag

	fields := map[string]string{}
	for _, s := range []string{"field", "fire"} {
		fields["of:"+slice.DPIDOf(slice.Domain(s), slice.Node(s+"-2"), "br-ned").String()+"/1"] = s
	}
	d.vplsCreate(t, "wim", 700, fields)
	d.frames(t, 4)
	d.vplsDelete(t, "wim", fields)
	d.frames(t, 2, 2)

	for domain, id := range ids {
		d.shim(t, domain, "delete_network", map[string]any{"net_id": id, "created_items": nil})
	}
	if all := d.slices(t, ""); len(all) > 0 {
		t.Errorf("after the deletes: %+v", all)
	}
	must(t, d.checkResidue(t.Context(), before))
	d.wantAll(t)
}
