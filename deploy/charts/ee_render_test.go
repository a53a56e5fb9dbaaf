//go:build kube

package charts_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestEnvironmentGolden(t *testing.T) {
	for name, args := range variants(t, environment) {
		t.Run(name, func(t *testing.T) {
			got, err := template(t, release, environment, args...)
			if err != nil {
				t.Fatal(got)
			}
			golden(t, filepath.Join("testdata", environment+"-"+name+".golden.yaml"), got)
			out, err := helm(t.Context(), t, append([]string{"lint", "--strict", "--kube-version", "1.30.0", environment}, args...)...)
			if err != nil || strings.Contains(out, "[WARNING]") {
				t.Error(out)
			}
		})
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for set, want := range map[string]string{
		"sco.adress=x":        "additional properties 'adress' not allowed",
		"sco.address=x":       "at '/sco/address'",
		"credentials[0].name": "at '/credentials/0'",
	} {
		if out, err := template(t, release, environment, "--set", set+"=A"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s", set, err, out)
		}
	}
}
