package lint

import "github.com/l2sces/l2sces/pkg/descriptor"

// references are the leafrefs of the models, kind by kind. Those with a rule of
// their own are what OSM refuses, or what it is known to do when they dangle.
// Leafrefs to what another package has are in cross.go.
var references = map[descriptor.Kind][]reference{
	descriptor.KindVNFD: {
		{from: "mgmt-cp", to: []string{"ext-cpd.id"}, rule: "vnfd-mgmt-cp"},
		{from: "ext-cpd.k8s-cluster-net", to: []string{"k8s-cluster.nets.id"}, rule: "vnfd-cluster-net"},
		{from: "ext-cpd.int-virtual-link-desc", to: []string{"int-virtual-link-desc.id"}, rule: "vnfd-internal-link"},
		{from: "ext-cpd.int-cpd.vdu-id", to: []string{"vdu.id"}, rule: "vnfd-internal-point"},
		{from: "ext-cpd.nicio-requirements", to: []string{"virtual-compute-desc.id"}, rule: "reference"},
		{from: "ext-cpd.security-group-rule-id", to: []string{"security-group-rule.id"}, rule: "reference"},
		{from: "vdu.int-cpd.int-virtual-link-desc", to: []string{"int-virtual-link-desc.id"}, rule: "vnfd-internal-link"},
		{from: "vdu.int-cpd.nicio-requirements", to: []string{"virtual-compute-desc.id"}, rule: "reference"},
		{from: "vdu.int-cpd.security-group-rule-id", to: []string{"security-group-rule.id"}, rule: "reference"},
		{from: "vdu.virtual-compute-desc", to: []string{"virtual-compute-desc.id"}, rule: "vnfd-compute"},
		{from: "vdu.virtual-storage-desc", to: []string{"virtual-storage-desc.id"}, rule: "vnfd-storage"},
		{from: "vdu.boot-order.value", to: []string{"virtual-storage-desc.id"}, rule: "reference"},
		{from: "vdu.sw-image-desc", to: []string{"sw-image-desc.id"}, rule: "vnfd-image"},
		{from: "vdu.alternative-sw-image-desc", to: []string{"sw-image-desc.id"}, rule: "vnfd-image"},
		{from: "vdu.alarm.vnf-monitoring-param-ref", to: monitored, rule: "vnfd-monitored"},
		{from: "virtual-storage-desc.sw-image-desc", to: []string{"sw-image-desc.id"}, rule: "vnfd-image"},
		{from: "kdu.service.external-connection-point-ref", to: []string{"ext-cpd.id"}, rule: "vnfd-service-point"},
		{from: "element-group.vdu", to: []string{"vdu.id"}, rule: "reference"},
		{from: "element-group.virtual-link-desc", to: []string{"int-virtual-link-desc.id"}, rule: "reference"},
		{from: "vip.paired-interfaces.vdu-id-ref", to: []string{"vdu.id"}, rule: "reference"},
		{from: "df.vdu-profile.id", to: []string{"vdu.id"}, rule: "vnfd-profile"},
		{from: "df.virtual-link-profile.id", to: []string{"int-virtual-link-desc.id"}, rule: "vnfd-internal-link"},
		{from: "df.instantiation-level.vdu-level.vdu-id", to: []string{"vdu.id"}, rule: "vnfd-profile"},
		{from: "df.scaling-aspect.aspect-delta-details.deltas.vdu-delta.id", to: []string{"vdu.id"}, rule: "vnfd-scaling"},
		{from: "df.scaling-aspect.scaling-policy.scaling-criteria.vnf-monitoring-param-ref", to: monitored, rule: "vnfd-monitored"},
		{from: "df.healing-aspect.healing-policy.vdu-id", to: []string{"vdu.id"}, rule: "vnfd-healing"},
		{from: "df.supported-vnf-interfaces.cpd-id", to: []string{"ext-cpd.id"}, rule: "reference"},
		{from: "df.exporters-endpoints.external-connection-point-ref", to: []string{"ext-cpd.id"}, rule: "vnfd-service-point"},
		{from: "df.kdu-resource-profile.kdu-name", to: []string{"kdu.name"}, rule: "vnfd-scaling"},
		{from: "df." + config + ".execution-environment-list.external-connection-point-ref", to: []string{"ext-cpd.id"}, rule: "vnfd-service-point"},
		{scope: "df", from: "vdu-profile.affinity-or-anti-affinity-group.id", to: groups, rule: "reference"},
		{scope: "df", from: "virtual-link-profile.affinity-or-anti-affinity-group.id", to: groups, rule: "reference"},
		{scope: "df", from: "instantiation-level.scaling-info.scaling-aspect-id", to: []string{"scaling-aspect.id"}, rule: "reference"},
		{scope: "df", from: "default-instantiation-level", to: []string{"instantiation-level.id"}, rule: "reference"},
		{scope: "df", from: "scaling-aspect.aspect-delta-details.deltas.kdu-resource-delta.id", to: []string{"kdu-resource-profile.id"}, rule: "vnfd-scaling"},
		{scope: "df", from: "scaling-aspect.scaling-config-action.vnf-config-primitive-name-ref", to: []string{config + ".config-primitive.name"}, rule: "vnfd-scaling"},
		{scope: "df", from: config + ".relation.provider.vdu-profile-id", to: []string{"vdu-profile.id"}, rule: "reference"},
		{scope: "df", from: config + ".relation.requirer.vdu-profile-id", to: []string{"vdu-profile.id"}, rule: "reference"},
		{scope: "df.scaling-aspect.aspect-delta-details", from: "step-deltas", to: []string{"deltas.id"}, rule: "reference"},
		{scope: "df." + config, from: "config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "df." + config, from: "initial-config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "df." + config, from: "terminate-config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "df." + config, from: "relation.provider.execution-environment-ref", to: environments, rule: "reference"},
		{scope: "df." + config, from: "relation.requirer.execution-environment-ref", to: environments, rule: "reference"},
	},
	descriptor.KindNSD: {
		{from: "sapd.virtual-link-desc", to: links, rule: "nsd-sapd-link"},
		{from: "sapd.vnf.vnfd-id", to: []string{"vnfd-id"}, rule: "reference"},
		{from: "sapd.pnf.pnfd-id", to: []string{"pnfd-id"}, rule: "reference"},
		{from: "sapd.ns.nsd-id", to: []string{"nested-nsd-id"}, rule: "reference"},
		{from: "df.vnf-profile.vnfd-id", to: []string{"vnfd-id"}, rule: "nsd-member"},
		{from: "df.vnf-profile.virtual-link-connectivity.virtual-link-profile-id", to: links, rule: "nsd-link"},
		{from: "df.pnf-profile.pnfd-id", to: []string{"pnfd-id"}, rule: "reference"},
		{from: "df.pnf-profile.virtual-link-connectivity.virtual-link-profile-id", to: links, rule: "nsd-link"},
		{from: "df.ns-profile.nsd-id", to: []string{"nested-nsd-id"}, rule: "reference"},
		{from: "df.ns-profile.virtual-link-connectivity.virtual-link-profile-id", to: links, rule: "nsd-link"},
		{from: "df.virtual-link-profile.virtual-link-desc-id", to: links, rule: "nsd-profile-link"},
		{from: "df.monitored-info.vnf-indicator-info.vnfd-id", to: []string{"vnfd-id"}, rule: "reference"},
		{from: "vnffgd.vnf-profile-id", to: []string{"df.vnf-profile.id"}, rule: "nsd-graph"},
		{from: "vnffgd.pnf-profile-id", to: []string{"df.pnf-profile.id"}, rule: "reference"},
		{from: "vnffgd.nested-ns-profile-id", to: []string{"df.ns-profile.id"}, rule: "reference"},
		{from: "vnffgd.virtual-link-profile-id", to: []string{"df.virtual-link-profile.id", "virtual-link-desc.id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.vnf-profile.vnf-profile-id", to: []string{"df.vnf-profile.id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.pnf-profile.pnf-profile-id", to: []string{"df.pnf-profile.id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.ns-profile.ns-profile-id", to: []string{"df.ns-profile.id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.vnf.vnfd-id", to: []string{"vnfd-id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.pnf.pnfd-id", to: []string{"pnfd-id"}, rule: "reference"},
		{from: "vnffgd.cpd-pool.ns.nsd-id", to: []string{"nested-nsd-id"}, rule: "reference"},
		{from: "vnffgd.nfpd.position-desc-id.cp-profile-id.constituent-profile-elements.id", to: []string{"df.vnf-profile.id"}, rule: "nsd-graph"},
		{scope: "df", from: "flavour-key", to: []string{"monitored-info.id"}, rule: "reference"},
		{scope: "df", from: "vnf-profile.affinity-or-anti-affinity-group.id", to: groups, rule: "reference"},
		{scope: "df", from: "virtual-link-profile.affinity-or-anti-affinity-group.id", to: groups, rule: "reference"},
		{scope: "df", from: "ns-profile.affinity-or-anti-affinity-group-id.id", to: groups, rule: "reference"},
		{scope: "df", from: "scaling-aspect.scaling-level", to: []string{"ns-instantiation-level.id"}, rule: "reference"},
		{scope: "df", from: "default-instantiation-level", to: []string{"ns-instantiation-level.id"}, rule: "reference"},
		{scope: "df", from: "ns-instantiation-level.vnf-to-level-mapping.vnf-profile-id", to: []string{"vnf-profile.id"}, rule: "reference"},
		{scope: "df", from: "ns-instantiation-level.virtual-link-to-level-mapping.virtual-link-profile-id", to: []string{"virtual-link-profile.id"}, rule: "reference"},
		{scope: "df", from: "ns-instantiation-level.ns-to-level-mapping.ns-profile-id", to: []string{"ns-profile.id"}, rule: "reference"},
		{scope: "df", from: "dependencies.primary-vnf-profile", to: []string{"vnf-profile.vnfd-id"}, rule: "reference"},
		{scope: "df", from: "dependencies.primary-ns-profile", to: []string{"ns-profile.nsd-id"}, rule: "reference"},
		{scope: "df", from: "dependencies.secondary-vnf-profile", to: []string{"vnf-profile.vnfd-id"}, rule: "reference"},
		{scope: "df", from: "dependencies.secondary-ns-profile", to: []string{"ns-profile.nsd-id"}, rule: "reference"},
		{scope: "ns-configuration", from: "config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "ns-configuration", from: "initial-config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "ns-configuration", from: "terminate-config-primitive.execution-environment-ref", to: environments, rule: "config-environment"},
		{scope: "ns-configuration", from: "relation.provider.execution-environment-ref", to: environments, rule: "reference"},
		{scope: "ns-configuration", from: "relation.requirer.execution-environment-ref", to: environments, rule: "reference"},
		{from: "ns-configuration.relation.provider.vnf-profile-id", to: []string{"df.vnf-profile.id"}, rule: "reference"},
		{from: "ns-configuration.relation.requirer.vnf-profile-id", to: []string{"df.vnf-profile.id"}, rule: "reference"},
	},
	descriptor.KindNST: {
		{from: "netslice-vld.nss-connection-point-ref.nss-ref", to: []string{"netslice-subnet.id"}, rule: "nst-subnet-ref"},
		{from: "netslice-connection-point.netslice-vld-id-ref", to: []string{"netslice-vld.id"}, rule: "nst-point"},
		{from: "netslice-connection-point.nsd-id-ref", to: services, rule: "nst-point"},
		{from: "netslicefgd.rsp.nsd-connection-point-ref.nsd-ref", to: services, rule: "nst-graph"},
		{from: "netslicefgd.classifier.nsd-ref", to: services, rule: "nst-graph"},
		{scope: "netslicefgd", from: "classifier.rsp-id-ref", to: []string{"rsp.id"}, rule: "nst-graph"},
	},
}

// choices are the leafrefs that go by way of another.
var choices = map[descriptor.Kind][]chosen{
	descriptor.KindVNFD: {
		{from: "ext-cpd.int-cpd.cpd", by: "vdu-id", list: "vdu", to: "int-cpd.id", rule: "vnfd-internal-point"},
		{from: "df.virtual-link-profile.flavour", by: "id", list: "int-virtual-link-desc", to: "flavour.id", rule: "reference"},
		{from: "vip.paired-interfaces.interface-ref", by: "vdu-id-ref", list: "vdu", to: "int-cpd.virtual-network-interface-requirement.name", rule: "reference"},
	},
	descriptor.KindNSD: {
		{from: "df.virtual-link-profile.flavour-id", by: "virtual-link-desc-id", list: "virtual-link-desc", to: "df.id", rule: "reference"},
	},
}

// config leads to the day-1 and day-2 configuration of a flavour.
const config = "lcm-operations-configuration.operate-vnf-op-config.day1-2"

// What more than one reference leads to.
var (
	monitored    = []string{"vdu.monitoring-parameter.id", "df.monitoring-parameter.id", "int-virtual-link-desc.monitoring-parameters.id"}
	groups       = []string{"affinity-or-anti-affinity-group.id"}
	environments = []string{"execution-environment-list.id"}
	links        = []string{"virtual-link-desc.id"}
	services     = []string{"netslice-subnet.nsd-ref"}
)
