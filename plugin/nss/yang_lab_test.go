//go:build lab

package nss_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var yang = flag.String("yang", "", "folder with the public YANG modules: ietf-network-slice-service@2026-05-27 and what it imports")

// TestYanglint has libyang judge what the door answers with by the public modules,
// and finds the same document faulty once a leaf is another.
func TestYanglint(t *testing.T) {
	if *yang == "" {
		t.Skip("no public YANG given: run with -yang DIR")
	}
	if _, err := exec.LookPath("yanglint"); err != nil {
		t.Fatal("yanglint is not here: deploy/setup.sh run test installs it")
	}
	w := newWorld(t)
	lint(t, "config", w.Must(t, 200, get, root+"?content=config", ""), true)
	w.Must(t, 204, put, root, plant(t))
	w.Must(t, 201, post, root, small("two", `"test-only": [null], "description": "d",
		"service-slo-sle-policy": {"slo-policy": {"metric-bound": [{"metric-type": "one-way-delay-percentile", "metric-unit": "ms", "percentile-value": "99.9", "bound": "7"}], "availability": "two-nines"},
			"sle-policy": {"security": ["encryption", "integrity"], "isolation": ["traffic-isolation"]}},
		"status": {"admin-status": {"status": "ietf-vpn-common:admin-pre-deployment"}},`))
	w.Must(t, 204, patch, plants+"=two/sdps", `{"ietf-network-slice-service:sdps": {"sdp": [{"id": "n", "ce-mode": false,
		"attachment-circuits": {"attachment-circuit": [{"id": "1", "description": "d", "mtu": 9000, "ac-tags": {"ac-tag": [{"tag-type": "cvlan-id", "tag-type-value": ["9"]}]}}]}}]}}`)
	config, all := w.Must(t, 200, get, root+"?content=config", ""), w.Must(t, 200, get, root, "")
	lint(t, "config", config, true)
	lint(t, "data", all, true)
	lint(t, "config", all, false)
	for old, wrong := range map[string]string{
		`"metric-unit":"ms"`: `"metric_unit":"ms"`, `,"metric-unit":"Mbps"`: ``, `:two-nines"`: `:ten-nines"`, `"p2p-sender-sdp":"north"`: `"p2p-sender-sdp":"west"`,
		`"slo-sle-template":"control"`: `"slo-sle-template":"x"`, `"vlan":[100]`: `"vlan":[4096]`, `"percentile-value":"99.9"`: `"percentile-value":"100.1"`,
	} {
		changed := strings.Replace(config, old, wrong, 1)
		if changed == config {
			t.Fatalf("no %s in %s", old, config)
		}
		lint(t, "config", changed, false)
	}
}

func lint(t *testing.T, kind, text string, want bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	//nolint:gosec // the folder is the tester's
	cmd := exec.CommandContext(context.Background(), "yanglint", "-p", ".", "-i", "-t", kind, "ietf-network-slice-service@2026-05-27.yang", "ietf-vpn-common@2022-02-11.yang", file)
	cmd.Dir = *yang
	said, err := cmd.CombinedOutput()
	if (err == nil) != want {
		t.Errorf("as %s: yanglint says %v, want %t\n%s\n%s", kind, err, want, said, text)
	}
}
