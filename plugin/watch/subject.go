package watch

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A subject is a slice with all that is known of it.
type subject struct {
	*nsi
	template descriptor.NST
	nst      *descriptor.Document
	annex    *descriptor.Document
	nsds     map[string]*descriptor.Document // by their ids
	subnets  []subnet                        // those of the template, in its order
}

// A subnet is one network service of a slice.
type subnet struct {
	descriptor.Subnet
	order   order
	record  *nsr           // nil: there is none
	nsd     descriptor.NSD // of the record
	domain  slice.Domain   // where it runs, or ran; empty: nobody has said
	nowhere error          // why no domain could be found
	others  []slice.Domain // of members that were ordered elsewhere
	alive   bool           // it is in its domain
}

// gather reads what belongs to a slice.
func (w *Watcher) gather(ctx context.Context, r *nsi) (*subject, error) {
	s := &subject{nsi: r, nsds: map[string]*descriptor.Document{}}
	var err error
	if s.nst, err = document("template of "+r.Name, "nst", r.Template); err != nil {
		return nil, err
	}
	if s.template, _, err = s.nst.NST(); err != nil {
		return nil, err
	}
	if s.annex, err = w.annexOf(ctx, r.Admin.NST); err != nil {
		return nil, err
	}
	for _, t := range s.template.Subnets {
		one, err := w.subnet(ctx, s, t)
		if err != nil {
			return nil, err
		}
		s.subnets = append(s.subnets, one)
	}
	return s, nil
}

// subnet reads what became of a subnet of the template.
func (w *Watcher) subnet(ctx context.Context, s *subject, t descriptor.Subnet) (subnet, error) {
	out := subnet{Subnet: t}
	i := slices.IndexFunc(s.Admin.Subnets, func(o order) bool { return o.Subnet == t.ID })
	if i < 0 {
		return out, nil
	}
	out.order = s.ordered(i)
	err := w.locate(ctx, &out)
	if err != nil {
		return out, err
	}
	if out.record, err = w.serviceOf(ctx, out.order.NSR); err != nil || out.record == nil {
		return out, err
	}
	out.alive = !out.record.gone()
	if len(out.record.NSD) == 0 {
		return out, nil
	}
	doc, err := nsdOf(t.NSDRef, out.record.NSD)
	if err != nil {
		return out, err
	}
	if out.nsd, _, err = doc.NSD(); err == nil {
		s.nsds[out.nsd.ID] = doc
	}
	return out, err
}

// ordered returns how a subnet was ordered. NBI does not copy everything of the
// parameters into the record.
func (s *subject) ordered(i int) order {
	o := s.Admin.Subnets[i]
	for _, p := range s.Params.Subnets {
		if p.ID == o.Subnet && len(o.VNFs) == 0 {
			o.VNFs = p.VNFs
		}
		if p.ID == o.Subnet && len(o.Links) == 0 {
			o.Links = p.Links
		}
	}
	return o
}

// locate finds the domains of a subnet.
func (w *Watcher) locate(ctx context.Context, n *subnet) error {
	if n.order.VIM != "" {
		n.domain, n.nowhere = w.domainOf(ctx, n.order.VIM)
		if errors.Is(n.nowhere, errPassing) {
			return n.nowhere
		}
	}
	for _, v := range n.order.VNFs {
		if v.VIM == "" || v.VIM == n.order.VIM {
			continue
		}
		d, err := w.domainOf(ctx, v.VIM)
		if err != nil {
			return err
		}
		if !slices.Contains(n.others, d) {
			n.others = append(n.others, d)
		}
	}
	return nil
}

func nsdOf(name string, text json.RawMessage) (*descriptor.Document, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, slice.Errorf(slice.Invalid, "%s: %w", name, err)
	}
	return written("descriptor "+name, map[string]any{"nsd": map[string]any{"nsd": []any{bare(v)}}})
}

// looks is how many times in a row something must not be there to be gone.
const looks = 2

// serviceOf returns the record of a network service, the newest that was seen, and
// nil if it is gone.
func (w *Watcher) serviceOf(ctx context.Context, id string) (*nsr, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // the record names none: there is none
	}
	var got nsr
	err := w.osm.Get(ctx, servicesPath+"/"+url.PathEscape(id), &got)
	old, known := w.services[id]
	switch {
	case slice.KindOf(err) == slice.NotFound:
		if w.missing[id]++; w.missing[id] < looks {
			return nil, passing(err)
		}
		return nil, nil //nolint:nilnil // it is gone
	case err != nil:
		return nil, passing(err)
	}
	delete(w.missing, id)
	if known && got.Admin.Modified < old.Admin.Modified {
		return &old, nil // an answer from earlier
	}
	w.services[id] = got
	return &got, nil
}

// tied returns the domains in which a point of a slice's link lies: those of the
// members of the service that the link reaches, if they are in several.
func (w *Watcher) tied(ctx context.Context, n *subnet, point string) ([]slice.Domain, error) {
	var out []slice.Domain
	for _, vim := range n.vims(n.link(point)) {
		d := n.domain
		if vim != n.order.VIM {
			var err error
			if d, err = w.domainOf(ctx, vim); err != nil {
				return nil, err
			}
		}
		if d != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out, nil
}

// link returns the link of the service behind a connection point.
func (n *subnet) link(point string) string {
	for _, s := range n.nsd.SAPDs {
		if s.ID == point {
			return s.Link
		}
	}
	return ""
}

// vims returns the VIM accounts of the members that a link of the service reaches.
// A link that nobody knows is at the VIM account of the service.
func (n *subnet) vims(link string) []string {
	var out []string
	for _, m := range n.members(link) {
		vim := n.order.VIM
		for _, v := range n.order.VNFs {
			if v.Index == m && v.VIM != "" {
				vim = v.VIM
			}
		}
		if !slices.Contains(out, vim) {
			out = append(out, vim)
		}
	}
	if len(out) == 0 {
		out = append(out, n.order.VIM)
	}
	return out
}

// members returns the members of the service that a link reaches.
func (n *subnet) members(link string) (out []string) {
	if len(n.nsd.Flavor) == 0 || link == "" {
		return nil
	}
	for _, p := range n.nsd.Flavor[0].Profiles { // OSM uses no other
		for _, l := range p.Links {
			if l.Link == link {
				out = append(out, p.ID)
			}
		}
	}
	return out
}
