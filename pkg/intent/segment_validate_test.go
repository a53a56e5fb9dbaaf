package intent_test

import (
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestSegmentValidate(t *testing.T) {
	mac := func(last byte) slice.MAC { return slice.MAC{2, 0, 0, 0, 0, last} }
	port := func(last byte) intent.SegmentPort {
		return intent.SegmentPort{Workload: "w", Interface: "l2s0", MAC: mac(last)}
	}
	good := func() intent.Segment {
		return intent.Segment{
			ID: slice.NetworkID{Slice: "press", Network: "voice"}, Type: slice.VNet, MTU: 1400,
			Ports: []intent.SegmentPort{port(1), port(2)}, HandOff: true, Gateway: "n1", Remote: []slice.MAC{mac(3)},
		}
	}
	tests := map[string]struct {
		change func(*intent.Segment)
		says   string // empty: it is right
	}{
		"right":                  {func(*intent.Segment) {}, ""},
		"no MTU":                 {func(s *intent.Segment) { s.MTU = 0 }, ""},
		"no ports":               {func(s *intent.Segment) { s.Ports = nil }, ""},
		"no slice":               {func(s *intent.Segment) { s.ID.Slice = "" }, "id"},
		"a slash":                {func(s *intent.Segment) { s.ID.Network = "a/b" }, "id"},
		"a reserved slice":       {func(s *intent.Segment) { s.ID.Slice = "guests.vnet" }, "id"},
		"no type":                {func(s *intent.Segment) { s.Type = "" }, "type"},
		"a small MTU":            {func(s *intent.Segment) { s.MTU = 575 }, "mtu"},
		"a large MTU":            {func(s *intent.Segment) { s.MTU = 9217 }, "mtu"},
		"three in a link":        {func(s *intent.Segment) { s.Type, s.Ports = slice.VLink, append(s.Ports, port(4)) }, "vlink"},
		"a gateway with a slash": {func(s *intent.Segment) { s.Gateway = "a/b" }, "gateway"},
		"no workload":            {func(s *intent.Segment) { s.Ports[1].Workload = "" }, "ports[1]: workload"},
		"no interface":           {func(s *intent.Segment) { s.Ports[1].Interface = "" }, "ports[1]: interface"},
		"a long interface":       {func(s *intent.Segment) { s.Ports[0].Interface = strings.Repeat("i", 16) }, "ports[0]: interface"},
		"no address":             {func(s *intent.Segment) { s.Ports[0].MAC = slice.MAC{} }, "ports[0]: mac"},
		"a group":                {func(s *intent.Segment) { s.Ports[0].MAC = slice.Broadcast }, "ports[0]: mac"},
		"an address twice":       {func(s *intent.Segment) { s.Ports[1].MAC = mac(1) }, "ports[1]"},
		"an address elsewhere":   {func(s *intent.Segment) { s.Remote = append(s.Remote, mac(2)) }, "remote[1]"},
		"a group elsewhere":      {func(s *intent.Segment) { s.Remote[0] = slice.Broadcast }, "remote[0]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := good()
			test.change(&s)
			err := s.Validate()
			switch {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says != "" && (slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.says)):
				t.Errorf("%v, want it to say %s", err, test.says)
			}
		})
	}
}
