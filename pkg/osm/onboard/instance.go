package onboard

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Instantiate makes an instance, and follows it until OSM has finished. One of the same
// name, template and parameters is as good.
func (d Desk) Instantiate(ctx context.Context, o Order) (Result, error) {
	kind, what := o.kind()
	r := Result{Kind: what, Name: o.Name, Act: Create, State: Planned}
	if o.Name == "" || len(o.Name) > 255 || strings.ContainsAny(o.Name, `,;()'"`) {
		return r, slice.Errorf(slice.Invalid, "name %.64q: OSM takes 1 to 255 characters without , ; ( ) ' \"", o.Name)
	}
	template, err := d.template(ctx, kind, o.Template)
	if err != nil {
		return r, err
	}
	accounts := map[osm.Place][]osm.Account{}
	for _, p := range []osm.Place{osm.VIMs, osm.WIMs} {
		if accounts[p], err = d.NBI.Accounts(ctx, p); err != nil {
			return r, err
		}
	}
	request, err := o.request(template.ID, d.directoryOf(accounts))
	if err != nil {
		return r, err
	}
	old, there, err := d.instance(ctx, o.life(), o.Name)
	if err != nil {
		return r, err
	}
	if there {
		return d.again(ctx, o, r, old, template, request)
	}
	if d.DryRun {
		return r, nil
	}
	started, err := d.NBI.Instantiate(ctx, o.life(), request)
	if slice.KindOf(err) == slice.Unavailable { // its answer may have been lost
		if found, there, late := d.instance(ctx, o.life(), o.Name); late == nil && there {
			started, err = osm.Started{ID: found.ID, Operation: d.running(ctx, o.life(), found.ID)}, nil
		}
	}
	if err != nil {
		d.say(&r, Failed, err.Error())
		return r, err
	}
	r.ID = started.ID
	d.say(&r, Ordered, "")
	return d.follow(ctx, o.life(), r, started.Operation)
}

// template finds a template by the id of its descriptor, its name, or OSM's id.
func (d Desk) template(ctx context.Context, k osm.Kind, name string) (osm.Package, error) {
	all, err := d.NBI.Packages(ctx, k)
	if err != nil {
		return osm.Package{}, err
	}
	for _, of := range []func(osm.Package) string{
		func(p osm.Package) string { return p.Descriptor }, func(p osm.Package) string { return p.Name }, func(p osm.Package) string { return p.ID },
	} {
		if i := slices.IndexFunc(all, func(p osm.Package) bool { return name != "" && of(p) == name }); i >= 0 {
			return all[i], nil
		}
	}
	return osm.Package{}, slice.Errorf(slice.Invalid, "OSM has no %s %.64q: onboard it first", k, name)
}

// instance finds one by its name, or by OSM's id.
func (d Desk) instance(ctx context.Context, l osm.Life, name string) (osm.Instance, bool, error) {
	all, err := d.NBI.Instances(ctx, l)
	if err != nil {
		return osm.Instance{}, false, err
	}
	for _, of := range []func(osm.Instance) string{
		func(i osm.Instance) string { return i.Name }, func(i osm.Instance) string { return i.ID },
	} {
		if i := slices.IndexFunc(all, func(i osm.Instance) bool { return of(i) == name }); i >= 0 {
			return all[i], true, nil
		}
	}
	return osm.Instance{}, false, nil
}

// again looks at an instance that has the name of the order.
func (d Desk) again(ctx context.Context, o Order, r Result, old osm.Instance, template osm.Package, request map[string]any) (Result, error) {
	r.ID, r.Act = old.ID, Keep
	var record struct {
		NSI json.RawMessage `json:"instantiation_parameters"`
		NS  json.RawMessage `json:"instantiate_params"`
	}
	if err := json.Unmarshal(old.Record, &record); err != nil {
		return r, slice.Errorf(slice.Unavailable, "the record of %s is broken: %w", old.Name, err)
	}
	asked := record.NSI
	if o.Service {
		asked = record.NS
	}
	switch {
	case old.Descriptor != template.Descriptor:
		return r, slice.Errorf(slice.Conflict, "%s %s is there already, of %s: take another name", r.Kind, o.Name, old.Descriptor)
	case !holds(asked, request, false):
		return r, slice.Errorf(slice.Conflict, "%s %s is there already with other parameters: end it first, or take another name", r.Kind, o.Name)
	case old.Operational == "failed" || old.Operational == "terminated":
		return r, slice.Errorf(slice.Conflict, "%s %s is there already and %s: end it first (%s)", r.Kind, o.Name, old.Operational, cmp.Or(old.Detail, "OSM does not say why"))
	case d.DryRun:
		return r, nil
	}
	if op := d.running(ctx, o.life(), old.ID); op != "" {
		d.say(&r, Ordered, "")
		return d.follow(ctx, o.life(), r, op)
	}
	d.say(&r, Done, "it is there")
	return r, nil
}

