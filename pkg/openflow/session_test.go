package openflow_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestEcho(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, _ := join(t, k, 1)
	for _, size := range []int{0, 1, ofp.MaxLen - ofp.HeaderLen} {
		data := bytes.Repeat([]byte{0xab}, size)
		f.send(0x12345678, &ofp.Echo{Data: data})
		xid, m := f.take(ofp.TypeEchoReply)
		if e, ok := m.(*ofp.Echo); !ok || xid != 0x12345678 || !bytes.Equal(e.Data, data) {
			t.Errorf("%d bytes: answer %#x of %d bytes", size, xid, len(e.Data))
		}
	}
}

func TestSilence(t *testing.T) {
	k := serve(t, openflow.Config{Silence: 20 * time.Millisecond})
	answers, _ := join(t, k, 1)
	silent, s := join(t, k, 2)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			msg, err := answers.next()
			if err != nil {
				return
			}
			msg[1] = byte(ofp.TypeEchoReply)
			if _, err := answers.conn.Write(msg); err != nil {
				return
			}
		}
	}()
	for range 3 {
		silent.take(ofp.TypeEchoRequest)
	}
	silent.closed()
	receive(t, "the session ends", s.Done())
	eventually(t, "the one that answers stays", func() bool { return k.Stats().Switches == 1 })
	_ = answers.conn.Close()
	receive(t, "the loop ends", over)
}

// TestMalformed sends bytes that no switch should, and looks after another
// switch meanwhile.
func TestMalformed(t *testing.T) {
	k := serve(t, openflow.Config{})
	other, _ := join(t, k, 99)
	for name, b := range map[string][]byte{
		"length below the header":    {4, 2, 0, 7, 0, 0, 0, 1},
		"another version":            {1, 2, 0, 8, 0, 0, 0, 1},
		"version of another hello":   {6, 2, 0, 8, 0, 0, 0, 1},
		"error without a code":       {4, 1, 0, 10, 0, 0, 0, 1, 0, 1},
		"experimenter error, short":  {4, 1, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0, 1},
		"packet-in without a match":  {4, 10, 0, 8, 0, 0, 0, 1},
		"packet-in, match too long":  append([]byte{4, 10, 0, 34, 0, 0, 0, 1}, append(make([]byte, 16), 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0)...),
		"port-status without a port": {4, 12, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		"multipart without a kind":   {4, 19, 0, 9, 0, 0, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := join(t, k, 1)
			f.bytes(b...)
			f.closed()
			receive(t, "the session ends", s.Done())
			eventually(t, "the switch is forgotten", func() bool { return k.Stats().Switches == 1 })
			other.alive()
		})
	}
}

func TestOddButHarmless(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, _ := join(t, k, 1)
	f.send(5, &ofp.Raw{Type: 99, Body: []byte("what is this")})
	f.send(6, &ofp.Raw{Type: ofp.TypeBarrierReply})
	f.send(7, &ofp.Multipart{Reply: true, Kind: ofp.KindFlow, Flags: ofp.More})
	f.send(8, &ofp.Experimenter{ID: 0x2320, Kind: 1})
	f.send(9, &ofp.FlowRemoved{})
	f.send(10, &ofp.Hello{Versions: 0x10})
	f.alive()
}

func TestNoAnswer(t *testing.T) {
	k := serve(t, openflow.Config{Request: 30 * time.Millisecond})
	f, s := join(t, k, 1)
	_, err := s.Ports(context.Background())
	if slice.KindOf(err) != slice.Unavailable {
		t.Errorf("no answer: %v", err)
	}
	xid, _ := f.take(ofp.TypeMultipartRequest)
	f.send(xid, &ofp.Multipart{Reply: true, Kind: ofp.KindPortDesc}) // too late
	f.alive()

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = s.Ports(ctx); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("given up: %v", err)
	}
}

func TestLostWhileWaiting(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	result := async(s.PortStats)
	f.take(ofp.TypeMultipartRequest)
	_ = f.conn.Close()
	if r := receive(t, "the call ends", result); slice.KindOf(r.err) != slice.Unavailable {
		t.Errorf("lost: %v", r.err)
	}
}

