package vpls_test

import (
	"net/http/httptest"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/osm/transcript"
)

// The connector's requests, as they were recorded, get the answers that it needs, and
// the SCO has the networks that it asked for.
func TestReplay(t *testing.T) {
	const file = "testdata/connector.http.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := transcript.Read(file, text)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	web := httptest.NewServer(h.door)
	defer web.Close()
	player := transcript.Player{URL: web.URL, Ignore: []string{"lastUpdateTime"}}
	after := map[string][]string{
		"create ELAN, 3 points, VLAN 600": {"host-1@site-1 host-2@site-2 host-3@site-3"},
		"status":                          {"host-1@site-1 host-2@site-2 host-3@site-3"},
		"edit: drop 3, add 4, 1 moves to VLAN 700":   {"host-1@site-1 host-2@site-2 host-4@site-4"},
		"create ELINE, untagged":                     {"host-1@site-1 host-2@site-2"},
		"create A over ep-1, ep-2":                   {"host-1@site-1 host-2@site-2"},
		"create B over the same":                     {"host-1@site-1 host-2@site-2", "host-1@site-1 host-2@site-2"},
		"delete A while B is up":                     {"host-1@site-1 host-2@site-2"},
		"create over two interfaces of one port":     {"host-1@site-1"},
		"create: the document had another app alone": {"host-5@site-5 host-6@site-6"},
	}
	at := 0
	player.Done = func(r transcript.Result) {
		if all[at].Told != (r.Verdict == transcript.Skipped) || r.Verdict == transcript.Different {
			t.Errorf("%s: request %s: %s %d, want %d: %s", r.Call, r.Name, r.Verdict, r.Got, r.Want, r.Why)
		}
		if at++; at < len(all) && all[at].Call == r.Call {
			return
		}
		if diff := cmp.Diff(after[r.Call], h.networks()); diff != "" {
			t.Errorf("networks after %q (-want +got):\n%s", r.Call, diff)
		}
	}
	if _, err := player.Play(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if left := h.book.Services(""); len(left) != 0 {
		t.Errorf("services are left: %v", left)
	}
}
