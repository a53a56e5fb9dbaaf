package compat_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/l2sces/l2sces/pkg/compat"
	"github.com/l2sces/l2sces/pkg/compat/compattest"
	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	ring    = `{"slice": {"provider": {"name": "ring", "domain": "192.0.2.10"}, "clusters": [{"name": "a", "gatewayNode": {"name": "a-1", "ipAddress": "192.0.2.21"}}, {"name": "b"}, {"name": "c"}]}}`
	video   = `{"network": {"name": "video", "provider": {"name": "ring"}, "podCidr": "10.1.0.0/16", "type": "vnet", "clusters": [{"name": "a"}, {"name": "b"}]}}`
	created = "Slice created succesfully" //nolint:misspell // the original spells it so
	deleted = "Slice deleted successfully"
)

// Our description of the messages has the numbers, names and kinds that the
// original's clients send.
func TestNumbersAreTheOriginals(t *testing.T) {
	ours := wire.File_compat_wire_original_proto
	for i := range ours.Messages().Len() {
		m := ours.Messages().Get(i)
		switch m.Name() {
		case "Monitor", "Metric", "ExportMetric":
			continue // announced, and never sent
		}
		theirs, err := compattest.Message(string(m.Name()))
		if err != nil {
			t.Error(err)
			continue
		}
		got, want := fields(m), fields(theirs.ProtoReflect().Descriptor())
		delete(got, "monitor")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", m.Name(), diff)
		}
	}
	if f := ours.Path(); f == "l2sces.proto" {
		t.Errorf("the file is called %s as the original's: they cannot be in one program", f)
	}
}

type field struct {
	Number  protoreflect.FieldNumber
	Kind    string
	Many    bool
	Message protoreflect.FullName
}

func fields(m protoreflect.MessageDescriptor) map[protoreflect.Name]field {
	all := map[protoreflect.Name]field{}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		one := field{Number: f.Number(), Kind: f.Kind().String(), Many: f.IsList()}
		if f.Message() != nil {
			one.Message = f.Message().FullName()
		}
		all[f.Name()] = one
	}
	return all
}

// A slice and a network are made, found as they are, and deleted, in the
// original's words.
func TestSliceAndNetwork(t *testing.T) {
	d := open(t)
	d.ok(created, "CreateSlice", ring)
	d.ok(created, "CreateSlice", ring)
	a := d.ok("Network created successfully", "CreateNetwork", video)
	d.ok("Network created successfully", "CreateNetwork", video)
	if len(a.Patches) != 5 || a.Patches[2].Path != "spec.template.metadata.annotations.l2sm/networks" || a.Patches[2].Value != "video" ||
		a.Patches[4].Value != "<workload-name>.video.inter.l2sm" {
		t.Errorf("patches %v", a.Patches)
	}
	in := d.intents("ring")
	prefix := netip.MustParsePrefix
	want := intent.Network{
		Name: "video", Type: slice.VNet, CIDR: prefix("10.1.0.0/16"), Domains: []slice.Domain{"a", "b"},
		Ranges: []intent.Range{{Domain: "a", CIDR: prefix("10.1.64.0/18")}, {Domain: "b", CIDR: prefix("10.1.128.0/18")}},
	}
	if diff := cmp.Diff([]intent.Network{want}, in.Slice.Networks, cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })); diff != "" {
		t.Errorf("networks (-want +got)\n%s", diff)
	}
	if in.Slice.Tenant != "old" || in.Overlay.Shape != intent.Mesh || in.Slice.Domains[0].Gateway != "a-1" {
		t.Errorf("slice of tenant %q with a %s and %v", in.Slice.Tenant, in.Overlay.Shape, in.Slice.Domains)
	}
	d.ok("Network deleted successfully", "DeleteNetwork", video)
	d.ok("Network deleted successfully", "DeleteNetwork", video)
	d.ok(deleted, "DeleteSlice", ring)
	d.ok(deleted, "DeleteSlice", ring)
	d.ok("Network deleted successfully", "DeleteNetwork", video)
	if len(d.house.slices) != 0 {
		t.Errorf("%d slices are left", len(d.house.slices))
	}
}

