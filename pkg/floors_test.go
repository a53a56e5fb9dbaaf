// Package pkg holds no code. Its test keeps the floors of the house apart.
package pkg

import (
	"cmp"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/l2sces/l2sces"

// floors lists the house from the ground up. A package may import packages of
// the floors below its own, and nothing beside it. A folder below a listed one
// (pkg/api/v1, pkg/flow/flowtest) belongs to it: the two may import each other.
// A folder that is not listed fails the test until someone gives it a place.
var floors = [][]string{
	// Words: the nouns everybody speaks, and the embedded schema files.
	{"pkg/slice", "descriptors"},
	// Values: things that can be computed, compared and printed.
	{"pkg/topology", "pkg/ipam", "pkg/flow", "pkg/bridge", "pkg/descriptor", "pkg/reconcile"},
	{"pkg/intent"},
	// Translators: pure functions from one kind of value to the next.
	{"pkg/translate", "pkg/pipeline", "pkg/graph"},
	// Judges: what packages are held to.
	{"pkg/lint"},
	// Engines: keep the switches of one fabric, the links between them, and the bridges of one node.
	{"pkg/fabric", "pkg/learn", "pkg/agent", "pkg/discovery"},
	// What doors over HTTP share.
	{"pkg/web"},
	// The gate: who calls, and what it may do. The doors and the actors ask it.
	{"pkg/access"},
	// Hands, which touch the world; actors, which decide; and the doors,
	// plugin, nbi, rest and compat. They do not know one another: each says what it needs as
	// a small interface of its own.
	{
		"pkg/openflow", "pkg/ovs", "pkg/kube", "pkg/dns", "pkg/osm", "pkg/api",
		"pkg/probe", "pkg/store", "pkg/tunnel", "pkg/netns", "pkg/pki", "pkg/process", "pkg/pack",
		"pkg/sco", "pkg/registry", "pkg/secret", "pkg/sdnc", "pkg/sps", "pkg/ned", "pkg/operator", "pkg/lab",
		"plugin", "pkg/nbi", "pkg/rest", "pkg/compat",
	},
	// Commands and charms: the only place where hands and actors meet.
	{"cmd", "juju-charms"},
}

// owners names the packages that may import an outside library. A library
// without an owner is for tests alone.
var owners = map[string][]string{
	"github.com/labstack/echo":                 {"pkg/nbi", "pkg/rest", "pkg/web", "plugin"},
	"github.com/oapi-codegen/runtime":          {"pkg/nbi", "pkg/rest"},
	"go.yaml.in/yaml":                          {"pkg/descriptor"},
	"github.com/xeipuuv":                       {"pkg/descriptor"},
	"k8s.io/client-go":                         {"pkg/kube", "pkg/operator"},
	"sigs.k8s.io/controller-runtime":           {"pkg/kube", "pkg/operator"},
	"sigs.k8s.io/yaml":                         {"pkg/kube", "pkg/operator"},
	"github.com/ovn-kubernetes/libovsdb":       {"pkg/ovs"},
	"github.com/coredns":                       {"pkg/dns"},
	"github.com/miekg/dns":                     {"pkg/dns"},
	"go.etcd.io":                               {"pkg/store"},
	"go.uber.org/zap":                          {"pkg/store"},
	"golang.zx2c4.com/wireguard":               {"pkg/tunnel"},
	"github.com/strongswan/govici":             {"pkg/tunnel"},
	"gonum.org/v1/gonum":                       {"pkg/topology"},
	"github.com/coreos/go-oidc":                {"pkg/access"},
	"golang.org/x/time":                        {"pkg/access"},
	"github.com/google/uuid":                   {"plugin"},
	"github.com/prometheus-community/pro-bing": {"pkg/probe"},
	"github.com/spf13/cobra":                   {"cmd"},
	"github.com/smallstep/pkcs7":               {"pkg/pack"},
	"github.com/gruyaume/goops":                {"juju-charms"},
	"google.golang.org/genproto":               {"pkg/api"},
	"github.com/netrack/openflow":              nil,
	"gopkg.in/yaml.v3":                         nil,
	"github.com/google/go-cmp":                 nil,
	"github.com/google/go-containerregistry":   nil, // and for tools/image
	"pgregory.net/rapid":                       nil,
	"go.uber.org/goleak":                       nil,
}

func TestFloors(t *testing.T) {
	rank := map[string]int{}
	for i, floor := range floors {
		for _, p := range floor {
			rank[p] = i
		}
	}
	home := func(p string) string {
		for ; p != "." && p != "/"; p = path.Dir(p) {
			if _, ok := rank[p]; ok {
				return p
			}
		}
		return ""
	}
	for _, root := range []string{"pkg", "plugin", "cmd", "descriptors", "juju-charms"} {
		walk(t, root, func(from, imported string) {
			here := home(from)
			if here == "" {
				t.Errorf("%s stands on no floor", from)
				return
			}
			if p, ours := strings.CutPrefix(imported, module+"/"); ours {
				if there := home(p); there != here && (there == "" || rank[there] >= rank[here]) {
					t.Errorf("%s imports %s, which is not below it", from, p)
				}
			}
			for lib, own := range owners {
				if (imported == lib || strings.HasPrefix(imported, lib+"/")) && !slices.Contains(own, here) {
					t.Errorf("%s imports %s, which belongs to %s", from, imported, cmp.Or(strings.Join(own, " and "), "tests"))
				}
			}
		})
	}
}

// walk calls f for every import of every shipped Go file below a top folder.
// It opens the files itself, so that the test cache sees them change; a test
// that asked the go command instead would be served a stale answer.
func walk(t *testing.T, root string, f func(from, imported string)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", root), func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a top folder that is not there yet
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := strings.TrimPrefix(path.Dir(filepath.ToSlash(name)), "../")
		f(from, "")
		for _, s := range file.Imports {
			imported, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			f(from, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
