package watch

import (
	"cmp"
	"context"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin/service"
)

// ours reports whether a slice is for us: it says something to us, or a link of it
// leads through several domains, which OSM would leave apart.
func (w *Watcher) ours(ctx context.Context, s *subject) (bool, error) {
	asked, err := s.asked()
	if err != nil || asked != nil || s.annex != nil {
		return true, err
	}
	for _, v := range s.template.VLDs {
		domains, _, err := w.reach(ctx, s, v)
		if err != nil || len(domains) > 1 && !v.Management {
			return true, err
		}
	}
	return false, nil
}

// service makes the wish of a slice. The one that the book has keeps its name.
func (w *Watcher) service(ctx context.Context, s *subject, old *service.Service) (service.Service, error) {
	params, err := w.params(ctx, s)
	if err != nil {
		return service.Service{}, err
	}
	in := translate.Input{NST: s.nst, NSDs: s.nsds, Annex: s.annex, Params: params, Tenant: w.cfg.Tenant}
	if in.SliceID, err = s.sliceID(params, old); err != nil {
		return service.Service{}, err
	}
	out := service.Service{Key: w.key(s.ID), Title: s.Name}
	if out.Intents, _, err = translate.Intents(in); err != nil {
		return service.Service{}, err
	}
	if !s.prune(&out.Intents) {
		return service.Service{}, slice.Errorf(slice.Invalid, "no network service of the slice is left: it stays as it was until OSM ends it")
	}
	if err := out.Intents.Validate(); err != nil {
		return service.Service{}, err
	}
	out.Tenant = out.Intents.Slice.Tenant
	out.Joins = w.joins(s, &out)
	out.HandOffs, err = w.handOffs(ctx, s, &out)
	return out, err
}

func (w *Watcher) key(id string) service.Key {
	return service.Key{Door: service.NSI, Account: w.cfg.Account, ID: id}
}

// sliceID names the slice: as it was, as its parameters say, else as OSM calls it.
func (s *subject) sliceID(params *descriptor.Document, old *service.Service) (slice.ID, error) {
	if old != nil && old.Intents.Slice.ID != "" {
		return old.Intents.Slice.ID, nil
	}
	p, err := params.Params()
	if err != nil {
		return "", err
	}
	if named := p.Additional.L2SCES.Slice; named != "" {
		return named, nil
	}
	if label := slice.Label(s.Name); slice.IsLabel(label) {
		return slice.ID(label), nil
	}
	return slice.ID(slice.Label("nsi-" + s.ID)), nil
}

// prune takes out the domains whose network services are not there, with all that
// is said of them, and reports whether any service is left.
func (s *subject) prune(in *intent.Intents) bool {
	dead, living := map[slice.Domain]bool{}, false
	for i := range s.subnets {
		if n := &s.subnets[i]; !n.alive {
			for _, d := range n.domains() {
				dead[d] = true
			}
		}
	}
	for i := range s.subnets {
		if n := &s.subnets[i]; n.alive {
			living = true
			for _, d := range n.domains() {
				delete(dead, d)
			}
		}
	}
	remove(in, dead)
	return living
}

// domains returns all domains that a subnet is in. One that was never ordered is
// called like its domain, as in a translation without VIM accounts.
func (n *subnet) domains() []slice.Domain {
	return append([]slice.Domain{cmp.Or(n.domain, slice.Domain(slice.Label(n.ID)))}, n.others...)
}

// remove takes domains out of the intents. A network in no domain goes, and so does
// a path that lost an end or a hop.
func remove(in *intent.Intents, dead map[slice.Domain]bool) {
	if len(dead) == 0 {
		return
	}
	gone := func(d slice.Domain) bool { return dead[d] }
	in.Slice.Domains = slices.DeleteFunc(in.Slice.Domains, func(d intent.Domain) bool { return dead[d.Name] })
	lost := map[slice.NetworkName]bool{}
	for i := range in.Slice.Networks {
		n := &in.Slice.Networks[i]
		n.Domains = slices.DeleteFunc(n.Domains, gone)
		n.Members = slices.DeleteFunc(n.Members, func(m intent.Member) bool { return dead[m.Domain] })
		n.Ranges = slices.DeleteFunc(n.Ranges, func(r intent.Range) bool { return dead[r.Domain] })
		// A vlink with one end waits for the other.
		if n.Type == slice.VLink && len(n.Members) == 1 {
			n.Type = slice.VNet
		}
		lost[n.Name] = len(n.Domains) == 0
	}
	in.Slice.Networks = slices.DeleteFunc(in.Slice.Networks, func(n intent.Network) bool { return lost[n.Name] })
	in.Overlay.Links = slices.DeleteFunc(in.Overlay.Links, func(l intent.Link) bool { return dead[l.From] || dead[l.To] })
	in.Paths = slices.DeleteFunc(in.Paths, func(p intent.Path) bool {
		return lost[p.Network] || dead[p.From] || dead[p.To] || slices.ContainsFunc(p.Hops, gone)
	})
	for i := range in.Paths {
		in.Paths[i].Avoid = slices.DeleteFunc(in.Paths[i].Avoid, gone)
	}
}
