package translate_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// vnfd is the part of a function descriptor that a KNF of ours may use. OSM's
// model has more; whoever needs it adds it here.
type vnfd struct {
	ID              string `json:"id"`
	Provider        string `json:"provider"`
	ProductName     string `json:"product-name"`
	SoftwareVersion string `json:"software-version"`
	Version         string `json:"version"`
	ProductInfo     string `json:"product-info-name"`
	Description     string `json:"description"`
	ExtCPDs         []struct {
		ID          string `json:"id"`
		Net         string `json:"k8s-cluster-net"`
		Description string `json:"description"`
	} `json:"ext-cpd"`
	MgmtCP  string `json:"mgmt-cp"`
	Cluster struct {
		CNI  []string `json:"cni"`
		Nets []named  `json:"nets"`
	} `json:"k8s-cluster"`
	KDUs []kdu `json:"kdu"`
	DFs  []struct {
		ID     string `json:"id"`
		Manage struct {
			Operate struct {
				Days []day `json:"day1-2"`
			} `json:"operate-vnf-op-config"`
		} `json:"lcm-operations-configuration"`
	} `json:"df"`
}

type named struct {
	ID string `json:"id"`
}

type kdu struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	HelmChart   string    `json:"helm-chart"`
	HelmVersion string    `json:"helm-version"`
	Services    []service `json:"service"`
}

type service struct {
	Name  string `json:"name"`
	Point string `json:"external-connection-point-ref"`
}

// day is what can be asked of a function, or of a KDU, while it runs.
type day struct {
	ID           string        `json:"id"`
	Environments []environment `json:"execution-environment-list"`
	Primitives   []primitive   `json:"config-primitive"`
	Initial      []primitive   `json:"initial-config-primitive"`
	Terminate    []primitive   `json:"terminate-config-primitive"`
}

type environment struct {
	ID          string `json:"id"`
	HelmChart   string `json:"helm-chart"`
	HelmVersion string `json:"helm-version"`
	Juju        *struct {
		Charm string `json:"charm"`
		Proxy bool   `json:"proxy"`
		Cloud string `json:"cloud"`
	} `json:"juju"`
	Point string `json:"external-connection-point-ref"`
}

type primitive struct {
	Seq         int         `json:"seq"`
	Name        string      `json:"name"`
	Environment string      `json:"execution-environment-ref"`
	There       string      `json:"execution-environment-primitive"`
	Parameters  []parameter `json:"parameter"`
}

type parameter struct {
	Name      string  `json:"name"`
	Type      string  `json:"data-type"`
	Mandatory bool    `json:"mandatory"`
	Default   *string `json:"default-value"`
	Value     *string `json:"value"`
}

func (v vnfd) has(point string) bool {
	for _, c := range v.ExtCPDs {
		if c.ID == point {
			return true
		}
	}
	return false
}

// readVNFDs reads all function descriptors, strictly.
func readVNFDs(t *testing.T) map[string]vnfd {
	t.Helper()
	all := map[string]vnfd{}
	for _, file := range glob(t, "vnfd/*/*.yaml") {
		data, err := fs.ReadFile(repository, file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			VNFD vnfd `json:"vnfd"`
		}
		if err := descriptor.FromYAML(file, data, &v); err != nil {
			t.Errorf("%v", err)
		}
		checkNamed(t, file, v.VNFD.ID)
		checkVNFD(t, path.Dir(file), v.VNFD)
		for _, d := range v.VNFD.DFs {
			for _, day := range d.Manage.Operate.Days {
				checkDay(t, path.Dir(file), v.VNFD, day)
			}
		}
		all[v.VNFD.ID] = v.VNFD
	}
	return all
}

