package onboard

import (
	"cmp"
	"fmt"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Params are the parameters of an instance, with the names of accounts that OSM wants
// the ids of.
type Params struct {
	doc    *descriptor.Document
	values map[string]any
}

// ReadParams reads parameters as the osm client takes them from a file: those of a
// slice, or of a network service. No text is no parameters.
func ReadParams(name string, text []byte, service bool) (Params, error) {
	if len(text) == 0 {
		return Params{}, nil
	}
	doc, err := descriptor.Read(name, text, descriptor.Limits{})
	if err != nil {
		return Params{}, err
	}
	if !service {
		if _, err := doc.Params(); err != nil {
			return Params{}, err
		}
	}
	p := Params{doc: doc}
	return p, descriptor.FromYAML(name, text, &p.values)
}

// A directory knows accounts by their names.
type directory map[osm.Place]map[string]string

// directoryOf reads the accounts that parameters can name.
func (d Desk) directoryOf(all map[osm.Place][]osm.Account) directory {
	out := directory{}
	for p, accounts := range all {
		out[p] = map[string]string{}
		for _, a := range accounts {
			out[p][a.ID] = a.ID
		}
		for _, a := range accounts {
			out[p][a.Name] = a.ID
		}
	}
	return out
}

// A resolver puts ids in the place of names.
type resolver struct {
	doc      *descriptor.Document
	names    directory
	problems descriptor.Problems
}

// resolve returns the parameters with ids in the place of names.
func (p Params) resolve(names directory) (map[string]any, error) {
	out := cloned(p.values)
	if p.doc == nil {
		return out, nil
	}
	r := resolver{doc: p.doc, names: names}
	r.order("", out)
	return out, r.problems.Err()
}

// order resolves what the order of a slice, or of one network service, has.
func (r *resolver) order(path string, m map[string]any) {
	r.account(path, m, "vimAccountId", osm.VIMs)
	r.account(path, m, "wimAccountId", osm.WIMs)
	each(path, m, "netslice-subnet", r.order)
	each(path, m, "vnf", func(path string, v map[string]any) { r.account(path, v, "vimAccountId", osm.VIMs) })
	for _, key := range []string{"vld", "netslice-vld"} {
		each(path, m, key, func(path string, v map[string]any) {
			r.account(path, v, "wimAccountId", osm.WIMs)
			r.keys(path, v, "vim-network-name")
			r.keys(path, v, "vim-network-id")
		})
	}
}

// each calls f for the elements of a list, which are copies.
func each(path string, m map[string]any, key string, f func(path string, v map[string]any)) {
	list, _ := m[key].([]any)
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
		if v, is := x.(map[string]any); is {
			v = cloned(v)
			f(fmt.Sprintf("%s[%d]", joinPath(path, key), i), v)
			out[i] = v
		}
	}
	if list != nil {
		m[key] = out
	}
}

// aliases are what the osm client lets people write in the place of ids.
var aliases = map[string]string{"vimAccountId": "vim_account", "wimAccountId": "wim_account"}

// account resolves one value. For a WIM there is also true and false.
func (r *resolver) account(path string, m map[string]any, key string, p osm.Place) {
	v, there := m[key]
	if alias := aliases[key]; !there && m[alias] != nil {
		v, there = m[alias], true
		delete(m, alias)
	}
	if _, is := v.(bool); !there || v == nil || is && p == osm.WIMs {
		if there {
			m[key] = v
		}
		return
	}
	m[key] = r.id(joinPath(path, key), fmt.Sprint(v), p)
}

// keys resolves the keys of an object.
func (r *resolver) keys(path string, m map[string]any, key string) {
	object, is := m[key].(map[string]any)
	if !is {
		return
	}
	out := map[string]any{}
	for name, v := range object {
		out[r.id(joinPath(path, key), name, osm.VIMs)] = v
	}
	m[key] = out
}

func (r *resolver) id(path, name string, p osm.Place) string {
	id := r.names[p][name]
	if id == "" {
		r.problems = append(r.problems, r.doc.Problem(path, "see `osm "+kindOf[p]+"-list`, or l2sces osm register", "OSM has no %s account %.64q", kindOf[p], name))
	}
	return id
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// An Order asks for an instance.
type Order struct {
	Template    string // id of the template or of the service's descriptor, or OSM's own
	Name        string
	VIM         string // name of the VIM account where nothing else is said; empty: as the parameters say
	Description string
	Params      Params
	Service     bool // a network service, and not a slice
}

func (o Order) life() osm.Life {
	if o.Service {
		return osm.Services()
	}
	return osm.Slices()
}

func (o Order) kind() (of osm.Kind, what string) {
	if o.Service {
		return osm.NSD, "service"
	}
	return osm.NST, "slice"
}

// request makes the order as NBI takes it.
func (o Order) request(template string, names directory) (map[string]any, error) {
	out, err := o.Params.resolve(names)
	if err != nil {
		return nil, err
	}
	keys := [3]string{"nsiName", "nstId", "nsiDescription"}
	if o.Service {
		keys = [3]string{"nsName", "nsdId", "nsDescription"}
	} else {
		delete(out, "vnf") // only the osm client looks for it
	}
	out[keys[0]], out[keys[1]] = o.Name, template
	if said, _ := out[keys[2]].(string); said == "" || o.Description != "" {
		out[keys[2]] = cmp.Or(o.Description, o.Name)
	}
	if o.VIM != "" {
		id := names[osm.VIMs][o.VIM]
		if id == "" {
			return nil, slice.Errorf(slice.Invalid, "OSM has no vim account %.64q", o.VIM)
		}
		out["vimAccountId"] = id
	}
	if subnets, _ := out["netslice-subnet"].([]any); out["vimAccountId"] == nil && len(subnets) > 0 {
		if first, is := subnets[0].(map[string]any); is && first["vimAccountId"] != nil {
			out["vimAccountId"] = first["vimAccountId"]
		}
	}
	if out["vimAccountId"] == nil {
		return nil, slice.Errorf(slice.Invalid, "no vim account is named, neither in the parameters nor for all")
	}
	return out, nil
}
