package l2vpn

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// What an account has is kept in one note for each vpn-service, site and access,
// so that a change costs by what it touches. A note's name is one of these and the
// escaped keys, with slashes between.
const (
	vpnNote    = "vpn/"
	siteNote   = "site/" // of a site that somebody made
	accessNote = "access/"
)

// A keptVPN is a vpn-service with what belongs to it.
type keptVPN struct {
	VPN      vpn       `json:"vpn"`
	Changed  time.Time `json:"changed"` // the service, or its accesses
	Accesses []end     `json:"accesses,omitempty"`
}

// An end names an access.
type end struct {
	Site   string `json:"site"`
	Access string `json:"access"`
}

// A keptAccess is an access and where it leads.
type keptAccess struct {
	Access access `json:"access"`
	At     place  `json:"at"`
}

// A place is the endpoint of an access, as it was when the access was made.
type place struct {
	Domain    slice.Domain   `json:"domain"`
	Workload  slice.Workload `json:"workload,omitempty"`
	Interface string         `json:"interface,omitempty"`
}

func (e end) note() string {
	return accessNote + restconf.Escape(e.Site) + "/" + restconf.Escape(e.Access)
}

// note reads one note, and reports whether it is there. We wrote it, so that it can
// be read.
func note(tx *service.Tx, name string, v any) bool {
	text := tx.Note(name)
	return text != nil && json.Unmarshal(text, v) == nil
}

func setNote(tx *service.Tx, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tx.SetNote(name, text)
	return nil
}

// under returns the names of the notes that begin with a prefix.
func under(names []string, prefix string) []string {
	first, _ := slices.BinarySearch(names, prefix)
	n := 0
	for first+n < len(names) && strings.HasPrefix(names[first+n], prefix) {
		n++
	}
	return names[first : first+n]
}

// A scope is the part of a configuration that a request is about.
type scope struct {
	vpns     bool   // all of them
	vpn      string // one
	sites    bool
	site     string // one, with all its accesses
	access   string // beside site: one of its accesses instead
	implicit bool   // a site that is not there is made
}

// scopeOf returns what a path, which begins with l2vpn-svc, is about.
func scopeOf(steps []restconf.Step) scope {
	if steps = steps[1:]; len(steps) == 0 {
		return scope{vpns: true, sites: true}
	}
	key := func(i int, name string) string {
		if i >= len(steps) || steps[i].Name != name {
			return ""
		}
		key, _ := steps[i].Key()
		return key
	}
	switch steps[0].Name {
	case "vpn-services":
		one := key(1, "vpn-service")
		return scope{vpn: one, vpns: one == ""}
	case "sites":
		one := key(1, "site")
		inside := len(steps) > 2 && steps[2].Name == "site-network-accesses"
		return scope{site: one, sites: one == "", access: key(3, "site-network-access"), implicit: inside}
	}
	return scope{}
}

// load returns the part of an account's configuration that is in scope.
func load(tx *service.Tx, s scope) config {
	c := config{Services: services{[]vpn{}}, Sites: sites{[]site{}}}
	var names []string
	if s.vpns || s.sites || s.site != "" && s.access == "" {
		names = tx.Notes()
	}
	vpns := []string{vpnNote + restconf.Escape(s.vpn)}
	if s.vpns {
		vpns = under(names, vpnNote)
	}
	for _, name := range vpns {
		var kept keptVPN
		if note(tx, name, &kept) {
			c.Services.Service = append(c.Services.Service, kept.VPN)
		}
	}
	for _, id := range siteIDs(names, s) {
		if one, there := loadSite(tx, names, id, s); there {
			c.Sites.Site = append(c.Sites.Site, one)
		}
	}
	return c
}

// siteIDs returns the sites in scope, which somebody made or that have accesses.
func siteIDs(names []string, s scope) []string {
	if !s.sites {
		return slices.DeleteFunc([]string{s.site}, func(id string) bool { return id == "" })
	}
	var ids []string
	for _, name := range slices.Concat(under(names, siteNote), under(names, accessNote)) {
		parts := strings.Split(name, "/")
		if id, err := restconf.Unescape(parts[1]); err == nil { // we escaped it
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// loadSite returns a site with those of its accesses that are in scope.
func loadSite(tx *service.Tx, names []string, id string, s scope) (site, bool) {
	var one site
	made := note(tx, siteNote+restconf.Escape(id), &one)
	if !made {
		one = implicit(id)
	}
	all := under(names, accessNote+restconf.Escape(id)+"/")
	if s.access != "" {
		all = []string{end{id, s.access}.note()}
	}
	one.Accesses.Access = []access{}
	for _, name := range all {
		var kept keptAccess
		if note(tx, name, &kept) {
			one.Accesses.Access = append(one.Accesses.Access, kept.Access)
		}
	}
	return one, made || s.implicit || len(one.Accesses.Access) > 0
}
