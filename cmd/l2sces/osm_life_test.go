package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

func TestOSMHouseLogin(t *testing.T) {
	w := newOSMHouse(t)
	w.fails(t, 1, "not logged in", "status")
	w.must(t, "logout") // as good
	w.fails(t, 1, "401", append([]string{"login", "--project=other"}, w.login...)...)
	shown := w.must(t, append([]string{"login", "--output=json"}, w.login...)...)
	file := filepath.Join(w.dir, "config", "l2sces", "osm.json")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	var kept session
	if err := json.Unmarshal(read(t, file), &kept); err != nil || kept.Token == "" {
		t.Fatal("there is no token", err)
	}
	if strings.Contains(string(read(t, file)), osmtest.Password) || strings.Contains(shown, kept.Token) {
		t.Error("a secret is where it should not be")
	}
	if got := w.must(t, "status", "--output=json"); got != "{\n  \"instances\": []\n}\n" {
		t.Errorf("got %q", got)
	}
	w.fails(t, 2, "and not at https://192.0.2.9:9999", "status", "--osm=https://192.0.2.9:9999")
	w.nbi.Restart()
	w.fails(t, 1, "log in again", "status")
	w.must(t, append([]string{"login"}, w.login...)...)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	w.fails(t, 2, "others may read it", "status")
	w.must(t, append([]string{"login"}, w.login...)...)
	w.must(t, "logout")
	if _, err := os.Stat(file); err == nil {
		t.Error("the login is still there")
	}
	w.must(t, "logout")
	if got := w.must(t, append([]string{"status", "--output=json"}, w.login...)...); got != "{\n  \"instances\": []\n}\n" { // without a login
		t.Errorf("got %q", got)
	}
}

func TestOSMHouseWrongInput(t *testing.T) {
	w := newOSMHouse(t)
	empty, two, text := w.write(t, "empty", "\n"), w.write(t, "two", "a\nb\n"), w.write(t, "text.yaml", "a: 1\n")
	none := filepath.Join(w.dir, "none")
	if err := os.Mkdir(none, 0o700); err != nil {
		t.Fatal(err)
	}
	to := []string{"--osm=https://192.0.2.9:9999", "--user=ann"}
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"login without a password", append([]string{"login"}, to...), "password-file"},
		{"login with two", append([]string{"login", "--password-stdin", "--password-file=" + empty}, to...), "password-stdin"},
		{"login without anything", []string{"login"}, "--osm is required"},
		{"login with nothing", append([]string{"login", "--password-file=" + empty}, to...), "does not hold one line"},
		{"login with two lines", append([]string{"login", "--password-file=" + two}, to...), "does not hold one line"},
		{"login with no file", append([]string{"login", "--password-file=" + w.dir + "/absent"}, to...), "absent"},
		{"no authority", append([]string{"login", "--password-file=" + two + "x", "--ca=" + text}, to...), "twox"},
		{"no address", []string{"login", "--osm=192.0.2.9", "--user=ann", "--password-file=" + w.dir + "/password"}, "https://HOST:PORT"},
		{"a password of nobody", []string{"status", "--osm=https://192.0.2.9:9999", "--password-stdin"}, "--user is required"},
		{"a user of nothing", []string{"status", "--user=ann", "--password-stdin"}, "where is OSM?"},
		{"onboard nothing", []string{"onboard"}, "requires at least 1"},
		{"onboard what is absent", []string{"onboard", w.dir + "/absent.tar.gz"}, "absent"},
		{"onboard a text", []string{"onboard", text}, "it is neither gzip nor zip"},
		{"onboard an empty folder", []string{"onboard", none}, "holds no archive"},
		{"register what is absent", []string{"register", w.dir + "/absent"}, "absent"},
		{"register a text", []string{"register", text}, "text.yaml"},
		{"no name", []string{"instantiate", "town"}, "name"},
		{"params that are none", []string{"instantiate", "town", "--name=x", "--params=" + two}, "two"},
		{"less than nothing", []string{"terminate", "x", "--timeout=-1s"}, "less than nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) { w.fails(t, 2, tt.says, tt.args...) })
	}
	if len(w.nbi.Requests()) > 0 {
		t.Error("OSM was asked")
	}
}

