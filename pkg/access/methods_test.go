package access_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/compat"
	"github.com/l2sces/l2sces/pkg/pki"
)

// about is what a method is about, and so what one tenant may learn of another.
type about int

const (
	slicesByID about = iota // another's slice is absent
	newSlices               // the id of another's slice is not found
	newOnly                 // the id of another's slice is as little free as that of an own one
	lists                   // another's slices are not in it
	common                  // nothing of a tenant
)

// A row says how one method is tried. ID stands for the id of a slice.
type row struct {
	least access.Role
	about about
	body  string // in JSON
	more  []string
}

const (
	someIntents = `{"apiVersion": "l2sces/v1", "slice": {"id": "ID", "tenant": "red", "snssai": {"sst": "eMBB"}, "domains": [{"name": "field"}]}, "overlay": {"shape": "mesh", "encryption": "none"}}`
	someDomain  = `{"domain": {"name": "field", "addresses": ["192.0.2.1:1"]}}`
	someCluster = `{"clusterName": "field", "overlayName": "ID", "providerName": "ID"}`
)

// gRPC has a row for each method that the SCO serves.
var gRPC = map[string]row{
	"l2sces.v1.SliceService/ApplySlice":    {access.Tenant, newSlices, `{"intents": ` + someIntents + `}`, []string{`{"intents": ` + someIntents + `, "dryRun": true}`}},
	"l2sces.v1.SliceService/EditSlice":     {access.Tenant, slicesByID, `{"id": "ID", "edits": [{"removeNetwork": "n0"}]}`, nil},
	"l2sces.v1.SliceService/PlanSlice":     {access.Viewer, slicesByID, `{"id": "ID", "delete": true}`, []string{`{"id": "ID", "edits": [{"removeNetwork": "n0"}]}`}},
	"l2sces.v1.SliceService/GetSlice":      {access.Viewer, slicesByID, `{"id": "ID"}`, nil},
	"l2sces.v1.SliceService/ListSlices":    {access.Viewer, lists, `{}`, []string{`{"tenant": "blue"}`, `{"ids": ["theirs"]}`}},
	"l2sces.v1.SliceService/WatchSlices":   {access.Viewer, lists, `{}`, []string{`{"tenant": "blue"}`, `{"ids": ["theirs"]}`}},
	"l2sces.v1.SliceService/DeleteSlice":   {access.Tenant, slicesByID, `{"id": "ID"}`, []string{`{"id": "ID", "order": {"old": true}}`}},
	"l2sces.v1.SliceService/PauseSlice":    {access.Tenant, slicesByID, `{"id": "ID", "paused": true}`, nil},
	"l2sces.v1.SliceService/ListRevisions": {access.Viewer, slicesByID, `{"id": "ID"}`, nil},

	"l2sces.v1.RegistryService/PutDomain":         {access.Operator, common, someDomain, nil},
	"l2sces.v1.RegistryService/GetRegistration":   {access.Viewer, lists, `{"name": "field"}`, nil},
	"l2sces.v1.RegistryService/ListRegistrations": {access.Viewer, lists, `{}`, nil},
	"l2sces.v1.RegistryService/VerifyDomain":      {access.Operator, common, `{"name": "field"}`, nil},
	"l2sces.v1.RegistryService/DrainDomain":       {access.Operator, common, `{"name": "field"}`, nil},
	"l2sces.v1.RegistryService/RemoveDomain":      {access.Operator, common, `{"name": "field"}`, nil},

	"l2sces.v1.EventService/ListEvents":  {access.Viewer, lists, `{}`, []string{`{"tenant": "blue"}`, `{"slice": "theirs"}`}},
	"l2sces.v1.EventService/WatchEvents": {access.Viewer, lists, `{}`, []string{`{"tenant": "blue"}`}},

	"l2sces.v1.AdminService/ListAudit":  {access.Operator, common, `{}`, nil},
	"l2sces.v1.AdminService/PutQuota":   {access.Admin, common, `{"tenant": "green"}`, nil},
	"l2sces.v1.AdminService/ListQuotas": {access.Viewer, lists, `{}`, nil},
	"l2sces.v1.AdminService/Export":     {access.Admin, common, `{}`, nil},
	"l2sces.v1.AdminService/WhoAmI":     {access.Nobody, lists, `{}`, nil},

	"l2sces.L2SMMultiDomainService/CreateNetwork": {access.Tenant, slicesByID, `{"network": {"name": "n9", "provider": {"name": "ID"}, "clusters": [{"name": "field"}]}}`, nil},
	"l2sces.L2SMMultiDomainService/DeleteNetwork": {access.Tenant, slicesByID, `{"network": {"name": "n0", "provider": {"name": "ID"}}, "namespace": "default"}`, nil},
	"l2sces.L2SMMultiDomainService/CreateSlice":   {access.Tenant, newOnly, `{"slice": {"provider": {"name": "ID"}, "clusters": [{"name": "field"}]}}`, nil},
	"l2sces.L2SMMultiDomainService/DeleteSlice":   {access.Tenant, slicesByID, `{"slice": {"provider": {"name": "ID"}}}`, nil},
	"l2sces.L2SMMultiDomainService/CreateOverlay": {access.Tenant, newOnly, `{"overlay": {"provider": {"name": "ID"}, "nodes": ["field"]}}`, nil},
	"l2sces.L2SMMultiDomainService/DeleteOverlay": {access.Tenant, slicesByID, `{"overlayName": "ID"}`, nil},
	"l2sces.L2SMMultiDomainService/AddCluster":    {access.Tenant, slicesByID, `{"sliceName": "ID", "cluster": {"name": "fire"}}`, nil},
	"l2sces.L2SMMultiDomainService/RemoveCluster": {access.Tenant, slicesByID, someCluster, nil},
}

