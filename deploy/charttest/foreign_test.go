//go:build kube

package charttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

// foreign are the custom resources that our charts make if somebody else's
// operators are there: where their own modules keep the definitions.
var foreign = []struct{ module, file string }{
	{"github.com/cert-manager/cert-manager@v1.18.2", "deploy/crds/crd-certificates.yaml"},
	{"github.com/cert-manager/cert-manager@v1.18.2", "deploy/crds/crd-issuers.yaml"},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"},
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"},
	{"github.com/k8snetworkplumbingwg/network-attachment-definition-client@v1.7.5", "artifacts/networks-crd.yaml"},
}

// teach makes a server know them.
func teach(ctx context.Context, s *kubetest.Server) error {
	for _, f := range foreign {
		var module struct{ Dir, Error string }
		out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", f.module).Output() //nolint:gosec // from the table
		if err = errors.Join(err, json.Unmarshal(out, &module)); err != nil {
			return fmt.Errorf("%s: %w: %s", f.module, err, module.Error)
		}
		text, err := os.ReadFile(filepath.Join(module.Dir, f.file))
		if err != nil {
			return err
		}
		// cert-manager's are templates, but only in what the server does not use.
		definition := placeholder.ReplaceAllString(string(text), "x")
		// Some are too large for the annotation by which a client remembers what it applied.
		if _, err := s.KubectlWith(ctx, definition, "apply", "--server-side", "-f", "-"); err != nil {
			return err
		}
		if _, err := s.KubectlWith(ctx, definition, "wait", "--for=condition=Established", "--timeout=60s", "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`{{[^}]*}}`)