// housePackages builds what the template span needs, in both formats.
func housePackages(t *testing.T, w *osmHouse) string {
	t.Helper()
	out := filepath.Join(w.dir, "packages")
	args := []string{"package", "build", house + "vnfd/toolbox_knf", house + "nsd/l2sces_span_ns", house + "descriptors/nst/span", "--no-lint", "--format=osm,csar", "--out=" + out}
	if status, _, stderr := typed(args...); status != 0 {
		t.Fatal(stderr)
	}
	return out
}

// houseOutcomes says in short what is shown as JSON.
func houseOutcomes(t *testing.T, text string) string {
	t.Helper()
	var all struct {
		Results []struct{ Kind, Name, Act, State string }
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	var said []string
	for _, r := range all.Results {
		said = append(said, strings.Join([]string{r.Kind, r.Name, r.Act, r.State}, " "))
	}
	return strings.Join(said, ", ")
}

func TestOSMHouseOnboard(t *testing.T) {
	w := newOSMHouse(t)
	w.must(t, append([]string{"login"}, w.login...)...)
	folder := housePackages(t, w)
	w.nbi.Forget()
	plan := w.must(t, "onboard", folder, "--dry-run", "--output=json")
	if got := houseOutcomes(t, plan); got != "vnfd toolbox-knf create planned, nsd l2sces-span-ns create planned, nst span create planned" {
		t.Errorf("the plan is %q", got)
	}
	for _, r := range w.nbi.Requests() {
		if r.Method != "GET" {
			t.Errorf("%s %s of a plan", r.Method, r.Path)
		}
	}
	w.fails(t, 2, "neither given nor in OSM", "onboard", folder+"/span.tar.gz")
	done := w.must(t, "onboard", folder, "--output=json")
	if got := houseOutcomes(t, done); got != "vnfd toolbox-knf create done, nsd l2sces-span-ns create done, nst span create done" {
		t.Errorf("got %q", got)
	}
	status, stdout, stderr := typed("osm", "onboard", folder+"/span.tar.gz", folder+"/span.csar", folder+"/toolbox_knf.tar.gz")
	if status != 0 || !strings.Contains(stdout, "span") || !strings.Contains(stderr, "nst span: keep, done: the same is there") {
		t.Errorf("again: %d %q %q", status, stdout, stderr)
	}
}

// What is broken is not uploaded, unless it is asked for.
func TestOSMHouseOnboardLints(t *testing.T) {
	w := newOSMHouse(t)
	w.must(t, append([]string{"login"}, w.login...)...)
	w.nbi.Forget()
	archive := osmtest.Archive(t, "town", map[string]string{"town.yaml": "nst:\n- id: town\n  name: town\n  netslice-subnet: []\n"})
	file := w.write(t, "town.tar.gz", string(archive))
	w.fails(t, 2, "nothing is onboarded", "onboard", file)
	if len(w.nbi.Requests()) > 0 {
		t.Error("OSM was asked")
	}
	if got := houseOutcomes(t, w.must(t, "onboard", file, "--no-lint", "--output=json")); got != "nst town create done" {
		t.Errorf("got %q", got)
	}
}

// sampleAccounts lays the sample of descriptors/osm and what it names into the folder.
func sampleAccounts(t *testing.T, w *osmHouse) string {
	t.Helper()
	for _, name := range []string{"osm-field", "osm-fire", "osm-private", "osm-wim"} {
		w.write(t, name+".secret", "hush-"+name+"\n")
	}
	for _, name := range []string{"control", "field", "fire", "private"} {
		w.write(t, "kubeconfig-"+name+".yaml", "clusters: [{name: c}]\nusers: [{name: u, user: {token: hush-token}}]\n")
	}
	w.write(t, "ca.crt", "-----BEGIN CERTIFICATE-----\n")
	return w.write(t, "register.yaml", string(read(t, house+"descriptors/osm/register.yaml")))
}

func TestOSMHouseRegister(t *testing.T) {
	w := newOSMHouse(t)
	w.serveSCO(t)
	file := sampleAccounts(t, w)
	w.must(t, append([]string{"login"}, w.login...)...)
	args := append([]string{"register", file, "--output=json"}, w.sco...)
	const all = "vim control ACT, vim field ACT, vim fire ACT, vim town-hall ACT, cluster control ACT, cluster field ACT, cluster fire ACT, cluster private ACT, wim l2sces ACT"
	w.nbi.Forget()
	if got := houseOutcomes(t, w.must(t, append(args, "--dry-run")...)); got != strings.ReplaceAll(all, "ACT", "create planned") {
		t.Errorf("the plan is %q", got)
	}
	if len(w.sent(t, "POST", "/admin/v1")) > 0 {
		t.Error("a plan has changed OSM")
	}
	if got := houseOutcomes(t, w.must(t, args...)); got != strings.ReplaceAll(all, "ACT", "create done") {
		t.Errorf("got %q", got)
	}
	wims := w.sent(t, "POST", "/admin/v1/wim_accounts")
	text, err := json.Marshal(wims[0]["config"])
	if err != nil {
		t.Fatal(err)
	}
	port := func(vim, domain, vlan string) string {
		dpid := slice.DPIDOf(slice.Domain(domain), slice.Node(domain+"-2"), "br-ned").String()
		return `{"datacenter_id":"` + vim + `","device_id":"` + dpid + `","device_interface_id":"1","service_endpoint_id":"` + domain +
			`","service_mapping_info":{"encapsulation":{"type":"dot1q","vlan":` + vlan + `}}}`
	}
	want := `{"wim_port_mapping":[` + port("field", "field", "600") + "," + port("fire", "fire", "600") + "," + port("town-hall", "private", "601") + "]}"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("the mapping (-want +got):\n%s", diff)
	}
	if got := houseOutcomes(t, w.must(t, args...)); got != strings.ReplaceAll(all, "ACT", "keep done") {
		t.Errorf("again: %q", got)
	}
	gone := append([]string{"register", file, "--sco=127.0.0.1:1"}, w.sco[1:]...)
	w.fails(t, 1, "127.0.0.1:1", gone...) // a mapping of what is not known would be wrong
}