// answers are what a door says to one request.
type answer struct {
	code string
	text string
}

// rig is an SCO with all of its doors, and callers of each role.
type rig struct {
	house   *house
	gate    *access.Gate
	secrets map[access.Role]string // of callers; those of a tenant are of red
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{house: newHouse(intents("red", "mine", 1), intents("blue", "theirs", 1)), secrets: map[access.Role]string{}}
	r.house.past["gone"] = nil
	var p access.Policy
	for _, role := range []access.Role{access.Viewer, access.Tenant, access.Operator, access.Admin} {
		secret, line := token(t, role.String(), "red", role)
		r.secrets[role] = secret
		p.Tokens = append(p.Tokens, line)
	}
	r.gate = gate(t, r.house, func(c *access.Config) { c.Policy = policy(t, p) })
	return r
}

// renew makes slices as they were.
func (r *rig) renew() {
	r.house.mu.Lock()
	defer r.house.mu.Unlock()
	clear(r.house.slices)
	clear(r.house.past)
	r.house.slices["mine"] = intents("red", "mine", 1)
	r.house.slices["theirs"] = intents("blue", "theirs", 1)
}

var ids = regexp.MustCompile(`\b(theirs|absent|mine)\b`)

// try tries a row at a door: ask carries a request of a role out.
func (r *rig) try(t *testing.T, x row, denied string, ask func(role access.Role, body string) answer) {
	t.Helper()
	on := func(role access.Role, id, body string) answer {
		r.renew()
		return ask(role, strings.ReplaceAll(body, "ID", id))
	}
	for role := range r.secrets {
		got := on(role, "mine", x.body)
		if (got.code == denied) != (role < x.least) {
			t.Errorf("a caller of role %s gets %v, the least is %s", role, got, x.least)
		}
	}
	for _, role := range []access.Role{access.Viewer, access.Tenant} {
		for _, body := range append([]string{x.body}, x.more...) {
			if role < x.least {
				continue
			}
			theirs := on(role, "theirs", body)
			other := map[about]string{slicesByID: "absent", newOnly: "mine"}[x.about]
			if other != "" {
				want := on(role, other, body)
				want.text, theirs.text = ids.ReplaceAllString(want.text, "ID"), ids.ReplaceAllString(theirs.text, "ID")
				if theirs != want {
					t.Errorf("%s: another's slice gives %v, %s gives %v", body, theirs, other, want)
				}
				if x.about == slicesByID && theirs.code == codes.AlreadyExists.String() {
					t.Errorf("%s: %v tells that it is there", body, theirs)
				}
			}
			if x.about == newSlices && theirs.code != codes.NotFound.String() && theirs.code != "404" {
				t.Errorf("%s: another's slice gives %v, want not found", body, theirs)
			}
			for _, secret := range []string{"blue", "secret"} {
				if strings.Contains(theirs.text, secret) && x.about != common {
					t.Errorf("%s: %v tells of %s", body, theirs, secret)
				}
			}
			if x.about == lists && strings.Contains(theirs.text, "theirs") {
				t.Errorf("%s: %v tells of another's slice", body, theirs)
			}
			if _, there := r.house.Owner("theirs"); !there {
				t.Errorf("%s has removed another's slice", body)
			}
		}
	}
}

