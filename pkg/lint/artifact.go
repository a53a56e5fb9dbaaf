package lint

import (
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// Where OSM looks for the parts of a package.
const (
	chartFolder       = "helm-chart-v3s"
	environmentFolder = "helm-charts"
	bundleFolder      = "juju-bundles"
	charmFolder       = "charms"
	cloudInitFolder   = "cloud_init"
	scripts           = "Scripts" // in front of them in an archive after SOL004
)

var (
	chartName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9]/)?([a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	chartVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
)

// kdu holds a unit of a Kubernetes cluster to what OSM deploys.
func (u *unit) kdu(kdu descriptor.Node) {
	chart, bundle := kdu.Get("helm-chart"), kdu.Get("juju-bundle")
	if chart.Exists() == bundle.Exists() {
		u.add("kdu-model", kdu, "kdu %s needs a chart or a bundle, and not both", quoted(kdu.Get("name").Text()))
	}
	u.helmVersion(kdu)
	if chart.Exists() && !isChart(chart.Text()) {
		u.add("chart-name", chart, "OSM takes no chart of the name %s", quoted(chart.Text()))
	}
	if n := kdu.Get("name"); n.Text() != "" {
		u.label(n, "the kdu")
	}
}

// isChart reports whether OSM takes the name of a chart, or its address.
func isChart(name string) bool {
	const long = 1024 // the pattern takes time by the square of the length
	if len(name) <= long && chartName.MatchString(name) {
		return true
	}
	address, err := url.Parse(name)
	return err == nil && address.Scheme != "" && address.Host != ""
}

// artifacts wants every file and folder that the descriptor names, and no
// other of their kind.
func (u *unit) artifacts() {
	if u.Bare != "" {
		return
	}
	used := map[string]bool{}
	for _, kdu := range u.body.Get("kdu").Items() {
		u.kduChart(kdu.Get("helm-chart"), used)
		if b := kdu.Get("juju-bundle"); b.Text() != "" && u.place(used, bundleFolder, b.Text()) == "" {
			u.add("bundle-missing", b, "there is no %s/%s in the package", bundleFolder, b.Text())
		}
	}
	for _, f := range reach(u.body, "vdu.cloud-init-file") {
		if f.Text() != "" && u.place(used, cloudInitFolder, f.Text()) == "" {
			u.add("cloud-init-missing", f, "there is no %s/%s in the package", cloudInitFolder, f.Text())
		}
	}
	for _, c := range append(reach(u.body, "df."+config), reach(u.body, "ns-configuration")...) {
		for _, chart := range reach(c, "execution-environment-list.helm-chart") {
			u.environment(chart, used)
		}
		u.charms(c, used)
	}
	u.unused(used)
}

// place returns where a part of the package is, or nothing.
func (u *unit) place(used map[string]bool, folder, name string) string {
	for _, place := range []string{path.Join(folder, name), path.Join(scripts, folder, name)} {
		if _, err := fs.Stat(u.Files, place); err == nil && name != "" {
			used[place] = true
			return place
		}
	}
	return ""
}

// kduChart looks for the chart of a kdu. OSM takes a chart that is not in the
// package for one of a repository.
func (u *unit) kduChart(chart descriptor.Node, used map[string]bool) {
	name := chart.Text()
	if name == "" || !isChart(name) {
		return
	}
	if at := u.place(used, chartFolder, name); at != "" {
		u.chart(at)
		return
	}
	switch wrong := u.place(used, environmentFolder, name); {
	case wrong != "":
		u.add("chart-missing", chart, "chart %s is in %s, where only execution environments are looked for", quoted(name), wrong)
	case strings.Contains(name, "/"):
		u.add("chart-repository", chart, "chart %s is not in the package", quoted(name))
	default:
		u.add("chart-missing", chart, "there is no %s/%s in the package", chartFolder, name)
	}
}

// environment looks for the chart of an execution environment.
func (u *unit) environment(chart descriptor.Node, used map[string]bool) {
	name := chart.Text()
	if name == "" {
		return
	}
	if at := u.place(used, environmentFolder, name); at != "" {
		u.chart(at)
		return
	}
	if wrong := u.place(used, chartFolder, name); wrong != "" {
		u.add("config-chart", chart, "chart %s is in %s, where only charts of kdus are looked for", quoted(name), wrong)
		return
	}
	u.add("config-chart", chart, "there is no %s/%s in the package", environmentFolder, name)
}

// chart looks at a chart's own description. An archive is left to Helm.
func (u *unit) chart(dir string) {
	if info, err := fs.Stat(u.Files, dir); err != nil || !info.IsDir() {
		return
	}
	file := path.Join(dir, "Chart.yaml")
	doc, err := u.read(file)
	if err != nil {
		u.refused("chart-file", file, err)
		return
	}
	c := doc.Root()
	if name := c.Get("name"); name.Text() != path.Base(dir) {
		u.add("chart-folder", name, "chart %s lies in folder %s", quoted(name.Text()), quoted(path.Base(dir)))
	}
	if v := c.Get("apiVersion"); v.Text() != "v2" && v.Text() != "v1" {
		u.add("chart-file", v, "apiVersion %s is none that Helm reads", quoted(v.Text()))
	}
	if v := c.Get("version"); !chartVersion.MatchString(v.Text()) {
		u.add("chart-version", v, "version %s is not of the form 1.2.3", quoted(v.Text()))
	}
	for _, d := range c.Get("dependencies").Items() {
		u.dependency(dir, d)
	}
}

// dependency wants a chart that another needs inside it: OSM fetches none.
func (u *unit) dependency(dir string, d descriptor.Node) {
	name := d.Get("name").Text()
	for _, at := range []string{name, name + "-" + d.Get("version").Text() + ".tgz"} {
		if _, err := fs.Stat(u.Files, path.Join(dir, "charts", at)); err == nil {
			return
		}
	}
	u.add("chart-dependency", d, "chart %s is not in %s/charts", quoted(name), dir)
}

// unused tells of parts that nobody names: most often the name is wrong.
func (u *unit) unused(used map[string]bool) {
	for _, above := range []string{"", scripts} {
		for _, folder := range []string{chartFolder, environmentFolder, bundleFolder, charmFolder, cloudInitFolder} {
			dir := path.Join(above, folder)
			entries, err := fs.ReadDir(u.Files, dir)
			if err != nil {
				continue
			}
			for _, e := range entries {
				if name := path.Join(dir, e.Name()); !anyBelow(used, name) {
					u.addFile("package-unused", name, "the descriptor does not name it")
				}
			}
		}
	}
}

func anyBelow(used map[string]bool, dir string) bool {
	for name := range used {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}
