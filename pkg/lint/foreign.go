package lint

import "github.com/l2sces/l2sces/pkg/descriptor"

// A foreigner is a leafref into another package.
type foreigner struct {
	from string // of the value that refers
	by   string // beside it: the id of the other package
	kind descriptor.Kind
	to   string // within the other descriptor
	rule string
}

// foreigners are the references between packages that go by an id beside them.
// Members of a service and links of a slice go by way of a list, and are looked
// at where these are.
var foreigners = map[descriptor.Kind][]foreigner{
	descriptor.KindNSD: {
		{"sapd.vnf.ext-cpd-id", "vnfd-id", descriptor.KindVNFD, "ext-cpd.id", "reference"},
		{"sapd.ns.ext-cpd-id", "nsd-id", descriptor.KindNSD, "sapd.id", "reference"},
		{"vnffgd.cpd-pool.vnf.cpd-id", "vnfd-id", descriptor.KindVNFD, "ext-cpd.id", "reference"},
		{"vnffgd.cpd-pool.ns.sap-cpd-id", "nsd-id", descriptor.KindNSD, "sapd.id", "reference"},
		{"df.vnf-profile.flavour-id", "vnfd-id", descriptor.KindVNFD, "df.id", "reference"},
		{"df.vnf-profile.instantiation-level", "vnfd-id", descriptor.KindVNFD, "df.instantiation-level.id", "reference"},
		{"df.ns-profile.ns-df-id", "nsd-id", descriptor.KindNSD, "df.id", "reference"},
		{"df.ns-profile.instantiation-level-id", "nsd-id", descriptor.KindNSD, "df.ns-instantiation-level.id", "reference"},
		{"df.monitored-info.vnf-indicator-info.vnf-indicator", "vnfd-id", descriptor.KindVNFD, "indicator.id", "reference"},
	},
	descriptor.KindNST: {
		{"netslice-connection-point.nsd-connection-point-ref", "nsd-id-ref", descriptor.KindNSD, "sapd.id", "nst-point"},
		{"netslicefgd.rsp.nsd-connection-point-ref.nsd-connection-point-ref", "nsd-ref", descriptor.KindNSD, "sapd.id", "nst-graph"},
		{"netslicefgd.classifier.nsd-connection-point-ref", "nsd-ref", descriptor.KindNSD, "sapd.id", "nst-graph"},
	},
}

// foreign holds a descriptor to the references into others that are at hand.
func (u *unit) foreign() {
	for _, f := range foreigners[u.kind] {
		above, key := parent(f.from)
		for _, n := range reach(u.body, above) {
			other := u.set.find(f.kind, n.Get(f.by).Text())
			if other == nil {
				continue
			}
			t := other.targets(f.to)
			for _, ref := range reach(n, key) {
				if ref.Text() != "" && !t.known[ref.Text()] {
					u.dangling(f.rule, ref, f.from, f.to+" of "+other.id(), t.nodes)
				}
			}
		}
	}
}
