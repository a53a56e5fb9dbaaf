package onboard

import (
	"context"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Terminate ends an instance and removes its record. One that is not there is no
// error. Force removes also the record of one that OSM is still busy with.
func (d Desk) Terminate(ctx context.Context, name string, service, force bool) (Result, error) {
	o := Order{Service: service}
	_, what := o.kind()
	r := Result{Kind: what, Name: name, Act: Remove, State: Planned}
	found, there, err := d.instance(ctx, o.life(), name)
	switch {
	case err != nil:
		return r, err
	case !there:
		r.Act = Keep
		d.say(&r, Done, "it is not there")
		return r, nil
	}
	r.ID = found.ID
	if d.DryRun {
		return r, nil
	}
	operation, err := d.ending(ctx, o.life(), found.ID, force)
	if err != nil {
		d.say(&r, Failed, err.Error())
		return r, err
	}
	if operation != "" {
		d.say(&r, Ordered, "")
		if d.Timeout == 0 {
			return r, nil // the record goes when it is asked for again
		}
		if r, err = d.follow(ctx, o.life(), r, operation); err != nil {
			return r, err
		}
	}
	if err := d.NBI.Forget(ctx, o.life(), found.ID); err != nil {
		d.say(&r, Failed, err.Error())
		return r, err
	}
	d.say(&r, Done, "it is gone")
	return r, nil
}

// ending begins to end an instance and returns the operation, "" if there is nothing
// to end.
func (d Desk) ending(ctx context.Context, l osm.Life, id string, force bool) (string, error) {
	if op := d.running(ctx, l, id); op != "" && !force {
		busy, err := d.NBI.Operation(ctx, l, op)
		if err != nil {
			return "", err
		}
		if busy.Type == "terminate" {
			return op, nil
		}
		return "", slice.Errorf(slice.Conflict, "OSM is busy with it (%s): wait, or force it", busy.Type)
	}
	operation, err := d.NBI.Terminate(ctx, l, id)
	if kind := slice.KindOf(err); err != nil && (kind == slice.Conflict || kind == slice.NotFound) {
		operation, err = "", nil // it is not instantiated: only its record is there
	}
	return operation, err
}
