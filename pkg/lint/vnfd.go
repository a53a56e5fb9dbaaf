package lint

import (
	"github.com/l2sces/l2sces/pkg/descriptor"
)

// vnfd holds a function descriptor to what OSM and its life-cycle manager want
// of it beyond the model.
func (u *unit) vnfd() {
	u.identity("vnfd-identity", "provider", "product-name", "software-version", "version")
	v := u.body
	if !v.Get("mgmt-cp").Exists() {
		u.add("vnfd-mgmt-cp", v, "the function has no mgmt-cp")
	}
	if len(v.Get("kdu").Items()) == 0 && len(v.Get("vdu").Items()) == 0 {
		u.add("vnfd-empty", v, "the function has neither kdu nor vdu")
	}
	u.flavours("vnfd-flavour", "vnfd-flavours")
	u.points()
	u.cluster()
	for _, kdu := range v.Get("kdu").Items() {
		u.kdu(kdu)
	}
	for _, vdu := range v.Get("vdu").Items() {
		u.vdu(vdu)
	}
	u.monitoring()
	u.segments()
	u.instances()
	for _, df := range v.Get("df").Items() {
		u.plan(df, "id")
		u.configs(df)
	}
	u.artifacts()
}

// identity wants values that tell one descriptor from the next.
func (u *unit) identity(rule string, keys ...string) {
	for _, key := range keys {
		if n := u.body.Get(key); n.Text() == "" && n.Form() != descriptor.FormMapping {
			u.add(rule, n, "%s is missing", key)
		}
	}
}

// flavours wants one deployment flavour: OSM uses the first.
func (u *unit) flavours(none, many string) {
	switch df := u.body.Get("df"); len(df.Items()) {
	case 0:
		u.add(none, df, "there is no df")
	case 1:
	default:
		u.add(many, df.Items()[1], "flavour %s is never used", quoted(df.Items()[1].Get("id").Text()))
	}
}

// points wants every connection point joined to one thing, and no two to the
// same.
func (u *unit) points() {
	taken := map[string]string{}
	for _, cpd := range u.body.Get("ext-cpd").Items() {
		id := cpd.Get("id").Text()
		joined := 0
		for _, key := range []string{"int-cpd", "int-virtual-link-desc", "k8s-cluster-net"} {
			if cpd.Get(key).Exists() {
				joined++
			}
		}
		if joined != 1 {
			u.add("vnfd-point", cpd, "connection point %s is joined to %d things, not one", quoted(id), joined)
		}
		in := cpd.Get("int-cpd")
		inner := in.Get("vdu-id").Text() + " " + in.Get("cpd").Text()
		if other, twice := taken[inner]; twice && in.Exists() {
			u.add("vnfd-point-twice", in, "connection points %s and %s are one inside", quoted(other), quoted(id))
		}
		taken[inner] = id
	}
}

// cluster wants a Kubernetes cluster where there are units for one.
func (u *unit) cluster() {
	kdus, cluster := u.body.Get("kdu"), u.body.Get("k8s-cluster")
	if len(kdus.Items()) > 0 && len(cluster.Get("nets").Items()) == 0 {
		u.add("vnfd-cluster", or(cluster, u.body), "a function with kdus names no nets of its cluster")
	}
	for _, v := range reach(cluster, "version") {
		if v.Form() == descriptor.FormNumber {
			u.add("vnfd-cluster-version", v, "version %s is read as a number", v.Text())
		}
	}
}

// vdu holds a machine to what OSM wants of it.
func (u *unit) vdu(vdu descriptor.Node) {
	if !vdu.Get("pdu-type").Exists() && len(reach(vdu, "virtual-storage-desc")) == 0 {
		u.add("vnfd-no-storage", vdu, "vdu %s names no storage", quoted(vdu.Get("id").Text()))
	}
	if vdu.Get("cloud-init").Exists() && vdu.Get("cloud-init-file").Exists() {
		u.add("vnfd-cloud-init", vdu.Get("cloud-init-file"), "vdu %s has two cloud-inits", quoted(vdu.Get("id").Text()))
	}
	seen := map[string]bool{}
	for _, i := range reach(vdu, "int-cpd.virtual-network-interface-requirement") {
		if mac := i.Get("mac-address"); mac.Text() != "" {
			u.mac(mac, seen)
		}
	}
}

// monitoring refuses two monitoring parameters of one id.
func (u *unit) monitoring() {
	seen := map[string]bool{}
	for _, path := range monitored {
		for _, id := range reach(u.body, path) {
			if seen[id.Text()] {
				u.add("vnfd-monitoring-twice", id, "monitoring parameter %s is there already", quoted(id.Text()))
			}
			seen[id.Text()] = true
		}
	}
}

// instances refuses ranges that hold no number.
func (u *unit) instances() {
	for _, path := range []string{"df.vdu-profile", "df.kdu-resource-profile", "df.vnf-profile", "df.ns-profile"} {
		for _, p := range reach(u.body, path) {
			u.order(p.Get("min-number-of-instances"), p.Get("max-number-of-instances"))
		}
	}
	for _, p := range reach(u.body, "df.virtual-link-profile") {
		for _, pair := range [][2]string{{"min-bit-rate-requirements", "max-bit-rate-requirements"}, {"min-bitrate-requirements", "max-bitrate-requirements"}} {
			for _, end := range []string{"root", "leaf"} {
				u.order(p.Get(pair[0]).Get(end), p.Get(pair[1]).Get(end))
			}
		}
	}
	for _, r := range reach(u.body, "security-group-rule") {
		u.order(r.Get("port-range-min"), r.Get("port-range-max"))
	}
}

func (u *unit) order(low, high descriptor.Node) {
	if a, ok := low.Uint(); ok {
		if b, ok := high.Uint(); ok && a > b {
			u.add("range-empty", low, "%d is more than the maximum, %d", a, b)
		}
	}
}
