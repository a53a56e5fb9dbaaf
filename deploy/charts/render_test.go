//go:build kube

package charts_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// helm runs the helm of bin/tools, or the one that HELM names.
func helm(ctx context.Context, t *testing.T, args ...string) (string, error) {
	t.Helper()
	program := os.Getenv("HELM")
	if program == "" {
		found, err := filepath.Glob("../../bin/tools/helm-v3*")
		if err != nil || len(found) == 0 {
			t.Fatal("there is no helm in bin/tools: make kube builds it")
		}
		program = found[len(found)-1]
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // arguments of the test
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// template renders a chart as for a cluster with cert-manager and the
// Prometheus operator.
func template(t *testing.T, release, chart string, args ...string) (string, error) {
	t.Helper()
	all := append([]string{
		"template", release, chart, "--namespace", "project", "--kube-version", "1.30.0",
		"--api-versions", "cert-manager.io/v1", "--api-versions", "monitoring.coreos.com/v1",
	}, args...)
	return helm(t.Context(), t, all...)
}

// variants are the values that a chart is rendered with: its defaults, and the
// files of ci.
func variants(t *testing.T, chart string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart, "ci", "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%s: %d files of values, %v", chart, len(files), err)
	}
	all := map[string][]string{"defaults": nil}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = []string{"--values", file}
	}
	return all
}

func TestGolden(t *testing.T) {
	for _, c := range functions {
		for name, args := range variants(t, c) {
			t.Run(c+"/"+name, func(t *testing.T) {
				got, err := template(t, "l2sces-"+c+"-0012345678", c, args...)
				if err != nil {
					t.Fatal(got)
				}
				golden(t, filepath.Join("testdata", c, name+".golden.yaml"), got)
			})
		}
	}
}

func TestHelmLint(t *testing.T) {
	for _, c := range functions {
		for name, args := range variants(t, c) {
			t.Run(c+"/"+name, func(t *testing.T) {
				out, err := helm(t.Context(), t, append([]string{"lint", "--strict", "--kube-version", "1.30.0", c}, args...)...)
				if err != nil || strings.Contains(out, "[WARNING]") {
					t.Error(out)
				}
			})
		}
	}
}

