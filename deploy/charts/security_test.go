package charts_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// capabilities are all that containers have. ovs-vswitchd makes interfaces, and
// in user space it opens them: without NET_RAW none can be added to a bridge
// there. The agent beside it moves addresses, makes interfaces and guards them.
var capabilities = map[string][]string{
	"ovs-vswitchd": {"NET_ADMIN"},
	"sps":          {"NET_ADMIN"},
	"ned":          {"NET_ADMIN"}, // where it has a switch of its own
}

// hostPaths are all that pods see of their node. Beside these it is the folder
// of certificates, if they lie on the node.
var hostPaths = map[string]string{
	"/dev/net/tun":            "CharDevice",
	"/run/l2sces/openvswitch": "DirectoryOrCreate",
	"/etc/l2sces/pki":         "Directory",
}

// A pod is a template of one, with where it was found.
type pod struct {
	file, kind, name string
	labels, spec     object
	object           object // that makes it
}

// rendered returns the objects of every golden file.
func rendered(t *testing.T) map[string][]object {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.golden.yaml"))
	if err != nil || len(files) < 2*len(functions) {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	all := map[string][]object{}
	for _, file := range files {
		all[file] = objects(t, read(t, file))
	}
	return all
}

func pods(t *testing.T) []pod {
	t.Helper()
	var all []pod
	for file, list := range rendered(t) {
		for _, o := range list {
			template, ok := at(o, "spec", "template").(object)
			if !ok {
				continue
			}
			spec, _ := template["spec"].(object)
			labels, _ := at(template, "metadata", "labels").(object)
			kind, _ := o["kind"].(string)
			name, _ := at(o, "metadata", "name").(string)
			all = append(all, pod{file, kind, name, labels, spec, o})
		}
	}
	return all
}

func list(v any) []object {
	var all []object
	items, _ := v.([]any)
	for _, item := range items {
		o, _ := item.(object)
		all = append(all, o)
	}
	return all
}

func words(v any) []string {
	var all []string
	items, _ := v.([]any)
	for _, item := range items {
		s, _ := item.(string)
		all = append(all, s)
	}
	return all
}

func mounts(container object, path string) bool {
	return slices.ContainsFunc(list(container["volumeMounts"]), func(m object) bool { return m["mountPath"] == path })
}

func TestPodsAreConfined(t *testing.T) {
	for _, p := range pods(t) {
		for _, forbidden := range []string{"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} {
			if p.spec[forbidden] != nil {
				t.Errorf("%s: %s sets %s", p.file, p.name, forbidden)
			}
		}
		if p.spec["automountServiceAccountToken"] != false || p.spec["serviceAccountName"] == "default" || p.spec["serviceAccountName"] == nil {
			t.Errorf("%s: %s has a token, or no account of its own", p.file, p.name)
		}
		if at(p.spec, "securityContext", "seccompProfile", "type") != "RuntimeDefault" {
			t.Errorf("%s: %s has no seccomp profile", p.file, p.name)
		}
		if p.kind == "StatefulSet" && (at(p.spec, "securityContext", "runAsNonRoot") != true || at(p.spec, "securityContext", "runAsUser") != 65532) {
			t.Errorf("%s: %s may be root", p.file, p.name)
		}
		for _, v := range list(p.spec["volumes"]) {
			path, _ := at(v, "hostPath", "path").(string)
			if path != "" && hostPaths[path] != at(v, "hostPath", "type") {
				t.Errorf("%s: %s mounts %s of its node", p.file, p.name, path)
			}
		}
	}
}

func TestContainersAreConfined(t *testing.T) {
	for _, p := range pods(t) {
		for _, c := range append(list(p.spec["containers"]), list(p.spec["initContainers"])...) {
			name, _ := c["name"].(string)
			security, _ := c["securityContext"].(object)
			add := words(at(security, "capabilities", "add"))
			want := object{
				"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
				"capabilities": object{"drop": []any{"ALL"}},
			}
			if len(add) > 0 {
				want["capabilities"].(object)["add"] = at(security, "capabilities", "add") //nolint:errcheck,forcetypeassert // made above
			}
			if diff := cmp.Diff(want, security); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", p.file, name, diff)
			}
			shared := name == "ned" && len(list(p.spec["containers"])) == 1
			allowed := capabilities[name]
			if name == "ovs-vswitchd" && mounts(c, "/dev/net/tun") {
				allowed = append(slices.Clone(allowed), "NET_RAW")
			}
			if !slices.Equal(add, allowed) && (!shared || len(add) > 0) {
				t.Errorf("%s: %s has %q, want %q", p.file, name, add, allowed)
			}
			for _, resource := range [][]string{{"requests", "cpu"}, {"requests", "memory"}, {"limits", "memory"}} {
				if at(c["resources"], resource...) == nil {
					t.Errorf("%s: %s has no %s of %s", p.file, name, resource[0], resource[1])
				}
			}
		}
	}
}

