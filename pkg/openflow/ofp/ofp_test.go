package ofp_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

func TestMessages(t *testing.T) {
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			b := encode(t, m)
			got := fresh(m)
			if err := got.Decode(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
			if again := encode(t, got); !bytes.Equal(again, b) {
				t.Errorf("written again\n%x, was\n%x", again, b)
			}
			if err := got.Decode(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("read into the same value (-want +got):\n%s", diff)
			}
			any, err := ofp.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if again := encode(t, any); !bytes.Equal(again, b) {
				t.Errorf("by its type, written again\n%x, was\n%x", again, b)
			}
		})
	}
}

// fresh returns an empty message of the same type.
func fresh(m message) message {
	v, ok := reflect.New(reflect.TypeOf(m).Elem()).Interface().(message)
	if !ok {
		panic(fmt.Sprintf("%T", m))
	}
	return v
}

func TestBodies(t *testing.T) {
	for name, c := range bodies {
		got, err := c.copy(c.seed)
		if err != nil || !bytes.Equal(got, c.seed) {
			t.Errorf("%s: %v, written again\n%x, was\n%x", name, err, got, c.seed)
		}
	}
}

// TestCut cuts messages short, with the length that the header says and with
// the right one, and changes each byte. Nothing may panic.
func TestCut(t *testing.T) {
	for name, m := range messages {
		whole := encode(t, m)
		for n := range whole {
			if err := fresh(m).Decode(whole[:n:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are read", name, n, len(whole))
			}
			if n >= ofp.HeaderLen {
				b := bytes.Clone(whole[:n])
				b[2], b[3] = byte(n>>8), byte(n)
				_ = fresh(m).Decode(b)
			}
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				b := bytes.Clone(whole)
				b[n] ^= flip
				_ = fresh(m).Decode(b)
			}
		}
	}
	for _, c := range bodies {
		for n := range c.seed {
			_, _ = c.copy(c.seed[:n:n])
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				b := bytes.Clone(c.seed)
				b[n] ^= flip
				_, _ = c.copy(b)
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	big := make([]byte, 70000)
	many := make([]ofp.Action, 5000)
	for name, m := range map[string]ofp.Message{
		"echo":       &ofp.Echo{Data: big},
		"packet-out": &ofp.PacketOut{Actions: many},
		"flow-mod":   &ofp.FlowMod{Instructions: []ofp.Instruction{{Type: ofp.InstructionApplyActions, Actions: many}}},
		"group-mod":  &ofp.GroupMod{Buckets: []ofp.Bucket{{Actions: many}}},
		"meter-mod":  &ofp.MeterMod{Bands: make([]ofp.Band, 5000)},
		"bundle add": &ofp.BundleAdd{Message: &ofp.Echo{Data: big[:65520]}},
		"inner":      &ofp.BundleAdd{Message: &ofp.Echo{Data: big}},
	} {
		before := []byte("before")
		b, err := m.Append(before, 1)
		if !errors.Is(err, ofp.ErrTooLong) || string(b) != "before" {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
	}
	if b, err := (&ofp.Echo{Data: big[:65527]}).Append(nil, 1); err != nil || len(b) != ofp.MaxLen {
		t.Errorf("longest: %v, %d bytes", err, len(b))
	}
}

// TestBytes checks a few messages against bytes put together by hand from the
// standard.
func TestBytes(t *testing.T) {
	for name, c := range map[string]struct {
		m    ofp.Message
		want string
	}{
		"hello": {&ofp.Hello{Versions: 0x10}, "04000010 01020304 0001 0008 00000010"},
		"flow-mod": {
			&ofp.FlowMod{
				Cookie: 1, Priority: 2, BufferID: ofp.NoBuffer, OutPort: ofp.PortAny, OutGroup: ofp.GroupAny, Match: ofp.Match{ofp.InPort(3)},
				Instructions: []ofp.Instruction{{Type: ofp.InstructionApplyActions, Actions: []ofp.Action{ofp.Output(4)}}},
			},
			"040e0058 01020304 0000000000000001 0000000000000000 00 00 0000 0000 0002 ffffffff ffffffff ffffffff 0000 0000" +
				"0001 000c 80000004 00000003 00000000 0004 0018 00000000 0000 0010 00000004 0000 000000000000",
		},
		"set-field is padded": {
			&ofp.PacketOut{Actions: []ofp.Action{ofp.SetField(ofp.Exact(ofp.FieldVLAN, 0x1005))}},
			"040d0028 01020304 00000000 00000000 0010 000000000000 0019 0010 80000c02 1005 000000000000",
		},
		"bundle": {
			&ofp.BundleAdd{ID: 5, Flags: 3, Message: &ofp.Raw{Type: ofp.TypeBarrierRequest}},
			"04040020 01020304 4f4e4600 000008fd 00000005 0000 0003 04140008 01020304",
		},
		"meter": {
			&ofp.MeterMod{Flags: ofp.MeterKbps | ofp.MeterBurst, ID: 9, Bands: []ofp.Band{{Type: ofp.BandDrop, Rate: 16, Burst: 2}}},
			"041d0020 01020304 0000 0005 00000009 0001 0010 00000010 00000002 00000000",
		},
	} {
		if got, want := fmt.Sprintf("%x", encode(t, c.m)), strings.ReplaceAll(c.want, " ", ""); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestAgree(t *testing.T) {
	for _, c := range []struct {
		x, y ofp.Hello
		want uint8
	}{
		{ofp.Hello{Version: 4, Versions: 0x10}, ofp.Hello{Version: 6, Versions: 0x70}, 4},
		{ofp.Hello{Version: 6, Versions: 0x70}, ofp.Hello{Version: 6, Versions: 0x52}, 6},
		{ofp.Hello{Version: 4, Versions: 0x10}, ofp.Hello{Version: 6, Versions: 0x60}, 0},
		{ofp.Hello{Version: 4, Versions: 0x10}, ofp.Hello{Version: 6}, 4},
		{ofp.Hello{Version: 1}, ofp.Hello{Version: 6}, 1},
		{ofp.Hello{Version: 4, Versions: 0x10}, ofp.Hello{Version: 1}, 0},
		{ofp.Hello{Version: 255, Versions: 0x10}, ofp.Hello{Version: 255}, 0},
	} {
		if got, back := c.x.Agree(&c.y), c.y.Agree(&c.x); got != c.want || back != c.want {
			t.Errorf("%+v and %+v agree on %d and %d, want %d", c.x, c.y, got, back, c.want)
		}
	}
}

func TestErrorNames(t *testing.T) {
	for want, e := range map[string]ofp.Error{
		"BAD_ACTION BAD_OUT_GROUP":     {Type: 2, Code: 9},
		"HELLO_FAILED INCOMPATIBLE":    {},
		"GROUP_MOD_FAILED code 99":     {Type: 6, Code: 99},
		"error type 77 code 1":         {Type: 77, Code: 1},
		"BUNDLE_FAILED MSG_FAILED":     {Type: ofp.ErrorExperimenter, Experimenter: ofp.ONF, Code: 2313},
		"experimenter 0x2320 error 36": {Type: ofp.ErrorExperimenter, Experimenter: 0x2320, Code: 36},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
