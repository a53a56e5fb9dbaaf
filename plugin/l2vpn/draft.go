package l2vpn

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// Limits of one account, and of one service.
const (
	maxVPNs     = 10_000
	maxSites    = 10_000
	maxAccesses = 1024
)

// A draft carries the difference of two configurations into notes and services.
type draft struct {
	tx      *service.Tx
	tenant  slice.Tenant
	now     time.Time
	find    func(name string) (place, error)
	again   end // this access looks for its endpoint anew, even if nothing differs
	touched map[string]*keptVPN
}

// save makes the account's configuration new where it was old. Both have what is in
// scope.
func (d *draft) save(old, wanted config) error {
	d.touched = map[string]*keptVPN{}
	before := index(old.Services.Service, func(v vpn) string { return v.ID })
	after := index(wanted.Services.Service, func(v vpn) string { return v.ID })
	for _, v := range wanted.Services.Service {
		if was, there := before[v.ID]; !there || !reflect.DeepEqual(was, v) {
			d.keep(v.ID).VPN = v
		}
	}
	if err := d.saveSites(old, wanted); err != nil {
		return err
	}
	for id := range before {
		if _, stays := after[id]; !stays {
			d.removeVPN(id)
		}
	}
	for _, s := range wanted.Sites.Site {
		for _, a := range s.Accesses.Access {
			if d.vpn(a.Attachment.VPN) == nil {
				return dangling(accessPath(s.ID, a.ID)+"/vpn-attachment/vpn-id", "vpn-service", a.Attachment.VPN)
			}
		}
	}
	if err := d.limits(len(before) < len(after), len(old.Sites.Site) < len(wanted.Sites.Site)); err != nil {
		return err
	}
	return d.finish()
}

func (d *draft) saveSites(old, wanted config) error {
	before := index(old.Sites.Site, func(s site) string { return s.ID })
	after := index(wanted.Sites.Site, func(s site) string { return s.ID })
	for id, s := range before {
		if _, stays := after[id]; !stays {
			d.tx.SetNote(siteNote+restconf.Escape(id), nil)
			d.removeAccesses(s, site{ID: id})
		}
	}
	for _, s := range wanted.Sites.Site {
		was := before[s.ID]
		d.removeAccesses(was, s)
		if err := d.saveSite(was, s); err != nil {
			return err
		}
	}
	return nil
}

// removeAccesses takes out those that a site had and has no more.
func (d *draft) removeAccesses(was, is site) {
	stays := index(is.Accesses.Access, func(a access) string { return a.ID })
	for _, a := range was.Accesses.Access {
		if _, here := stays[a.ID]; !here {
			d.detach(end{was.ID, a.ID}, a.Attachment.VPN)
			d.tx.SetNote(end{was.ID, a.ID}.note(), nil)
		}
	}
}

// saveSite keeps a site, unless it is as one that nobody made, and its accesses.
func (d *draft) saveSite(was, is site) error {
	before := index(was.Accesses.Access, func(a access) string { return a.ID })
	list := is.Accesses.Access
	was.Accesses, is.Accesses = accesses{}, accesses{}
	if !reflect.DeepEqual(was, is) {
		if err := setNote(d.tx, siteNote+restconf.Escape(is.ID), is); err != nil {
			return err
		}
	}
	for _, a := range list {
		old, there := before[a.ID]
		this := end{is.ID, a.ID}
		if there && reflect.DeepEqual(old, a) && this != d.again {
			continue
		}
		if there && old.Attachment.VPN != a.Attachment.VPN {
			d.detach(this, old.Attachment.VPN)
		}
		if err := d.attach(this, a); err != nil {
			return err
		}
	}
	return nil
}

// attach keeps an access with its endpoint, and tells its service.
func (d *draft) attach(this end, a access) error {
	path := accessPath(this.Site, this.Access)
	kept := d.vpn(a.Attachment.VPN)
	if kept == nil {
		return dangling(path+"/vpn-attachment/vpn-id", "vpn-service", a.Attachment.VPN)
	}
	at, err := d.locate(this.Site, a.reference())
	var was keptAccess
	switch {
	case err == nil:
	case note(d.tx, this.note(), &was) && was.Access.reference() == a.reference():
		at = was.At // the endpoint is gone, or cannot be asked for: that is no matter of this edit
	default:
		return restconf.At(path+"/bearer/bearer-reference", err)
	}
	kept = d.keep(a.Attachment.VPN)
	if !slices.Contains(kept.Accesses, this) {
		kept.Accesses = append(kept.Accesses, this)
	}
	return setNote(d.tx, this.note(), keptAccess{a, at})
}

// detach tells a service that an access is no more its.
func (d *draft) detach(this end, from string) {
	if kept := d.keep(from); kept != nil {
		kept.Accesses = slices.DeleteFunc(kept.Accesses, func(e end) bool { return e == this })
	}
}

// removeVPN takes a service out with its accesses.
func (d *draft) removeVPN(id string) {
	if kept := d.vpn(id); kept != nil {
		for _, e := range kept.Accesses {
			d.tx.SetNote(e.note(), nil)
		}
	}
	delete(d.touched, id)
	d.tx.SetNote(vpnNote+restconf.Escape(id), nil)
	d.tx.Remove(id)
}

// vpn returns what is kept of a service, nil if there is none.
func (d *draft) vpn(id string) *keptVPN {
	if kept := d.touched[id]; kept != nil {
		return kept
	}
	var kept keptVPN
	if !note(d.tx, vpnNote+restconf.Escape(id), &kept) {
		return nil
	}
	return &kept
}

// keep returns a service that is changed, a new one if there was none.
func (d *draft) keep(id string) *keptVPN {
	kept := d.vpn(id)
	if kept == nil {
		kept = &keptVPN{VPN: vpn{ID: id}}
	}
	d.touched[id] = kept
	return kept
}

// limits counts, where something is new.
func (d *draft) limits(vpns, sites bool) error {
	if !vpns && !sites {
		return nil
	}
	names := d.tx.Notes()
	for id := range d.touched {
		names = append(names, vpnNote+restconf.Escape(id))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(under(names, vpnNote)) > maxVPNs {
		return restconf.Errorf(restconf.ResourceDenied, rootPath+"/vpn-services", "an account has at most %d services", maxVPNs)
	}
	if len(under(names, siteNote)) > maxSites {
		return restconf.Errorf(restconf.ResourceDenied, rootPath+"/sites", "an account has at most %d sites", maxSites)
	}
	return nil
}

// finish keeps the services that are touched, and orders those that have two
// accesses.
func (d *draft) finish() error {
	for _, id := range slices.Sorted(maps.Keys(d.touched)) {
		kept := d.touched[id]
		kept.Changed = d.now
		switch n := len(kept.Accesses); {
		case kept.VPN.isWire() && n > 2:
			return restconf.Errorf(restconf.InUse, vpnPath(id), "a service of type vpws has two accesses, this would have %d: make it a VPLS, or take one out", n)
		case n > maxAccesses:
			return restconf.Errorf(restconf.ResourceDenied, vpnPath(id), "a service has at most %d accesses", maxAccesses)
		}
		if err := setNote(d.tx, vpnNote+restconf.Escape(id), kept); err != nil {
			return err
		}
		if err := d.order(kept); err != nil {
			return err
		}
	}
	return nil
}

func index[T any](list []T, key func(T) string) map[string]T {
	out := make(map[string]T, len(list))
	for _, item := range list {
		out[key(item)] = item
	}
	return out
}
