package watch

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// asked returns our part of the parameters as it was given, nil if there is none.
func (r *nsi) asked() (map[string]any, error) {
	v := r.Params.Additional["l2sces"]
	if v == nil {
		v = r.Additional["l2sces"]
	}
	if text, ok := v.(string); ok { // as OSM keeps nested values
		var out map[string]any
		err := descriptor.FromYAML("additionalParamsForNsi.l2sces of "+r.Name, []byte(strings.TrimPrefix(text, "!!yaml ")), &out)
		return out, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return maps.Clone(v), nil
	default:
		return nil, slice.Errorf(slice.Invalid, "additionalParamsForNsi.l2sces of %.64q is no mapping", r.Name)
	}
}

// params makes the parameters of a translation: those that were given, and where
// each network service runs, as far as neither they nor the annex say so.
func (w *Watcher) params(ctx context.Context, s *subject) (*descriptor.Document, error) {
	ours, err := s.asked()
	if err != nil {
		return nil, err
	}
	if ours == nil {
		ours = map[string]any{}
	}
	given, err := s.refinement(ours)
	if err != nil {
		return nil, err
	}
	for _, n := range s.subnets {
		said := slices.ContainsFunc(given.Subnets, func(r descriptor.RefinedSubnet) bool { return r.ID == n.ID })
		switch {
		case said:
		case n.nowhere != nil:
			return nil, n.nowhere
		case n.domain != "":
			ours["subnets"] = added(ours["subnets"], map[string]any{"id": n.ID, "domain": string(n.domain)})
		}
	}
	if err := w.span(ctx, s, given, ours); err != nil {
		return nil, err
	}
	return written("parameters of "+s.Name, asParams(ours))
}

func asParams(ours map[string]any) any {
	return map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": ours}}
}

// refinement reads what annex and parameters say together.
func (s *subject) refinement(ours map[string]any) (descriptor.Refinement, error) {
	doc, err := written("parameters of "+s.Name, asParams(ours))
	if err != nil {
		return descriptor.Refinement{}, err
	}
	r, err := descriptor.Refine(s.annex, doc)
	if err != nil {
		return descriptor.Refinement{}, err
	}
	for i := range r.Subnets { // they name the domain that counts
		for k := range s.subnets {
			if s.subnets[k].ID == r.Subnets[i].ID {
				s.subnets[k].domain = r.Subnets[i].Domain
			}
		}
	}
	return r.Refinement, nil
}

// span adds the domains of a link whose service has members in several.
func (w *Watcher) span(ctx context.Context, s *subject, given descriptor.Refinement, ours map[string]any) error {
	for _, v := range s.template.VLDs {
		domains, spans, err := w.reach(ctx, s, v)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(given.Networks, func(r descriptor.RefinedNetwork) bool { return networkName(r.Name) == networkName(v.ID) })
		if !spans || i >= 0 && len(given.Networks[i].Domains) > 0 {
			continue
		}
		name := v.ID
		if i >= 0 {
			name = given.Networks[i].Name // as it is spelled there
		}
		for _, d := range domains {
			ours["domains"] = added(ours["domains"], map[string]any{"name": string(d)})
		}
		ours["networks"] = added(ours["networks"], map[string]any{"name": name, "domains": domains})
	}
	return nil
}

// reach returns the domains of all services that a link of the slice ties, and
// whether one of them spans several.
func (w *Watcher) reach(ctx context.Context, s *subject, v descriptor.VLD) (all []slice.Domain, spans bool, err error) {
	for _, p := range v.Points {
		for i := range s.subnets {
			if s.subnets[i].ID != p.SubnetRef {
				continue
			}
			domains, err := w.tied(ctx, &s.subnets[i], p.ConnectionPoint)
			if err != nil {
				return nil, false, err
			}
			spans = spans || len(domains) > 1
			for _, d := range domains {
				if !slices.Contains(all, d) {
					all = append(all, d)
				}
			}
		}
	}
	return all, spans, nil
}

// added puts an element into a list of named ones, into the element of that name if
// there is one.
func added(list any, element map[string]any) []any {
	all, _ := list.([]any)
	all = slices.Clone(all)
	for i, x := range all {
		if e, ok := x.(map[string]any); ok && (e["name"] != nil && e["name"] == element["name"]) {
			merged := maps.Clone(e)
			maps.Copy(merged, element)
			all[i] = merged
			return all
		}
	}
	return append(all, element)
}

func networkName(id string) slice.NetworkName { return slice.NetworkName(slice.Label(id)) }