func TestOSMHouseInstances(t *testing.T) {
	w := newOSMHouse(t)
	w.serveSCO(t)
	w.must(t, append([]string{"login"}, w.login...)...)
	w.must(t, "onboard", housePackages(t, w), "--no-lint")
	w.must(t, append([]string{"register", sampleAccounts(t, w)}, w.sco...)...)
	params := w.write(t, "span.yaml", strings.ReplaceAll(string(read(t, house+"descriptors/params/span.yaml")), "private", "town-hall"))
	w.fails(t, 2, `OSM has no vim account "private"`, "instantiate", "span", "--name=span", "--params="+house+"descriptors/params/span.yaml")
	w.fails(t, 2, "onboard it first", "instantiate", "absent", "--name=span", "--params="+params)
	order := []string{"instantiate", "span", "--name=span", "--params=" + params, "--timeout=0s", "--output=json"}
	if got := houseOutcomes(t, w.must(t, append(order, "--dry-run")...)); got != "slice span create planned" {
		t.Errorf("the plan is %q", got)
	}
	if got := houseOutcomes(t, w.must(t, order...)); got != "slice span create ordered" {
		t.Errorf("got %q", got)
	}
	if got := houseOutcomes(t, w.must(t, order...)); got != "slice span keep ordered" || len(w.sent(t, "POST", "/nsilcm/v1/netslice_instances_content")) != 1 {
		t.Errorf("again: %q", got)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"__complete", "osm", "instantiate", ""}, "span\n:4\n"},
		{[]string{"__complete", "osm", "instantiate", "--ns", ""}, "l2sces-span-ns\n:4\n"},
		{[]string{"__complete", "osm", "terminate", ""}, "span\n:4\n"},
		{[]string{"__complete", "osm", "status", ""}, "span\n:4\n"},
	} {
		if status, stdout, _ := typed(tt.args...); status != 0 || stdout != tt.want {
			t.Errorf("%v: %d %q", tt.args, status, stdout)
		}
	}
	var seen struct {
		Instances []struct{ ID, SliceID string }
	}
	err := json.Unmarshal([]byte(w.must(t, append([]string{"status", "span", "--output=json"}, w.sco...)...)), &seen)
	if nsi := seen.Instances; err != nil || len(nsi) != 1 || nsi[0].SliceID != "span" {
		t.Fatalf("%v %+v", err, nsi)
	}
	nsi := seen.Instances[0].ID
	w.nbi.Start(nsi)
	w.nbi.Finish(nsi)
	shown := w.must(t, append([]string{"status"}, w.sco...)...)
	for _, says := range []string{"span", "running", "Pending", "network wide waits for cam", "span.span", "l2sces-span-ns", "field"} {
		if !strings.Contains(shown, says) {
			t.Errorf("%q does not say %q", shown, says)
		}
	}
	if strings.Contains(w.must(t, "status"), "Pending") {
		t.Error("the SCO was asked")
	}
	w.fails(t, 1, `no slice instance "absent"`, "status", "absent")
	end := []string{"terminate", "span", "--timeout=0s", "--output=json"}
	if got := houseOutcomes(t, w.must(t, end...)); got != "slice span remove ordered" {
		t.Errorf("got %q", got)
	}
	w.nbi.Terminated(nsi)
	if got := houseOutcomes(t, w.must(t, end...)); got != "slice span remove done" {
		t.Errorf("the record: %q", got)
	}
	if got := houseOutcomes(t, w.must(t, end...)); got != "slice span keep done" {
		t.Errorf("again: %q", got)
	}
}