// running returns what OSM is doing with an instance, "" if that is nothing, or if
// OSM does not tell.
func (d Desk) running(ctx context.Context, l osm.Life, id string) string {
	all, err := d.NBI.Operations(ctx, l)
	if err != nil {
		return ""
	}
	for _, o := range all {
		if (o.Slice == id || o.Service == id) && (o.State == "PROCESSING" || o.State == "STARTING") {
			return o.ID
		}
	}
	return ""
}

// follow tells what becomes of an operation until it ends.
func (d Desk) follow(ctx context.Context, l osm.Life, r Result, operation string) (Result, error) {
	if d.Timeout == 0 || operation == "" {
		return r, nil
	}
	var op osm.Operation
	told := ""
	done, err := d.await(ctx, func(ctx context.Context) (bool, error) {
		var err error
		if op, err = d.NBI.Operation(ctx, l, operation); err != nil {
			return false, err
		}
		if now := d.progress(ctx, l, r.ID); now != told && now != "" {
			told = now
			d.say(&r, Ordered, now)
		}
		return op.State != "" && op.State != "PROCESSING" && op.State != "STARTING" && op.State != "ROLLING_BACK", nil
	})
	switch {
	case err != nil:
		d.say(&r, Failed, err.Error())
		return r, err
	case !done:
		err = slice.Errorf(slice.Unavailable, "OSM has not finished with %s %s within %s: %s; it goes on, look again later", r.Kind, r.Name, d.Timeout, told)
	case op.State != "COMPLETED":
		err = slice.Errorf(slice.Unavailable, "OSM: %s %s: %s", r.Name, strings.ToLower(op.State), cmp.Or(strings.TrimSpace(op.ErrorMsg+" "+op.Detail), told))
	}
	if err != nil {
		d.say(&r, Failed, err.Error())
		return r, err
	}
	d.say(&r, Done, told)
	return r, nil
}

// progress says in a line where an instance is.
func (d Desk) progress(ctx context.Context, l osm.Life, id string) string {
	i, err := d.NBI.Instance(ctx, l, id)
	if err != nil {
		return "" // what counts is the operation
	}
	text := strings.TrimSpace(cmp.Or(i.Operational, i.State) + " " + i.Detail)
	for _, s := range d.services(ctx, i) {
		text += fmt.Sprintf("; %s %s", s.Name, s.Operational)
	}
	return text
}

// services returns the network services of a slice; of a service there are none.
func (d Desk) services(ctx context.Context, of osm.Instance) []osm.Instance {
	var all []osm.Instance
	for _, id := range servicesOf(of) {
		s, err := d.NBI.Instance(ctx, osm.Services(), id)
		if err != nil {
			s = osm.Instance{ID: id, Name: id, Operational: "gone"}
			if slice.KindOf(err) != slice.NotFound {
				s.Operational, s.Detail = "unknown", err.Error()
			}
		}
		all = append(all, s)
	}
	return all
}

// servicesOf returns the ids of the network services of a slice.
func servicesOf(of osm.Instance) []string {
	var record struct {
		Services []struct {
			ID string `json:"nsr-ref"`
		} `json:"nsr-ref-list"`
	}
	if json.Unmarshal(of.Record, &record) != nil {
		return nil
	}
	var ids []string
	for _, s := range record.Services {
		ids = append(ids, s.ID)
	}
	return ids
}
