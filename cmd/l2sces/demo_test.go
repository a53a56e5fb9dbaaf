package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
)

// dump is what ovs-ofctl 3.1 prints.
const dump = `OFPST_FLOW reply (OF1.3) (xid=0x2):
 cookie=0x5, duration=0.050s, table=0, n_packets=3, n_bytes=300, priority=300,tun_id=0x3e9,in_port=12 actions=write_metadata:0x5,goto_table:1
 cookie=0x5, duration=7.018s, table=0, n_packets=1, n_bytes=70, priority=400,tun_id=0x3e9,in_port=12,dl_type=0x0806 actions=drop
 cookie=0x5, duration=0.018s, table=0, n_packets=9, n_bytes=900, priority=300,tun_id=0x3e9,in_port=1 actions=drop
 cookie=0x6, duration=0.018s, table=0, n_packets=9, n_bytes=900, priority=300,tun_id=0x3e,in_port=12 actions=drop
 cookie=0x6, duration=0.018s, table=0, n_packets=9, n_bytes=900, priority=300,tun_id=0,in_port=12 actions=drop
 cookie=0x6, duration=0.018s, table=0, n_packets=9, n_bytes=900, priority=0 actions=drop
`

func TestReceivedIn(t *testing.T) {
	tests := []struct {
		name    string
		port    string
		network slice.Network
		want    uint64
	}{
		{"two flows", "12", 0x3e9, 370},
		{"another port", "1", 0x3e9, 900},
		{"a number that another begins with", "12", 0x3e, 900},
		{"no such network", "12", 7, 0},
		{"no such port", "2", 0x3e9, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := receivedIn(dump, tt.port, tt.network)
			if got != tt.want || err != nil {
				t.Errorf("got %d, %v; want %d", got, err, tt.want)
			}
		})
	}
}

func TestRulesInForgetCounters(t *testing.T) {
	later := strings.NewReplacer("0.050s", "9.1s", "n_bytes=300", "n_bytes=4000", "n_packets=3", "n_packets=40").Replace(dump)
	if diff := cmp.Diff(rulesIn(dump), rulesIn(later)); diff != "" {
		t.Errorf("traffic changed the rules:\n%s", diff)
	}
	other := strings.Replace(dump, "priority=400", "priority=401", 1)
	if cmp.Equal(rulesIn(dump), rulesIn(other)) || len(rulesIn(dump)) != 6 {
		t.Errorf("a changed rule was not seen in %q", rulesIn(other))
	}
}

func TestVerdictOnALink(t *testing.T) {
	const video = 1000
	l := domainLink{"a", "b"}
	tests := []struct {
		name          string
		network, port uint64
		want          string
	}{
		{"unused", 0, 0, "a-b 0"},
		{"unused, with other traffic on the port", 0, 99, "a-b 0"},
		{"all", 1000, 1040, "a-b all"},
		{"the port is too busy for an unused link", 0, 100, "a-b 0 bytes of the network and 100 of the port, of 1000"},
		{"one frame strayed", 14, 14, "a-b 14 bytes of the network and 14 of the port, of 1000"},
		{"some are missing", 999, 1000, "a-b 999 bytes of the network and 1000 of the port, of 1000"},
		{"everything twice", 2000, 2000, "a-b 2000 bytes of the network and 2000 of the port, of 1000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := verdict(l, tt.network, tt.port, video); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHoldingsWithout(t *testing.T) {
	h := holdings{"a", "b", "b", "c"}
	if diff := cmp.Diff([]string{"b", "c"}, h.without(holdings{"a", "b", "d"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := remains(h.without(h), nil); got != "0 left, 0 missing" {
		t.Errorf("nothing changed, but %s", got)
	}
}

func TestReportTable(t *testing.T) {
	r := demoReport{
		Result:   "FAIL",
		PhasesMs: map[string]uint32{"total": 9, "parse": 1, "fire": 3, "field": 2, "lab_up": 7, "first_frame": 8},
		Checks:   []demoCheck{{Name: "x", Want: "1", Got: "2"}},
	}
	if diff := cmp.Diff([]string{"lab_up", "parse", "field", "fire", "first_frame", "total"}, r.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	var text strings.Builder
	r.table(&text)
	if !strings.HasSuffix(text.String(), "\ndemo: FAIL\n") || !strings.Contains(text.String(), "x\t1\t2\tFAIL") {
		t.Errorf("got %q", text.String())
	}
}
