// Package compattest is a client of the original's slice manager for tests. It
// is made from the numbers of the original's messages and knows nothing of our
// own description of them.
//
//	answer, err := compattest.Client{Conn: conn}.Call(ctx, "CreateSlice", `{"slice": {...}}`)
package compattest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// numbers are the original's messages, one a line: the name, and then each field
// with its number; behind a colon its message if it is no string, and a star if
// there are many.
const numbers = `
Provider name=1 domain=2 dns_port=3 sdn_port=4 of_port=5 dns_grpc_port=6
Link endpointA=1 endpointB=2
Node name=1 ip_address=2
RestConfig bearer_token=1 api_key=2
Cluster name=1 rest_config=2:RestConfig overlay=3:Overlay gateway_node=4:Node namespace=5 pod_address_pool=6
Overlay provider=1:Provider nodes=2* links=3:Link*
L2Network name=1 provider=2:Provider pod_cidr=3 type=4 clusters=5:Cluster*
Slice provider=1:Provider clusters=2:Cluster* links=3:Link*
FieldPatch path=1 value=2
CreateNetworkRequest network=1:L2Network namespace=2
CreateNetworkResponse message=1 patches=2:FieldPatch*
DeleteNetworkRequest network=1:L2Network namespace=2
DeleteNetworkResponse message=1
CreateSliceRequest slice=1:Slice namespace=2
CreateSliceResponse message=1
DeleteSliceRequest slice=1:Slice namespace=2
DeleteSliceResponse message=1
CreateOverlayRequest overlay=1:Overlay
CreateOverlayResponse message=1
AddClusterRequest provider_name=1 provider_domain=2 slice_name=3 cluster=4:Cluster
AddClusterResponse message=1
RemoveClusterRequest provider_name=1 provider_domain=2 overlay_name=3 cluster_name=4
RemoveClusterResponse message=1
DeleteOverlayRequest provider_name=1 provider_domain=2 overlay_name=3
DeleteOverlayResponse message=1`

// Methods are all that the original has.
var Methods = []string{
	"CreateNetwork", "DeleteNetwork", "CreateSlice", "DeleteSlice",
	"CreateOverlay", "AddCluster", "RemoveCluster", "DeleteOverlay",
}

// A Client calls as the original's does.
type Client struct{ Conn grpc.ClientConnInterface }

// An Answer is what comes back: a text, and for a network what a workload needs.
type Answer struct {
	Message string `json:"message"`
	Patches []struct {
		Path  string `json:"path"`
		Value string `json:"value"`
	} `json:"patches"`
}

// Call sends a request that is given in its JSON form.
func (c Client) Call(ctx context.Context, method, request string) (Answer, error) {
	in, err := Message(method + "Request")
	if err != nil {
		return Answer{}, err
	}
	if err := protojson.Unmarshal([]byte(request), in); err != nil {
		return Answer{}, err
	}
	out, err := Message(method + "Response")
	if err != nil {
		return Answer{}, err
	}
	if err := c.Conn.Invoke(ctx, "/l2sces.L2SMMultiDomainService/"+method, in, out); err != nil {
		return Answer{}, err
	}
	text, err := protojson.Marshal(out)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	return a, json.Unmarshal(text, &a)
}

// Message returns an empty message of the original.
func Message(name string) (proto.Message, error) {
	file, err := protodesc.NewFile(file(), new(protoregistry.Files))
	if err != nil {
		return nil, err
	}
	d := file.Messages().ByName(protoreflect.Name(name))
	if d == nil {
		return nil, fmt.Errorf("the original has no message %s", name)
	}
	return dynamicpb.NewMessage(d), nil
}

// file describes the messages as the original's file does.
func file() *descriptorpb.FileDescriptorProto {
	f := &descriptorpb.FileDescriptorProto{Name: ptr("l2sces.proto"), Package: ptr("l2sces"), Syntax: ptr("proto3")}
	for line := range strings.Lines(strings.TrimSpace(numbers)) {
		words := strings.Fields(line)
		m := &descriptorpb.DescriptorProto{Name: ptr(words[0])}
		for _, word := range words[1:] {
			m.Field = append(m.Field, field(word))
		}
		f.MessageType = append(f.MessageType, m)
	}
	return f
}

func field(word string) *descriptorpb.FieldDescriptorProto {
	name, rest, _ := strings.Cut(word, "=")
	f := &descriptorpb.FieldDescriptorProto{
		Name: ptr(name), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	rest, many := strings.CutSuffix(rest, "*")
	if many {
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	}
	number, message, isMessage := strings.Cut(rest, ":")
	if isMessage {
		f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), ptr(".l2sces."+message)
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		panic(err) // the table above is wrong
	}
	f.Number = ptr(int32(n))
	return f
}

func ptr[T any](v T) *T { return &v }