var helmChart = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9]/)?([a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func checkVNFD(t *testing.T, dir string, v vnfd) {
	t.Helper()
	if v.Provider == "" || v.ProductName == "" || v.SoftwareVersion == "" || v.Version == "" || len(v.DFs) != 1 || len(v.KDUs) == 0 {
		t.Errorf("%s: something is missing: %+v", dir, v)
	}
	if !v.has(v.MgmtCP) {
		t.Errorf("%s: mgmt-cp %s is no ext-cpd", dir, v.MgmtCP)
	}
	for _, c := range v.ExtCPDs {
		if !slices.Contains(v.Cluster.Nets, named{c.Net}) {
			t.Errorf("%s: ext-cpd %s is on no net of the cluster", dir, c.ID)
		}
	}
	for _, k := range v.KDUs {
		if !helmChart.MatchString(k.HelmChart) || k.HelmVersion != "v3" {
			t.Errorf("%s: kdu %+v", dir, k)
		}
		holds(t, path.Join(dir, "helm-chart-v3s", k.HelmChart, "Chart.yaml"))
		for _, s := range k.Services {
			if !v.has(s.Point) {
				t.Errorf("%s: service %s ends at %s", dir, s.Name, s.Point)
			}
		}
	}
	holds(t, path.Join(dir, "README.md"))
	holds(t, path.Join(dir, "icons", strings.TrimSuffix(v.ID, "-knf")+".svg"))
}

// holds wants a file to be there, through links.
func holds(t *testing.T, file string) {
	t.Helper()
	if info, err := fs.Stat(repository, file); err != nil || info.Size() == 0 {
		t.Errorf("the package lacks %s: %v", file, err)
	}
}

// checkDay wants an owner, environments that are in the package, and
// primitives whose parameters OSM can fill.
func checkDay(t *testing.T, dir string, v vnfd, d day) {
	t.Helper()
	if d.ID != v.ID && !slices.ContainsFunc(v.KDUs, func(k kdu) bool { return k.Name == d.ID }) {
		t.Errorf("%s: day1-2 %s is of nobody", dir, d.ID)
	}
	for _, e := range d.Environments {
		switch {
		case !v.has(e.Point), (e.Juju == nil) == (e.HelmChart == ""):
			t.Errorf("%s: environment %+v", dir, e)
		case e.Juju != nil:
			holds(t, path.Join(dir, "charms", e.Juju.Charm, "metadata.yaml"))
		default:
			holds(t, path.Join(dir, "helm-charts", e.HelmChart, "Chart.yaml"))
		}
	}
	for _, p := range d.Primitives {
		if !d.runs(p) || p.There != p.Name {
			t.Errorf("%s: primitive %s of %s", dir, p.Name, p.Environment)
		}
		for _, q := range p.Parameters {
			if q.Mandatory == (q.Default != nil) || !slices.Contains([]string{"STRING", "INTEGER", "BOOLEAN"}, q.Type) {
				t.Errorf("%s: parameter %s of %s", dir, q.Name, p.Name)
			}
		}
	}
	for _, p := range slices.Concat(d.Initial, d.Terminate) {
		i := slices.IndexFunc(d.Primitives, func(o primitive) bool { return o.Name == p.Name })
		if !d.runs(p) || i < 0 || p.Seq == 0 {
			t.Errorf("%s: primitive %d, %s of %s", dir, p.Seq, p.Name, p.Environment)
			continue
		}
		for _, q := range p.Parameters {
			same := func(o parameter) bool { return o.Name == q.Name && o.Type == q.Type }
			if q.Value == nil || !slices.ContainsFunc(d.Primitives[i].Parameters, same) {
				t.Errorf("%s: parameter %s of %s has no value, or is another one", dir, q.Name, p.Name)
			}
		}
	}
}

func (d day) runs(p primitive) bool {
	return slices.ContainsFunc(d.Environments, func(e environment) bool { return e.ID == p.Environment })
}

// TestEveryLink follows the links of all packages: they are relative, stay in
// the repository and lead to a folder.
func TestEveryLink(t *testing.T) {
	root, err := filepath.EvalSymlinks("../..")
	if err != nil {
		t.Fatal(err)
	}
	root, err = filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, top := range []string{"vnfd", "nsd", "descriptors/nst"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.Type()&fs.ModeSymlink == 0 {
				return err
			}
			links++
			to, err := os.Readlink(name)
			if err != nil {
				return err
			}
			there := filepath.Join(filepath.Dir(name), to)
			if filepath.IsAbs(to) || !strings.HasPrefix(there, root+string(filepath.Separator)) {
				t.Errorf("%s leads to %s", name, to)
			}
			if info, err := os.Stat(there); err != nil || !info.IsDir() {
				t.Errorf("%s leads nowhere: %v", name, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if links < 9 {
		t.Errorf("%d links: a chart or a charm is a copy", links)
	}
}
