//go:build lab

package l2vpn_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var yang = flag.String("yang", "", "folder with the public YANG modules: ietf-l2vpn-svc@2018-10-09 and what it imports")

// documents are all that the door answers with, as the whole configuration shows it,
// after what clients of the model and OSM's connector have done.
func documents(t *testing.T) map[string]string {
	t.Helper()
	w := trueWorld(t)
	all := map[string]string{"a client of the model": w.Must(t, 200, get, root, "")}
	access := sites + "/site=s1/site-network-accesses/site-network-access=n1"
	w.Must(t, 204, put, access+"/connection", `{"ietf-l2vpn-svc:connection": {"encapsulation-type": "ethernet", "eth-inf-type": "untagged",
		"tagged-interface": {"type": "priority-tagged", "priority-tagged": {"tag-type": "c-vlan"}}}}`)
	w.Must(t, 204, put, access+"/service", `{"ietf-l2vpn-svc:service": {"svc-mtu": 1300, "svc-bandwidth": {"bandwidth": [
		{"direction": "input-bw", "type": "bw-per-port", "cir": "1", "cbs": "2", "eir": "3", "ebs": "4", "pir": "4", "pbs": "6"}]}}}`)
	w.Must(t, 201, put, inSite("ned-c")+"site-network-access=c", `{"ietf-l2vpn-svc:site-network-access": [{"network-access-id": "c", "vpn-attachment": {"vpn-id": "v"}}]}`)
	all["edited"] = w.Must(t, 200, get, root, "")
	w = newWorld(t)
	all["nothing"] = w.Must(t, 200, get, root, "")
	w.Must(t, 201, post, vpns, vpnBody(idA, "vpws"))
	w.Must(t, 201, post, vpns, vpnBody(idB, "vpls"))
	w.Must(t, 201, put, vpns+"/vpn-service=bare", `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "bare"}]}`)
	w.Must(t, 201, post, inSite("site-a"), accessBody(one, idA, "ned-a:eth1", 100))
	all["half of the connector's"] = w.Must(t, 200, get, root, "")
	w.Must(t, 201, post, inSite("site-b"), accessBody(two, idA, "ned-b:eth1", 0))
	all["the connector's"] = w.Must(t, 200, get, root, "")
	w.Must(t, 204, patch, sites+"/site=site-a", `{"ietf-l2vpn-svc:site": [{"site-id": "site-a", "locations": {"location": [{"location-id": "second", "state": "x", "postal-code": "1"}]}}]}`)
	all["both"] = w.Must(t, 200, get, root, "")
	return all
}

// TestYanglint has libyang judge every document by a module of our own, which has the
// form of the model, and finds the same document faulty once a leaf is gone.
func TestYanglint(t *testing.T) {
	if _, err := exec.LookPath("yanglint"); err != nil {
		t.Fatal("yanglint is not here: deploy/setup.sh run test installs it")
	}
	judge(t, "ietf-l2vpn-svc.yang", "testdata/yang")
}

// TestYanglintPublic has it judge them by the public modules.
func TestYanglintPublic(t *testing.T) {
	if *yang == "" {
		t.Skip("no public YANG given: run with -yang DIR")
	}
	judge(t, "ietf-l2vpn-svc@2018-10-09.yang", *yang, "-F", "ietf-l2vpn-svc:bearer-reference,dot1q,input-bw,output-bw,vlan")
}

func judge(t *testing.T, module, dir string, options ...string) {
	t.Helper()
	ours, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	options = append(options, "-p", ours, "-t", "config", module, filepath.Join(ours, "l2sces-l2vpn.yang"))
	for name, text := range documents(t) {
		if said, ok := lint(t, dir, text, options); !ok {
			t.Errorf("%s: %s\n%s", name, said, text)
		}
		for _, leaf := range []string{`"ce-vlan-preservation":`, `"location-reference":"site-a"`, `"svc-mtu":`, `"default-ce-vlan-id":`} {
			wrong := strings.Replace(text, leaf, `"vpn-profiles":`, 1)
			if _, ok := lint(t, dir, wrong, options); wrong != text && ok {
				t.Errorf("%s: it takes %s", name, wrong)
			}
		}
	}
}

func lint(t *testing.T, dir, text string, options []string) (said string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(context.Background(), "yanglint", append(append([]string{}, options...), file)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	err := cmd.Run()
	return out.String(), err == nil
}