// TestA18EveryMethodOfGRPC fails when a method has no row, and when a row lets
// one tenant see another.
func TestA18EveryMethodOfGRPC(t *testing.T) {
	r := newRig(t)
	conn, served := r.serve(t)
	have := map[string]bool{}
	for _, method := range served {
		x, ok := gRPC[method]
		have[method] = true
		if !ok {
			t.Errorf("%s has no row in the table: say who may use it", method)
			continue
		}
		t.Run(method, func(t *testing.T) {
			r.try(t, x, codes.PermissionDenied.String(), func(role access.Role, body string) answer {
				return call(t, conn, "Bearer "+r.secrets[role], method, body)
			})
			for _, nobody := range []string{"", "Bearer l2sces_x", "Basic eDp4"} {
				if got := call(t, conn, nobody, method, "{}"); got.code != codes.Unauthenticated.String() {
					t.Errorf("authorization %q: %v", nobody, got)
				}
			}
		})
	}
	for method := range gRPC {
		if !have[method] {
			t.Errorf("the row of %s is of no method", method)
		}
	}
}

// serve serves the house over gRPC and returns a connection without a
// certificate, and what is served.
func (r *rig) serve(t *testing.T) (*grpc.ClientConn, []string) {
	t.Helper()
	dir := t.TempDir()
	must(t, pki.Init(dir))
	must(t, pki.Issue(dir, "sco", pki.SCO))
	file := func(name string) string { return filepath.Join(dir, name) }
	conf, err := pki.ServerTLS(file("sco.crt"), file("sco.key"), file("ca.crt"))
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s := api.NewServer(api.ServerConfig{TLS: pki.WithTokens(conf), Admit: r.gate.Admit, Identify: func(state tls.ConnectionState) (string, error) {
		id, err := pki.PeerIdentity(state)
		return string(id), err
	}})
	api.ServeSlices(s, r.gate.Slices(r.house))
	api.ServeRegistry(s, r.gate.Registry(domains{}))
	api.ServeEvents(s, r.gate.Events(r.house))
	api.ServeAdmin(s, r.gate.Admin(export))
	compat.Register(s, compat.Config{Slices: r.gate.Slices(r.house)})
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	client, err := pki.ClientTLS("", "", file("ca.crt"), pki.SCO)
	must(t, err)
	conn, err := api.Dial(l.Addr().String(), client)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(); s.Stop(); serving.Wait() })
	var all []string
	for _, service := range slices.Sorted(maps.Keys(s.GetServiceInfo())) {
		if strings.HasPrefix(service, "grpc.") {
			continue // health and reflection, which tell nothing of slices
		}
		for _, m := range s.GetServiceInfo()[service].Methods {
			all = append(all, service+"/"+m.Name)
		}
	}
	return conn, all
}

// call calls a method by its name, with a request in JSON.
func call(t *testing.T, conn *grpc.ClientConn, authorization, method, body string) answer {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(method, "/", ".")))
	must(t, err)
	m, ok := d.(protoreflect.MethodDescriptor)
	if !ok {
		t.Fatalf("%s is no method", method)
	}
	in, out := message(t, m.Input()), message(t, m.Output())
	must(t, protojson.Unmarshal([]byte(body), in))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+method)
	must(t, err)
	must(t, stream.SendMsg(in))
	must(t, stream.CloseSend())
	var text strings.Builder
	for {
		err := stream.RecvMsg(out)
		if errors.Is(err, io.EOF) {
			return answer{codes.OK.String(), text.String()}
		}
		if err != nil {
			return answer{status.Code(err).String(), text.String() + status.Convert(err).Message()}
		}
		one, err := protojson.Marshal(out)
		must(t, err)
		text.WriteString(strings.ReplaceAll(string(one), " ", "")) // protojson puts blanks where it likes
	}
}

func message(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	must(t, err)
	return kind.New().Interface()
}