// The calls that the original only declares.
func TestClustersAndOverlays(t *testing.T) {
	d := open(t)
	d.ok("Overlay created successfully", "CreateOverlay", `{"overlay": {"provider": {"name": "ring"}, "nodes": ["a", "b"], "links": [{"endpointA": "b", "endpointB": "a"}]}}`)
	d.ok("Network created successfully", "CreateNetwork", video)
	add := `{"providerName": "ring", "sliceName": "ring", "cluster": {"name": "c"}}`
	d.ok("Cluster added successfully", "AddCluster", add)
	d.ok("Cluster added successfully", "AddCluster", add)
	in := d.intents("ring")
	if len(in.Overlay.Links) != 3 || len(in.Slice.Domains) != 3 || len(in.Slice.Networks[0].Domains) != 3 {
		t.Errorf("with a third cluster: links %v, domains %v, network %v", in.Overlay.Links, in.Slice.Domains, in.Slice.Networks[0].Domains)
	}
	remove := `{"overlayName": "ring", "clusterName": "c"}`
	d.ok("Cluster removed successfully", "RemoveCluster", remove)
	d.ok("Cluster removed successfully", "RemoveCluster", remove)
	if in := d.intents("ring"); len(in.Slice.Domains) != 2 || len(in.Overlay.Links) != 1 {
		t.Errorf("without the third cluster: %v, %v", in.Slice.Domains, in.Overlay.Links)
	}
	d.ok("Overlay deleted successfully", "DeleteOverlay", `{"providerName": "ring"}`)
	d.ok("Overlay deleted successfully", "DeleteOverlay", `{"providerName": "ring"}`)
	d.ok("Cluster removed successfully", "RemoveCluster", remove)
}

// One name in two namespaces is two slices; a request without a namespace finds
// the only one, and refuses to choose.
func TestNamespaces(t *testing.T) {
	d := open(t)
	in := func(namespace string) string {
		return `{"namespace": "` + namespace + `", "slice": {"provider": {"name": "ring"}, "clusters": [{"name": "a"}]}}`
	}
	d.ok(created, "CreateSlice", in("l2sm-system"))
	d.intents("l2sm-system--ring")
	d.ok("Cluster added successfully", "AddCluster", `{"sliceName": "ring", "cluster": {"name": "b"}}`)
	d.ok(created, "CreateSlice", in("zoo"))
	_, err := d.Call(t.Context(), "DeleteOverlay", `{"overlayName": "ring"}`)
	if status.Code(err) != codes.FailedPrecondition || !says(err, "several namespaces") {
		t.Errorf("one of two: %v", err)
	}
	d.ok(deleted, "DeleteSlice", in("zoo"))
	d.ok("Overlay deleted successfully", "DeleteOverlay", `{"overlayName": "ring"}`)
	d.ok(created, "CreateSlice", `{"slice": {"clusters": [{"name": "a"}]}}`)
	d.intents("slice") // the name where there is none
	d.ok("Cluster added successfully", "AddCluster", `{"cluster": {"name": "b"}}`)
	d.ok("Overlay deleted successfully", "DeleteOverlay", `{}`)
	if len(d.house.slices) != 0 {
		t.Errorf("left: %v", d.house.slices)
	}
}

