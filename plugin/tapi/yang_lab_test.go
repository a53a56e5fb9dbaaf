//go:build lab

package tapi_test

import (
	gocontext "context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var yang = flag.String("yang", "", "folder with the public YANG modules: TAPI 2.1.3 and what it imports")

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
	lint(t, w.Must(t, 200, get, context, ""), true)
	w.Must(t, 201, post, links, body(one, "BIDIRECTIONAL", "a", "b/viewer"))
	w.Must(t, 201, post, links, body(there, "UNIDIRECTIONAL", "a", "b"))
	w.Must(t, 201, post, links, strings.Replace(body(back, "UNIDIRECTIONAL", "b", "a"), `"connectivity-direction"`,
		`"name": [{"value-name": "title", "value": "trunk"}], "service-layer": "ETH", "service-type": "POINT_TO_POINT_CONNECTIVITY", "administrative-state": "UNLOCKED", "connectivity-direction"`, 1))
	all := w.Must(t, 200, get, context, "")
	lint(t, all, true)
	for _, text := range []string{w.Must(t, 200, get, services+"="+one, ""), w.Must(t, 200, get, services, "")} {
		in := strings.TrimPrefix(strings.TrimSpace(text), `{"tapi-connectivity:`)
		points := strings.TrimSuffix(strings.TrimSpace(w.Must(t, 200, get, sips, "")), "}")
		points = strings.Replace(points, `{"tapi-common:`, `{"tapi-common:context":{"`, 1)
		lint(t, points+`,"tapi-connectivity:connectivity-context":{"`+in+`}}`, true)
	}
	for old, wrong := range map[string]string{`"GBPS"`: `"GB/s"`, `"local-id":"a"`: `"id":"a"`, `"service-interface-point-uuid":"` + uuidOf("a"): `"service-interface-point-uuid":"x`, `"value":"1"`: `"value":1`} {
		if !strings.Contains(all, old) {
			t.Fatalf("no %s in %s", old, all)
		}
		lint(t, strings.Replace(all, old, wrong, 1), false)
	}
}

func lint(t *testing.T, text string, want bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	//nolint:gosec // the folder is the tester's
	cmd := exec.CommandContext(gocontext.Background(), "yanglint", "-p", ".", "-i", "-t", "data", "tapi-common@2020-04-23.yang", "tapi-connectivity@2020-06-16.yang", file)
	cmd.Dir = *yang
	said, err := cmd.CombinedOutput()
	if (err == nil) != want {
		t.Errorf("yanglint says %v, want %t\n%s\n%s", err, want, said, text)
	}
}
