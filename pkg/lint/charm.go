package lint

import (
	"io/fs"
	"path"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// charms looks for the charms of a configuration, and for what its primitives
// ask of them.
func (u *unit) charms(c descriptor.Node, used map[string]bool) {
	environments := map[string]charm{}
	only := ""
	for _, ee := range c.Get("execution-environment-list").Items() {
		only = ee.Get("id").Text()
		if n := ee.Get("juju").Get("charm"); n.Text() != "" {
			environments[only] = u.charm(n, used)
		}
	}
	if n := c.Get("juju").Get("charm"); n.Text() != "" {
		only = ""
		environments[only] = u.charm(n, used)
	}
	for _, list := range []string{"config-primitive", "initial-config-primitive", "terminate-config-primitive"} {
		for _, p := range c.Get(list).Items() {
			id := p.Get("execution-environment-ref").Text()
			if id == "" && len(c.Get("execution-environment-list").Items()) <= 1 {
				id = only
			}
			if charm, ok := environments[id]; ok && charm.known {
				u.action(charm, p)
			}
		}
	}
}

// A charm is what a charm in the package says that it can do.
type charm struct {
	name    string
	known   bool
	actions descriptor.Node
	options descriptor.Node
}

// charm reads what a charm says of itself.
func (u *unit) charm(n descriptor.Node, used map[string]bool) charm {
	c := charm{name: n.Text()}
	dir := u.place(used, charmFolder, c.name)
	if entries, err := fs.ReadDir(u.Files, dir); dir == "" || err != nil || len(entries) == 0 {
		u.add("charm-missing", n, "there is no %s/%s in the package, or it is empty", charmFolder, c.name)
		return c
	}
	all := u.charmFile(dir, "charmcraft.yaml")
	metadata := u.charmFile(dir, "metadata.yaml")
	if !all.Exists() && !metadata.Exists() {
		u.addFile("charm-file", dir, "the charm has neither metadata.yaml nor charmcraft.yaml")
		return c
	}
	c.known = true
	c.actions = or(u.charmFile(dir, "actions.yaml"), all.Get("actions"))
	c.options = or(u.charmFile(dir, "config.yaml").Get("options"), all.Get("config").Get("options"))
	if u.Built && !u.runs(dir) {
		u.addFile("charm-program", dir, "the charm has no program: neither dispatch nor hooks")
	}
	return c
}

// charmFile reads a file of a charm, if there is one.
func (u *unit) charmFile(dir, name string) descriptor.Node {
	file := path.Join(dir, name)
	if _, err := fs.Stat(u.Files, file); err != nil {
		return descriptor.Node{}
	}
	doc, err := u.read(file)
	if err != nil {
		u.refused("charm-file", file, err)
		return descriptor.Node{}
	}
	return doc.Root()
}

// runs reports whether there is something that Juju would start.
func (u *unit) runs(dir string) bool {
	for _, name := range []string{"dispatch", "hooks"} {
		if _, err := fs.Stat(u.Files, path.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// action wants the action of a primitive, with its parameters. OSM makes an
// order to set the options of the charm of the primitive config.
func (u *unit) action(c charm, p descriptor.Node) {
	name := or(p.Get("execution-environment-primitive"), p.Get("name"))
	if name.Text() == "config" {
		u.options(c, p)
		return
	}
	action := c.actions.Get(name.Text())
	if name.Text() == "" {
		return
	}
	if !action.Exists() {
		u.add("charm-action", name, "charm %s has no action %s", c.name, quoted(name.Text()))
		return
	}
	params := action.Get("params")
	for _, param := range p.Get("parameter").Items() {
		if n := param.Get("name"); !params.Get(n.Text()).Exists() {
			u.add("charm-parameter", n, "action %s of charm %s takes no %s", quoted(name.Text()), c.name, quoted(n.Text()))
		}
	}
}

func (u *unit) options(c charm, p descriptor.Node) {
	for _, param := range p.Get("parameter").Items() {
		if n := param.Get("name"); !c.options.Get(n.Text()).Exists() {
			u.add("charm-option", n, "charm %s has no option %s", c.name, quoted(n.Text()))
		}
	}
}