func TestMultipart(t *testing.T) {
	port := func(n uint32) []byte { return ofp.AppendPortStats(nil, ofp.PortStats{Port: n, RxBytes: uint64(n)}) }
	part := func(b []byte, flags uint16) *ofp.Multipart {
		return &ofp.Multipart{Reply: true, Kind: ofp.KindPortStats, Flags: flags, Body: b}
	}
	for name, c := range map[string]struct {
		parts []*ofp.Multipart
		want  []slice.Port
		fault string
	}{
		"one part":         {parts: []*ofp.Multipart{part(append(port(1), port(2)...), 0)}, want: []slice.Port{1, 2}},
		"three parts":      {parts: []*ofp.Multipart{part(port(1), ofp.More), part(port(2), ofp.More), part(port(3), 0)}, want: []slice.Port{1, 2, 3}},
		"cut between":      {parts: []*ofp.Multipart{part(port(1)[:50], ofp.More), part(port(1)[50:], 0)}, want: []slice.Port{1}},
		"nothing":          {parts: []*ofp.Multipart{part(nil, 0)}},
		"too much":         {parts: []*ofp.Multipart{part(make([]byte, 1000), ofp.More), part(make([]byte, 1000), ofp.More)}, fault: "more than"},
		"half an entry":    {parts: []*ofp.Multipart{part(port(1)[:50], 0)}, fault: "whole number"},
		"of another kind":  {parts: []*ofp.Multipart{part(port(1), ofp.More), {Reply: true, Kind: ofp.KindDesc}}, fault: "kind"},
		"of another asker": {parts: []*ofp.Multipart{{Reply: true, Kind: ofp.KindFlow, Flags: ofp.More}}, fault: "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			k := serve(t, openflow.Config{MaxReply: 1500})
			f, s := join(t, k, 1)
			result := async(s.PortStats)
			xid, _ := f.take(ofp.TypeMultipartRequest)
			for _, p := range c.parts {
				f.send(xid+1000, p) // somebody else's
				f.send(xid, p)
			}
			r := receive(t, "the answer", result)
			var got []slice.Port
			for _, p := range r.value {
				got = append(got, p.Port)
			}
			if (r.err != nil) != (c.fault != "") || r.err != nil && !strings.Contains(r.err.Error(), c.fault) {
				t.Errorf("error %v, want one with %q", r.err, c.fault)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("ports %v, want %v", got, c.want)
			}
			f.alive()
		})
	}
}

// TestTwoAskAtOnce answers two questions in the other order.
func TestTwoAskAtOnce(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	ports, counters := async(s.Ports), async(s.PortStats)
	asked := map[ofp.Kind]uint32{}
	for range 2 {
		xid, m := f.take(ofp.TypeMultipartRequest)
		if q, ok := m.(*ofp.Multipart); ok {
			asked[q.Kind] = xid
		}
	}
	f.send(asked[ofp.KindPortStats], &ofp.Multipart{Reply: true, Kind: ofp.KindPortStats, Body: ofp.AppendPortStats(nil, ofp.PortStats{Port: 8})})
	f.send(asked[ofp.KindPortDesc], &ofp.Error{Type: 1, Code: 2})
	if r := receive(t, "counters", counters); r.err != nil || len(r.value) != 1 || r.value[0].Port != 8 {
		t.Errorf("counters: %+v", r)
	}
	if r := receive(t, "ports", ports); r.err == nil || !strings.Contains(r.err.Error(), "BAD_REQUEST BAD_MULTIPART") {
		t.Errorf("ports: %+v", r)
	}
}

func TestSend(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	if err := s.Send(context.Background(), 3, []byte("frame")); err != nil {
		t.Fatal(err)
	}
	_, got := f.take(ofp.TypePacketOut)
	want := &ofp.PacketOut{BufferID: ofp.NoBuffer, InPort: ofp.PortController, Actions: []ofp.Action{ofp.Output(3)}, Data: []byte("frame")}
	if diff := cmp.Diff(ofp.Message(want), got); diff != "" {
		t.Error(diff)
	}
	if err := s.Send(context.Background(), 3, make([]byte, 70000)); err == nil {
		t.Error("a frame of 70000 bytes is sent")
	}
	f.alive()
}
