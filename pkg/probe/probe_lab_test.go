//go:build lab

package probe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// pair returns the two ends of a cable between two namespaces, .1 and .2.
func pair(t *testing.T) (a, b probe.Port) {
	t.Helper()
	prefix := fmt.Sprintf("t%06x", rand.Uint32N(1<<24))
	ends := []netns.End{{Namespace: prefix + "-a", Name: "net"}, {Namespace: prefix + "-b", Name: "net"}}
	for _, e := range ends {
		must(t, netns.Make(e.Namespace))
		t.Cleanup(func() { must(t, netns.Delete(e.Namespace)) })
	}
	must(t, netns.Connect(ends[0], ends[1]))
	ports := make([]probe.Port, 2)
	for i, e := range ends {
		must(t, netns.Address(e.Namespace, "net", netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 24)))
		all, err := probe.Ports(func(f func() error) error { return netns.Do(e.Namespace, f) })
		must(t, err)
		if len(all) != 1 || all[0].Interface != "net" || len(all[0].Addresses) != 1 {
			t.Fatalf("ports of %s are %+v, want one with one address", e.Namespace, all)
		}
		ports[i] = all[0]
	}
	return ports[0], ports[1]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func receiver(t *testing.T) func(r *probe.Receiver, err error) *probe.Receiver {
	t.Helper()
	return func(r *probe.Receiver, err error) *probe.Receiver {
		t.Helper()
		must(t, err)
		t.Cleanup(func() { must(t, r.Close()) })
		return r
	}
}

// eventually waits until a count is as wanted, and returns the last one.
func eventually(r *probe.Receiver, s probe.Stream, want probe.Count) probe.Count {
	late := time.After(3 * time.Second)
	for tick := time.Tick(10 * time.Millisecond); ; {
		if got := r.Count(s); got == want {
			return got
		}
		select {
		case <-late:
			return r.Count(s)
		case <-tick:
		}
	}
}

func TestFramesAreCountedOnce(t *testing.T) {
	a, b := pair(t)
	seen := receiver(t)(b.Capture())
	own := receiver(t)(a.Capture())
	for range 2 { // the second time every frame comes again
		must(t, a.Send(t.Context(), probe.Frames{To: slice.Broadcast, Stream: 1, Count: 50}))
	}
	must(t, a.Send(t.Context(), probe.Frames{To: slice.MAC{2, 0, 0, 0, 0, 9}, Stream: 2, Count: 5}))
	if diff := cmp.Diff(probe.Count{Once: 50, Again: 50}, eventually(seen, 1, probe.Count{Once: 50, Again: 50})); diff != "" {
		t.Errorf("broadcast (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(probe.Count{Once: 5}, eventually(seen, 2, probe.Count{Once: 5})); diff != "" {
		t.Errorf("frames to somebody else (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[probe.Stream]probe.Count{}, own.All()); diff != "" {
		t.Errorf("the sender hears itself (-want +got):\n%s", diff)
	}
}

func TestEcho(t *testing.T) {
	a, b := pair(t)
	seen := receiver(t)(b.Capture())
	there := netip.MustParseAddr("192.0.2.2")
	tests := []struct {
		name string
		echo probe.Echo
		want probe.Answers
	}{
		{"answered", probe.Echo{To: there, Count: 5}, probe.Answers{Sent: 5, Answered: 5}},
		{"nobody", probe.Echo{To: netip.MustParseAddr("192.0.2.9"), Count: 1, Patience: 100 * time.Millisecond}, probe.Answers{Sent: 1, Lost: []uint32{1}}},
		{"largest", probe.Echo{To: there, Count: 1, Size: 1500, Whole: true}, probe.Answers{Sent: 1, Answered: 1}},
		{"too large", probe.Echo{To: there, Count: 1, Size: 1501, Whole: true, Patience: 100 * time.Millisecond}, probe.Answers{Sent: 1, Refused: 1, Lost: []uint32{1}}},
		{"in pieces", probe.Echo{To: there, Count: 1, Size: 1501}, probe.Answers{Sent: 1, Answered: 1}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.echo.Stream = probe.Stream(i + 1)
			got, err := a.Echo(t.Context(), tt.echo)
			must(t, err)
			got.First = 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := seen.Count(1); got.Once != 5 {
		t.Errorf("captured %+v of 5 requests", got)
	}
}

func TestEchoUntilStoppedTellsWhatIsLost(t *testing.T) {
	a, b := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	done := make(chan probe.Answers)
	go func() {
		got, err := a.Echo(ctx, probe.Echo{To: netip.MustParseAddr("192.0.2.2"), Stream: 1, Every: 10 * time.Millisecond, Patience: 100 * time.Millisecond})
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	<-time.After(200 * time.Millisecond)
	must(t, b.In(func() error { return netns.Sysctl("", "net.ipv4.icmp_echo_ignore_all", "1") }))
	got := <-done
	if got.Answered < 5 || len(got.Lost) < 5 || got.Answered+len(got.Lost) != got.Sent {
		t.Errorf("sent %d, answered %d, lost %d; want some of both", got.Sent, got.Answered, len(got.Lost))
	}
}

func TestDatagrams(t *testing.T) {
	a, b := pair(t)
	tests := []struct {
		name    string
		to      string
		size    int
		whole   bool
		got     int
		refused int
	}{
		{"one host", "192.0.2.2:5004", 0, false, 20, 0},
		{"group", "239.94.1.1:5004", 0, false, 20, 0},
		{"everybody", "255.255.255.255:5004", 0, false, 20, 0},
		{"largest", "192.0.2.2:5004", 1500, true, 20, 0},
		{"too large", "192.0.2.2:5004", 1501, true, 0, 20},
		{"in pieces", "192.0.2.2:5004", 1501, false, 20, 0},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stream, to := probe.Stream(i+1), netip.MustParseAddrPort(tt.to)
			heard := receiver(t)(b.Listen(t.Context(), to))
			refused, err := a.Datagrams(t.Context(), probe.Datagrams{
				To: to, Stream: stream, Count: 20, Every: time.Millisecond, Size: tt.size, Whole: tt.whole,
			})
			must(t, err)
			want := probe.Count{Once: tt.got}
			if diff := cmp.Diff(want, eventually(heard, stream, want)); diff != "" || refused != tt.refused {
				t.Errorf("refused %d, want %d (-want +got):\n%s", refused, tt.refused, diff)
			}
		})
	}
}