// A cluster without cert-manager and the Prometheus operator gets nothing of
// theirs, and no certificate that it was told to make is missing in silence.
func TestBareCluster(t *testing.T) {
	for _, c := range functions {
		out, err := helm(t.Context(), t, "template", "x", c, "--kube-version", "1.27.0")
		if err != nil || strings.Contains(out, "monitoring.coreos.com") || strings.Contains(out, "cert-manager.io") {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
		out, err = helm(t.Context(), t, "template", "x", c, "--kube-version", "1.27.0", "--set", "certificates.caSecret=ca")
		if err == nil || !strings.Contains(out, "need cert-manager in the cluster") {
			t.Errorf("%s without cert-manager: %v\n%s", c, err, out)
		}
	}
}

// Names of releases have up to 53 letters; none of the names made of them is
// too long, and two releases never share one.
func TestNames(t *testing.T) {
	long := strings.Repeat("n", 52)
	for _, c := range functions {
		seen := map[string]string{}
		for _, release := range []string{long + "1", long + "2", "a", "l2sces-" + c, "l2sces-" + c + "-0012345678"} {
			out, err := template(t, release, c, "--values", filepath.Join(c, "ci", "cert-manager.yaml"))
			if err != nil {
				t.Fatal(out)
			}
			for _, o := range objects(t, out) {
				kind, name := o["kind"].(string), at(o, "metadata", "name").(string) //nolint:errcheck,forcetypeassert // every object has them
				if len(name) > 63 || kind == "StatefulSet" && len(name) > 52 || strings.Contains(name, ".") && kind != "Certificate" {
					t.Errorf("%s %s: too long a name", kind, name)
				}
				if other, ok := seen[kind+name]; ok && other != release && at(o, "metadata", "name") != "l2sces-sdnc" {
					t.Errorf("%s %s is of %s and of %s", kind, name, other, release)
				}
				seen[kind+name] = release
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, chart, set, want string }{
		{"unknown key", "sco", "replica=2", "additional properties 'replica' not allowed"},
		{"unknown key inside", "sps", "tunnel.adress=192.0.2.1/24", "at '/tunnel': additional properties 'adress' not allowed"},
		{"many replicas of a file", "sdnc", "replicas=3", "replicas: 3 share no file: give store.etcd.endpoints, or take 1"},
		{"many replicas of a claim", "sco", "replicas=2,store.etcd.endpoints={a:1},persistence.existingClaim=x", "several replicas share no volume"},
		{"too many replicas", "sco", "replicas=8", "at '/replicas': maximum"},
		{"domain", "sdnc", "domain=North_1", "at '/domain': 'North_1' does not match pattern"},
		{"controller without port", "sps", "controller={sdnc}", "at '/controller/0': 'sdnc' does not match pattern"},
		{"no controller", "ned", "controller=null", "missing property 'controller'"},
		{"datapath", "sps", "datapath=dpdk", "at '/datapath': value must be one of 'netdev', 'system'"},
		{"address without length", "ned", "tunnel.address=192.0.2.1", "at '/tunnel/address'"},
		{"eth0 in user space", "sps", "datapath=netdev,tunnel.address=192.0.2.2/24", "takes its uplink over, which eth0 cannot be"},
		{"user space without address", "ned", "datapath=netdev,tunnel.uplink=net1", "give its interface as tunnel.uplink and tunnel.address"},
		{"shared without address", "ned", "switch.mode=shared,switch.runPath=/run/x", "tunnel.address: switch.mode is shared"},
		{"shared without folder", "ned", "switch.mode=shared,tunnel.address=192.0.2.1/24", "switch.runPath: switch.mode is shared"},
		{"certificates for no node", "sps", "certificates.issuerRef.name=x", "certificates.nodes is empty"},
		{"no limit", "sps", "resources.limits=null", "at '/resources': missing property 'limits'"},
		{"option without dashes", "sdnc", "extraArgs={onos}", "at '/extraArgs/0': 'onos' does not match pattern"},
		{"VNI", "sco", "vni.last=16777215", "at '/vni/last': maximum"},
		{"node port", "sco", "service.nodePorts.grpc=80", "at '/service/nodePorts/grpc'"},
		{"interface", "sps", "workloads[0].name=a,workloads[0].interface=much-too-long-a-name", "at '/workloads/0/interface'"},
		{"policy", "sco", "policy.content.user.ann.role=admin", "additional properties 'user' not allowed"},
		{"pool", "ned", "pools[0].name=A", "at '/pools/0'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := template(t, "x", tt.chart, "--set", tt.set)
			if err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("%v, want %q in\n%.500s", err, tt.want, out)
			}
		})
	}
}

// What the services' examples give to OSM as parameters of a KDU are values that
// its chart takes.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../nsd/l2sces_*_ns/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no examples, %v", err)
	}
	for _, file := range files {
		for _, vnf := range list(at(objects(t, read(t, file))[0], "additionalParamsForVnf")) {
			for _, kdu := range list(vnf["additionalParamsForKdu"]) {
				chart, _ := kdu["kdu_name"].(string)
				if !slices.Contains(functions, chart) {
					continue
				}
				values, err := yaml.Marshal(kdu["additionalParams"])
				if err != nil {
					t.Fatal(err)
				}
				given := filepath.Join(t.TempDir(), chart+".yaml")
				if err := os.WriteFile(given, values, 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := template(t, "l2sces-"+chart, chart, "--values", given); err != nil {
					t.Errorf("%s: %s: %s", file, chart, out)
				}
			}
		}
	}
}

// The volume of the store, in each of the ways to have one.
func TestPersistence(t *testing.T) {
	for _, tt := range []struct{ name, set, want, not string }{
		{"class and size", "persistence.storageClass=fast,persistence.size=2Gi", "storageClassName: fast", "emptyDir"},
		{"goes with the release", "persistence.keep=false", "whenDeleted: Delete", "whenDeleted: Retain"},
		{"is there already", "persistence.existingClaim=mine", "claimName: mine", "volumeClaimTemplates"},
		{"none", "persistence.enabled=false", "emptyDir", "volumeClaimTemplates"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := template(t, "x", "sdnc", "--set", tt.set)
			if err != nil || !strings.Contains(out, tt.want) || strings.Contains(out, tt.not) {
				t.Errorf("%v, want %q and no %q in\n%s", err, tt.want, tt.not, out)
			}
		})
	}
}
