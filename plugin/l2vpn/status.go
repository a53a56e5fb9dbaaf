package l2vpn

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// status is what became of a vpn-service, by a module of our own: the model has no
// place for it. It is told where it is asked for, and not with the configuration,
// since the SCO has to be asked.
type status struct {
	Phase   string   `json:"phase"` // incomplete, building, active, degraded or failed
	Message string   `json:"message,omitempty"`
	Notes   []string `json:"note,omitempty"`
}

// status answers .../vpn-service=ID/l2sces-l2vpn:status.
func (d *Door) status(c echo.Context, steps []restconf.Step) error {
	if len(steps) != 4 || steps[1].Name != "vpn-services" || steps[2].Name != "vpn-service" || steps[3].Name != "status" {
		return restconf.NotFoundf("", "a vpn-service has a status, and nothing else")
	}
	id, _ := steps[2].Key()
	who := account.Of(c).Name
	var kept keptVPN
	var there bool
	var notes []string
	d.book.View(service.L2VPN, who, func(tx *service.Tx) {
		if there = note(tx, vpnNote+restconf.Escape(id), &kept); there {
			notes = promises(tx, &kept)
		}
	})
	if !there {
		return absent(vpnPath(id))
	}
	s := status{Phase: "incomplete", Message: "it has fewer than two accesses, and is ordered when it has them", Notes: notes}
	if len(kept.Accesses) >= fewest {
		state, err := d.book.State(c.Request().Context(), service.Key{Door: service.L2VPN, Account: who, ID: id})
		if err != nil {
			return err
		}
		s = status{Phase: strings.ToLower(string(state.Phase)), Message: state.Message, Notes: slices.Concat(state.Notes, notes)}
	}
	return restconf.Answer(c, http.StatusOK, map[string]status{statusModule + ":status": s})
}

// promises tells what a service asks for and does not get.
func promises(tx *service.Tx, kept *keptVPN) (notes []string) {
	tags := map[uint16]bool{}
	for _, e := range kept.Accesses {
		var a keptAccess
		switch {
		case !note(tx, e.note(), &a):
		case a.At.Workload == "":
			tags[a.Access.vlan()] = true
		case a.Access.vlan() != 0:
			notes = append(notes, "access "+e.Access+": its endpoint is a workload, whose frames have no tag")
		}
	}
	if kept.VPN.KeepsTag != nil && *kept.VPN.KeepsTag && len(tags) > 1 {
		notes = append(notes, "ce-vlan-preservation: its accesses have different tags, and each gets its own")
	}
	if kept.VPN.KeepsTagPrio != nil && *kept.VPN.KeepsTagPrio && len(tags) > 0 {
		notes = append(notes, "ce-vlan-cos-preservation: priorities in tags are not kept")
	}
	return notes
}
