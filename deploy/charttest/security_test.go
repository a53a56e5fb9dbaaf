//go:build kube

package charttest

import (
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

// admitted tells what the API server says to the pods of a namespace's workloads
// at each level of pod security: a dry run of a pod made from each template. It
// must take them at their own level; what they violate at the others is all that
// they claim.
func admitted(t *testing.T, ns, own string, places map[string]string) string {
	t.Helper()
	var text strings.Builder
	for _, w := range workloads(t, ns) {
		for _, level := range levels {
			says := admit(t, places[level], w)
			if level == own && says != "" {
				t.Errorf("%s is refused where it belongs: %s", w.name, says)
			}
			if says == "" {
				says = "accepted"
			}
			fmt.Fprintf(&text, "%s, %s: %s\n", w.name, level, says)
		}
	}
	return text.String()
}

// levels are those of pod security, the strictest first.
var levels = []string{"restricted", "baseline", "privileged"}

// A workload is what makes pods.
type workload struct {
	name   string // kind and name
	pod    object // its template
	claims []any  // of a StatefulSet
}

func workloads(t *testing.T, namespace string) []workload {
	t.Helper()
	var all []workload
	for resource, at := range map[string][]string{
		"apps/v1/deployments": {"spec", "template"}, "apps/v1/statefulsets": {"spec", "template"},
		"apps/v1/daemonsets": {"spec", "template"}, "batch/v1/jobs": {"spec", "template"},
		"batch/v1/cronjobs": {"spec", "jobTemplate", "spec", "template"},
	} {
		group, kind := filepath.Split(resource)
		for _, o := range list(t, "/apis/"+group+"namespaces/"+namespace+"/"+kind) {
			pod, _ := nested(o, at...).(object)
			claims, _ := nested(o, "spec", "volumeClaimTemplates").([]any)
			all = append(all, workload{fmt.Sprint(strings.TrimSuffix(kind, "s"), "/", nested(o, "metadata", "name")), pod, claims})
		}
	}
	if len(all) == 0 {
		t.Error("the chart makes no pods")
	}
	slices.SortFunc(all, func(a, b workload) int { return strings.Compare(a.name, b.name) })
	return all
}

// places makes a namespace of each level.
func places(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, level := range levels {
		all[level] = namespace(t, level)
	}
	return all
}

// admit asks the server whether it would take a pod of a workload in a
// namespace, and returns why not.
func admit(t *testing.T, ns string, w workload) string {
	t.Helper()
	account, _ := nested(w.pod, "spec", "serviceAccountName").(string)
	account = cmp.Or(account, "default")
	accounts := "/api/v1/namespaces/" + ns + "/serviceaccounts"
	call(t, kubetest.Request{Method: http.MethodPost, Path: accounts, Body: object{"metadata": object{"name": account}}})
	defer call(t, kubetest.Request{Method: http.MethodDelete, Path: accounts + "/" + account})
	// A StatefulSet gives each pod a volume for each of its claims.
	spec, _ := nested(w.pod, "spec").(object)
	volumes, _ := spec["volumes"].([]any)
	for _, claim := range w.claims {
		name := nested(claim, "metadata", "name")
		volumes = append(volumes, object{"name": name, "persistentVolumeClaim": object{"claimName": fmt.Sprint(name, "-pod-0")}})
	}
	pod := object{"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "pod-0"}, "spec": merge(spec, object{"volumes": volumes})}
	for _, key := range []string{"labels", "annotations"} {
		if value := nested(w.pod, "metadata", key); value != nil {
			pod["metadata"] = merge(pod["metadata"].(object), object{key: value}) //nolint:errcheck,forcetypeassert // made above
		}
	}
	a, err := server(t).Call(t.Context(), kubetest.Request{
		Method: http.MethodPost, Path: "/api/v1/namespaces/" + ns + "/pods?dryRun=All&fieldValidation=Strict", Body: pod,
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := strings.TrimPrefix(a.Refusal(), `pods "pod-0" is forbidden: `)
	if a.Refusal() != "" && !strings.HasPrefix(refused, "violates PodSecurity") {
		t.Errorf("%s: %s", w.name, a.Refusal())
	}
	return refused
}

func merge(a, b object) object {
	both := object{}
	for _, o := range []object{a, b} {
		for key, value := range o {
			both[key] = value
		}
	}
	return both
}

// A pod that claims something is refused, and the claim is named.
func TestPodSecuritySeen(t *testing.T) {
	places := places(t)
	pod := func(security object) workload {
		return workload{name: "pod", pod: object{"spec": object{"serviceAccountName": "a", "containers": []any{
			object{"name": "a", "image": "example.org/a:1", "securityContext": security},
		}}}}
	}
	tests := []struct {
		name, level, want string
		security          object
	}{
		{"all", "privileged", "", object{"privileged": true}},
		{"privileged", "baseline", `privileged (container "a" must not set securityContext.privileged=true)`, object{"privileged": true}},
		{"nothing", "baseline", "", object{}},
		{"a capability", "baseline", `must not include "NET_ADMIN" in securityContext.capabilities.add`, object{"capabilities": object{"add": []any{"NET_ADMIN"}}}},
		{"nothing said", "restricted", `must set securityContext.runAsNonRoot=true`, object{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := admit(t, places[tt.level], pod(tt.security))
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
