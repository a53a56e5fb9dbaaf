//go:build kube

package charts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// helm shows the notes of a chart to those only who install it. Here they are
// a value of an object, in a copy of the chart.
func notes(t *testing.T, chart string, args ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), chart)
	if err := os.CopyFS(folder, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"notes":                read(t, filepath.Join(chart, "templates", "NOTES.txt")),
		"templates/notes.yaml": "kind: Notes\ntext: {{ tpl (.Files.Get \"notes\") . | quote }}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := template(t, "r", folder, append(args, "--show-only", "templates/notes.yaml")...)
	if err != nil {
		t.Fatal(out)
	}
	text, _ := objects(t, out)[0]["text"].(string)
	return text
}

// Notes tell what the pods wait for, by the names that they have.
func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		chart, values string
		want          []string
	}{
		{"sco", "", []string{"r-l2sces-sco-tls ", "r-l2sces-sco-plugin-tls ", "l2sces://plugin", "There is no policy", "the pod's address"}},
		{"sco", "alone", []string{"generic sco-pair "}},
		{"sco", "cert-manager", []string{"r-l2sces-sco.project.svc:7001"}},
		{"sco", "replicas", []string{"l2sces-sco.project.svc:8444", "the pods by name"}},
		{"sdnc", "", []string{"r-l2sces-sdnc-tls ", "l2sces://domain/local/sdnc", "controller r-l2sces-sdnc.project.svc:7002"}},
		{"sdnc", "replicas", []string{"r-l2sces-sdnc-2.r-l2sces-sdnc-peers.project.svc:7002"}},
		{"sps", "", []string{"r-l2sces-sps-tls ", "l2sces://domain/local/node/NODE", "openvswitch in their kernel"}},
		{"sps", "pools", []string{"/dev/net/tun"}},
		{"ned", "", []string{"It stands alone", "l2sces.io/gateway=true"}},
		{"ned", "pools", []string{"kubernetes.io/hostname=north-1 (first) kubernetes.io/hostname=north-2 (second)"}},
	} {
		t.Run(tt.chart+"/"+tt.values, func(t *testing.T) {
			var args []string
			if tt.values != "" {
				args = []string{"--values", filepath.Join(tt.chart, "ci", tt.values+".yaml")}
			}
			got := notes(t, tt.chart, args...)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %q in\n%s", want, got)
				}
			}
			if tt.values == "cert-manager" && strings.Contains(got, "create secret") {
				t.Errorf("Secrets are asked for that cert-manager makes:\n%s", got)
			}
		})
	}
}