// everywhere is an endpoint of every name.
type everywhere struct{}

func (everywhere) Endpoint(_ context.Context, name string) (onboard.Endpoint, error) {
	return onboard.Endpoint{Name: name, Device: 0x11}, nil
}

// yamlBlock finds the blocks of a page whose first key is the wanted one.
var yamlBlock = regexp.MustCompile("(?s)```yaml\n((accounts|endpoints|vims|wims):\n.*?)```")

// What the samples and the pages show is what the programs take.
func TestOSMHouseSamples(t *testing.T) {
	w := newOSMHouse(t)
	sampleAccounts(t, w)
	w.write(t, "portal.token", "hush-hush\n")
	take := func(name, key, text string) error {
		file := w.write(t, key+".yaml", text)
		switch key {
		case "accounts":
			_, err := account.Read(file, account.Config{})
			return err
		case "endpoints":
			_, err := endpoint.New(nil, name, []byte(text), endpoint.Config{})
			return err
		default:
			_, err := onboard.ReadAccounts(t.Context(), name, []byte(text), onboard.Sources{Open: beside(file), Endpoints: everywhere{}})
			return err
		}
	}
	for key, file := range map[string]string{"accounts": "accounts.yaml", "endpoints": "endpoints.yaml", "vims": "register.yaml"} {
		if err := take(file, key, string(read(t, house+"descriptors/osm/"+file))); err != nil {
			t.Error(err)
		}
	}
	for page, want := range map[string]int{"docs/onboarding.md": 2, "cmd/osm-plugin/README.md": 2} {
		blocks := yamlBlock.FindAllStringSubmatch(string(read(t, house+page)), -1)
		if len(blocks) != want {
			t.Errorf("%s shows %d files, want %d", page, len(blocks), want)
		}
		for _, b := range blocks {
			if err := take(page, b[2], b[1]); err != nil {
				t.Error(err)
			}
		}
	}
}
