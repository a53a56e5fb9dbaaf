package vim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRepeatedCalls(t *testing.T) {
	const grace = time.Minute
	profile := `, "ip_profile": {"subnet_address": "192.0.2.0/24"}`
	for _, c := range []struct {
		name    string
		between func(h *house, id string)
		second  string
		same    bool
	}{
		{"the same call", nil, `"request": "r1", "process": "p1"` + profile, true},
		{"the same call after a restart", func(h *house, _ string) { h.web.Close(); h.open() }, `"request": "r1", "process": "p1"` + profile, true},
		{"the same call for a known network", func(h *house, id string) { h.refreshed(id) }, `"request": "r1", "process": "p1"` + profile, true},
		{"another call", nil, `"request": "r2", "process": "p1"` + profile, false},
		{"another call later", func(h *house, _ string) { h.now = h.now.Add(time.Hour) }, `"request": "r2", "process": "p1"` + profile, false},
		{"another RO at once", nil, `"request": "r2", "process": "p2"` + profile, false},
		{"another RO later", func(h *house, _ string) { h.now = h.now.Add(grace) }, `"request": "r2", "process": "p2"` + profile, true},
		{"another RO for a network that is known", func(h *house, id string) { h.refreshed(id); h.now = h.now.Add(grace) }, `"request": "r2", "process": "p2"` + profile, false},
		{"another RO for another network", func(h *house, _ string) { h.now = h.now.Add(grace) }, `"request": "r2", "process": "p2"`, false},
		{"somebody without a process", func(h *house, _ string) { h.now = h.now.Add(grace) }, `"request": "r2"` + profile, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			first := h.create(`"request": "r1", "process": "p1"` + profile)
			if c.between != nil {
				c.between(h, first.ID)
			}
			second := h.create(c.second)
			if same := first.ID == second.ID; same != c.same {
				t.Errorf("the same network: %v, want %v", same, c.same)
			}
			if got, want := len(h.sco.slices()), map[bool]int{true: 1, false: 2}[c.same]; got != want {
				t.Errorf("the SCO has %d slices, want %d", got, want)
			}
			if again := h.create(c.second); strings.Contains(c.second, "process") && again.ID != second.ID {
				t.Error("the second call, repeated, made a third network")
			}
		})
	}
	t.Run("one id for two wishes", func(t *testing.T) {
		h := newHouse(t)
		h.create(`"request": "r1"`)
		h.do(http.MethodPost, "/networks", `{"domain": "field", "name": "other", "request": "r1"}`, http.StatusConflict, nil)
	})
	t.Run("a network is given once", func(t *testing.T) {
		h := newHouse(t)
		first := h.create(`"request": "r1", "process": "p1"`)
		h.now = h.now.Add(grace)
		if n := h.create(`"request": "r2", "process": "p2"`); n.ID != first.ID {
			t.Error("the second RO got another network")
		}
		if n := h.create(`"request": "r3", "process": "p3"`); n.ID == first.ID {
			t.Error("the third RO got what the second one has")
		}
	})
}

func TestCancel(t *testing.T) {
	h := newHouse(t)
	n := h.create(`"request": "r1", "process": "p1"`)
	h.do(http.MethodDelete, "/requests/r2", "", http.StatusNoContent, nil)
	if len(h.sco.slices()) != 1 {
		t.Error("another request took the network back")
	}
	if status, _ := h.as("rival", http.MethodDelete, "/requests/r1", ""); status != http.StatusNoContent || len(h.sco.slices()) != 1 {
		t.Error("another account took the network back")
	}
	h.refreshed(n.ID)
	h.do(http.MethodDelete, "/requests/r1", "", http.StatusNoContent, nil)
	if len(h.sco.slices()) != 1 {
		t.Error("a network that is known was taken back")
	}
	h.create(`"request": "r3", "process": "p1"`)
	h.do(http.MethodDelete, "/requests/r3", "", http.StatusNoContent, nil)
	h.do(http.MethodDelete, "/requests/r3", "", http.StatusNoContent, nil)
	if got := len(h.sco.slices()); got != 1 {
		t.Errorf("the SCO has %d slices, want 1", got)
	}
}