// What is wrong is refused with a code and a reason, and changes nothing.
func TestRefusals(t *testing.T) {
	d := open(t)
	d.ok(created, "CreateSlice", ring)
	d.ok("Network created successfully", "CreateNetwork", video)
	before := d.intents("ring")
	tests := map[string]struct {
		method, request string
		code            codes.Code
		says            string
	}{
		"no slice":            {"CreateSlice", `{}`, codes.InvalidArgument, "could not create slice: slice: missing"},
		"no overlay":          {"CreateOverlay", `{}`, codes.InvalidArgument, "overlay: missing"},
		"no network":          {"CreateNetwork", `{}`, codes.InvalidArgument, "could not create network: network: missing"},
		"nothing to delete":   {"DeleteNetwork", `{}`, codes.InvalidArgument, "network.name"},
		"no slice to delete":  {"DeleteSlice", `{}`, codes.InvalidArgument, "slice: missing"},
		"no cluster":          {"AddCluster", `{"sliceName": "ring"}`, codes.InvalidArgument, "cluster: missing"},
		"no cluster name":     {"RemoveCluster", `{"overlayName": "ring"}`, codes.InvalidArgument, "cluster_name"},
		"another slice":       {"CreateSlice", `{"slice": {"provider": {"name": "ring"}, "clusters": [{"name": "a"}]}}`, codes.AlreadyExists, "there already"},
		"another network":     {"CreateNetwork", `{"network": {"name": "video", "provider": {"name": "ring"}, "type": "vlink", "clusters": [{"name": "a"}, {"name": "b"}]}}`, codes.AlreadyExists, "delete it first"},
		"no slice yet":        {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "other"}}}`, codes.FailedPrecondition, "create it first"},
		"a stranger":          {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "clusters": [{"name": "z"}]}}`, codes.FailedPrecondition, "add it first"},
		"unknown slice":       {"AddCluster", `{"sliceName": "other", "cluster": {"name": "z"}}`, codes.NotFound, "other"},
		"unknown domain":      {"CreateSlice", `{"slice": {"provider": {"name": "x"}, "clusters": [{"name": "nowhere"}]}}`, codes.InvalidArgument, "not known"},
		"unknown type":        {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "type": "cube"}}`, codes.InvalidArgument, "type"},
		"no clusters":         {"CreateSlice", `{"slice": {"provider": {"name": "x"}}}`, codes.InvalidArgument, "in no domain"},
		"a cluster no name":   {"CreateSlice", `{"slice": {"clusters": [{}]}}`, codes.InvalidArgument, "slice.clusters[0].name"},
		"secrets":             {"CreateSlice", `{"slice": {"provider": {"name": "x"}, "clusters": [{"name": "a"}, {"name": "b", "restConfig": {"apiKey": "https://192.0.2.1:6443", "bearerToken": "hush"}}]}}`, codes.InvalidArgument, "slice.clusters[1].rest_config: secrets are not taken"},
		"a secret of network": {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "clusters": [{"name": "a", "restConfig": {"bearerToken": "hush"}}]}}`, codes.InvalidArgument, "network.clusters[0].rest_config"},
		"a secret to add":     {"AddCluster", `{"sliceName": "ring", "cluster": {"name": "d", "restConfig": {"bearerToken": "hush"}}}`, codes.InvalidArgument, "cluster.rest_config"},
		"odd name":            {"CreateSlice", `{"slice": {"provider": {"name": "Ring_1"}, "clusters": [{"name": "a"}]}}`, codes.InvalidArgument, "provider.name"},
		"a name of two":       {"CreateSlice", `{"slice": {"provider": {"name": "x--ring"}, "clusters": [{"name": "a"}]}}`, codes.InvalidArgument, "provider.name"},
		"odd namespace":       {"CreateSlice", `{"namespace": "../x", "slice": {"clusters": [{"name": "a"}]}}`, codes.InvalidArgument, "namespace"},
		"no prefix":           {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "podCidr": "10.1.0.0/33"}}`, codes.InvalidArgument, "network.pod_cidr"},
		"small prefix":        {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "podCidr": "10.9.0.0/31", "clusters": [{"name": "a"}, {"name": "b"}]}}`, codes.InvalidArgument, "too small"},
		"no pool":             {"CreateNetwork", `{"network": {"name": "n", "provider": {"name": "ring"}, "podCidr": "10.9.0.0/16", "clusters": [{"name": "a", "podAddressPool": "x"}]}}`, codes.InvalidArgument, "pod_address_pool"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := d.Call(t.Context(), test.method, test.request)
			if status.Code(err) != test.code || !says(err, test.says) {
				t.Errorf("%v, want %s that says %s", err, test.code, test.says)
			}
			if says(err, "hush") {
				t.Errorf("the answer tells the secret: %v", err)
			}
		})
	}
	if !intent.Equal(before, d.intents("ring")) || len(d.house.slices) != 1 {
		t.Error("a refused request has changed something")
	}
}

// Secrets are thrown away where that is allowed.
func TestDropSecrets(t *testing.T) {
	d := open(t, func(c *compat.Config) { c.DropSecrets = true })
	d.ok(created, "CreateSlice", `{"slice": {"clusters": [{"name": "a", "restConfig": {"bearerToken": "hush"}}]}}`)
	in := d.intents("slice")
	if text, err := in.JSON(); err != nil || says(errorOf(text), "hush") {
		t.Errorf("%s, %v", text, err)
	}
}

type errorOf []byte

func (e errorOf) Error() string { return string(e) }

// A caller without a tenant makes nothing.
func TestNoTenant(t *testing.T) {
	d := open(t, func(c *compat.Config) { c.Tenant = "" })
	if _, err := d.Call(t.Context(), "CreateSlice", ring); status.Code(err) != codes.PermissionDenied {
		t.Error(err)
	}
}

// Pools replace blocks, and IPv6 is split like IPv4.
func TestRanges(t *testing.T) {
	tests := map[string]struct{ clusters, cidr, want string }{
		"one":    {`{"name": "a"}`, "10.1.2.3/16", "a 10.1.128.0/17"},
		"three":  {`{"name": "a"}, {"name": "b"}, {"name": "c"}`, "10.1.0.0/16", "a 10.1.64.0/18 b 10.1.128.0/18 c 10.1.192.0/18"},
		"a pool": {`{"name": "a"}, {"name": "b", "podAddressPool": "10.1.3.0/24"}`, "10.1.0.0/16", "a 10.1.64.0/18 b 10.1.3.0/24"},
		"six":    {`{"name": "a"}, {"name": "b"}`, "2001:db8::/64", "a 2001:db8:0:0:4000::/66 b 2001:db8:0:0:8000::/66"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			d.ok(created, "CreateSlice", ring)
			d.ok("Network created successfully", "CreateNetwork",
				`{"network": {"name": "n", "provider": {"name": "ring"}, "podCidr": "`+test.cidr+`", "clusters": [`+test.clusters+`]}}`)
			got := ""
			for _, r := range d.intents("ring").Slice.Networks[0].Ranges {
				got += " " + string(r.Domain) + " " + r.CIDR.String()
			}
			if got != " "+test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