// Programs are run as they are: images have no shell, no registry is named, and
// whoever reads the mounts sees what can be written.
func TestContainersRunPrograms(t *testing.T) {
	for _, p := range pods(t) {
		for _, c := range append(list(p.spec["containers"]), list(p.spec["initContainers"])...) {
			image, _ := c["image"].(string)
			repository, tag, ok := strings.Cut(image, ":")
			if !ok || tag == "latest" || !strings.HasPrefix(repository, "l2sces/") || c["imagePullPolicy"] != "IfNotPresent" {
				t.Errorf("%s: image %q, %v", p.file, image, c["imagePullPolicy"])
			}
			for _, word := range append(words(c["command"]), words(c["args"])...) {
				if slices.Contains([]string{"sh", "bash", "/bin/sh", "/bin/bash", "-c"}, word) {
					t.Errorf("%s: %v runs a shell", p.file, c["name"])
				}
			}
			for _, m := range list(c["volumeMounts"]) {
				if path, _ := m["mountPath"].(string); strings.HasSuffix(path, "tls") && m["readOnly"] != true {
					t.Errorf("%s: %v can write to %s", p.file, c["name"], path)
				}
			}
		}
	}
}

func TestProbes(t *testing.T) {
	for _, p := range pods(t) {
		for _, c := range list(p.spec["containers"]) {
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				http, exec := at(c, probe, "httpGet"), at(c, probe, "exec")
				if http == nil && exec == nil {
					t.Errorf("%s: %v has no %s", p.file, c["name"], probe)
				}
				// What /readyz waits for must never have a process killed.
				if probe != "readinessProbe" && http != nil && at(http, "path") != "/healthz" {
					t.Errorf("%s: %s of %v asks %v", p.file, probe, c["name"], at(http, "path"))
				}
			}
		}
	}
}

// The agent and the switch read the same certificates at the same place, as the
// one tells the other where they lie.
func TestSwitchSeesCertificates(t *testing.T) {
	for _, p := range pods(t) {
		if p.kind != "DaemonSet" {
			continue
		}
		for _, c := range list(p.spec["containers"]) {
			if c["name"] == "ovsdb-server" {
				continue
			}
			if !mounts(c, "/run/l2sces/tls") {
				t.Errorf("%s: %v does not see the certificates", p.file, c["name"])
			}
		}
	}
}

// A switch is taken away only on one node at a time, or by hand.
func TestUpgrades(t *testing.T) {
	for _, p := range pods(t) {
		strategy, _ := at(p.object, "spec", "updateStrategy").(object)
		switch {
		case p.kind == "StatefulSet" && strategy == nil, strategy["type"] == "OnDelete":
		case at(strategy, "rollingUpdate", "maxUnavailable") == 1 && at(strategy, "rollingUpdate", "maxSurge") == 0:
		case strings.HasSuffix(p.file, "ned/cert-manager.golden.yaml") && at(strategy, "rollingUpdate", "maxUnavailable") == "50%":
		default:
			t.Errorf("%s: %s %s is upgraded by %v", p.file, p.kind, p.name, strategy)
		}
		// A label of a version in it would make every pod anew with every chart.
		if p.labels["helm.sh/chart"] != nil {
			t.Errorf("%s: pods of %s are told the chart's version", p.file, p.name)
		}
	}
}

// Nothing gives rights, nothing leaves the namespace, nothing waits for a hook.
func TestNoRights(t *testing.T) {
	kinds := []string{
		"Certificate", "DaemonSet", "Issuer", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule",
		"Secret", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet",
	}
	for file, all := range rendered(t) {
		for _, o := range all {
			kind, _ := o["kind"].(string)
			if !slices.Contains(kinds, kind) {
				t.Errorf("%s makes a %s", file, kind)
			}
			if at(o, "metadata", "namespace") != nil {
				t.Errorf("%s: %s names a namespace", file, kind)
			}
			if kind == "ServiceAccount" && o["automountServiceAccountToken"] != false {
				t.Errorf("%s: the account hands out tokens", file)
			}
			annotations, _ := at(o, "metadata", "annotations").(object)
			for key := range annotations {
				if strings.HasPrefix(key, "helm.sh/hook") {
					t.Errorf("%s: %s is a hook", file, kind)
				}
			}
		}
	}
}

// Whatever selects pods selects those of its own release: services, policies
// and budgets alike. Unless somebody switched them off, all of them are there.
func TestSelectors(t *testing.T) {
	made := map[string]pod{}
	for _, p := range pods(t) {
		made[p.file] = p
	}
	for file, all := range rendered(t) {
		kinds := map[string]int{}
		for _, o := range all {
			kind, _ := o["kind"].(string)
			kinds[kind]++
			var selector any
			switch kind {
			case "Service":
				selector = at(o, "spec", "selector")
			case "NetworkPolicy":
				selector = at(o, "spec", "podSelector", "matchLabels")
				if diff := cmp.Diff([]string{"Ingress", "Egress"}, words(at(o, "spec", "policyTypes"))); diff != "" {
					t.Errorf("%s: the policy closes %s", file, diff)
				}
			case "PodDisruptionBudget", "StatefulSet", "DaemonSet":
				selector = at(o, "spec", "selector", "matchLabels")
			default:
				continue
			}
			want, _ := selector.(object)
			for _, key := range slices.Sorted(maps.Keys(want)) {
				if got := made[file].labels[key]; got != want[key] && key != "l2sces.io/pool" {
					t.Errorf("%s: %s selects %s=%v, pods have %v", file, kind, key, want[key], got)
				}
			}
			if want["app.kubernetes.io/instance"] == nil {
				t.Errorf("%s: %s selects pods of other releases", file, kind)
			}
		}
		bare := strings.Contains(file, "alone") || strings.Contains(file, "by-hand")
		for _, kind := range []string{"NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor", "PrometheusRule"} {
			if there := kinds[kind] > 0; there == bare {
				t.Errorf("%s: a %s is there: %v", file, kind, there)
			}
		}
	}
}
