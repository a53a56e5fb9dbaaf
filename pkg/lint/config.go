package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// builtin are the primitives that OSM carries out on a KDU by itself.
var builtin = []string{"upgrade", "rollback", "status"}

// configs looks at the day-1 and day-2 configuration of a flavour.
func (u *unit) configs(df descriptor.Node) {
	op := df.Get("lcm-operations-configuration").Get("operate-vnf-op-config")
	if op.Exists() && len(op.Get("day1-2").Items()) == 0 {
		u.add("config-missing", op, "operate-vnf-op-config has no day1-2")
	}
	vdus, kdus := words(reach(u.body, "vdu.id")), words(reach(u.body, "kdu.name"))
	bundled := map[string]bool{} // whose own charms carry out primitives
	for _, kdu := range u.body.Get("kdu").Items() {
		bundled[kdu.Get("name").Text()] = kdu.Get("juju-bundle").Exists()
	}
	for _, c := range op.Get("day1-2").Items() {
		id := c.Get("id")
		if !vdus[id.Text()] && !kdus[id.Text()] && id.Text() != u.id() {
			candidates := append(reach(u.body, "kdu.name"), append(reach(u.body, "vdu.id"), u.body.Get("id"))...)
			u.add("config-target", or(id, c), "%s is no kdu, no vdu and not this function%s", quoted(id.Text()), near(id.Text(), candidates))
		}
		able := []string{}
		if kdus[id.Text()] {
			able = builtin
		}
		if bundled[id.Text()] {
			able = nil
		}
		u.config(c, able)
	}
}

// config looks at one configuration: of a function, of a unit of it, or of a
// network service. What can be done without an execution environment is given;
// nil is everything.
func (u *unit) config(c descriptor.Node, able []string) {
	methods := 0
	for _, key := range []string{"script", "juju", "execution-environment-list"} {
		if c.Get(key).Exists() {
			methods++
		}
	}
	if methods > 1 {
		u.add("config-method", c, "%d ways of configuration are given, one counts", methods)
	}
	for _, ee := range c.Get("execution-environment-list").Items() {
		if ee.Get("juju").Exists() == ee.Get("helm-chart").Exists() {
			u.add("config-model", ee, "execution environment %s needs a charm or a chart, and not both", quoted(ee.Get("id").Text()))
		}
		u.helmVersion(ee)
		u.cloud(ee.Get("juju"))
	}
	u.cloud(c.Get("juju"))
	for _, list := range []string{"config-primitive", "initial-config-primitive", "terminate-config-primitive"} {
		for _, p := range c.Get(list).Items() {
			u.primitive(p, methods == 0 && able != nil, able)
			u.parameters(p, list)
		}
	}
}

// primitive wants somebody who can carry it out.
func (u *unit) primitive(p descriptor.Node, nobody bool, able []string) {
	name := p.Get("name")
	switch {
	case name.Text() == "":
		u.add("config-primitive", p, "the primitive has no name")
	case nobody && !slices.Contains(able, name.Text()):
		u.add("config-nobody", name, "nobody is there to carry out %s", quoted(name.Text()))
	}
}

// parameters wants values that OSM can hand on.
func (u *unit) parameters(p descriptor.Node, list string) {
	for _, param := range p.Get("parameter").Items() {
		value := param.Get("value")
		if list == "config-primitive" {
			value = param.Get("default-value")
		} else if !value.Exists() {
			u.add("config-value", param, "parameter %s has no value", quoted(param.Get("name").Text()))
		}
		text := value.Text()
		if text == "" || strings.HasPrefix(text, "<") {
			continue // given at instantiation
		}
		switch param.Get("data-type").Text() {
		case "INTEGER":
			if _, err := strconv.Atoi(text); err != nil {
				u.add("config-integer", value, "%s is no INTEGER", quoted(text))
			}
		case "BOOLEAN":
			if text != "true" && text != "false" {
				u.add("config-boolean", value, "%s counts as true", quoted(text))
			}
		}
	}
}

// cloud tells of a charm for containers that would be sent to a machine.
func (u *unit) cloud(juju descriptor.Node) {
	if juju.Exists() && u.kind == descriptor.KindVNFD && len(u.body.Get("vdu").Items()) == 0 && juju.Get("cloud").Text() != "k8s" {
		u.add("config-cloud", juju, "this charm of containers would run in a machine of its own")
	}
}

// helmVersion refuses what OSM no longer has.
func (u *unit) helmVersion(n descriptor.Node) {
	if v := n.Get("helm-version"); v.Text() == "v2" {
		u.add("helm-version", v, "OSM no longer serves Helm v2")
	}
}
