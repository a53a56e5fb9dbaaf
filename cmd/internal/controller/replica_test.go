package controller

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list that agents write into switches must not change with the leader.
func TestReplicasNameTheSameControllers(t *testing.T) {
	want := []string{"ssl:192.0.2.1:6653", "ssl:192.0.2.2:6653", "ssl:192.0.2.3:6653"}
	for _, o := range []Options{
		{OpenFlow: "192.0.2.1:6653", Replicas: []string{"192.0.2.3:6653", "192.0.2.2:6653"}},
		{OpenFlow: ":6653", Advertise: "192.0.2.2:6653", Replicas: []string{"192.0.2.1:6653", "192.0.2.3:6653"}},
		{OpenFlow: "192.0.2.3:6653", Replicas: []string{"192.0.2.1:6653", "192.0.2.2:6653", "192.0.2.3:6653"}},
	} {
		if diff := cmp.Diff(want, o.targets()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", o, diff)
		}
	}
}

// A taken port is told when the process starts, and not when it is to lead.
func TestStandbyTriesItsDoors(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // the test is over
	o := Options{Listen: "127.0.0.1:0", OpenFlow: taken.Addr().String()}
	if _, err := o.doors(context.Background()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want that the address is in use", err)
	}
	o.OpenFlow = "127.0.0.1:0"
	listeners, err := o.doors(context.Background())
	if err != nil || len(listeners) != 1 {
		t.Fatalf("%d listeners, %v; want one for gRPC", len(listeners), err)
	}
	_ = listeners[0].Close() // nobody came
}

func TestSharedStoreNeedsCertificates(t *testing.T) {
	_, err := Options{Store: "etcd://192.0.2.1:2379/a", Cert: "none", Key: "none", CA: "none"}.take()
	if err == nil {
		t.Error("a seat without a certificate")
	}
}
